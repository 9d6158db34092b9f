"""A calendar's document as people type it, row by row, and as the inputs show it again; it judges and stores nothing."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from itertools import count, takewhile
from typing import Any, Final

from leadops.calendars.body import WEEKDAYS
from leadops.calendars.validation import MOST_INTERVALS

Body = dict[str, Any]
SPARE = 1  # empty rows offered beside those filled in
WORKING: Final = WEEKDAYS[:5]


def new_body(name: Mapping[str, str]) -> Body:
    hours = [["09:00", "12:30"], ["13:30", "18:00"]]
    return {"name": dict(name), "zone": "Europe/Paris", "week": {day: copy.deepcopy(hours) for day in WORKING}}


def typed(posted: Mapping[str, str]) -> Body:
    """The document for what stands in the inputs; what is no time or day is kept as typed, and named by the check."""
    body: Body = {"zone": posted.get("zone", "").strip(), "week": {}}
    names = {lang: posted.get(f"name-{lang}", "").strip() for lang in ("fr", "en")}
    body["name"] = {lang: text for lang, text in names.items() if text}
    for day in WEEKDAYS:
        spans = _spans(posted, day)
        if spans:
            body["week"][day] = spans
    country, part = posted.get("country", "").strip(), posted.get("subdivision", "").strip()
    if country:
        body["holidays"] = {"country": country} | ({"subdivision": part} if part else {})
    body["exceptions"] = _exceptions(posted)
    return body


def _spans(posted: Mapping[str, str], name: str) -> list[list[str]]:
    there = takewhile(lambda n: f"{name}-{n}-from" in posted or f"{name}-{n}-to" in posted, count())
    pairs = [(posted.get(f"{name}-{n}-from", ""), posted.get(f"{name}-{n}-to", "")) for n in there]
    return [[start.strip(), _end(end.strip())] for start, end in pairs if start.strip() or end.strip()]


def _end(typed_end: str) -> str:
    """A time input cannot say 24:00: midnight at the end of a stretch is the day's end."""
    return "24:00" if typed_end == "00:00" else typed_end


def _exceptions(posted: Mapping[str, str]) -> list[Body]:
    found = []
    for n in count():
        day = posted.get(f"ex-{n}-day")
        if day is None:
            break
        labels = {lang: text for lang in ("fr", "en") if (text := posted.get(f"ex-{n}-{lang}", "").strip())}
        row: Body = {"day": day.strip(), "open": _spans(posted, f"ex-{n}")} | ({"label": labels} if labels else {})
        if any(row.values()):
            found.append(row)
    return sorted(found, key=lambda row: str(row["day"]))


def with_monday_copied(body: Body) -> Body:
    """Monday's hours on Tuesday to Friday."""
    monday = (body.get("week") or {}).get("mon")
    week = {day: hours for day, hours in (body.get("week") or {}).items() if day not in WORKING}
    return {**body, "week": ({day: copy.deepcopy(monday) for day in WORKING} if monday else {}) | week}


# -- back into inputs -------------------------------------------------------------------------------------


def rows(spans: Any, spare: int = SPARE) -> list[dict[str, str]]:
    """The pairs of inputs of a day: those it has and an empty one."""
    filled = [
        {"start": str(pair[0]), "end": "00:00" if pair[1] == "24:00" else str(pair[1])}
        for pair in (spans if isinstance(spans, list) else [])
        if isinstance(pair, (list, tuple)) and len(pair) == 2
    ]
    empty = {"start": "", "end": ""}
    return [*filled, *(dict(empty) for _ in range(min(spare, max(0, MOST_INTERVALS - len(filled)))))]


def exception_rows(body: Body, spare: int) -> list[dict[str, Any]]:
    """The rows of exceptions, and so many empty ones."""
    found = []
    for row in body.get("exceptions") or []:
        label = row.get("label")
        texts = label if isinstance(label, Mapping) else {"fr": label or "", "en": label or ""}
        found.append({"day": row.get("day", ""), "label": dict(texts), "spans": rows(row.get("open"))})
    return [*found, *({"day": "", "label": {}, "spans": rows([])} for _ in range(spare))]
