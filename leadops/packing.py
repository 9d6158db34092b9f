"""Whole columns as PostgreSQL's binary arrays: thousands of values in one parameter, neither quoted nor parsed again, and what is alike once.

It knows kinds of columns and bytes, no table and no row.
"""

from __future__ import annotations

import json
import struct
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.db import models
from psycopg import RawCursor
from psycopg.adapt import Dumper
from psycopg.pq import Format

FEW = 16  # different JSON values of a column that are sent once each
_encode = msgspec.json.Encoder().encode
NULL = b"\xff\xff\xff\xff"
UUID_SIZE = b"\x00\x00\x00\x10"
DAWN = datetime(2000, 1, 1, tzinfo=UTC)  # from which PostgreSQL counts its microseconds
DAY, SECOND = 86_400_000_000, 1_000_000
_size = struct.Struct(">i").pack
_whole = struct.Struct(">iq").pack
_head = struct.Struct(">iiIii").pack


class Text(str):
    """A JSON value that is text already: stored as it is, not encoded a second time."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Sort:
    """How a column travels: as an array of type `name`, its values made by `pack`."""

    name: str
    element: int
    pack: Callable[[Sequence[Any]], bytes]
    told: Callable[[Any], bytes | None] | None = None  # one value as it is sent, where reading it costs the server much


@dataclass(frozen=True, slots=True)
class Packed:
    """The bytes of one array."""

    data: bytes


class _AsItIs(Dumper):
    format = Format.BINARY

    def dump(self, obj: Packed) -> bytes:
        return obj.data


def packed(values: Sequence[Any], sort: Sort) -> Packed:
    """These values as one array of the sort."""
    return Packed(_head(1, 1, sort.element, len(values), 1) + sort.pack(values))


def cursor_for(connection: Any) -> RawCursor[Any]:
    """A cursor that sends arrays apart from its statement, whose places are $1, $2, …"""
    cursor: RawCursor[Any] = RawCursor(connection)
    cursor.adapters.register_dumper(Packed, _AsItIs)
    return cursor


# -- values ----------------------------------------------------------------------------------------------


def _uuids(values: Sequence[Any]) -> bytes:
    try:
        return UUID_SIZE + UUID_SIZE.join([value.int.to_bytes(16, "big") for value in values])
    except AttributeError:  # none, or an id as text
        return b"".join([NULL if value is None else UUID_SIZE + _uuid(value).bytes for value in values])


def _uuid(value: Any) -> uuid.UUID:
    return value if isinstance(value, uuid.UUID) else uuid.UUID(value)


def _wholes(values: Sequence[Any]) -> bytes:
    try:
        return b"".join([_whole(8, value) for value in values])
    except struct.error:
        return b"".join([NULL if value is None else _whole(8, int(value)) for value in values])


def _moments(values: Sequence[Any]) -> bytes:
    found = {value: NULL if value is None else _whole(8, _micros(value)) for value in set(values)}
    return b"".join([found[value] for value in values])  # most rows of a batch share a few moments


def _micros(value: datetime) -> int:
    span = value - DAWN
    return span.days * DAY + span.seconds * SECOND + span.microseconds


def _bytes(values: Sequence[Any]) -> bytes:
    return b"".join([NULL if value is None else _size(len(value)) + value for value in values])


def _texts(values: Sequence[Any]) -> bytes:
    return _bytes([None if value is None else value.encode() for value in values])


def _said(values: Sequence[Any]) -> bytes:
    return _texts([None if value is None else str(value) for value in values])


def written(value: Any) -> bytes:
    """A value as JSON; what the fast writer does not know (texts of a class of their own) goes the usual way.

    What is no value of JSON is the caller's fault and not looked for: a time or a decimal becomes a text, NaN nothing.
    """
    try:
        return _encode(value)
    except TypeError:
        return json.dumps(value, ensure_ascii=False).encode()


def _json(encoder: type[json.JSONEncoder] | None) -> Callable[[Any], bytes | None]:
    """The text of a JSON value."""
    write = written if encoder is None else lambda value: json.dumps(value, cls=encoder, ensure_ascii=False).encode()

    def text(value: Any) -> bytes | None:
        if value is None:
            return None
        return value.encode() if type(value) is Text else write(value)

    return text


UUIDS = Sort("uuid[]", 2950, _uuids)
WHOLES = Sort("int8[]", 20, _wholes)
MOMENTS = Sort("timestamptz[]", 1184, _moments)
BYTES = Sort("bytea[]", 17, _bytes)
TEXTS = Sort("text[]", 25, _texts)
OTHERS = Sort("text[]", 25, _said)


def sort_of(field: models.Field[Any, Any]) -> Sort:
    """How the values of a model's column travel."""
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    if isinstance(field, models.JSONField):
        return Sort("text[]", 25, _bytes, _json(field.encoder))
    for kinds, sort in _SORTS:
        if isinstance(field, kinds):
            return sort
    return OTHERS


