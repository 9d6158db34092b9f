"""Silences of a source reckoned by what was expected meanwhile: one that went dumb sends no error. It changes nothing.

Expected: deliveries per weekday and hour of the house's zone in up to eight weeks before, summed over the silence. A
source whose days differ more than chance would have it (a crowd at a fair, a monthly letter) is judged as if so many
times less were expected. Unusual: so little would come by chance once in a thousand silences; among those that are over,
once in a hundred houses that look at as many.
"""

from __future__ import annotations

import math
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection

WEEK, HOUR = timedelta(weeks=1), timedelta(hours=1)
SHOWN = 5 * WEEK  # silences that ended longer ago are history
WEEKS = 8  # of the past a rate is taken from
FEWEST = 4  # weeks known before a silence, or nothing is said of it
RARE = 0.001  # the chance of a silence that goes on
RARE_OF_MANY = 0.01  # that the longest of all that ended is so long
# The past a source is known by, an hour a row: the index alone is read, and no more rows come than there are hours.
_SQL = """
SELECT source_id, date_trunc('hour', received_at, 'UTC'), count(*), min(received_at), max(received_at)
FROM capture_submission WHERE source_id = ANY(%(sources)s) AND received_at >= %(first)s AND received_at < %(at)s
GROUP BY 1, 2 ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Hour:
    """What came within an hour, and the instants of the first and the last of it."""

    begins: datetime
    count: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Silence:
    """From when to when, and how many deliveries were expected; None where too little of the past is known to say."""

    since: datetime
    until: datetime
    lasting: bool
    expected: float | None = None
    unusual: bool | None = None

    @property
    def lasted(self) -> timedelta:
        return self.until - self.since

    @property
    def seconds(self) -> int:
        return int(self.lasted.total_seconds())


@dataclass(frozen=True, slots=True)
class Usual:
    """Deliveries an hour by weekday and hour, and how many times more its days vary than chance would have it."""

    rates: dict[tuple[int, int], float]
    spread: float

    def expected(self, since: datetime, until: datetime, zone: tzinfo) -> float:
        total, begins = 0.0, since.replace(minute=0, second=0, microsecond=0)
        while begins < until:
            share = (min(until, begins + HOUR) - max(since, begins)) / HOUR
            total += share * self.rates.get(_place(begins, zone)[:2], 0.0)
            begins += HOUR
        return total


@lru_cache(maxsize=8192)  # the hours of a quarter are the same for every source
def _place(begins: datetime, zone: tzinfo) -> tuple[int, int, date]:
    """Weekday, hour and day of an hour where the house is."""
    here = begins.astimezone(zone)
    return here.weekday(), here.hour, here.date()


def usual(hours: Sequence[Hour], before: datetime, zone: tzinfo) -> Usual | None:
    """How a source does in the weeks before an instant; None where it is not known for long enough."""
    weeks = min(WEEKS, (before - hours[0].first) // WEEK)
    if weeks < FEWEST:
        return None
    cells: Counter[tuple[int, int]] = Counter()
    days: Counter[date] = Counter()
    squares = 0
    for hour in hours:
        if before - weeks * WEEK <= hour.begins < before:
            weekday, clock, day = _place(hour.begins, zone)
            cells[weekday, clock] += hour.count
            days[day] += hour.count
            squares += hour.count**2
    weekdays: Counter[int] = Counter()
    for (weekday, _hour), count in cells.items():
        weekdays[weekday] += count
    by_hour = _spread(squares, cells.values(), weeks)
    by_day = _spread(sum(count**2 for count in days.values()), weekdays.values(), weeks)
    return Usual({cell: count / weeks for cell, count in cells.items()}, max(1.0, by_hour, by_day))


def _spread(squares: int, counts: Iterable[int], weeks: int) -> float:
    """Variance over mean of counts about the means of their weekdays (and hours), from the sum of their squares and
    their sums over the weeks. Chance alone makes it one."""
    sums = list(counts)
    apart = squares - sum(count**2 for count in sums) / weeks
    return apart / sum(sums) * weeks / (weeks - 1) if sums else 1.0


def told(hours: Sequence[Hour], at: datetime, zone: tzinfo) -> Silence | None:
    """The silence worth telling of a source: the one that goes on, if it is unusual; else the longest unusual one that
    ended within five weeks; else the longest."""
    if not hours:
        return None
    ends = [*(hour.first for hour in hours[1:]), at]
    gaps = [(hour.last, end) for hour, end in zip(hours, ends, strict=True) if end > at - SHOWN]
    known: dict[int, Usual | None] = {}
    silences = []
    for since, until in gaps:
        if until - since < HOUR and until < at:
            continue
        back = -((since - at) // WEEK)  # to the last whole week before it began
        if back not in known:
            known[back] = usual(hours, at - back * WEEK, zone)
        silences.append(_judged(since, until, until == at, known[back], len(gaps), zone))
    return max(silences, key=lambda s: (s.unusual is True, s.lasting and s.unusual is True, s.lasted))


def _judged(since: datetime, until: datetime, lasting: bool, past: Usual | None, among: int, zone: tzinfo) -> Silence:
    if past is None:
        return Silence(since, until, lasting)
    expected = past.expected(since, until, zone)
    chance = math.exp(-expected / past.spread)
    return Silence(since, until, lasting, expected, chance < RARE if lasting else chance * among < RARE_OF_MANY)


def of_sources(sources: Sequence[uuid.UUID], at: datetime) -> dict[uuid.UUID, Silence]:
    """By source, of those that received anything in the weeks that count; one statement for any number of them."""
    asked: dict[str, Any] = {"sources": list(sources), "first": at - SHOWN - (WEEKS + 1) * WEEK, "at": at}
    with connection.cursor() as cursor:
        cursor.execute(_SQL, asked)
        rows = cursor.fetchall()
    past: dict[uuid.UUID, list[Hour]] = defaultdict(list)
    for source, *hour in rows:
        past[source].append(Hour(*hour))
    zone = ZoneInfo(settings.REPORTING_ZONE)
    return {source: silence for source, hours in past.items() if (silence := told(hours, at, zone))}
