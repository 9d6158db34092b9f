"""Lengths of time in conditions ("P7D", "PT48H", "PT30M"): one unit each, read, written and subtracted; no calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from leadops.conditions.kinds import Unreadable

LONGEST: Final = timedelta(days=36_525)
FORMS: Final = {"days": ("P", "D"), "hours": ("PT", "H"), "minutes": ("PT", "M"), "seconds": ("PT", "S")}
UNITS: Final[dict[str, tuple[str, ...]]] = {"instant": ("days", "hours", "minutes", "seconds"), "day": ("days",)}


@dataclass(frozen=True, slots=True)
class Duration:
    """An amount of one unit; kept as it was said, because "48 hours" and "2 days" read differently."""

    amount: int
    unit: str

    def __str__(self) -> str:
        head, tail = FORMS[self.unit]
        return f"{head}{self.amount}{tail}"

    @property
    def length(self) -> timedelta:
        return timedelta(**{self.unit: self.amount})

    def before(self, moment: Any) -> Any:
        return _shifted(moment, -self.length)

    def after(self, moment: Any) -> Any:
        return _shifted(moment, self.length)


def _shifted(moment: datetime | date, by: timedelta) -> datetime | date:
    """Moved, or the end of the calendar when there is no such day."""
    try:
        return moment + by
    except OverflowError:
        edge = type(moment).min if by < timedelta(0) else type(moment).max
        return edge.replace(tzinfo=moment.tzinfo) if isinstance(edge, datetime) else edge  # type: ignore[union-attr]


def duration(raw: Any, kind: str) -> Duration:
    """Read "P7D", or a bare whole number: seconds for an instant, days for a day."""
    found = _bare(raw, kind) if isinstance(raw, int) and not isinstance(raw, bool) else _written(raw)
    if found.unit == "seconds":
        found = _coarser(found)
    if kind == "day" and found.unit != "days":
        raise Unreadable("whole-days-only")
    if found.amount <= 0:
        raise Unreadable("not-a-duration")
    if found.amount > LONGEST / timedelta(**{found.unit: 1}):
        raise Unreadable("out-of-range")
    return found


def _bare(raw: int, kind: str) -> Duration:
    return Duration(raw, "days" if kind == "day" else "seconds")


def _coarser(found: Duration) -> Duration:
    """Seconds in the largest unit that holds them whole."""
    for unit in ("days", "hours", "minutes"):
        size = int(timedelta(**{unit: 1}).total_seconds())
        if found.amount and found.amount % size == 0:
            return Duration(found.amount // size, unit)
    return found


def _written(raw: Any) -> Duration:
    if not isinstance(raw, str):
        raise Unreadable("not-a-duration")
    plain = raw.strip().upper()
    for unit, (head, tail) in FORMS.items():
        amount = plain.removeprefix(head).removesuffix(tail)
        if plain == f"{head}{amount}{tail}" and amount.isascii() and amount.isdigit() and len(amount) <= 10:
            return Duration(int(amount), unit)
    raise Unreadable("not-a-duration")
