"""Fields over the custom attributes of a row: jsonb in canonical form, its texts folded beside it; it defines none itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import models
from django.db.models import Expression, F
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast
from django.utils.functional import Promise

from leadops.conditions.fields import Choices, Field
from leadops.conditions.kinds import KINDS, Numeric, Unreadable

CASTS: Final[dict[str, Callable[[], models.Field[Any, Any]]]] = {
    "number": Numeric,
    "day": models.DateField,
    "instant": models.DateTimeField,
    "flag": models.BooleanField,
}


def attribute(
    key: str,
    label: str | Promise,
    kind: str,
    name: str,
    *,
    column: str = "attributes",
    personal: bool = False,
    choices: Choices | None = None,
    group: str | Promise = "",
) -> Field:
    """The field for the attribute `name` held in `column` ("account__attributes" for one of the account)."""
    if kind == "count":
        raise ValueError(f"attribute {name!r}: a count is worked out, never stored")
    held = f"{column}_folded" if kind == "text" else column
    *steps, last = held.split("__")

    def read(leads: Sequence[Any], at: datetime) -> dict[Any, Any]:
        return {lead.pk: _read(lead, steps, last, name, kind) for lead in leads}

    def sql(at: datetime) -> Expression:
        if kind == "multi":
            return KeyTransform(name, F(held))
        written = KeyTextTransform(name, F(held))
        return Cast(written, CASTS[kind]()) if kind in CASTS else written

    return Field(key, label, kind, read, sql, personal, choices, group)


def _read(row: Any, steps: Sequence[str], last: str, name: str, kind: str) -> Any:
    for step in steps:
        row = None if row is None else getattr(row, step)
    raw = None if row is None else getattr(row, last).get(name)
    if raw is None:
        return None
    try:
        return KINDS[kind].read_fact(raw)
    except Unreadable as fault:
        raise ValueError(f"attribute {name!r} of {row!r} is not in canonical form: {fault.code}") from fault
