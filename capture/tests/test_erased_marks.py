"""What was erased is known again by marks in a small table, which every submission that comes is asked of."""

from __future__ import annotations

import hashlib

import pytest
from django.db import connection, transaction

from capture.models import Source, Submission
from leadops import moment
from leadops.eraser import eraser
from leadops.privacy.holdings import digest_of_key
from leadops.testing import SourceFactory

pytestmark = pytest.mark.django_db


def stored(source: Source, key: str, body: bytes, variant: bytes = b"") -> Submission:
    """As an accept stores it: another body under a key it knows is a variant of it."""
    digest = hashlib.sha256(body).digest()
    row = Submission.objects.create(
        source=source, delivery_key=key, variant=variant, body=body, digest=digest, received_at=moment.now()
    )
    row.refresh_from_db()
    return row


def erase(row: Submission, **changes: object) -> None:
    """As the eraser does it."""
    with transaction.atomic(), eraser():
        Submission.objects.filter(pk=row.pk).update(end="duplicate", reason="erased", body=b"", **changes)


@pytest.mark.parametrize("named", [False, True], ids=["its key was kept", "its key named them"])
def test_a_body_or_a_delivery_that_was_erased_comes_again_without_its_content(named: bool) -> None:
    here, there = (SourceFactory(slug=slug, key=slug) for slug in ("here", "there"))
    erase(stored(here, "i:ada", b"ada"), **({"delivery_key": digest_of_key("i:ada")} if named else {}))
    same_body = stored(there, "i:another", b"ada")
    same_delivery = stored(here, "i:ada", b"ada, changed", b"" if named else b"v")
    for row in (same_body, same_delivery):
        assert (bytes(row.body), row.headers, row.end, row.reason) == (b"", {}, "duplicate", "erased")
        assert row.ended_at == row.received_at
    assert stored(there, "i:ada", b"eve").end == "pending", "the same key of another source is another delivery"
    assert stored(there, "i:third", b"ada, changed").reason == "erased", "what came again is known by its body, too"


def test_to_ask_costs_one_look_into_the_index_of_marks_and_none_at_submissions() -> None:
    source = SourceFactory()
    erase(stored(source, "i:ada", b"ada"))

    def looks() -> dict[str, tuple[int, int]]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT relname, coalesce(seq_scan, 0), coalesce(idx_scan, 0) FROM pg_stat_xact_user_tables"
                " WHERE relname IN ('capture_erasedmark', 'capture_submission')"
            )
            return {name: (read, looked_up) for name, read, looked_up in cursor.fetchall()}

    before = looks()
    row = Submission(source=source, delivery_key="i:eve", body=b"eve", digest=b"e" * 32, received_at=moment.now())
    Submission.objects.bulk_create([row])
    after = looks()
    marks = [now - then for now, then in zip(after["capture_erasedmark"], before["capture_erasedmark"], strict=True)]
    assert marks[0] == 0 and 1 <= marks[1] <= 2, "by the index alone: once, or once for each of the two marks"
    assert after["capture_submission"] == before["capture_submission"]
