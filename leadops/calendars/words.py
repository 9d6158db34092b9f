"""A calendar in the reader's words: its week, its closed days, its place; pure, it decides no hour and reads no row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

import holidays as public
from babel import Locale
from babel.dates import get_day_names
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from leadops.calendars.body import Intervals
from leadops.calendars.calendar import Calendar, holiday_name, public_days
from leadops.dates import language

WHOLE_DAY: Intervals = ((0, 1440),)


@dataclass(frozen=True, slots=True)
class ClosedDay:
    """A day that differs from its weekday: its name, and its hours in words."""

    day: date
    name: str
    hours: str


def weekday_names() -> list[str]:
    """Monday to Sunday."""
    names = get_day_names("wide", locale=language())
    return [str(names[day]) for day in range(7)]


def hours_words(intervals: Intervals) -> str:
    """“09:00–12:30 and 13:30–18:00”, “closed”, “round the clock”."""
    if not intervals:
        return _("closed")
    if intervals == WHOLE_DAY:
        return _("round the clock")
    each = [f"{_clock(start)}–{_clock(end)}" for start, end in intervals]
    return _listed(each)


def _clock(minute: int) -> str:
    hour, rest = divmod(minute if minute <= 1440 else minute - 1440, 60)
    return f"{hour:02}:{rest:02}"


def _listed(words: Sequence[str]) -> str:
    if len(words) == 1:
        return words[0]
    return pgettext("hours", "%(first)s and %(last)s") % {"first": ", ".join(words[:-1]), "last": words[-1]}


def week_words(calendar: Calendar) -> list[tuple[str, str]]:
    """The week as (days, hours), neighbours with the same hours together: “Monday to Friday”, “09:00–17:00”."""
    names, found, at = weekday_names(), [], 0
    for hours, days in groupby(calendar.week):
        last = at + len(list(days)) - 1
        found.append((_days(names, at, last), hours_words(hours)))
        at = last + 1
    return found


def _days(names: Sequence[str], first: int, last: int) -> str:
    if (first, last) == (0, 6):
        return _("every day")
    if first == last:
        return names[first]
    return pgettext("weekdays", "%(first)s to %(last)s") % {"first": names[first], "last": names[last]}


def week_hours(calendar: Calendar) -> float:
    """Working hours of an ordinary week."""
    return sum(end - start for day in calendar.week for start, end in day) / 60


def sentence(body: Mapping[str, Any]) -> str:
    """“Monday to Friday: 09:00–17:00; Europe/Paris; closed on the public holidays of France; 2 exceptions”."""
    calendar = Calendar.from_body(body)
    parts = [
        _("%(days)s: %(hours)s") % {"days": days, "hours": hours}
        for days, hours in week_words(calendar)
        if hours != hours_words(())
    ]
    parts.append(calendar.zone)
    if calendar.country:
        place = place_words(calendar.country, calendar.subdivision)
        parts.append(_("closed on the public holidays of this place: %(place)s") % {"place": place})
    if calendar.exceptions:
        count = len(calendar.exceptions)
        parts.append(ngettext("%(n)s exception", "%(n)s exceptions", count) % {"n": count})
    return "; ".join(parts) if language() != "fr" else "\u00a0; ".join(parts)


# -- places ---------------------------------------------------------------------------------------------------


def place_words(country: str, subdivision: str | None) -> str:
    """“France (Moselle)”."""
    name = _country(country)
    return f"{name} ({dict(subdivisions(country)).get(subdivision, subdivision)})" if subdivision else name


def _country(code: str) -> str:
    return str(Locale.parse(language()).territories.get(code, code))


def countries() -> list[tuple[str, str]]:
    """Countries whose public holidays are known, by name."""
    codes = public.list_supported_countries(include_aliases=False)
    return sorted(((code, _country(code)) for code in codes), key=lambda one: one[1])


def subdivisions(country: str) -> list[tuple[str, str]]:
    """The parts of a country with holidays of their own, by name."""
    known = public.list_supported_countries(include_aliases=False).get(country, [])
    if not known:
        return []
    aliases: Mapping[str, str] = getattr(public.country_holidays(country), "subdivisions_aliases", {})
    names = {code: name for name, code in aliases.items()}
    return sorted(((code, names.get(code, code)) for code in known), key=lambda one: one[1])


# -- days that differ -----------------------------------------------------------------------------------------


def coming_holidays(calendar: Calendar, first: date, days: int) -> list[ClosedDay]:
    """The public holidays of the days from `first` on, unless an exception overrules them."""
    if not calendar.country:
        return []
    last = first + timedelta(days=days)
    years = range(first.year, last.year + 1)
    found = {day for year in years for day in public_days(calendar.country, calendar.subdivision, year)}
    chosen = sorted(day for day in found if first <= day < last and day not in calendar.exceptions)
    return [ClosedDay(day, holiday_name(calendar, day, language()), hours_words(())) for day in chosen]


def exceptions(calendar: Calendar) -> list[ClosedDay]:
    """Every exception in order of days, with the label users gave it."""
    return [
        ClosedDay(day, said_label(calendar.labels.get(day)), hours_words(calendar.exceptions[day]))
        for day in sorted(calendar.exceptions)
    ]


def said_label(label: Any) -> str:
    """A text by language, or one text for all."""
    if isinstance(label, Mapping):
        return str(label.get(language()) or next((text for text in label.values() if text), ""))
    return str(label or "")
