"""What a calendar says: the hours that begin on a day, why a day is closed, and the openings of each UTC day.

An interval belongs to the day on which it begins: a holiday closes the night shift that starts that evening, not the
one that ends that morning. Exceptions overrule holidays, holidays overrule the week.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

import holidays as public
from django.utils.translation import gettext_lazy as _

from leadops.calendars.body import Intervals, fields_of
from leadops.calendars.offsets import DAY, EPOCH_DAY, Span, Spans, merged, showing
from leadops.errors import Refused

KEPT_DAYS = 20_000  # a calendar forgets its computed days beyond this many


class NeverOpens(Refused):
    """No opening within the bound: a due moment would never come."""

    def __init__(self, calendar: str) -> None:
        super().__init__(
            "calendar-never-opens", _("This calendar has no opening in the next 400 days."), calendar=calendar
        )


@dataclass(frozen=True, slots=True)
class Openings:
    """The openings inside one UTC day, in order and disjoint, and how long they are together."""

    spans: Spans
    total: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """Hours of a week in a zone, with days that differ. `week` is Monday to Sunday, (start, end) in local minutes;
    an end beyond 1440, or not after its start, lies on the next day."""

    zone: str
    week: tuple[Intervals, ...]
    holidays: frozenset[date] | Mapping[date, Intervals] = field(default=frozenset(), hash=False)
    exceptions: Mapping[date, Intervals] = field(default_factory=dict, hash=False)
    key: str = ""
    version: int = 0
    country: str | None = None
    subdivision: str | None = None
    labels: Mapping[date, Any] = field(default_factory=dict, hash=False, compare=False)
    always: bool = field(init=False, default=False, compare=False)
    _days: dict[int, Openings] = field(init=False, default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.week) != 7:
            raise ValueError("a week has seven days")
        plain = not (self.holidays or self.exceptions or self.country)
        object.__setattr__(self, "always", plain and all(day == ((0, 1440),) for day in self.week))

    @classmethod
    def from_body(cls, body: Mapping[str, Any], *, key: str = "", version: int = 0) -> Calendar:
        """The calendar of a published document; `validate` says beforehand what is wrong with one."""
        return cls(**fields_of(body), key=key, version=version)

    def hours(self, day: date) -> tuple[Intervals, str]:
        """The intervals that begin on a day, and the rule that says so: week, holiday or exception."""
        if day in self.exceptions:
            return self.exceptions[day], "exception"
        if day in self.holidays:
            return (self.holidays[day] if isinstance(self.holidays, Mapping) else ()), "holiday"
        if self.country and day in public_days(self.country, self.subdivision, day.year):
            return (), "holiday"
        return self.week[day.weekday()], "week"

    def openings(self, number: int) -> Openings:
        """The openings of a UTC day, counted from 1970."""
        known = self._days.get(number)
        if known is None:
            if len(self._days) >= KEPT_DAYS:
                self._days.clear()
            known = self._days[number] = self._compute(number)
        return known

    def _compute(self, number: int) -> Openings:
        # Offsets reach from -12 to +14 hours and an interval two days from its midnight: these days can touch this one.
        low, high = number * DAY, (number + 1) * DAY
        spans: list[Span] = []
        for ordinal in range(number - 2 + EPOCH_DAY, number + 2 + EPOCH_DAY):
            day = date.fromordinal(ordinal)
            for start, end in self.hours(day)[0]:
                for a, b in showing(self.zone, day, start, end if end > start else end + 1440):
                    if a < high and b > low:
                        spans.append((max(a, low), min(b, high)))
        inside = tuple(merged(spans))
        return Openings(inside, sum(b - a for a, b in inside))


@lru_cache(maxsize=2048)
def public_days(country: str, subdivision: str | None, year: int) -> frozenset[date]:
    """The public holidays of a place in a year, with the days on which they are observed."""
    return frozenset(public.country_holidays(country, subdiv=subdivision or None, years=year))


@lru_cache(maxsize=2048)
def _named_days(country: str, subdivision: str | None, year: int, language: str) -> dict[date, str]:
    known = public.country_holidays(country).supported_languages
    exact = [code for code in known if code == language or code.startswith(f"{language}_")]
    chosen = next(iter(exact + [code for code in known if code.startswith("en")]), None)
    return dict(public.country_holidays(country, subdiv=subdivision or None, years=year, language=chosen))


def holiday_name(calendar: Calendar, day: date, language: str) -> str:
    """What a public holiday is called, in the language when the source has it, else in English or the country's own."""
    if not calendar.country:
        return ""
    return _named_days(calendar.country, calendar.subdivision, day.year, language).get(day, "")


ALWAYS = Calendar(zone="UTC", week=(((0, 1440),),) * 7, key="always")
