"""Facts as JSON and back: what a decision saw is stored, what a person edits on screen is read; it asks no database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leadops.conditions.fields import Field, Vocabulary, settle
from leadops.conditions.kinds import Unreadable
from leadops.conditions.validate import Fault, Invalid
from leadops.conditions.words import refusal


def facts_to_json(facts: Mapping[str, Any], vocabulary: Vocabulary) -> dict[str, Any]:
    """Canonical JSON of facts, keys in order: the same facts give the same bytes."""
    return {key: fact_to_json(_field(vocabulary, key), facts[key]) for key in sorted(facts)}


def fact_to_json(field: Field, value: Any) -> Any:
    settled = settle(field, value)
    return None if settled is None else field.typed.to_json(settled)


def facts_from_json(raw: Mapping[str, Any], vocabulary: Vocabulary) -> dict[str, Any]:
    """Facts as the predicate takes them; raises `Invalid` naming each key that cannot be read."""
    found: dict[str, Any] = {}
    faults: list[Fault] = []
    for key, value in raw.items():
        field = vocabulary.get(key)
        if field is None:
            faults.append(Fault(key, "unknown-field", refusal("unknown-field", field=str(key)[:60])))
            continue
        try:
            found[key] = settle(field, None if value is None or value == "" else field.typed.read_fact(value))
        except Unreadable as fault:
            faults.append(Fault(key, fault.code, refusal(fault.code)))
    if faults:
        raise Invalid(faults)
    return found


def _field(vocabulary: Vocabulary, key: str) -> Field:
    field = vocabulary.get(key)
    if field is None:
        raise KeyError(f"{vocabulary.name}: no field {key!r}")
    return field