_SORTS: tuple[tuple[tuple[type[models.Field[Any, Any]], ...], Sort], ...] = (
    ((models.UUIDField,), UUIDS),
    ((models.IntegerField,), WHOLES),  # auto fields are whole numbers too
    ((models.DateTimeField,), MOMENTS),
    ((models.BinaryField,), BYTES),
    ((models.CharField, models.TextField), TEXTS),
)


# -- columns of a statement ---------------------------------------------------------------------------------


@dataclass(slots=True)
class Arrays:
    """The arrays of one statement. A column another table of it has as well (most have the leads) is packed and sent once."""

    packs: list[Packed] = field(default_factory=list)
    _placed: dict[tuple[object, ...], tuple[Sequence[Any], str]] = field(default_factory=dict)

    def place(self, values: Sequence[Any], sort: Sort) -> str:
        """Where the statement finds these values."""
        ends = sort, len(values), id(values[0]), id(values[-1])  # what costs nothing to compare, first
        held, place = self._placed.get(ends, ((), ""))
        if held != values or sort is OTHERS:
            self.packs.append(packed(values, sort))
            place = f"${len(self.packs)}::{sort.name}"
            self._placed[ends] = values, place
        return place


def selection(columns: Sequence[tuple[Sort, str, list[Any]]], packs: Arrays) -> tuple[list[str], str]:
    """What a SELECT lists and reads from to give these columns. One that says the same in every row travels once; one
    that costs the server much to read and says few different things travels as those and each row's number among them."""
    shown, arrays, count, place = [], [], 0, packs.place
    for sort, kind, column in columns:
        count = len(column)
        # compared as it is sent: 1, 1.0 and true are one thing to Python, and three to a reader of JSON
        values = [*map(sort.told, column)] if sort.told else column
        if _says_one_thing(values):
            shown.append(f"NULL::{kind}" if values[0] is None else f"({place(values[:1], sort)})[1]::{kind}")
            continue
        few = _few(values) if sort.told else {}
        if few:
            arrays.append(place([few[value] for value in values], WHOLES))
            shown.append(f"({place([*few], sort)}::{kind}[])[v.c{len(arrays)}]")
        else:
            arrays.append(place(values, sort))
            shown.append(f"v.c{len(arrays)}::{kind}")
    names = ", ".join(f"c{n + 1}" for n in range(len(arrays)))
    return shown, f"unnest({', '.join(arrays)}) AS v({names})" if arrays else f"generate_series(1, {count})"


def _few(values: Sequence[Any]) -> dict[Any, int]:
    """The different values, numbered from one, where they are few: the server looks for each from the first on."""
    found = dict.fromkeys(values)
    return {value: n for n, value in enumerate(found, 1)} if len(found) <= min(FEW, len(values) // 4) else {}


def _says_one_thing(column: list[Any]) -> bool:
    first, last = column[0], column[-1]
    if first is not last and first != last:
        return False
    return type(first) is type(last) and column.count(first) == len(column)
