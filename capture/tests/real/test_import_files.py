"""Real lead files through the import: every row one submission with its end, the broken ones by their number."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from capture.models import ImportFault, Submission
from capture.tests.importing import commit, import_source, map_it, ops, send
from leadops.models import Lead

pytestmark = [pytest.mark.real, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def keys_are_checked_by_index(db: None) -> Iterator[None]:
    """The keys of all these rows are checked when the test ends, by plans this session may have made while it saw few."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE leadops_person, leadops_lead, leadops_account, capture_submission")


X = "xeducation"
BROKEN = f"{X}/variants/Lead Scoring__338_double_encoded_rows.csv"
MAPPED = {"Prospect ID": "external_id", "Country": "country", "City": "city"}


def test_the_real_file_gives_as_many_leads_as_rows(real_data: Path) -> None:
    actor = ops()
    import_source()
    file = send((real_data / X / "Leads.csv").read_bytes(), actor)
    assert (file.rows, file.encoding, file.separator) == (9240, "utf-8", ",")
    map_it(file, actor, MAPPED, empty="Select", route="now")
    assert (file.state, file.found) == ("checked", {"new": 9240})
    commit(file, actor)
    assert (file.state, file.ends) == ("done", {"created": 9240})
    assert Lead.objects.count() == Submission.objects.filter(file=file, end="created").count() == 9240
    assert send((real_data / X / "Leads.csv").read_bytes(), actor).pk == file.pk
    assert Submission.objects.count() == 9240


def test_338_broken_rows_are_set_aside_by_their_numbers_and_stop_no_other(real_data: Path) -> None:
    actor = ops()
    import_source()
    raw = (real_data / BROKEN).read_bytes()
    with (real_data / BROKEN).open(newline="") as lines:
        broken = [number for number, cells in enumerate(csv.reader(lines), 1) if len(cells) == 1]
    assert len(broken) == 338
    file = map_it(send(raw, actor), actor, MAPPED)
    assert file.found == {"new": 8902, "bad": 338}
    commit(file, actor)
    assert file.ends == {"created": 8902, "quarantined": 338}
    aside = Submission.objects.filter(file=file, end="quarantined").order_by("row")
    assert list(aside.values_list("row", "reason")) == [(number, "shape") for number in broken]
    faults = ImportFault.objects.filter(file=file).order_by("row")
    assert list(faults.values_list("row", "reason")) == [(number, "shape") for number in broken]
