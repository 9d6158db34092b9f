"""What one lived lead left in the database, as text of COPY with named gaps where copies of it differ.

What the services wrote is the pattern, column by column; nothing here knows what a row means, except how numbers that
the database gave point at each other and which digests cover what is renamed. Which tables belong to a lead is read
from the models, so that a new table is copied without a word here.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from django.apps import apps
from django.db import connection, models
from psycopg import sql

from benchmarks.stories import Life
from capture.models import Submission
from leadops.decisions import Decision, DecisionBatch, DecisionFacts, canonical
from leadops.journal import EntryText, JournalEntry
from leadops.models import Account, Lead, Person, Touch, TouchDetail

Table = type[models.Model]
Words = Mapping[str, str]  # what stands in the gaps of one copy, by what stands there in the pattern
ROOTS: tuple[Table, ...] = (Person, Account, Lead, Submission)
# A column without a foreign key -> the table whose numbers it holds.
NUMBERS: dict[tuple[str, str], Table] = {
    (JournalEntry._meta.db_table, "cause"): JournalEntry,
    (EntryText._meta.db_table, "entry"): JournalEntry,
    (TouchDetail._meta.db_table, "touch"): Touch,
}
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_TIME = r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?:\+00(?::00)?|Z)"


@dataclass(slots=True)
class Pattern:
    """All rows of one life, and what its gaps stand for."""

    life: Life
    share: int
    ends_at: datetime  # its latest instant
    ids: list[str]  # of its own rows, in order
    counts: dict[str, int]  # table -> its rows numbered by the database
    times: dict[str, tuple[datetime, str]]  # gap -> instant without zone, as which the zone is written
    days: dict[str, date]
    derived: dict[str, Callable[[Words], str]]
    rows: list[tuple[Table, str]]


# -- which rows belong to a life ---------------------------------------------------------------------------


def tables() -> list[Table]:
    """Tables that hold rows of a lead or person, those pointed at first."""
    known: list[Table] = [*ROOTS]
    for model in _in_order():
        if model not in known and any(field.related_model in ROOTS for field in _keys(model)):
            known.append(model)
    deeper = [m for m in _in_order() if m not in known and any(_owned(f, known) for f in _keys(m))]
    return [DecisionBatch, *known, *deeper]


def _owned(key: models.ForeignKey[Any, Any], known: Sequence[Table]) -> bool:
    return key.related_model in known and key.remote_field.on_delete is models.CASCADE


def _in_order() -> list[Table]:
    return [m for m in apps.get_models() if m._meta.managed and not m._meta.proxy]


def _keys(model: Table) -> list[models.ForeignKey[Any, Any]]:
    return [f for f in model._meta.concrete_fields if isinstance(f, models.ForeignKey)]


def rows_of(life: Life) -> dict[Table, list[models.Model]]:
    """Every row that this life left, by table, oldest first."""
    lead = Lead.objects.select_related("person").get(pk=life.lead)
    found: dict[Table, list[models.Model]] = {
        Person: [lead.person],
        Account: [lead.account] if lead.account else [],
        Lead: list(Lead.objects.filter(person=lead.person).order_by("pk")),
        Submission: list(Submission.objects.filter(pk__in=life.submissions).order_by("pk")),
    }
    found[DecisionBatch] = list(DecisionBatch.objects.filter(decisions__lead__in=found[Lead]).distinct().order_by("pk"))
    for model in tables():
        if model in found:
            continue
        wanted = models.Q()
        for key in _keys(model):
            if key.related_model in found and key.related_model is not Account:  # others of the company have lives too
                wanted |= models.Q(**{f"{key.name}__in": found[key.related_model]})
        found[model] = list(model._default_manager.filter(wanted).order_by("pk"))
    return {model: found[model] for model in tables()}


# -- from rows to a pattern --------------------------------------------------------------------------------


@dataclass(slots=True)
class _Maker:
    """Cuts gaps into texts and notes what stands in them."""

    life: Life
    own: frozenset[str]  # ids of its rows
    numbers: dict[str, dict[Any, int]]  # table -> number -> its place
    facts: dict[uuid.UUID, tuple[bytes, str]]  # decision -> salt, canonical facts
    ends_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    times: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    days: dict[str, date] = field(default_factory=dict)
    derived: dict[str, Callable[[Words], str]] = field(default_factory=dict)

    def column(self, row: models.Model, column: models.Field[Any, Any], text: str) -> str:
        if text == r"\N":
            return text
        if type(column) is models.DateField:
            self.days[f"day {text}"] = date.fromisoformat(text)
            return f"%(day {text})s"
        table = _numbered(type(row), column)
        if table is not None:
            place = self.numbers.get(table, {}).get(int(text))
            return text if place is None else f"%({table} {place})s"
        if column.name == "digest" and isinstance(row, Submission):
            return self._derive(f"digest {row.pk}", _digest(b"", self.cut(bytes(row.body).decode())))
        if column.name == "digest" and isinstance(row, Decision):
            salt, facts = self.facts[row.pk]
            return self._derive(f"digest {row.pk}", _digest(salt, self.cut(facts)))
        if column.name == "body" and isinstance(row, Submission):
            body = self.cut(bytes(row.body).decode())
            return self._derive(f"body {row.pk}", lambda words: r"\\x" + (body % words).encode().hex())
        return self.cut(text)

    def _derive(self, name: str, made: Callable[[Words], str]) -> str:
        self.derived[name] = made
        return f"%({name})s"

    def cut(self, text: str) -> str:
        """The text with gaps for the ids, times and numbers that are this life's own."""
        wanted = f"(?P<uuid>{_UUID})|(?P<time>{_TIME})|(?P<name>{self.life.person}|{self.life.firm})"
        return re.sub(wanted, self._gap, text.replace("%", "%%"))

    def _gap(self, hit: re.Match[str]) -> str:
        text = hit.group()
        if hit.lastgroup == "uuid" and text not in self.own:
            return text
        if hit.lastgroup == "time":
            at = datetime.fromisoformat(text)
            if at < self.life.born_at:  # as that of a version that holds since long before
                return text
            self.ends_at = max(self.ends_at, at)
            zone = re.search(r"(\+00(:00)?|Z)$", text).group()  # type: ignore[union-attr]
            self.times[text] = (at.replace(tzinfo=None), zone)
        return f"%({text})s"


