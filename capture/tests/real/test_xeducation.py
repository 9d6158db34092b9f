"""A real lead file, row by row through the intake and every phase: nothing lost, nothing counted twice, nobody left over."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db.models import Q
from django.test import Client

from capture import ledger, limits, pipeline
from capture.models import Submission
from capture.tests.posting import source
from leadops import moment
from leadops.access import actor_of
from leadops.models import Lead, Role
from leadops.shipped import install_defaults
from leadops.testing import DAWN, member, rep
from leadops.tests.scale import sized
from leadops.work import Work
from reports.metrics import sources
from reports.periods import Period
from routing.models import Assignment, Clock, Pool, PoolMember

pytestmark = [
    pytest.mark.real,
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("capture.tests.public_urls"),
]
ZONE = "Europe/Paris"


@pytest.fixture
def house() -> None:
    """The shipped versions and a pool of reps who work round the clock without caps."""
    install_defaults()
    pool = Pool.objects.get(key="everyone")
    for name in ("Léa", "Karim", "Sofia", "Jonas", "Nour", "Paul"):
        PoolMember.objects.create(pool=pool, rep=rep(name), weight=Decimal(1), valid_from=DAWN, known_from=DAWN)


def drain() -> Counter[str]:
    ends: Counter[str] = Counter()
    while (result := pipeline.run_batch(1000)).claimed:
        ends += result.ends
    return ends


def test_every_row_of_a_real_file_is_one_submission_and_one_lead(real_data: Path, house: None) -> None:
    with (real_data / "xeducation" / "Leads.csv").open(newline="") as lines:
        rows = [{k: v for k, v in row.items() if k and v not in ("", "Select")} for row in csv.DictReader(lines)]
    rows = rows[:: sized(4, 1)]
    assert len(rows) == sized(2310, 9240)
    plain = Counter(row.get("Lead Source", "") for row in rows)
    slugs = {name: f"x{number}" for number, name in enumerate(sorted(plain))}
    for name, slug in slugs.items():
        source(slug, name=name or "none", trigger="now", mapping={"external_id": "Prospect ID"})
    client = Client()
    for row in rows:
        limits.forget_all()  # thousands from one address within seconds: the rate limit has its own tests
        address = f"/in/key-{slugs[row.get('Lead Source', '')]}"
        answer = client.post(address, json.dumps(row), content_type="application/json")
        assert answer.status_code == 202, answer.content
    assert drain() == {"created": len(rows)}
    assert (Submission.objects.count(), Lead.objects.count()) == (len(rows), len(rows))
    assert not Lead.objects.filter(owner__isnull=True, held="").exists()  # owned, or held with a reason
    assert not Lead.objects.filter(Q(owner__isnull=False) & ~Q(held="")).exists()
    assert Assignment.objects.filter(ended_at__isnull=True).count() == Lead.objects.filter(owner__isnull=False).count()
    assert Work.objects.count() == len(rows)
    assert Clock.objects.filter(kind="first_attempt").count() == len(rows)
    assert set(Lead.objects.values_list("external_key", flat=True)) == {row["Prospect ID"] for row in rows}
    assert reported() == {slugs[name]: n for name, n in plain.items()}
    today = moment.today(ZONE)
    totals = ledger.totals(ledger.rows(today, today))
    assert (totals["deliveries"], totals["created"], totals["balanced"]) == (len(rows), len(rows), True)


def reported() -> dict[str, int]:
    """Leads by source, as the executive's report of today says."""
    today = moment.today(ZONE)
    period = Period(today, today + timedelta(days=1), ZONE)
    rows = sources.sources_report(actor_of(member("Exec", Role.EXECUTIVE)), period, by="source").rows
    return {row.key: row.leads for row in rows if row.key}
