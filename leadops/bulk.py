"""Writes many rows of several tables in one statement: the hot path's way in, equal to the plain ORM form. No signals.

Each field is stored as Django would store it; columns with a database default are left to the database. `make` builds
a row from its column values alone: thousands of them in a batch, where Django's own constructor is a third of the cost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from django.db import connection, models
from django.db.models.base import ModelState

from leadops.packing import Packed, Sort, Text, cursor_for, packed, sort_of

M = TypeVar("M", bound=models.Model)

__all__ = ["Part", "Text", "changed", "insert", "keys", "make", "replacing", "unless_there", "write"]


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


@dataclass(frozen=True, slots=True)
class Plan:
    """What writing rows of a model needs: its table, and name, column, sort and type of each of its fields."""

    table: str
    fields: tuple[tuple[str, str, Sort, str], ...]


@lru_cache(maxsize=128)
def _plan(model: type[models.Model], numbered: bool) -> Plan:
    quote = connection.ops.quote_name
    fields = [f for f in model._meta.concrete_fields if not f.has_db_default() and (numbered or not _serial(f))]
    return Plan(
        quote(model._meta.db_table),
        tuple((f.attname, quote(str(f.column)), sort_of(f), _type(f)) for f in fields),
    )


def _serial(field: models.Field[Any, Any]) -> bool:
    """A key the database numbers itself."""
    return isinstance(field, models.AutoField | models.BigAutoField)


def _type(field: models.Field[Any, Any]) -> str:
    return str(field.rel_db_type(connection) if _serial(field) else field.db_type(connection))


@dataclass(frozen=True, slots=True)
class Part:
    """What one statement does to one table: inserts rows, with what happens at a clash, or changes columns of them."""

    rows: Sequence[models.Model]
    clash: str = ""
    changed: tuple[str, ...] = ()


def unless_there(rows: Sequence[models.Model]) -> Part:
    """Rows whose unique key makes a second one harmless: those already there are left alone."""
    return Part(rows, " ON CONFLICT DO NOTHING")


def replacing(rows: Sequence[models.Model], unique: Sequence[str], columns: Sequence[str]) -> Part:
    """Rows that take over these columns of the one with the same unique fields."""
    if not rows:
        return Part(rows)
    meta: Any = rows[0]._meta
    quote = connection.ops.quote_name
    keys = ", ".join(quote(str(meta.get_field(name).column)) for name in unique)
    names = [quote(str(meta.get_field(name).column)) for name in columns]
    return Part(rows, f" ON CONFLICT ({keys}) DO UPDATE SET " + ", ".join(f"{n} = EXCLUDED.{n}" for n in names))


def changed(rows: Sequence[models.Model], names: Sequence[str]) -> Part:
    """The named columns of rows that are there, each row its own values."""
    return Part(rows, changed=tuple(names))


def insert(*lists: Sequence[models.Model]) -> None:
    """Insert lists of rows, one model each, all in one statement.

    Rows go in in the order of their list. Keys the database numbers are given beforehand (`keys`) or not read back.
    """
    write([Part(rows) for rows in lists])


def write(parts: Sequence[Part]) -> int:
    """All parts in one statement; the number of rows of the last one. No two parts may touch the same row."""
    values: list[Packed] = []
    parts = [part for part in parts if part.rows]
    if not parts:
        return 0
    *first, last = [_update(part, values) if part.changed else _insert(part, values) for part in parts]
    before = ", ".join(f"t{n} AS ({told})" for n, told in enumerate(first))
    count = execute(f"WITH {before} {last}" if before else last, values)
    alias = connection.alias
    for part in parts:
        for row in part.rows:
            row._state.adding, row._state.db = False, alias
    return count


def _insert(part: Part, values: list[Packed]) -> str:
    """One INSERT of a statement; its arrays are added to `values`."""
    rows = part.rows
    plan = _plan(type(rows[0]), rows[0].__dict__[rows[0]._meta.pk.attname] is not None)
    held = [row.__dict__ for row in rows]
    shown, source = selection(
        [(sort, kind, [each[name] for each in held]) for name, _, sort, kind in plan.fields], values
    )
    columns = ", ".join(column for _name, column, _sort, _kind in plan.fields)
    return f"INSERT INTO {plan.table} ({columns}) SELECT {', '.join(shown)} FROM {source}{part.clash}"  # noqa: S608


def _update(part: Part, values: list[Packed]) -> str:
    """One UPDATE of a statement, by key."""
    rows, quote = part.rows, connection.ops.quote_name
    meta: Any = rows[0]._meta
    fields = [meta.pk, *(meta.get_field(name) for name in part.changed)]
    columns = [(sort_of(f), _type(f), [getattr(row, f.attname) for row in rows]) for f in fields]
    shown, source = selection(columns, values)
    key, *sets = (quote(str(f.column)) for f in fields)
    named = ", ".join(f"{value} AS s{n}" for n, value in enumerate(shown))
    told = ", ".join(f"{column} = w.s{n + 1}" for n, column in enumerate(sets))
    table = quote(meta.db_table)
    return f"UPDATE {table} SET {told} FROM (SELECT {named} FROM {source}) AS w WHERE {table}.{key} = w.s0"  # noqa: S608


def selection(columns: Sequence[tuple[Sort, str, list[Any]]], values: list[Packed]) -> tuple[list[str], str]:
    """What a SELECT lists and reads from to give these columns; one that says the same in every row travels once."""
    shown, arrays, count = [], [], 0
    for sort, kind, column in columns:
        count = len(column)
        same = _says_one_thing(column)
        if same and column[0] is None:
            shown.append(f"NULL::{kind}")
            continue
        values.append(packed(column[:1] if same else column, sort))
        place = f"${len(values)}::{sort.name}"
        if not same:
            arrays.append(place)
        value = f"({place})[1]" if same else f"v.c{len(arrays)}"
        shown.append(f"{value}::{kind}")
    names = ", ".join(f"c{n + 1}" for n in range(len(arrays)))
    return shown, f"unnest({', '.join(arrays)}) AS v({names})" if arrays else f"generate_series(1, {count})"


def _says_one_thing(column: list[Any]) -> bool:
    first, last = column[0], column[-1]
    if first is not last and first != last:
        return False
    return type(first) is type(last) and column.count(first) == len(column)


def execute(statement: str, values: Sequence[Packed]) -> int:
    """Run a statement with its arrays; the number of rows it changed."""
    connection.ensure_connection()
    door: Any = connection  # its cursor of another class, with the same wrapping and counting
    with door._prepare_cursor(cursor_for(connection.connection)) as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def keys(model: type[models.Model], count: int) -> list[int]:
    """The next numbers of a table's own sequence, for rows that others point to in the same batch."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [model._meta.db_table, model._meta.pk.column, count],
        )
        return [row[0] for row in cursor.fetchall()]
