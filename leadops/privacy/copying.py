"""Everything kept about a person as one document: for a program (JSON) and for themselves (a page). It changes no row
but the journal's, which says that it was given out.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.db.models import Field, Model, UUIDField
from django.utils.translation import gettext_lazy as _

from leadops import access
from leadops.access import WHOLE_HOUSE
from leadops.errors import Refused
from leadops.journal import Kind
from leadops.privacy.codes import Codes, codes_of
from leadops.privacy.holdings import HOLDINGS
from leadops.privacy.subject import Subject, sole_account, subject_of
from leadops.privacy.words import column_words
from leadops.unit import Unit

FORMAT = "leadops-person-1"
# how rows hang together and are kept safe: nothing of the person
OURS = frozenset(
    {"xid", "salt", "digest", "token", "variant", "starts", "lease_until", "version", "engine", "seed", "stale_at"}
)


def copy_of(person_id: uuid.UUID, unit: Unit) -> dict[str, Any]:
    """All their rows, table by table; the journal notes who was given them. Refused when they were erased."""
    access.require(unit.actor, "export_person", WHOLE_HOUSE)
    subject = subject_of(person_id)
    if subject.person.erased_at is not None:
        raise Refused("erased-already", _("This person was erased before: nothing is left of them."), status=409)
    alone = sole_account(subject.person, subject.people)
    tables = [table for table in _tables(subject, alone) if table["rows"]]
    counts = {table["table"]: len(table["rows"]) for table in tables}
    unit.record(Kind.COPIED, person_id=subject.person.pk, data={"rows": counts})
    return {"format": FORMAT, "made_at": unit.at, "person": str(subject.person.pk), "tables": tables}


def _tables(subject: Subject, alone: uuid.UUID | None) -> Iterator[dict[str, Any]]:
    whole = replace(subject, account=alone)
    for holding in HOLDINGS:
        rows = [_row(row) for row in holding.rows(whole).distinct()]
        yield {"table": holding.model._meta.db_table, "title": str(holding.label), "rows": rows}


def _row(row: Model) -> dict[str, Any]:
    told = ((column, getattr(row, column.attname)) for column in row._meta.concrete_fields if column.name not in OURS)
    return {column.name: _said(column, value) for column, value in told if value not in (None, "", [], {})}


def _said(column: Field[Any, Any], value: Any) -> Any:
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).decode("utf-8", "replace")
    return str(value) if isinstance(value, uuid.UUID) else value


def readable(told: dict[str, Any]) -> list[dict[str, Any]]:
    """The same for a person to read: words for columns, choices, codes and flags, nothing nested."""
    models = {holding.model._meta.db_table: holding.model for holding in HOLDINGS}
    codes = codes_of(row for table in told["tables"] for row in table["rows"])
    return [
        {
            "title": table["title"],
            "rows": [_words(models[table["table"]], row, codes) for row in table["rows"]],
        }
        for table in told["tables"]
    ]


def _words(model: type[Model], row: dict[str, Any], codes: Codes) -> list[tuple[str, Any]]:
    found = []
    for name, value in row.items():
        if name.endswith("folded") or is_reference(model, name):
            continue
        choices = dict(getattr(model._meta.get_field(name), "flatchoices", ()) or ())
        plain = not choices or choices.get(value) == value or value not in choices
        said = codes.words(model._meta.db_table, name, value, row) if plain else choices[value]
        if isinstance(said, (dict, list)):
            said = json.dumps(said, ensure_ascii=False, default=str)
        found.append((column_words(name), said))
    return found


def is_reference(model: type[Model], name: str) -> bool:
    """A key or a pointer to another row: it says nothing to a person."""
    column = model._meta.get_field(name)
    return bool(column.is_relation or getattr(column, "primary_key", False) or isinstance(column, UUIDField))
