"""What one lived lead left in the database, as rows of binary COPY with named gaps where copies of it differ.

What the services wrote is the pattern, column by column; nothing here knows what a row means, except how numbers that
the database gave point at each other and which digests cover what is renamed. Which tables belong to a lead is read
from the models, so that a new table is copied without a word here.
"""

from __future__ import annotations

import re
import struct
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.apps import apps
from django.db import connection, models
from psycopg import sql

from benchmarks.stories import Life
from capture.models import Submission
from leadops.decisions import Decision, DecisionBatch, DecisionFacts, canonical
from leadops.journal import EntryText, JournalEntry
from leadops.models import Account, Lead, Person, Touch, TouchDetail

Table = type[models.Model]
ROOTS: tuple[Table, ...] = (Person, Account, Lead, Submission)
# A column without a foreign key -> the table whose numbers it holds.
NUMBERS: dict[tuple[str, str], Table] = {
    (JournalEntry._meta.db_table, "cause"): JournalEntry,
    (EntryText._meta.db_table, "entry"): JournalEntry,
    (TouchDetail._meta.db_table, "touch"): Touch,
}
_UUID = rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_TIME = rb"(?P<day>\d{4}-\d\d-\d\d)[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?:\+00(?::00)?|Z)"
ZERO = datetime(2000, 1, 1, tzinfo=UTC)  # from which PostgreSQL counts
HEADER, TRAILER = b"PGCOPY\n\xff\r\n\0" + bytes(8), struct.pack(">h", -1)  # of a binary COPY


class Word(NamedTuple):
    """What stands in a gap: `id` and `name` (its text) of an own row, `at` and `day` (text), `date`, `row` of a table,
    `person`, `firm`, and the digests of a submission's `body` or of a decision's `facts`."""

    kind: str
    what: Any = None


@dataclass(frozen=True, slots=True)
class Text:
    """Bytes with gaps: a part, a gap, a part, ... and a last part."""

    parts: tuple[bytes, ...]
    gaps: tuple[Word, ...]


@dataclass(slots=True)
class Pattern:
    """All rows of one life, and what its gaps stand for."""

    life: Life
    share: int
    ends_at: datetime  # its latest instant
    ids: list[str]  # of its own rows, in order
    account: int | None  # the place of its company's among them
    counts: dict[str, int]  # table -> its rows numbered by the database
    hashed: dict[Word, tuple[bytes, Text]]  # digest -> what is before the text it covers, and that text
    rows: dict[Table, Text]


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
    """Cuts gaps into rows and notes what stands in them."""

    life: Life
    own: dict[str, int]  # ids of its rows -> their places
    numbers: dict[str, dict[Any, int]]  # table -> number -> its place
    facts: dict[uuid.UUID, tuple[bytes, str]]  # decision -> salt, canonical facts
    ends_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    hashed: dict[Word, tuple[bytes, Text]] = field(default_factory=dict)

    def column(self, row: models.Model, column: models.Field[Any, Any], value: bytes) -> list[bytes | Word]:
        """A column's bytes as parts and gaps in turns."""
        table = _numbered(type(row), column)
        if table is not None:
            place = self.numbers.get(table, {}).get(int.from_bytes(value, "big", signed=True))
            return [value] if place is None else [b"", Word("row", (table, place)), b""]
        if column.name == "digest" and isinstance(row, Submission):
            return self._hashed(Word("body", row.pk), b"", bytes(row.body))
        if column.name == "digest" and isinstance(row, Decision):
            salt, facts = self.facts[row.pk]
            return self._hashed(Word("facts", row.pk), salt, facts.encode())
        match _plain(column):
            case models.UUIDField():
                place = self.own.get(str(uuid.UUID(bytes=value)))
                return [value] if place is None else [b"", Word("id", place), b""]
            case models.DateTimeField():
                (micro,) = struct.unpack(">q", value)
                return [b"", Word("at", micro), b""] if self._lived(micro) else [value]
            case models.DateField():
                return [b"", Word("date", struct.unpack(">i", value)[0]), b""]
        return self.cut(value)

    def _hashed(self, word: Word, before: bytes, text: bytes) -> list[bytes | Word]:
        self.hashed[word] = before, _text(self.cut(text))
        return [b"", word, b""]

    def _lived(self, micro: int) -> bool:
        """Not so of an instant before its birth, as that of a version that holds since long before."""
        at = ZERO + timedelta(microseconds=micro)
        if at < self.life.born_at:
            return False
        self.ends_at = max(self.ends_at, at)
        return True

    def cut(self, text: bytes) -> list[bytes | Word]:
        """The text with gaps for the ids, days and numbers that are this life's own."""
        names = f"(?P<person>{self.life.person})|(?P<firm>{self.life.firm})".encode()
        made: list[bytes | Word] = []
        upto = 0
        for hit in re.finditer(rb"(?P<uuid>%b)|(?P<time>%b)|%b" % (_UUID, _TIME, names), text):
            found = self._gap(hit)
            if found is not None:
                word, end = found
                made += [text[upto : hit.start()], word]
                upto = end
        return [*made, text[upto:]]

    def _gap(self, hit: re.Match[bytes]) -> tuple[Word, int] | None:
        """What stands there, and where it ends; of a time only its day: copies live at the same hours."""
        text = hit.group().decode()
        if hit.lastgroup in ("person", "firm"):
            return Word(hit.lastgroup), hit.end()
        if hit["uuid"]:
            place = self.own.get(text)
            return None if place is None else (Word("name", place), hit.end())
        micro = (datetime.fromisoformat(text) - ZERO) // timedelta(microseconds=1)
        return (Word("day", hit["day"].decode()), hit.end("day")) if self._lived(micro) else None


