"""The sentences a refused condition is answered with, by code; no rule is decided here."""

from __future__ import annotations

from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

REFUSALS: Final[dict[str, Promise]] = {
    "not-a-condition": pgettext_lazy("condition", "This is neither a comparison nor a group of comparisons."),
    "not-a-list": pgettext_lazy("condition", "A list is expected here."),
    "empty-group": pgettext_lazy("condition", "This group is empty."),
    "too-many": pgettext_lazy("condition", "A condition holds at most %(limit)s comparisons."),
    "too-deep": pgettext_lazy("condition", "Groups may be nested at most %(limit)s levels deep."),
    "unknown-key": pgettext_lazy("condition", "A comparison has no part named “%(key)s”."),
    "no-field": pgettext_lazy("condition", "Choose a field."),
    "no-operator": pgettext_lazy("condition", "Choose a comparison."),
    "unknown-field": pgettext_lazy("condition", "There is no field “%(field)s”."),
    "unknown-operator": pgettext_lazy("condition", "There is no comparison “%(operator)s”."),
    "operator-not-for-kind": pgettext_lazy(
        "condition", "The comparison “%(operator)s” cannot be used with this kind of field: %(kind)s."
    ),
    "unknown-choice": pgettext_lazy("condition", "“%(choice)s” is not one of the choices."),
    "empty": pgettext_lazy("condition", "A value is missing."),
    "no-value-wanted": pgettext_lazy("condition", "This comparison takes no value."),
    "not-text": pgettext_lazy("condition", "A text is expected here."),
    "too-long": pgettext_lazy("condition", "This text is too long."),
    "not-a-code": pgettext_lazy("condition", "A choice is expected here."),
    "not-a-number": pgettext_lazy("condition", "A number is expected here."),
    "not-a-count": pgettext_lazy("condition", "A whole number is expected here."),
    "out-of-range": pgettext_lazy("condition", "This value is out of range."),
    "not-a-day": pgettext_lazy("condition", "A day is expected here, such as 2026-03-31."),
    "not-an-instant": pgettext_lazy("condition", "A date and time are expected here."),
    "no-zone": pgettext_lazy("condition", "The time needs a time zone."),
    "not-a-flag": pgettext_lazy("condition", "Yes or no is expected here."),
    "not-a-duration": pgettext_lazy("condition", "A length of time is expected here."),
    "whole-days-only": pgettext_lazy("condition", "A day can only be compared in whole days."),
    "not-a-range": pgettext_lazy("condition", "Two values are expected here."),
    "range-reversed": pgettext_lazy("condition", "The second value is smaller than the first."),
    "too-many-values": pgettext_lazy("condition", "This list is too long."),
}


def refusal(code: str, **values: Any) -> str:
    """What to tell the person, in the active language."""
    return str(REFUSALS[code]) % {name: str(value) for name, value in values.items()}
