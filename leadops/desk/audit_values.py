"""Fields and values of a changed row in the reader's words and zone, for the audit. It reads names of columns and no row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from django.apps import apps
from django.db.models import Model
from django.utils.translation import gettext as _

from leadops.dates import instant_words, local
from leadops.models import Role


@cache
def _models() -> Mapping[str, type[Model]]:
    return {model._meta.model_name or "": model for model in apps.get_models()}


def field_word(table: str, name: str) -> str:
    """The field's name as forms show it; what is no column of the table stands as it was noted."""
    if name in Role.values:
        return str(Role(name).label)
    model = _models().get(table)
    found = next((field for field in model._meta.concrete_fields if field.name == name), None) if model else None
    return str(found.verbose_name) if found is not None else name


def value_word(value: Any) -> str:
    """A value as people write it: a dash for nothing, yes and no, an instant in the reader's zone."""
    if value in (None, "", []):
        return "—"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(map(value_word, value))
    at = _instant(value) if isinstance(value, str) else None
    return instant_words(local(at)) if at else str(value)


def _instant(text: str) -> datetime | None:
    """The instant a text names; a day alone or a text without its zone is none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None


def pairs(table: str, values: Mapping[str, Any]) -> str:
    return "; ".join(f"{field_word(table, name)}: {value_word(value)}" for name, value in sorted(values.items()))
