"""Days of the reporting zone: each instant in exactly one day, also on the days of 23 and 25 hours."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from leadops.access import Actor
from leadops.errors import Refused
from reports.filters import OriginForm
from reports.metrics.costs import share
from reports.metrics.sources import sources_report
from reports.periods import Period, period_of
from reports.tests import world
from reports.tests.world import NOW, Story

DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1))


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 3, 28), 24)])
def test_a_day_is_as_long_as_the_zone_says(day: date, hours: int) -> None:
    period = Period(day, day + timedelta(days=1), "Europe/Paris")
    assert period.until.astimezone(UTC) - period.since.astimezone(UTC) == timedelta(hours=hours)


@pytest.mark.parametrize("zone", ["Europe/Paris", "America/Montreal", "Africa/Casablanca", "Pacific/Apia", "UTC"])
@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25), date(2026, 3, 8)])
def test_the_sum_of_the_days_is_the_period(boss: Actor, zone: str, day: date) -> None:
    first, last = day - timedelta(days=1), day + timedelta(days=2)
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=2)
    world.write([Story(start + timedelta(minutes=30 * i)) for i in range(48 * 5)])
    whole = sources_report(boss, Period(first, last, zone)).total.leads
    days = [first + timedelta(days=i) for i in range(3)]
    assert whole == sum(sources_report(boss, Period(d, d + timedelta(days=1), zone)).total.leads for d in days) > 0


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("7", date(2026, 2, 26), date(2026, 3, 4)),
        ("30", date(2026, 2, 3), date(2026, 3, 4)),
        ("quarter", date(2026, 1, 1), date(2026, 3, 4)),
    ],
)
def test_a_preset_ends_with_today(name: str, first: date, last: date) -> None:
    period = period_of(name, NOW)
    assert (period.from_on, period.last_on) == (first, last)
    assert (period.before.to_on, period.before.days) == (first, period.days)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("custom", None, None),
        ("custom", date(2026, 3, 2), date(2026, 3, 1)),
        ("custom", date(1, 1, 1), date(9999, 12, 31)),
        ("week", None, None),
    ],
)
def test_an_unreadable_period_is_refused(name: str, first: date | None, last: date | None) -> None:
    with pytest.raises(Refused):
        period_of(name, NOW, first, last)


@pytest.mark.parametrize(
    "query",
    ["period=custom", "period=custom&first_day=x", "by=moon", "period=custom&first_day=2026-03-02&last_day=2026-03-01"],
)
def test_an_unreadable_wish_is_said_and_the_default_is_shown(query: str) -> None:
    form = OriginForm(QueryDict(query), NOW)
    chosen = form.chosen()
    assert form.errors
    assert (chosen.period, chosen.by) == (period_of("30", NOW), "source")


@given(st.integers(0, 2**60), DAYS, st.integers(0, 400), st.lists(DAYS, max_size=5))
def test_the_parts_of_a_cost_add_up_to_it(minor: int, first: date, length: int, cuts: list[date]) -> None:
    last = first + timedelta(days=length)
    edges = [first, *sorted(day for day in cuts if first < day <= last), last + timedelta(days=1)]
    parts = [share(minor, first, last, a, b) for a, b in itertools.pairwise(edges)]
    assert sum(parts) == minor
    assert min(parts) >= 0
    assert share(minor, first, last, date(1990, 1, 1), first) == 0
