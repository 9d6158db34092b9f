"""What a unit writes at its end, table by table; it opens no transaction, wakes nobody and decides nothing."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db import models

from leadops import bulk
from leadops.models import Lead

M = TypeVar("M", bound=models.Model)


@dataclass(slots=True, kw_only=True)
class Buffer:
    """Rows that wait: of leads made here, of append-only tables, one row per lead, and changes nobody reads before."""

    _made: set[int] = field(default_factory=set)  # ids as whole numbers: hashing one is a fifth of hashing a UUID
    _unwritten: list[Lead] = field(default_factory=list)
    _waiting: set[int] = field(default_factory=set)  # their ids
    _put: dict[type[models.Model], dict[int, models.Model | None]] = field(default_factory=lambda: defaultdict(dict))
    _rows: dict[type[models.Model], list[models.Model]] = field(default_factory=lambda: defaultdict(list))
    _with_leads: dict[type[models.Model], list[models.Model]] = field(default_factory=lambda: defaultdict(list))
    _noted: dict[type[models.Model], list[Mapping[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    _once: dict[type[models.Model], list[models.Model]] = field(default_factory=lambda: defaultdict(list))
    _parts: list[bulk.Part] = field(default_factory=list)

    def make(self, leads: Sequence[Lead]) -> None:
        """Leads made here: written once, with all that is decided about them meanwhile."""
        keys = {lead.id.int for lead in leads}
        self._made |= keys
        self._waiting |= keys
        self._unwritten += leads

    def is_new(self, lead_id: uuid.UUID) -> bool:
        """Made in this unit: nothing about it can be in the database that the unit did not put there."""
        return lead_id.int in self._made

    def written(self, leads: Iterable[Lead]) -> list[Lead]:
        """Those whose row is there to be updated; of the others the instance alone is changed."""
        if not self._waiting:
            return list(leads)
        return [lead for lead in leads if lead.id.int not in self._waiting]

    def put(self, rows: Sequence[models.Model], columns: Sequence[str]) -> None:
        """One row per lead: those of leads made here wait for the end of the unit, the others replace what is there now."""
        if not rows:
            return
        model, again = type(rows[0]), []
        waiting, made, column = self._put[model], self._made, bulk.key_of(model)  # None = written already
        for row in rows:
            key = row.__dict__[column].int
            if key in made and waiting.get(key, row) is not None:
                waiting[key] = row
            else:
                again.append(row)
        if again:
            bulk.write([bulk.replacing(again, ["lead"], columns)])

    def add(self, rows: Iterable[models.Model]) -> None:
        """Buffer rows of append-only tables, written together, in order of first use, when the unit ends."""
        for row in rows:
            self._rows[type(row)].append(row)

    def add_with_leads(self, rows: Iterable[M]) -> list[M]:
        """Buffer the rows of leads made in this unit, to go with them or after them; those of other leads are returned."""
        others, made = [], self._made
        buffer = self._with_leads if self._waiting else self._rows
        for row in rows:
            if row.__dict__["lead_id"].int in made:
                buffer[type(row)].append(row)
            else:
                others.append(row)
        return others

    def note(self, model: type[models.Model], values: Mapping[str, Any]) -> None:
        """Buffer one row of an append-only table that nobody asks again: its column values (`bulk.values`), no instance."""
        self._noted[model].append(values)

    def add_once(self, rows: Iterable[models.Model]) -> None:
        """Buffer rows whose unique key makes a second one harmless: those already there are left alone."""
        for row in rows:
            self._once[type(row)].append(row)

    def write_later(self, part: bulk.Part) -> None:
        """A change nobody reads before the unit ends; written with the rest."""
        self._parts.append(part)

    def pending(self, model: type[models.Model]) -> list[Any]:
        """Rows of `model` buffered so far."""
        return [*self._rows.get(model, ()), *self._with_leads.get(model, ())]

    def taken(self, *, leads: bool) -> list[bulk.Part]:
        """All that waits, with or without the leads made here and what goes with them; it waits no longer."""
        with_leads: list[Sequence[models.Model]] = [self._unwritten, *self._with_leads.values()] if leads else []
        put = [[row for row in held.values() if row is not None] for held in self._put.values()]
        lists: list[Sequence[models.Model]] = [*with_leads, *put, *self._rows.values()]
        parts = [bulk.Part(rows) for rows in lists]
        parts += [bulk.Part(rows, model=model) for model, rows in self._noted.items()]
        parts += [*(bulk.unless_there(rows) for rows in self._once.values()), *self._parts]
        for held in self._put.values():
            held.update(dict.fromkeys(held))
        if leads:
            self._unwritten = []
            self._waiting.clear()
            self._with_leads.clear()
        self._parts = []
        for waiting in (self._rows, self._noted, self._once):
            waiting.clear()
        return parts
