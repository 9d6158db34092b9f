"""Inserts many rows of a table in one COPY: the hot path's way in, equal to the plain ORM form. No upserts, no signals.

Each field is stored as Django would store it; columns with a database default are left to the database. `make` builds
a row from its column values alone: thousands of them in a batch, where Django's own constructor is a third of the cost.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Sequence
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any, TypeVar

from django.db import connection, models
from django.db.models.base import ModelState
from psycopg import sql

M = TypeVar("M", bound=models.Model)
EMPTY: dict[type, str] = {dict: "{}", list: "[]"}


class Text(str):
    """A JSON value that is text already: stored as it is, not encoded a second time."""

    __slots__ = ()


# -- making rows -----------------------------------------------------------------------------------------


@lru_cache(maxsize=128)
def _blank(
    model: type[models.Model],
) -> tuple[dict[str, Any], tuple[tuple[str, Callable[[], Any]], ...], frozenset[str], dict[str, str]]:
    """Plain defaults of a model's columns, those made anew for each row, its columns, and relation -> column."""
    fields = [f for f in model._meta.concrete_fields if not f.has_db_default()]
    fresh = tuple((f.attname, f.default) for f in fields if callable(f.default) and f.has_default())
    plain = {f.attname: f.get_default() for f in fields if f.attname not in dict(fresh)}
    points = {f.name: f.attname for f in fields if f.is_relation}
    return plain, fresh, frozenset(f.attname for f in fields), points


def make(model: type[M], **values: Any) -> M:
    """An unsaved instance, equal to `model(**values)`: columns (`lead_id=…`) and rows it points to (`lead=…`)."""
    plain, fresh, names, points = _blank(model)
    row = model.__new__(model)
    held = row.__dict__
    state = held["_state"] = ModelState()
    held.update(plain)
    for name in [name for name in values if name in points]:
        target = state.fields_cache[name] = values.pop(name)
        values[points[name]] = None if target is None else target.pk
    if not names.issuperset(values):
        raise TypeError(f"{model.__name__} has no column {', '.join(sorted(values.keys() - names))}")
    for name, default in fresh:
        if name not in values:
            held[name] = default()
    held.update(values)
    return row


# -- writing them ----------------------------------------------------------------------------------------


@lru_cache(maxsize=128)
def _plan(
    model: type[models.Model], numbered: bool
) -> tuple[sql.Composed, Callable[[Any], tuple[Any, ...]], tuple[tuple[int, Callable[[Any], Any]], ...]]:
    """The COPY statement, a reader of all column values of a row, and the few columns to convert."""
    fields = [f for f in model._meta.concrete_fields if not f.has_db_default() and (numbered or not _serial(f))]
    names = sql.SQL(", ").join([sql.Identifier(str(f.column)) for f in fields])
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(model._meta.db_table), names)
    read = operator.itemgetter(*[f.attname for f in fields])
    converted = tuple((i, _converter(f)) for i, f in enumerate(fields) if _converter(f) is not None)
    return statement, read, converted  # type: ignore[return-value]


def _serial(field: models.Field[Any, Any]) -> bool:
    """A key the database numbers itself."""
    return isinstance(field, models.AutoField | models.BigAutoField)


def _converter(field: models.Field[Any, Any]) -> Callable[[Any], Any] | None:
    if isinstance(field, models.JSONField):
        return _json(field.encoder)
    if isinstance(field, models.DecimalField):
        return lambda value: None if value is None else str(value)
    if isinstance(field, models.BinaryField):
        return lambda value: None if value is None else bytes(value)
    return None


def _json(encoder: type[json.JSONEncoder] | None) -> Callable[[Any], str | None]:
    """The text of a JSON value; the encoder is set up once, which is most of what encoding a small value costs."""
    made = (encoder or json.JSONEncoder)(ensure_ascii=False)
    fast = json.encoder.c_make_encoder  # type: ignore[attr-defined]
    encode: Callable[[Any], str] = made.encode
    if fast is not None and type(made).iterencode is json.JSONEncoder.iterencode:
        chunks = fast(None, made.default, encode_basestring, None, ": ", ", ", False, False, True)
        encode = lambda value: "".join(chunks(value, 0))  # noqa: E731

    def text(value: Any) -> str | None:
        if value is None or type(value) is Text:
            return value
        return EMPTY[type(value)] if not value and type(value) in EMPTY else encode(value)

    return text


def insert(rows: Sequence[models.Model]) -> None:
    """Insert rows of one model, in order. Keys the database numbers are given beforehand (`keys`) or not read back."""
    if not rows:
        return
    model = type(rows[0])
    statement, read, converted = _plan(model, rows[0].pk is not None)
    alias = connection.alias
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        write = copy.write_row
        for row in rows:
            values = list(read(row.__dict__))
            for i, convert in converted:
                values[i] = convert(values[i])
            write(values)
            row._state.adding, row._state.db = False, alias


def keys(model: type[models.Model], count: int) -> list[int]:
    """The next numbers of a table's own sequence, for rows that others point to in the same batch."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [model._meta.db_table, model._meta.pk.column, count],
        )
        return [row[0] for row in cursor.fetchall()]
