"""Cells as people type them, brought into one form: numbers by their decimal mark, days by their order; pure.

What cannot be read is given back as None, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

DAY_FIRST, MONTH_FIRST = "dmy", "mdy"
COMMA, POINT = ",", "."
_iso = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ](.*))?\Z", re.DOTALL)
_other = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})(?:[T ,]+(.*))?\Z", re.DOTALL)
_clock = re.compile(r"(\d{1,2})[:hH](\d{2})(?::(\d{2}))?")
_comma_number = re.compile(r"[-+]?\d{1,3}(?:[. \u00a0\u202f']\d{3})*,\d+\Z|[-+]?\d+,\d{1,2}\Z")
_point_number = re.compile(r"[-+]?\d{1,3}(?:[, \u00a0\u202f']\d{3})*\.\d+\Z|[-+]?\d+\.\d{1,2}\Z")
_marks = re.compile(r"[\s\u00a0\u202f'’]")
_money = re.compile(r"[€$£]|EUR|USD|GBP|CHF", re.IGNORECASE)


def decimal_mark(values: Iterable[str]) -> str:
    """The mark most numbers of the file use; a point when none has decimals."""
    commas = points = 0
    for value in values:
        commas += bool(_comma_number.match(value))
        points += bool(_point_number.match(value))
    return COMMA if commas > points else POINT


def day_order(values: Iterable[str]) -> str:
    """`dmy` or `mdy` where one value decides it; empty when no value does; `?` when days are there and none decides."""
    seen = False
    for value in values:
        found = _other.match(value)
        if found is None:
            continue
        first, second = int(found[1]), int(found[2])
        if not (1 <= first <= 31 and 1 <= second <= 31):
            continue
        seen = True
        if first > 12 >= second:
            return DAY_FIRST
        if second > 12 >= first:
            return MONTH_FIRST
    return "?" if seen else ""


def number(text: str, mark: str) -> str | None:
    """1 234,50 and 1,234.50 as 1234.50; None for what is no number."""
    plain = _marks.sub("", _money.sub("", text)).replace("\u2212", "-")
    plain = plain.replace(".", "").replace(",", ".") if mark == COMMA else plain.replace(",", "")
    return plain if re.fullmatch(r"[-+]?(\d+(\.\d*)?|\.\d+)", plain) and len(plain) < 40 else None


def day(text: str, order: str) -> str | None:
    """A day, with its time where one stands behind it, as ISO; None for what is no day."""
    found = _iso.match(text)
    if found is not None:
        year, month, of_month, rest = int(found[1]), int(found[2]), int(found[3]), found[4]
    else:
        found = _other.match(text)
        if found is None:
            return None
        first, second, year, rest = int(found[1]), int(found[2]), int(found[3]), found[4]
        year += 2000 if year < 100 else 0
        of_month, month = (second, first) if order == MONTH_FIRST else (first, second)
    try:
        plain = date(year, month, of_month).isoformat()
    except ValueError:
        return None
    clock = _clock.match(rest or "")
    if clock is None:
        return plain
    hours, minutes, seconds = int(clock[1]), int(clock[2]), int(clock[3] or 0)
    if hours > 23 or minutes > 59 or seconds > 59:
        return plain
    tail = (rest or "")[clock.end() :].strip()
    zone = tail if re.fullmatch(r"(\.\d+)?(Z|[+-]\d{2}:?\d{2})?", tail) else ""
    return f"{plain}T{hours:02}:{minutes:02}:{seconds:02}{zone}"
