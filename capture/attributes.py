"""Custom attributes of what was sent, brought into canonical form; what cannot be coerced is absent and named."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from leadops.conditions.kinds import KINDS, Unreadable
from leadops.fold import clean_text, fold
from leadops.models import AttributeDef

TEXT_LIMIT = 2000
YES = frozenset({"1", "true", "yes", "oui", "on", "vrai"})
NO = frozenset({"0", "false", "no", "non", "off", "faux"})
_not_word = re.compile(r"[^a-z0-9]+")


@dataclass(slots=True)
class Coerced:
    """Canonical values, their folded texts, what stays unknown, and one warning for each refusal."""

    values: dict[str, Any] = field(default_factory=dict)
    folded: dict[str, str] = field(default_factory=dict)
    rest: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def name_key(name: str) -> str:
    """« Chiffre d'affaires » and chiffre_d_affaires are one name."""
    return _not_word.sub("_", fold(name)).strip("_")


def coerce(extra: Mapping[str, Any], definitions: Sequence[AttributeDef]) -> Coerced:
    """The attributes found among the extra fields of a draft."""
    found = Coerced()
    if not definitions:
        found.rest = dict(extra)
        return found
    known = {name_key(definition.key): definition for definition in definitions}
    for name, raw in extra.items():
        definition = known.get(name_key(name.rpartition(".")[2]))
        if definition is None or definition.key in found.values:
            found.rest[name] = raw
            continue
        try:
            value = _value(definition, raw)
        except Unreadable as fault:
            found.rest[name] = raw
            found.warnings.append(f"attribute-{definition.key}-{fault.code}"[:60])
            continue
        if value is not None:
            found.values[definition.key] = value
            if definition.kind == "text":
                found.folded[definition.key] = fold(value)
    return found


def _value(definition: AttributeDef, raw: Any) -> Any:
    """The canonical JSON of one raw value; None for nothing."""
    if raw is None or raw == "" or raw == []:
        return None
    if definition.kind == "text":
        return clean_text(str(raw), TEXT_LIMIT).strip() or None
    if definition.kind == "choice":
        return _code(definition, raw)
    if definition.kind == "multi":
        listed = raw if isinstance(raw, list) else str(raw).split(",")
        return sorted({_code(definition, each) for each in listed})
    if definition.kind == "flag":
        return _flag(raw)
    if definition.kind == "number" and isinstance(raw, str):
        raw = re.sub(r"[\s\u00a0\u202f]", "", raw).replace(",", ".")
    kind = KINDS[definition.kind]
    return kind.to_json(kind.read_fact(raw.strip() if isinstance(raw, str) else raw))


def _code(definition: AttributeDef, raw: Any) -> str:
    """A choice by its code or by its label in any language."""
    wanted = fold(str(raw))
    for choice in definition.choices:
        if wanted in {fold(choice["code"]), *(fold(label) for label in (choice.get("labels") or {}).values())}:
            return str(choice["code"])
    raise Unreadable("unknown-choice")


def _flag(raw: Any) -> bool:
    said = fold(str(raw))
    if said in YES or said in NO:
        return said in YES
    raise Unreadable("not-a-flag")