def _digest(salt: bytes, text: str) -> Callable[[Words], str]:
    return lambda words: r"\\x" + hashlib.sha256(salt + (text % words).encode()).hexdigest()


def _serial(model: Table) -> bool:
    return isinstance(model._meta.pk, models.BigAutoField | models.AutoField)


def _numbered(model: Table, column: models.Field[Any, Any]) -> str | None:
    """The table whose numbers a column holds."""
    if column.primary_key and _serial(model):
        return model._meta.db_table
    target = NUMBERS.get((model._meta.db_table, column.name))
    if target is None and isinstance(column, models.ForeignKey):
        target = column.related_model if _serial(column.related_model) else None  # type: ignore[arg-type,assignment]
    return target._meta.db_table if target else None


def columns(model: Table) -> list[models.Field[Any, Any]]:
    """What a copy says itself; the rest is left to the database, as the services leave it."""
    return [f for f in model._meta.concrete_fields if not f.has_db_default()]


def names(model: Table) -> sql.Composed:
    return sql.SQL(", ").join([sql.Identifier(str(f.column)) for f in columns(model)])


def texts(model: Table, keys: Sequence[Any]) -> list[list[str]]:
    """Rows as PostgreSQL itself writes them for COPY, by key."""
    if not keys:
        return []
    key = sql.Identifier(str(model._meta.pk.column))
    wanted = sql.SQL("COPY (SELECT {} FROM {} WHERE {} = ANY({}) ORDER BY {}) TO STDOUT").format(
        names(model), sql.Identifier(model._meta.db_table), key, sql.Literal(list(keys)), key
    )
    with connection.cursor() as cursor, cursor.copy(wanted) as copy:
        text = b"".join(bytes(block) for block in copy).decode()
    return [line.split("\t") for line in text.removesuffix("\n").split("\n")]


def pattern_of(life: Life, share: int) -> Pattern:
    """The pattern of one life that is over."""
    found = rows_of(life)
    ids = sorted({str(row.pk) for rows in found.values() for row in rows if isinstance(row.pk, uuid.UUID)})
    numbers = {
        model._meta.db_table: {row.pk: place for place, row in enumerate(rows)}
        for model, rows in found.items()
        if _serial(model) and rows
    }
    seen = {row.decision: (bytes(row.salt), canonical(row.facts)) for row in found[DecisionFacts]}  # type: ignore[attr-defined]
    maker = _Maker(life, frozenset(ids), numbers, seen)
    made = []
    for model, rows in found.items():
        fields = columns(model)
        lines = [
            "\t".join(maker.column(row, one, text) for one, text in zip(fields, line, strict=True)) + "\n"
            for row, line in zip(rows, texts(model, [row.pk for row in rows]), strict=True)
        ]
        if lines:
            made.append((model, "".join(lines)))
    counts = {table: len(places) for table, places in numbers.items()}
    return Pattern(life, share, maker.ends_at, ids, counts, maker.times, maker.days, maker.derived, made)
