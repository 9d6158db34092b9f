"""When a step may happen: working days of a calendar, hours of the recipient's own day. Pure: it reads no clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from leadops.calendars import Calendar, NeverOpens, next_opening, open_at
from leadops.calendars.working import BOUND_DAYS


@lru_cache(maxsize=256)
def window(calendar: Calendar, opens: int, closes: int, zone: str) -> Calendar:
    """The send window as a calendar: the days the calendar works, the sequence's hours, the recipient's zone."""
    here = zone if zone in zones() else calendar.zone
    hours = ((opens, closes),)
    holidays = calendar.holidays
    days = frozenset(day for day in holidays if not calendar.hours(day)[0]) if holidays else frozenset()
    return replace(
        calendar,
        zone=here,
        week=tuple(hours if day else () for day in calendar.week),
        holidays=days,
        exceptions={day: hours if spans else () for day, spans in calendar.exceptions.items()},
    )


@lru_cache(maxsize=1)
def zones() -> frozenset[str]:
    """Names of all time zones; asking the machine reads its folders each time."""
    return frozenset(available_timezones())


def in_window(sends: Calendar, at: datetime) -> bool:
    return open_at(sends, at)


def next_moment(sends: Calendar, at: datetime) -> datetime:
    """The instant itself when the window is open, else its next opening."""
    return next_opening(sends, at)


def after_days(sends: Calendar, at: datetime, days: int) -> datetime:
    """The same local time so many working days later, inside the window."""
    local = at.astimezone(ZoneInfo(sends.zone))
    day, left = local.date(), days
    for _looked in range(BOUND_DAYS * 2):
        if left <= 0:
            break
        day += timedelta(days=1)
        left -= 1 if sends.hours(day)[0] else 0
    if left > 0:
        raise NeverOpens(sends.key)
    then = datetime.combine(day, local.time(), tzinfo=ZoneInfo(sends.zone))
    return next_opening(sends, then)
