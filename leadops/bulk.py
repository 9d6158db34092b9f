"""Writes many rows of several tables in one statement: the hot path's way in, equal to the plain ORM form. No signals.

Each field is stored as Django would store it; columns with a database default are left to the database. `make` builds
a row from its column values alone: thousands of them in a batch, where Django's own constructor is a third of the cost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeVar

from django.db import connection, models
from django.db.models.base import ModelState

from leadops import sending
from leadops.packing import Arrays, Packed, Sort, Text, cursor_for, selection, sort_of

M = TypeVar("M", bound=models.Model)

__all__ = [
    "Part",
    "Text",
    "changed",
    "insert",
    "key_of",
    "keys",
    "make",
    "numbers",
    "read",
    "replacing",
    "send",
    "unless_there",
    "values",
    "write",
]


# -- making rows -----------------------------------------------------------------------------------------


_new = object.__new__
Blank = tuple[dict[str, Any], tuple[tuple[str, Callable[[], Any]], ...], tuple[tuple[str, str, str], ...]]


@lru_cache(maxsize=512)
def _blank(model: type[models.Model], given: tuple[str, ...]) -> Blank:
    """What values of these names leave open: plain defaults, those made anew for each row; and what is given as a row:
    relation, column, and the column of the other row it holds."""
    fields = [f for f in model._meta.concrete_fields if not f.has_db_default()]
    points = {f.name: (f.attname, f.target_field.attname) for f in fields if isinstance(f, models.ForeignKey)}
    named = {points[name][0] if name in points else name for name in given}
    if unknown := named - {f.attname for f in fields}:
        raise TypeError(f"{model.__name__} has no column {', '.join(sorted(unknown))}")
    left = [f for f in fields if f.attname not in named]
    fresh = tuple((f.attname, f.default) for f in left if callable(f.default) and f.has_default())
    plain = {f.attname: f.get_default() for f in left if f.attname not in dict(fresh)}
    return plain, fresh, tuple((name, *points[name]) for name in given if name in points)


def make(model: type[M], **values: Any) -> M:
    """An unsaved instance, equal to `model(**values)`: columns (`lead_id=…`) and rows it points to (`lead=…`)."""
    plain, fresh, points = _blank(model, tuple(values))
    state = ModelState()
    for name, column, key in points:
        target = state.fields_cache[name] = values.pop(name)
        values[column] = None if target is None else getattr(target, key)
    values["_state"] = state
    values |= plain
    for name, default in fresh:
        values[name] = default()
    row: M = _new(model)
    row.__dict__ = values
    return row


def read(rows: models.QuerySet[M, M], *left_out: str) -> list[M]:
    """The rows of a queryset as instances, a third of Django's cost each; columns left out are read when asked for."""
    model, alias = rows.model, rows.db
    names = tuple(f.attname for f in model._meta.concrete_fields if f.attname not in left_out)
    found = []
    for each in rows.values_list(*names):
        row = model.__new__(model)
        row.__dict__.update(zip(names, each, strict=True))
        state = row.__dict__["_state"] = ModelState()
        state.adding, state.db = False, alias
        found.append(row)
    return found


def values(model: type[models.Model], **given: Any) -> dict[str, Any]:
    """The column values of a row nobody asks again: what `make` gives, without the instance around it."""
    plain, fresh, points = _blank(model, tuple(given))
    if points:
        raise TypeError(f"{model.__name__}: name the columns of {', '.join(name for name, *_columns in points)}")
    for name, default in fresh:
        given[name] = default()
    given |= plain
    return given


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

    rows: Sequence[Any]  # instances; or their column values, where `model` says of which table
    clash: str = ""
    changed: tuple[str, ...] = ()
    model: type[models.Model] | None = None


def unless_there(rows: Sequence[Any], model: type[models.Model] | None = None) -> Part:
    """Rows whose unique key makes a second one harmless: those already there are left alone."""
    return Part(rows, " ON CONFLICT DO NOTHING", model=model)


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
    parts = [part for part in parts if part.rows]
    if not parts:
        return 0
    count = execute(*_statement(parts))
    _written(parts)
    return count


