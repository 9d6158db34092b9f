"""Values between what a person types into an input and what a condition document holds; it refuses nothing.

What cannot be read is passed on as it was typed, so that validation names the fault and the page keeps the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.utils import timezone

from leadops.conditions.durations import FORMS, duration
from leadops.conditions.fields import Field
from leadops.conditions.kinds import Unreadable, instant
from leadops.conditions.operators import DURATION, LIST, NONE, RANGE, Operator

SPACES = dict.fromkeys(map(ord, " \u00a0\u202f\u2009"))


def from_typed(field: Field, operator: Operator, values: Sequence[str], upto: str, unit: str) -> Any:
    """The document's value for what stands in the inputs."""
    first = values[-1].strip() if values else ""
    if operator.shape == DURATION:
        head, tail = FORMS.get(unit, FORMS["days"])
        return f"{head}{first.translate(SPACES)}{tail}" if first else None
    if operator.shape == RANGE:
        return [_one(field, first), _one(field, upto.strip())]
    if operator.shape == LIST:
        each = (
            values if is_menu(field) else (line for value in values for line in value.replace(";", "\n").splitlines())
        )
        return [_one(field, line.strip()) for line in each if line.strip()]
    return _one(field, first)


def _one(field: Field, typed: str) -> Any:
    if not typed:
        return None
    if field.kind in ("number", "count"):
        return typed.translate(SPACES).replace(",", ".")
    if field.kind == "instant":
        with suppress(ValueError, OverflowError):
            there = datetime.fromisoformat(typed)
            return (timezone.make_aware(there) if there.tzinfo is None else there).isoformat()
    return typed


def to_typed(field: Field, operator: Operator, value: Any) -> tuple[list[str], str, str]:
    """What stands in the inputs for a document's value: (values, upto, unit)."""
    if operator.shape == NONE or value is None:
        return [], "", ""
    if operator.shape == DURATION:
        return _duration(field, value)
    if operator.shape == RANGE:
        low, high = (
            (_text(field, end) for end in (*value, "", "")[:2]) if isinstance(value, (list, tuple)) else ("", "")
        )
        return [low], high, ""
    if operator.shape == LIST:
        texts = [_text(field, each) for each in value] if isinstance(value, (list, tuple)) else [_text(field, value)]
        return (texts if is_menu(field) else ["\n".join(texts)]), "", ""
    return [_text(field, value)], "", ""


def _duration(field: Field, value: Any) -> tuple[list[str], str, str]:
    try:
        found = duration(value, field.kind)
    except Unreadable:
        return [str(value)], "", "days"
    return [str(found.amount)], "", found.unit


def _text(field: Field, value: Any) -> str:
    if field.kind == "instant":
        with suppress(Unreadable):
            return timezone.make_naive(instant(value)).isoformat()
    return str(value)


def is_menu(field: Field) -> bool:
    """Whether the values are picked from a menu rather than typed."""
    return field.choices is not None
