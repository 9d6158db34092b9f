"""Inserts many rows of a table in one COPY: the hot path's way in, equal to the plain ORM form. No upserts, no signals.

Each field is stored as Django would store it; columns with a database default are left to the database.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from django.db import connection, models
from psycopg import sql

FEW = 3  # below this a plain INSERT is as fast


@lru_cache(maxsize=128)
def _plan(
    model: type[models.Model], numbered: bool
) -> tuple[sql.Composed, Callable[[Any], tuple[Any, ...]], tuple[tuple[int, Callable[[Any], Any]], ...]]:
    """The COPY statement, a reader of all column values of a row, and the few columns to convert."""
    fields = [f for f in model._meta.concrete_fields if not f.has_db_default() and (numbered or not _serial(f))]
    names = sql.SQL(", ").join(sql.Identifier(f.column) for f in fields)
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(model._meta.db_table), names)
    read = operator.attrgetter(*[f.attname for f in fields])
    converted = tuple((i, _converter(f)) for i, f in enumerate(fields) if _converter(f) is not None)
    return statement, read, converted  # type: ignore[return-value]


def _serial(field: models.Field[Any, Any]) -> bool:
    """A key the database numbers itself."""
    return isinstance(field, models.AutoField | models.BigAutoField)


def _converter(field: models.Field[Any, Any]) -> Callable[[Any], Any] | None:
    if isinstance(field, models.JSONField):
        encoder = field.encoder
        return lambda value: None if value is None else json.dumps(value, cls=encoder, ensure_ascii=False)
    if isinstance(field, models.DecimalField):
        return lambda value: None if value is None else str(value)
    if isinstance(field, models.BinaryField):
        return lambda value: None if value is None else bytes(value)
    return None


def insert(rows: Sequence[models.Model]) -> None:
    """Insert rows of one model, in order. Keys the database numbers are given beforehand (`keys`) or not read back."""
    if not rows:
        return
    model = type(rows[0])
    if len(rows) < FEW:
        model._default_manager.bulk_create(rows)
        return
    statement, read, converted = _plan(model, rows[0].pk is not None)
    with connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for row in rows:
                values = list(read(row))
                for i, convert in converted:
                    values[i] = convert(values[i])
                copy.write_row(values)
                row._state.adding, row._state.db = False, connection.alias


def keys(model: type[models.Model], count: int) -> list[int]:
    """The next numbers of a table's own sequence, for rows that others point to in the same batch."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [model._meta.db_table, model._meta.pk.column, count],
        )
        return [row[0] for row in cursor.fetchall()]