def send(parts: Sequence[Part], sender: str = "") -> None:
    """The same without waiting for the server: for many rows, inside a transaction, when nobody counts statements."""
    parts = [part for part in parts if part.rows]
    if not sending.may_send():
        write(parts)
    elif parts:
        sending.send(*_statement(parts), sender)
        _written(parts)


def _statement(parts: Sequence[Part]) -> tuple[str, list[Packed]]:
    arrays = Arrays()
    *first, last = [_update(part, arrays) if part.changed else _insert(part, arrays) for part in parts]
    before = ", ".join(f"t{n} AS ({told})" for n, told in enumerate(first))
    return f"WITH {before} {last}" if before else last, arrays.packs


def _written(parts: Sequence[Part]) -> None:
    alias = connection.alias
    for part in parts:
        for row in part.rows if part.model is None else ():
            state = row.__dict__["_state"]
            state.adding, state.db = False, alias


def _insert(part: Part, arrays: Arrays) -> str:
    """One INSERT of a statement; its arrays are added to `arrays`."""
    model: Any = part.model or type(part.rows[0])
    held = part.rows if part.model else [row.__dict__ for row in part.rows]
    plan = _plan(model, held[0][key_of(model)] is not None)
    shown, source = selection(
        [(sort, kind, list(map(itemgetter(name), held))) for name, _, sort, kind in plan.fields], arrays
    )
    columns = ", ".join(column for _name, column, _sort, _kind in plan.fields)
    return f"INSERT INTO {plan.table} ({columns}) SELECT {', '.join(shown)} FROM {source}{part.clash}"  # noqa: S608


@lru_cache(maxsize=128)
def key_of(model: type[models.Model]) -> str:
    """The column of a model's key."""
    meta: Any = model._meta
    return str(meta.pk.attname)


def _update(part: Part, arrays: Arrays) -> str:
    """One UPDATE of a statement, by key."""
    rows, quote = part.rows, connection.ops.quote_name
    meta: Any = rows[0]._meta
    fields = [meta.pk, *(meta.get_field(name) for name in part.changed)]
    columns = [(sort_of(f), _type(f), [getattr(row, f.attname) for row in rows]) for f in fields]
    shown, source = selection(columns, arrays)
    key, *sets = (quote(str(f.column)) for f in fields)
    named = ", ".join(f"{value} AS s{n}" for n, value in enumerate(shown))
    told = ", ".join(f"{column} = w.s{n + 1}" for n, column in enumerate(sets))
    table = quote(meta.db_table)
    return f"UPDATE {table} SET {told} FROM (SELECT {named} FROM {source}) AS w WHERE {table}.{key} = w.s0"  # noqa: S608


def execute(statement: str, arrays: Sequence[Packed]) -> int:
    """Run a statement with its arrays; the number of rows it changed."""
    connection.ensure_connection()
    door: Any = connection  # its cursor of another class, with the same wrapping and counting
    with door._prepare_cursor(cursor_for(connection.connection)) as cursor:
        cursor.execute(statement, arrays)
        return int(cursor.rowcount)


@lru_cache(maxsize=32)
def _numbers(*tables: type[models.Model]) -> str:
    """The statement that takes numbers of tables' own sequences; looking a sequence up cost as much as a number."""
    parts = []
    for meta in (table._meta for table in tables):
        with connection.cursor() as cursor:
            key: Any = meta.pk
            cursor.execute("SELECT quote_literal(pg_get_serial_sequence(%s, %s))", [meta.db_table, key.column])
            parts.append(f"(SELECT array_agg(nextval({cursor.fetchone()[0]}::regclass)) FROM generate_series(1, %s))")  # noqa: S608
    return f"SELECT {', '.join(parts)}"


def numbers(*wanted: tuple[type[models.Model], int]) -> list[list[int]]:
    """The next numbers of each table's own sequence, so many of each, in one statement."""
    if not any(count for _table, count in wanted):
        return [[] for _each in wanted]
    with connection.cursor() as cursor:
        cursor.execute(_numbers(*(table for table, _count in wanted)), [count for _table, count in wanted])
        return [found or [] for found in cursor.fetchone()]


def keys(model: type[models.Model], count: int) -> list[int]:
    """The next numbers of a table's own sequence, for rows that others point to in the same batch."""
    (found,) = numbers((model, count))
    return found
