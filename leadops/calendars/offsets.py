"""From wall clocks to the UTC line: which instants show a given stretch of local time in a zone.

The wall decides: an hour the zone skips yields no instant, an hour it repeats yields each of its instants once.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

SECOND = 1_000_000  # everything here counts whole microseconds, so that no sum ever rounds
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = date(1970, 1, 1).toordinal()
_micro = timedelta(microseconds=1)

Span = tuple[int, int]
Spans = tuple[Span, ...]


def micros(instant: datetime) -> int:
    """An instant as microseconds since 1970; a naive one has no place on the line."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return (instant - EPOCH) // _micro


def instant(at: int) -> datetime:
    return EPOCH + timedelta(microseconds=at)


@lru_cache(maxsize=4096)
def segments(zone: str, year: int) -> tuple[tuple[int, int, int], ...]:
    """The stretches (start, end, offset) of one offset that a zone passes through in a year and days around it.

    Probed a day apart, then narrowed to the second: no zone changes twice in a day.
    """
    place = ZoneInfo(zone)

    def offset(second: int) -> int:
        shift = (EPOCH + timedelta(seconds=second)).astimezone(place).utcoffset()
        assert shift is not None  # noqa: S101 (an aware instant has an offset)
        return shift // timedelta(seconds=1)

    first = (date(year, 1, 1).toordinal() - EPOCH_DAY - 4) * 86_400
    found, start, here = [], first, offset(first)
    for probe in range(first + 86_400, first + 376 * 86_400, 86_400):
        there = offset(probe)
        if there != here:
            low, high = probe - 86_400, probe
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle) == here else (low, middle)
            found.append((start * SECOND, high * SECOND, here * SECOND))
            start, here = high, there
    found.append((start * SECOND, (first + 376 * 86_400) * SECOND, here * SECOND))
    return tuple(found)


def showing(zone: str, day: date, start: int, end: int) -> list[Span]:
    """The instants whose local time lies in [start, end) minutes of a day; end may lie beyond midnight."""
    midnight = (day.toordinal() - EPOCH_DAY) * DAY
    low, high = midnight + start * MINUTE, midnight + end * MINUTE
    spans = []
    for begins, ends, offset in segments(zone, day.year):
        a, b = max(begins, low - offset), min(ends, high - offset)
        if a < b:
            spans.append((a, b))
    return spans


def merged(spans: list[Span]) -> list[Span]:
    """The same instants as disjoint spans in order, touching ones joined."""
    joined: list[Span] = []
    for a, b in sorted(spans):
        if joined and a <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], b))
        else:
            joined.append((a, b))
    return joined
