"""What is wrong with the document of a calendar, fault by fault with its path; nothing is raised and nothing changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any
from zoneinfo import available_timezones

import holidays as public
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from leadops.calendars.body import WEEKDAYS, Intervals, day_of, interval_of
from leadops.calendars.calendar import Calendar
from leadops.calendars.offsets import EPOCH_DAY

Fault = tuple[str, str | Promise]
MOST_INTERVALS = 12
MOST_EXCEPTIONS = 1000
LONGEST_LABEL = 200
KNOWN = frozenset({"name", "zone", "week", "holidays", "exceptions"})
_zones = frozenset(available_timezones())


def validate(body: Any) -> list[Fault]:
    """Every fault of a document, with the path to it; none when it can be published."""
    if not isinstance(body, Mapping):
        return [("", _("A calendar is an object with a zone and a week."))]
    faults: list[Fault] = [(str(key), _("This field is not known.")) for key in body if key not in KNOWN]
    if not isinstance(body.get("zone"), str) or body["zone"] not in _zones:
        faults.append(("zone", _("This is not a time zone of the IANA list, such as Europe/Paris.")))
    faults += _text_faults(body.get("name"), "name", _("A name is a text of at most 200 characters."))
    faults += _week_faults(body.get("week"))
    faults += _holiday_faults(body.get("holidays"))
    faults += _exception_faults(body.get("exceptions"))
    return faults or _opening_faults(Calendar.from_body(body))


def _week_faults(week: Any) -> list[Fault]:
    if not isinstance(week, Mapping):
        return [("week", _("The week is an object with the hours of each day."))]
    faults: list[Fault] = [(f"week.{day}", _("This is not a day of the week.")) for day in week if day not in WEEKDAYS]
    read: dict[str, Intervals] = {}
    for day in WEEKDAYS:
        found, read[day] = _interval_faults(week.get(day), f"week.{day}")
        faults += found
    if faults:
        return faults
    for day, following in zip(WEEKDAYS, WEEKDAYS[1:] + WEEKDAYS[:1], strict=True):
        tail = max((end - 1440 for _start, end in read[day]), default=0)
        if read[following] and tail > read[following][0][0]:
            faults.append((f"week.{following}", _("These hours begin before those of the night before end.")))
    return faults


def _interval_faults(pairs: Any, path: str) -> tuple[list[Fault], Intervals]:
    if pairs is None:
        return [], ()
    if not isinstance(pairs, Sequence) or isinstance(pairs, str) or len(pairs) > MOST_INTERVALS:
        return [(path, _("Hours are a list of at most 12 pairs of times."))], ()
    faults: list[Fault] = []
    read = []
    for at, pair in enumerate(pairs):
        try:
            read.append((interval_of(pair), at))
        except ValueError:
            faults.append(
                (f"{path}.{at}", _("Hours are two different times from 00:00 to 24:00, such as 09:00 and 12:30."))
            )
    read.sort()
    for ((_start, end), _at), ((start, _end), at) in pairwise(read):
        if start < end:
            faults.append((f"{path}.{at}", _("These hours overlap others of the same day.")))
    return faults, tuple(interval for interval, _at in read)


def _holiday_faults(given: Any) -> list[Fault]:
    if given is None or given == {}:
        return []
    if not isinstance(given, Mapping):
        return [("holidays", _("Holidays are an object with a country."))]
    country, part = given.get("country"), given.get("subdivision")
    if country is None and part is None:
        return []
    places = public.list_supported_countries(include_aliases=True)
    if not isinstance(country, str) or country not in places:
        return [("holidays.country", _("The holidays of this country are not known."))]
    if part is not None and (not isinstance(part, str) or part not in places[country]):
        return [("holidays.subdivision", _("The holidays of this part of the country are not known."))]
    return []


def _exception_faults(rows: Any) -> list[Fault]:
    if rows is None:
        return []
    if not isinstance(rows, Sequence) or isinstance(rows, str) or len(rows) > MOST_EXCEPTIONS:
        return [("exceptions", _("Exceptions are a list of at most 1,000 days."))]
    faults: list[Fault] = []
    seen: set[date] = set()
    for at, row in enumerate(rows):
        path = f"exceptions.{at}"
        if not isinstance(row, Mapping):
            faults.append((path, _("An exception is an object with a day and its hours.")))
            continue
        faults += _row_faults(row, path, seen)
    return faults


def _row_faults(row: Mapping[str, Any], path: str, seen: set[date]) -> list[Fault]:
    faults, _hours = _interval_faults(row.get("open"), f"{path}.open")
    try:
        day = day_of(row.get("day"))
    except ValueError:
        faults.append((f"{path}.day", _("This is not a day such as 2026-12-24.")))
    else:
        if day in seen:
            faults.append((f"{path}.day", _("This day is already in the list.")))
        if not 1971 <= day.year <= 9000:
            faults.append((f"{path}.day", _("This day is too far away.")))
        seen.add(day)
    label = _("A label is a text of at most 200 characters.")
    return faults + _text_faults(row.get("label"), f"{path}.label", label)


def _text_faults(given: Any, path: str, fault: Promise) -> list[Fault]:
    """A text, or one by language."""
    texts = list(given.values()) if isinstance(given, Mapping) else [given]
    wrong = any(text is not None and (not isinstance(text, str) or len(text) > LONGEST_LABEL) for text in texts)
    return [(path, fault)] if wrong else []


def _opening_faults(calendar: Calendar) -> list[Fault]:
    """A clock on a calendar that is closed for a year would never be due."""
    if not any(calendar.week):
        return [("week", _("This calendar has no opening hours: nothing would ever be due."))]
    for year in sorted({day.year for day in calendar.exceptions}):
        first = date(year, 1, 1).toordinal() - EPOCH_DAY
        if not any(calendar.openings(number).total for number in range(first, first + 365)):
            return [("exceptions", _("This calendar is closed for all of %(year)d.") % {"year": year})]
    return []
