"""A query of the ORM that is built once: what the hot path asks again for every batch costs more to build than to answer.

It is built with a mark in place of each value; where the marks come out, the values of each asking go in.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, models

Value = datetime | Sequence[uuid.UUID]
APART = timedelta(days=36_525)  # from one mark to the next: a span a query adds to a moment is shorter


@dataclass(slots=True)
class _Place:
    """Where a value goes: a moment plus a span, or a list of keys as `__any` sends it."""

    name: str
    span: timedelta = timedelta(0)

    def filled(self, value: Any) -> Any:
        if isinstance(value, datetime):
            return value + self.span
        return "{" + ",".join([key.hex for key in value]) + "}"


@dataclass(slots=True)
class Once:
    """`build(**values)` gives a queryset of `values_list` whose SQL says the same for all values but the values themselves.

    A value is a moment, which it may add spans to, or keys, which it gives to `__any` of a key column.
    """

    build: Callable[..., models.QuerySet[Any, Any]]
    _sql: str = ""
    _params: tuple[Any, ...] = ()
    _converters: Any = field(default=None, repr=False)

    def rows(self, **values: Value) -> list[tuple[Any, ...]]:
        """The rows, as the queryset would give them."""
        if self._converters is None:
            self._prepare(values)
        params = [each.filled(values[each.name]) if type(each) is _Place else each for each in self._params]
        with connection.cursor() as cursor:
            cursor.execute(self._sql, params)
            found = cursor.fetchall()
        return [self._converted(row) for row in found] if self._converters else found

    def _converted(self, row: Sequence[Any]) -> tuple[Any, ...]:
        cells = list(row)
        for place, (converters, expression) in self._converters.items():
            for convert in converters:
                cells[place] = convert(cells[place], expression, connection)
        return tuple(cells)

    def _prepare(self, values: dict[str, Value]) -> None:
        marks = {name: _mark(number, value) for number, (name, value) in enumerate(values.items())}
        rows = self.build(**marks)
        compiler = rows.query.get_compiler(rows.db)
        sql, params = compiler.as_sql()
        places = [_place(value, marks) for value in params]
        if missing := marks.keys() - {each.name for each in places if isinstance(each, _Place)}:
            raise ValueError(f"the query does not say where {', '.join(sorted(missing))} goes")
        self._sql, self._params = sql, tuple(places)
        self._converters = compiler.get_converters([column for column, _sql, _alias in compiler.select])


def _mark(number: int, value: Value) -> Value:
    if isinstance(value, datetime):
        return datetime(1000, 1, 1, tzinfo=UTC) + number * APART
    return [uuid.UUID(int=number + 1)]


def _place(param: Any, marks: dict[str, Value]) -> Any:
    for name, mark in marks.items():
        if isinstance(mark, datetime):
            if isinstance(param, datetime) and abs(param - mark) < APART / 2:
                return _Place(name, param - mark)
        elif param == "{" + mark[0].hex + "}":
            return _Place(name)
    return param
