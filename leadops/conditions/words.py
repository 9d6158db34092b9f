"""The sentences a refused condition is answered with, by code; no rule is decided here."""

from __future__ import annotations

from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy


def _w(message: str) -> Promise:
    return pgettext_lazy("condition", message)


REFUSALS: Final[dict[str, Promise]] = {
    "not-a-condition": _w("This is neither a comparison nor a group of comparisons."),
    "not-a-list": _w("A list is expected here."),
    "empty-group": _w("This group is empty."),
    "too-many": _w("A condition holds at most %(limit)s comparisons."),
    "too-deep": _w("Groups may be nested at most %(limit)s levels deep."),
    "unknown-key": _w("A comparison has no part named “%(key)s”."),
    "unknown-field": _w("There is no field “%(field)s”."),
    "unknown-operator": _w("There is no comparison “%(operator)s”."),
    "operator-not-for-kind": _w("The comparison “%(operator)s” cannot be used with this kind of field: %(kind)s."),
    "unknown-choice": _w("“%(choice)s” is not one of the choices."),
    "empty": _w("A value is missing."),
    "no-value-wanted": _w("This comparison takes no value."),
    "not-text": _w("A text is expected here."),
    "too-long": _w("This text is too long."),
    "not-a-code": _w("A choice is expected here."),
    "not-a-number": _w("A number is expected here."),
    "not-a-count": _w("A whole number is expected here."),
    "out-of-range": _w("This value is out of range."),
    "not-a-day": _w("A day is expected here, such as 2026-03-31."),
    "not-an-instant": _w("A date and time are expected here."),
    "no-zone": _w("The time needs a time zone."),
    "not-a-flag": _w("Yes or no is expected here."),
    "not-a-duration": _w("A length of time is expected here."),
    "whole-days-only": _w("A day can only be compared in whole days."),
    "not-a-range": _w("Two values are expected here."),
    "range-reversed": _w("The second value is smaller than the first."),
    "too-many-values": _w("This list is too long."),
}


def refusal(code: str, **values: Any) -> str:
    """What to tell the person, in the active language."""
    return str(REFUSALS[code]) % {name: str(value) for name, value in values.items()}
