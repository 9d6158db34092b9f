"""Reading the published document of a calendar: times, days and intervals; a text that is none raises ValueError.

Judging a document is `validation`; nothing here knows zones or holidays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

Intervals = tuple[tuple[int, int], ...]
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_time = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")


def minute_of(text: Any) -> int:
    """Minutes since midnight of "09:30"; "24:00" is the end of the day."""
    found = _time.fullmatch(text) if isinstance(text, str) else None
    if not found:
        raise ValueError(text)
    return int(found[1]) * 60 + int(found[2]) if found[1] else 1440


def interval_of(pair: Any) -> tuple[int, int]:
    """("22:00", "06:00") is (1320, 1800): an end that is not later lies on the next day."""
    if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
        raise ValueError(pair)
    start, end = minute_of(pair[0]), minute_of(pair[1])
    if start == end or start == 1440:
        raise ValueError(pair)
    return start, end if end > start else end + 1440


def intervals_of(pairs: Any) -> Intervals:
    if not isinstance(pairs, Sequence) or isinstance(pairs, str):
        raise ValueError(pairs)
    return tuple(sorted(interval_of(pair) for pair in pairs))


def day_of(text: Any) -> date:
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        raise ValueError(text)
    return date.fromisoformat(text)


def fields_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a Calendar from its document."""
    week = body.get("week") or {}
    public = body.get("holidays") or {}
    exceptions = body.get("exceptions") or ()
    return {
        "zone": body["zone"],
        "week": tuple(intervals_of(week.get(day) or ()) for day in WEEKDAYS),
        "exceptions": {day_of(row["day"]): intervals_of(row.get("open") or ()) for row in exceptions},
        "country": public.get("country") or None,
        "subdivision": public.get("subdivision") or None,
        "labels": {day_of(row["day"]): row["label"] for row in exceptions if row.get("label")},
    }
