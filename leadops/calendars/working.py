"""Working-time sums on the UTC line: add, elapsed, next opening, and the same sum shown line by line.

All are O(days), read no clock, and raise NeverOpens instead of searching beyond the bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from leadops.calendars.calendar import Calendar, NeverOpens
from leadops.calendars.offsets import DAY, SECOND, Span, instant, merged, micros, showing

BOUND_DAYS = 400  # a year and a long closure: beyond this a due moment is a fault of the calendar


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the sum: a stretch of working time used on a local day, or why that day gave none.

    `why` is "" for a stretch, else weekend, holiday, exception (closed that day) or outside (hours already over or
    not begun). `clock_change` is how much longer (or shorter) than 24 hours the local day is, in seconds.
    """

    day: date
    start: datetime | None
    end: datetime | None
    seconds: float
    remaining: float
    why: str = ""
    clock_change: int = 0


def open_at(calendar: Calendar, at: datetime) -> bool:
    """Whether an instant is working time."""
    t = micros(at)
    return calendar.always or any(a <= t < b for a, b in calendar.openings(t // DAY).spans)


def next_opening(calendar: Calendar, at: datetime) -> datetime:
    """The instant itself when it is working time, else the first one after it that is."""
    t = micros(at)
    if calendar.always:
        return instant(t)
    for number in range(t // DAY, t // DAY + BOUND_DAYS + 1):
        for a, b in calendar.openings(number).spans:
            if b > t:
                return instant(max(a, t))
    raise NeverOpens(calendar.key)


def add(calendar: Calendar, start: datetime, seconds: float) -> datetime:
    """The earliest instant at which this much working time has passed since `start`."""
    left = round(seconds * SECOND)
    if left < 0:
        raise ValueError("a duration is not negative")
    t = micros(start)
    if calendar.always or not left:
        return instant(t + left)
    number, dry = t // DAY, 0
    while dry <= BOUND_DAYS:
        openings = calendar.openings(number)
        if openings.total >= left or t > number * DAY:
            for a, b in openings.spans:
                taken = b - max(a, t)
                if taken >= left:
                    return instant(max(a, t) + left)
                left -= max(taken, 0)
        else:
            left -= openings.total
        dry = 0 if openings.total else dry + 1
        number += 1
    raise NeverOpens(calendar.key)


def elapsed(calendar: Calendar, start: datetime, end: datetime) -> float:
    """Working seconds between two instants; none when the second is not later."""
    a, b = micros(start), micros(end)
    if b <= a:
        return 0.0
    if calendar.always:
        return (b - a) / SECOND
    first, last, total = a // DAY, b // DAY, 0
    for number in range(first, last + 1):
        openings = calendar.openings(number)
        if first < number < last:
            total += openings.total
        else:
            total += sum(max(0, min(y, b) - max(x, a)) for x, y in openings.spans)
    return total / SECOND


def _open_spans(calendar: Calendar, a: int, b: int) -> list[Span]:
    if b <= a:
        return []
    if calendar.always:
        return [(a, b)]
    days = range(a // DAY, b // DAY + 1)
    found = [(max(x, a), min(y, b)) for number in days for x, y in calendar.openings(number).spans]
    return merged([(x, y) for x, y in found if x < y])


def open_intervals(calendar: Calendar, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """The working stretches between two instants, in UTC, disjoint and in order."""
    return [(instant(a), instant(b)) for a, b in _open_spans(calendar, micros(start), micros(end))]


def arithmetic(calendar: Calendar, start: datetime, seconds: float) -> list[Step]:
    """The sum of `add`, line by line in the calendar's zone; the last line ends at the due instant; no line for nothing."""
    if not round(seconds * SECOND):
        return []
    due = add(calendar, start, seconds)
    zone = ZoneInfo(calendar.zone)
    used = _open_spans(calendar, micros(start), micros(due))
    day, last = start.astimezone(zone).date(), due.astimezone(zone).date()
    if used and last > day:  # due exactly at local midnight belongs to the day that ends there
        last = max(day, instant(used[-1][1] - 1).astimezone(zone).date())
    left, steps = round(seconds * SECOND), list[Step]()
    while day <= last:
        lines = _day_lines(calendar, zone, day, used, left)
        left = round(lines[-1].remaining * SECOND)
        steps += lines
        day += timedelta(days=1)
    return steps


def _day_lines(calendar: Calendar, zone: ZoneInfo, day: date, used: list[Span], left: int) -> list[Step]:
    """The lines of one local day: its stretches, or one line that says why there is none."""
    shown = showing(calendar.zone, day, 0, 1440)
    change = (sum(b - a for a, b in shown) - DAY) // SECOND
    lines = []
    for x, y in merged([(max(a, x), min(b, y)) for a, b in shown for x, y in used if max(a, x) < min(b, y)]):
        left -= y - x
        from_, to = (instant(at).astimezone(zone) for at in (x, y))
        lines.append(Step(day, from_, to, (y - x) / SECOND, left / SECOND, "", change))
    return lines or [Step(day, None, None, 0.0, left / SECOND, _why(calendar, day), change)]


def _why(calendar: Calendar, day: date) -> str:
    hours, rule = calendar.hours(day)
    if hours:
        return "outside"
    return "weekend" if rule == "week" else rule
