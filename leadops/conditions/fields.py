"""Fields a condition may name, and the vocabularies that hold them; models and apps register into it, it imports none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import BigIntegerField, F, Value
from django.db.models.functions import Coalesce
from django.utils.functional import Promise

from leadops.conditions.expressions import Operand
from leadops.conditions.kinds import KINDS, Kind
from leadops.conditions.phrases import Says

Facts = Mapping[str, Any]
Choices = Callable[[], Iterable[tuple[str, str | Promise]]]
BulkReader = Callable[[Sequence[Any], datetime], Mapping[Any, Any]]
ManyReader = Callable[[Sequence[Any], datetime], Mapping[str, Mapping[Any, Any]]]


@dataclass(frozen=True)
class Field:
    """One thing that can be asked about a lead.

    `read` gives it for many leads at once, `sql` gives the same value in the database (NULL: unknown). Texts are given
    folded by both; several choices are a jsonb array of codes; a count is always known (no row counts as 0).
    """

    key: str
    label: str | Promise
    kind: str
    read: BulkReader
    sql: Callable[[datetime], Operand]
    personal: bool = False
    choices: Choices | None = None
    group: str | Promise = ""
    together: ManyReader | None = None  # reads several fields in one statement: field key -> row -> value
    subject: str | Promise = ""  # what a sentence calls it ("the score"); without one its label is quoted
    says: Says | None = None  # its own words for some meanings of `phrases`
    names: Callable[[str], str] | None = None  # a code in words, where there is no closed list of choices
    of_row: Callable[[Any], Any] | None = None  # what `read` gives for one row, where the row itself says it

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"field {self.key!r}: there is no kind {self.kind!r}")
        if not self.key or not self.key.isascii() or not all(part.isidentifier() for part in self.key.split(".")):
            raise ValueError(f"field key {self.key!r} is not made of names joined by dots")

    @property
    def typed(self) -> Kind:
        return KINDS[self.kind]

    def expression(self, at: datetime) -> Operand:
        """The field's SQL as the operators want it."""
        found = self.sql(at)
        return Coalesce(found, Value(0), output_field=BigIntegerField()) if self.kind == "count" else found

    def labelled(self) -> dict[str, str]:
        """Code to label in the active language; empty for free codes."""
        return {code: str(label) for code, label in self.choices()} if self.choices else {}


def column(
    key: str,
    label: str | Promise,
    kind: str,
    path: str = "",
    *,
    personal: bool = False,
    choices: Choices | None = None,
    group: str | Promise = "",
    subject: str | Promise = "",
    says: Says | None = None,
    names: Callable[[str], str] | None = None,
) -> Field:
    """A field that is a plain column of the row, or of a row it points to (fetch that one with select_related)."""
    steps = (path or key).split("__")

    of_row = attrgetter(steps[0]) if len(steps) == 1 else partial(_follow, steps=steps)

    def read(leads: Sequence[Any], at: datetime) -> dict[Any, Any]:
        return {lead.pk: of_row(lead) for lead in leads}

    def sql(at: datetime) -> F:
        return F("__".join(steps))

    words: dict[str, Any] = {"subject": subject, "says": says, "names": names, "of_row": of_row}
    return Field(key, label, kind, read, sql, personal, choices, group, **words)


def _follow(row: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        if row is None:
            return None
        row = getattr(row, step)
    return row


class Vocabulary:
    """The fields one sort of row can be asked about, in the order they were registered."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._fields: dict[str, Field] = {}
        self._sources: list[Callable[[], Iterable[Field]]] = []

    def register(self, *fields: Field) -> None:
        """Add fields; a key means one thing for ever, so a second meaning is a programming error."""
        for field in fields:
            if self._fields.get(field.key, field) is not field:
                raise ValueError(f"{self.name}: the field {field.key!r} is already registered")
            self._fields[field.key] = field

    def register_source(self, source: Callable[[], Iterable[Field]]) -> None:
        """Add fields that are known only at run time (custom attributes); the source keeps its own cache."""
        if source not in self._sources:
            self._sources.append(source)

    def get(self, key: str) -> Field | None:
        found = self._fields.get(key)
        if found is not None:
            return found
        return next((field for source in self._sources for field in source() if field.key == key), None)

    def all(self) -> list[Field]:
        """Every field; a registered one wins over a run-time one of the same key."""
        found = dict(self._fields)
        for source in self._sources:
            for field in source():
                found.setdefault(field.key, field)
        return list(found.values())

    def facts_for(
        self, leads: Sequence[Any], at: datetime, keys: Iterable[str] | None = None
    ) -> dict[Any, dict[str, Any]]:
        """What is known of each row: one call of each reader for all of them. A key nobody registered is an error."""
        fields = self.all() if keys is None else [self._must_get(key) for key in sorted(set(keys))]
        known: list[dict[str, Any]] = [{} for _lead in leads]
        keys_of = [lead.pk for lead in leads]
        shared: dict[ManyReader, Mapping[str, Mapping[Any, Any]]] = {}
        for field in fields:
            values: Iterable[Any]
            if field.of_row is not None:
                values = map(field.of_row, leads)
            elif field.together is not None and leads:
                if field.together not in shared:
                    shared[field.together] = field.together(leads, at)
                values = map(shared[field.together][field.key].get, keys_of)
            else:
                values = map(field.read(leads, at).get, keys_of) if leads else ()
            key, missing = field.key, 0 if field.kind == "count" else None
            empty = field.typed.empty_is_unknown
            for row, value in zip(known, values, strict=True):  # `settle`, without a call for each value
                row[key] = missing if value is None or (empty and value == "") else value
        return dict(zip(keys_of, known, strict=True))

    def _must_get(self, key: str) -> Field:
        found = self.get(key)
        if found is None:
            raise KeyError(f"{self.name}: no field {key!r}")
        return found


def settle(field: Field, value: Any) -> Any:
    """The one meaning of missing, for both readers: '' is unknown, a count nobody found is 0."""
    if value is None:
        return 0 if field.kind == "count" else None
    return None if value == "" and field.typed.empty_is_unknown else value


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def day_of(at: datetime) -> date:
    """The house's day at an instant: the same for every reader, whoever looks."""
    return at.astimezone(_zone(settings.REPORTING_ZONE)).date()


LEAD = Vocabulary("lead")
