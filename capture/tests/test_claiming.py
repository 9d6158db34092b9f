"""A claim in a long table: what it reads is what waits, whatever the planner believes of the rest."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from capture import claiming
from capture.models import Submission
from capture.tests.batch import NOON, submit
from leadops.testing import SourceFactory

pytestmark = pytest.mark.django_db


def rows(count: int, **values: Any) -> None:
    """So many submissions, bodies of a kilobyte each."""
    source = SourceFactory()
    made = [
        Submission(
            source=source, delivery_key=f"{values}{n}", received_at=NOON, body=b"x" * 1000, digest=b"d" * 32, **values
        )
        for n in range(count)
    ]
    Submission.objects.bulk_create(made)


def plans_of(ask: Any) -> list[str]:
    """How the server goes about the statements that `ask` sends."""
    found: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "capture_submission" in sql:
            with connection.connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN {sql}", params)
                found.append("\n".join(line for (line,) in cursor.fetchall()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        ask()
    return found


@pytest.mark.parametrize(
    "ask",
    [lambda: claiming.fresh(NOON, 100), lambda: claiming.again(NOON), lambda: claiming.waiting(NOON)],
    ids=["fresh", "again", "waiting"],
)
def test_no_claim_reads_a_table_of_what_has_ended(ask: Any) -> None:
    """The statistics are of an hour ago, when half of the rows waited and had been started: they are looked at so, since."""
    rows(4000, starts=1)
    rows(1000)  # of a few a planner may think that it sorts them as fast as it finds them in order
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE capture_submission")
    Submission.objects.filter(starts=1).update(end=Submission.End.SPAM)
    plans = plans_of(ask)
    assert plans
    for plan in plans:
        assert "Seq Scan on capture_submission" not in plan, plan
        assert "Sort" not in plan, "the index is in the order that is asked for"


def test_a_claim_says_whether_any_that_was_started_before_could_be_taken() -> None:
    for lease, others in ((NOON + timedelta(seconds=5), False), (NOON - timedelta(seconds=5), True)):
        submit({"email": "b@acier.example"}, starts=1, lease_until=lease)
        fresh = submit({"email": "a@acier.example"})
        claim = claiming.fresh(NOON, 10)
        assert (claim.ids, claim.others) == ([fresh.pk], others)


def test_something_waits_when_it_could_be_taken_now() -> None:
    assert not claiming.waiting(NOON)
    submit({"email": "b@acier.example"}, starts=1, lease_until=NOON + timedelta(seconds=5))
    submit({"email": "b@acier.example"}, source=SourceFactory(slug="resting", state="paused"))
    assert not claiming.waiting(NOON)
    submit({"email": "b@acier.example"})
    assert claiming.waiting(NOON)
