"""The gap in the week: hours in which requests come and no rep's calendar is open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from leadops import moment
from leadops.lifecycle import WITHDRAWN
from leadops.models import Role
from leadops.testing import ALWAYS_OPEN, LeadFactory, member, put_in_force, rep
from routing.sla import coverage
from routing.tests.a_house import OFFICE

pytestmark = pytest.mark.django_db
FRIDAY = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)


def asked(saturdays: int, tuesdays: int) -> None:
    for n in range(saturdays):
        LeadFactory(stage_at=datetime(2026, 11, 14, 8 + n % 3, 0, tzinfo=UTC))  # 09:00 to 11:00 in Paris
    for _n in range(tuesdays):
        LeadFactory(stage_at=datetime(2026, 11, 17, 9, 0, tzinfo=UTC))


def test_saturday_without_anybody_is_a_gap_with_its_share() -> None:
    put_in_force("calendar", "office", OFFICE)
    rep("Ada", calendar="office")
    asked(5, 20)
    (gap,) = coverage.gaps(FRIDAY)
    assert (gap.weekday, gap.start, gap.end, gap.share) == (6, 0, 24, 0.2)


def test_somebody_who_works_around_the_clock_closes_it() -> None:
    put_in_force("calendar", "office", OFFICE)
    put_in_force("calendar", "always", ALWAYS_OPEN)
    rep("Ada", calendar="office"), rep("Bob", calendar="always")
    asked(5, 20)
    assert coverage.gaps(FRIDAY) == []


def test_a_handful_of_requests_says_nothing() -> None:
    put_in_force("calendar", "office", OFFICE)
    rep("Ada", calendar="office")
    asked(5, 10)
    assert coverage.gaps(FRIDAY) == []
    assert coverage.gaps(FRIDAY + timedelta(days=120)) == []


def test_what_is_counted_nowhere_is_no_request_and_the_latest_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    put_in_force("calendar", "office", OFFICE)
    rep("Ada", calendar="office")
    asked(5, 20)
    for _n in range(30):  # an import that was undone
        at = datetime(2026, 11, 15, 12, tzinfo=UTC)
        LeadFactory(stage="disqualified", stage_reason=WITHDRAWN, stage_at=at, closed_at=at)
    (gap,) = coverage.gaps(FRIDAY)
    assert (gap.weekday, gap.share) == (6, 0.2)
    monkeypatch.setattr(coverage, "MOST", 20)
    assert coverage.gaps(FRIDAY) == []  # all of Tuesday


@pytest.mark.parametrize(
    ("language", "says"),
    [("en", "Saturday 00–24: 20% of the requests"), ("fr", "Samedi 00–24\u00a0h\u00a0: 20\u00a0% des demandes")],
)
def test_the_page_names_the_gap_and_its_share(language: str, says: str) -> None:
    put_in_force("calendar", "office", OFFICE)
    rep("Ada", calendar="office")
    client = Client()
    client.force_login(member("Max", Role.MANAGER, "paris", language))
    with moment.at(FRIDAY):
        assert 'id="gaps"' not in client.get("/sla").content.decode()
        asked(5, 20)
        assert says in client.get("/sla").content.decode().replace("\u202f", "\u00a0")
