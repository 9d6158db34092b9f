"""Every delivery is counted once, under the day it came on here, and a day that does not add up says so."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from capture import ledger, selectors
from capture.ledger import LedgerRow
from capture.models import Refusal
from capture.tests.batch import NOON, run, submit
from leadops.access import actor_of, system
from leadops.errors import Refused
from leadops.models import Lead
from leadops.testing import LeadFactory, SourceFactory, member

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 10)


def row(source: str = "website", day: date = DAY) -> LedgerRow:
    found: LedgerRow = next(r for r in ledger.rows(day, day) if r.source == source)
    return found


def test_deliveries_are_the_sum_of_the_ends() -> None:
    submit({"email": "a@x.fr"}, deliveries=3)
    submit({"email": "a@x.fr"})
    submit("{broken")
    submit({"email": "t@x.fr", "is_test": True})
    submit({"email": "s@x.fr"}, end="spam", reason="trap")
    submit({"email": "d@x.fr"}, end="duplicate")
    submit({"email": "w@x.fr"}, end="withdrawn")
    run()
    submit({"email": "p@x.fr"})
    Refusal.objects.create(source_slug="website", day=DAY, code="rate", count=7, last_at=NOON)
    assert row() == LedgerRow("website", DAY, 10, 1, 1, 3, 1, 1, 1, 1, 1, refused=7, balanced=True)
    assert ledger.totals(ledger.rows(DAY, DAY))["deliveries"] == 10


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 3, 10, 22, 59, tzinfo=UTC), date(2026, 3, 10)),
        (datetime(2026, 3, 10, 23, 1, tzinfo=UTC), date(2026, 3, 11)),
        (datetime(2026, 3, 28, 22, 59, tzinfo=UTC), date(2026, 3, 28)),
        (datetime(2026, 3, 29, 21, 59, tzinfo=UTC), date(2026, 3, 29)),
        (datetime(2026, 3, 29, 22, 1, tzinfo=UTC), date(2026, 3, 30)),
    ],
)
def test_a_day_is_the_day_of_the_house_also_when_the_clocks_change(at: datetime, day: date) -> None:
    submit({"email": "a@x.fr"}, at=at)
    assert row(day=day).deliveries == 1
    assert [r.day for r in ledger.rows(day - timedelta(days=2), day + timedelta(days=2))] == [day]


def test_a_lead_that_no_submission_ended_with_breaks_the_balance() -> None:
    sent = submit({"email": "a@x.fr"})
    run()
    assert row().balanced
    Lead.objects.filter(submission=sent.pk).update(submission=None)
    assert not row().balanced
    Lead.objects.update(submission=sent.pk)
    other = submit({"email": "a@x.fr"})
    run()
    LeadFactory(submission=other.pk)
    assert not row().balanced


def test_refusals_of_a_source_that_received_nothing_still_show() -> None:
    Refusal.objects.create(source_slug="?", day=DAY, code="unknown", count=4, last_at=NOON)
    assert (row("?").refused, row("?").deliveries, row("?").balanced) == (4, 0, True)


def test_one_source_can_be_asked_for_and_a_rep_cannot_ask() -> None:
    submit({"email": "a@x.fr"})
    submit({"email": "b@x.fr"}, source=SourceFactory(slug="fair"))
    assert [r.source for r in selectors.ledger_rows(DAY, DAY, "fair", system("test"))] == ["fair"]
    with pytest.raises(Refused):
        selectors.ledger_rows(DAY, DAY, "", actor_of(member("Karim", "rep", "paris")))


@pytest.mark.parametrize("days", [-1, 401])
def test_a_period_is_bounded(days: int) -> None:
    with pytest.raises(Refused):
        selectors.ledger_rows(DAY, DAY + timedelta(days=days), "", system("test"))


def test_a_day_without_anything_is_a_row_of_noughts_when_one_source_is_asked_for() -> None:
    source = SourceFactory(slug="daily")
    for age in (0, 3):
        submit({"email": f"a{age}@x.fr"}, source, at=NOON - timedelta(days=age))
    submit({"email": "b@x.fr"}, SourceFactory(slug="other"), at=NOON)
    found = ledger.rows(DAY - timedelta(days=6), DAY, "daily")
    assert [(r.day, r.deliveries) for r in found] == [(DAY - timedelta(days=n), int(n in (0, 3))) for n in range(4)]
    assert all(r.balanced for r in found) and ledger.rows(DAY, DAY, "nobody") == []
    assert len(ledger.rows(DAY - timedelta(days=6), DAY)) == 3, "of all sources, what there is"