def _text(pieces: Sequence[bytes | Word]) -> Text:
    """Neighbouring parts become one."""
    parts, gaps = [b""], []
    for piece in pieces:
        if isinstance(piece, bytes):
            parts[-1] += piece
        else:
            gaps.append(piece)
            parts.append(b"")
    return Text(tuple(parts), tuple(gaps))


def _serial(model: Table) -> bool:
    return isinstance(model._meta.pk, models.BigAutoField | models.AutoField)


def _plain(column: models.Field[Any, Any]) -> models.Field[Any, Any]:
    """The column that a foreign key holds a value of."""
    while isinstance(column, models.ForeignKey):
        column = column.target_field
    return column


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


def values(model: Table, keys: Sequence[Any]) -> list[list[bytes | None]]:
    """Rows as PostgreSQL itself writes them for a binary COPY, by key; None is NULL."""
    if not keys:
        return []
    key = sql.Identifier(str(model._meta.pk.column))
    wanted = sql.SQL("COPY (SELECT {} FROM {} WHERE {} = ANY({}) ORDER BY {}) TO STDOUT (FORMAT binary)").format(
        names(model), sql.Identifier(model._meta.db_table), key, sql.Literal(list(keys)), key
    )
    with connection.cursor() as cursor, cursor.copy(wanted) as copy:
        told = b"".join(bytes(block) for block in copy)
    found, place = [], len(HEADER)
    while told[place : place + 2] != TRAILER:
        (many,) = struct.unpack_from(">h", told, place)
        row, place = [], place + 2
        for _column in range(many):
            (wide,) = struct.unpack_from(">i", told, place)
            row.append(None if wide < 0 else told[place + 4 : place + 4 + wide])
            place += 4 + max(wide, 0)
        found.append(row)
    return found


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
    own = {key: place for place, key in enumerate(ids)}
    maker = _Maker(life, own, numbers, seen)
    rows = {model: _rows(maker, model, found[model]) for model in found if found[model]}
    counts = {table: len(places) for table, places in numbers.items()}
    account = own[str(found[Account][0].pk)] if found[Account] else None
    return Pattern(life, share, maker.ends_at, ids, account, counts, maker.hashed, rows)


def _rows(maker: _Maker, model: Table, rows: Sequence[models.Model]) -> Text:
    """These rows for a binary COPY: before each column its length, which is that of every copy's."""
    pieces: list[bytes | Word] = []
    fields = columns(model)
    for row, told in zip(rows, values(model, [row.pk for row in rows]), strict=True):
        pieces.append(struct.pack(">h", len(fields)))
        for one, value in zip(fields, told, strict=True):
            pieces.append(struct.pack(">i", -1 if value is None else len(value)))
            pieces += [] if value is None else maker.column(row, one, value)
    return _text(pieces)
