"""One unit of work = one transaction with its fixed phases; every door opens exactly one.

Services record journal entries in the unit; when the door's work is done the unit runs the phases, breadth-first,
at most three rounds, writes what was buffered, commits, and wakes who listens. It decides nothing itself.
"""

from __future__ import annotations

import json
import logging
import random
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from django.db import OperationalError, connection, models, transaction

from leadops import bulk, ids, journal, moment, sending, stalled
from leadops.access import Actor
from leadops.buffer import Buffer
from leadops.failpoints import failpoint
from leadops.journal import Act, Entry, Kind
from leadops.models import Lead, Touch

log = logging.getLogger("leadops.unit")
T = TypeVar("T")
ROUNDS = 3
DOOR = ""  # who sends before the first phase: a fault of it is the door's, and no phase is to blame
MANY = 50  # from so many new leads on, they are written while the later phases work


@dataclass(frozen=True, slots=True)
class Phase:
    """A step of the flow: called once a round with all unseen entries of its kinds (empty kinds = every kind)."""

    name: str
    kinds: frozenset[str]
    handler: Callable[[Sequence[Entry], Unit], None]
    settles: bool = False  # after it what was decided so far stays as it is: it is written while the later phases work


class PhaseFailed(Exception):
    def __init__(self, phase: str, fault: Exception) -> None:
        super().__init__(f"{phase}: {type(fault).__name__}: {fault}")
        self.phase = phase
        self.fault = fault


_phases: tuple[Phase, ...] = ()


def set_phases(phases: Sequence[Phase]) -> None:
    """Hand over the table of choreography; called once at start-up."""
    global _phases
    _phases = tuple(phases)


def phases() -> tuple[Phase, ...]:
    return _phases


@dataclass(slots=True)
class Unit(Buffer):
    """What a service needs: who, when, the leads at hand, and where to record."""

    actor: Actor
    at: datetime
    id: uuid.UUID = field(default_factory=ids.uuid7)
    entries: list[Entry] = field(default_factory=list)
    memo: dict[Any, Any] = field(default_factory=dict)
    acts: dict[uuid.UUID, list[Touch]] = field(default_factory=dict)  # all there is of people brought in by this unit
    quiet: set[uuid.UUID] = field(default_factory=set)  # leads their reps hear of in one digest, not one by one
    _each: Mapping[uuid.UUID, Act] = field(default_factory=dict)
    _leads: dict[int, Lead] = field(default_factory=dict)  # by id as a whole number
    _written: int = 0
    _numbers: list[int] = field(default_factory=list)  # of journal rows to come
    _wake: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _after: list[Callable[[], None]] = field(default_factory=list)
    _meanwhile: list[Callable[[], None]] = field(default_factory=list)

    def record(self, kind: str, lead: Lead | None = None, **fields: Any) -> Entry:
        """Note one journal row; it is written when the unit ends and wakes the phases of its kind."""
        if self._each and lead is not None and lead.pk in self._each:
            fields = {"actor": self.actor_on(lead), "at": self.at_on(lead), **fields}
        else:
            fields["actor"] = self.actor
        entry = Entry(kind, lead, **fields)
        self.entries.append(entry)
        return entry

    @contextmanager
    def acting(self, actor: Actor) -> Iterator[None]:
        """What is done inside is `actor`'s: rights are theirs and so are the rows recorded. Phases stay the unit's."""
        before, self.actor = self.actor, actor
        try:
            yield
        finally:
            self.actor = before

    @contextmanager
    def acting_each(self, acts: Mapping[uuid.UUID, Act]) -> Iterator[None]:
        """Verbs for many leads inside are done on each by its own actor and at its own time, which is not to come."""
        if any(act.at and act.at > self.at for act in acts.values()):
            raise ValueError("nobody tells what has not happened yet")
        before, self._each = self._each, acts
        try:
            yield
        finally:
            self._each = before

    def actor_on(self, lead: Lead | None) -> Actor:
        """Who acts on this lead: whose rights count and whose the rows are."""
        return self._each[lead.pk].actor if self._each and lead is not None and lead.pk in self._each else self.actor

    def at_on(self, lead: Lead | None) -> datetime:
        """When what is done on this lead happened."""
        return (self._each and lead is not None and lead.pk in self._each and self._each[lead.pk].at) or self.at

    def keep(self, leads: Iterable[Lead]) -> None:
        """Make freshly created leads known, so that later phases need not read them."""
        self._leads.update([(lead.id.int, lead) for lead in leads])

    def create(self, leads: Iterable[Lead]) -> None:
        """Leads made in this unit: written once, at its end, with all that the phases decided about them."""
        fresh = list(leads)
        self.keep(fresh)
        self.make(fresh)

    def keys(self, model: type[models.Model], count: int, entries: int) -> list[int]:
        """The next numbers of a table, and in the same statement those of so many journal rows to come."""
        found, more = bulk.numbers((model, count), (journal.JournalEntry, entries))
        self._numbers = more[::-1] + self._numbers
        return found

    def knows(self, lead_id: uuid.UUID) -> bool:
        """At hand already, locked by this unit."""
        return lead_id.int in self._leads

    def leads(self, wanted: Iterable[uuid.UUID]) -> list[Lead]:
        """Leads of this unit, one instance each, locked in id order on first use."""
        return self._at_hand({key.int for key in wanted})

    def leads_of(self, entries: Iterable[Entry]) -> list[Lead]:
        """The leads these entries are about."""
        return self._at_hand({entry.lead_id.int for entry in entries if entry.lead_id})

    def _at_hand(self, wanted: set[int]) -> list[Lead]:
        keys, known = sorted(wanted), self._leads  # in the order the database gives ids
        try:
            return [known[key] for key in keys]
        except KeyError:
            missing = [uuid.UUID(int=key) for key in keys if key not in known]
        rows = Lead.objects.select_for_update(of=("self",)).select_related("person", "account", "owner__user")
        self.keep(rows.filter(pk__any=missing).order_by("id"))
        return [known[key] for key in keys if key in known]

    def take_up(self, entries: Iterable[Entry]) -> None:
        """Entries written by an earlier unit whose phases are still to run; before anything is recorded in this one."""
        for entry in entries:
            (entry.lead,) = self.leads([entry.lead_id]) if entry.lead_id else (None,)
            self.entries.append(entry)
        self._written = len(self.entries)

    def known_leads(self) -> list[Lead]:
        return list(self._leads.values())

    def meanwhile(self, acts: Sequence[Callable[[], None]]) -> None:
        """To be done one by one where a large unit would wait for the server; they read and write no table."""
        self._meanwhile = list(acts)

    def _do_meanwhile(self, most: int) -> None:
        for act in self._meanwhile[:most]:
            act()
        del self._meanwhile[:most]

    def finish(self) -> None:
        """Write all that is left. With something to do meanwhile the keys are checked then, and not at the commit."""
        if not self._meanwhile or not sending.may_send():
            self.flush()
            return
        self._do_meanwhile(1)
        bulk.send(self._buffered())
        self._do_meanwhile(1)
        sending.send("SET CONSTRAINTS ALL IMMEDIATE", [])
        self._do_meanwhile(len(self._meanwhile))
        sending.settle()

    def wake(self, channel: str, *keys: object) -> None:
        """Tell listeners after the commit: channel `inbox` with user ids, `due` for the ticker."""
        self._wake[channel].update(str(key) for key in keys)

    def after_commit(self, act: Callable[[], None]) -> None:
        self._after.append(act)

    def send(self, sender: str, *, leads: bool = True) -> None:
        """Give new leads and what was buffered to the database, and do not wait: the server writes while we go on.

        For many new leads, once they are decided; before that without them (`leads=False`). Whoever reads waits for it,
        an error of it is raised by a later statement and is the sender's. What a later phase changes is an update.
        """
        if len(self._made) >= MANY and (leads or self._waiting):
            self._do_meanwhile(1 if leads and not self._waiting else 0)  # what was sent last is large
            bulk.send(self._buffered(spare=len(self.entries), leads=leads), sender)

    def flush(self) -> None:
        """Write new leads and what was buffered, in one statement; at the end, and before a read that needs it."""
        bulk.write(self._buffered())

    def _buffered(self, spare: int = 0, *, leads: bool = True) -> list[bulk.Part]:
        """All that waits to be written, which is written from now on; with numbers for so many later entries."""
        fresh = self.entries[self._written :]
        missing = len(fresh) - len(self._numbers)
        if missing > 0:
            self._numbers = journal.numbers(missing + spare) + self._numbers
        told, texts, came = journal.rows_of(fresh, self._numbers, actor=self.actor, at=self.at, recorded_at=self.at)
        self._written = len(self.entries)
        rows = [bulk.Part(each, model=journal.JournalEntry) for each in journal.by_kind(told, MANY)]
        return [*self.taken(leads=leads), bulk.Part(texts), bulk.Part(came), *rows]


def record_many(entries: Iterable[Entry], unit: Unit) -> None:
    """Note many journal rows at once, as `Unit.record` notes one: written when the unit ends, in this order."""
    unit.entries.extend(entries)


def _run_phases(unit: Unit, table: Sequence[Phase]) -> list[Entry]:
    """Round by round, until nothing is new; returns what the last round left: entries of flows that go in circles."""
    seen = [0] * len(table)
    for turn in range(ROUNDS):
        moved = False
        for i, phase in enumerate(table):
            fresh = unit.entries[seen[i] :]
            seen[i] = len(unit.entries)
            batch = [e for e in fresh if not phase.kinds or e.kind in phase.kinds]
            if not batch:
                continue
            moved = True
            try:
                phase.handler(batch, unit)
                if phase.settles and not turn:
                    unit.send(phase.name)
            except Exception as fault:
                sender = sending.sender_of(fault)
                if sender == DOOR or (isinstance(fault, OperationalError) and _is_race(fault)):
                    raise
                raise PhaseFailed(sender or phase.name, fault) from fault
        if not moved:
            return []
    return [e for i, p in enumerate(table) for e in unit.entries[seen[i] :] if p.kinds and e.kind in p.kinds]


def hold(unit: Unit, lead_ids: Iterable[uuid.UUID], reason: str) -> None:
    """Held for this reason, unless somebody owns the lead or it is held for another."""
    for lead in unit.leads(lead_ids):
        if lead.owner_id is None and not lead.held:
            lead.held, lead.held_at = reason, unit.at
            rows = unit.written([lead])
            Lead.objects.filter(pk__in=[row.pk for row in rows], owner__isnull=True).update(
                held=reason, held_at=unit.at
            )
            unit.record(Kind.HELD, lead, data={"reason": reason})


def _stall(unit: Unit, failed: PhaseFailed) -> None:
    """Keep what the door did; leave the later phases to a retry."""
    log.error("phase failed", extra={"phase": failed.phase, "unit": str(unit.id)}, exc_info=failed.fault)
    by_lead = _ids_by_lead(unit.entries)
    hold(unit, by_lead, "error")
    for lead_id, keys in by_lead.items():
        stalled.note(lead_id, phase=failed.phase, cause=told(failed.fault), at=unit.at, due_at=unit.at, entries=keys)
    unit.wake("due")


def _went_in_circles(unit: Unit, left: Sequence[Entry]) -> None:
    """What the rounds left undone is tried again later, a few times; then it waits for a person."""
    starts = unit.memo.get(stalled.STARTS, 0)
    due_at = unit.at + stalled.back_off(starts) if starts < stalled.MOST_LOOPS else None
    by_lead = _ids_by_lead(left)
    log.error("the flow went in circles", extra={"unit": str(unit.id), "leads": len(by_lead)})
    for lead_id, keys in by_lead.items():
        cause = f"no end after {ROUNDS} rounds: " + ", ".join(sorted({e.kind for e in left if e.lead_id == lead_id}))
        stalled.note(lead_id, phase=stalled.LOOP, cause=cause, at=unit.at, due_at=due_at, entries=keys, starts=starts)
    unit.wake("due")


def _ids_by_lead(entries: Iterable[Entry]) -> dict[uuid.UUID, list[int]]:
    """Ids of written entries, lead by lead."""
    found: dict[uuid.UUID, list[int]] = defaultdict(list)
    for entry in entries:
        if entry.lead_id and entry.id and entry.id not in found[entry.lead_id]:
            found[entry.lead_id].append(entry.id)
    return found


def told(fault: Exception) -> str:
    """A fault in one line, as it is kept; a failed phase speaks of its cause."""
    cause = fault.fault if isinstance(fault, PhaseFailed) else fault
    return f"{type(cause).__name__}: {cause}".replace("\x00", "")[:500]


def _is_race(fault: OperationalError) -> bool:
    return getattr(fault.__cause__, "sqlstate", "") in {"40001", "40P01"}


def _notify(unit: Unit) -> None:
    if not unit._wake:
        return
    told = [(f"leadops_{channel}", json.dumps(sorted(keys))[:7900]) for channel, keys in unit._wake.items()]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_notify(channel, said) FROM unnest(%s::text[], %s::text[]) AS t(channel, said)",
            [list(column) for column in zip(*told, strict=True)],
        )


def _attempt(
    work: Callable[[Unit], T], actor: Actor, at: datetime, table: Sequence[Phase], failed: PhaseFailed | None
) -> T:
    unit = Unit(actor=actor, at=at)
    with transaction.atomic():
        try:
            result = work(unit)
            left = _run_phases(unit, table) if failed is None else []
            if left:
                hold(unit, {e.lead_id for e in left if e.lead_id}, stalled.LOOP)
            unit.finish()
            sending.settle()
            failpoint("job.before_commit")
        except BaseException:
            sending.drop()
            raise
        if failed is not None:
            _stall(unit, failed)
            unit.flush()
        elif left:
            _went_in_circles(unit, left)
        transaction.on_commit(lambda: _notify(unit))
        for act in unit._after:
            transaction.on_commit(act)
    failpoint("job.after_commit")
    return result


def in_unit(work: Callable[[Unit], T], *, actor: Actor, at: datetime | None = None, stall: bool = True) -> T:
    """Run `work(unit)` and the phases it wakes in one transaction.

    A deadlock or serialisation failure runs it again a moment later, three times. When a phase raises, the transaction is rolled
    back and `work` alone is committed, its leads stalled: what people and partners did is never lost to a later step.
    Without `stall` that `PhaseFailed` is raised instead. `work` must be safe to run again.
    """
    at = at or moment.now()
    failed: PhaseFailed | None = None
    races = 0
    while True:
        try:
            return _attempt(work, actor, at, () if failed else _phases, failed)
        except PhaseFailed as fault:
            if not stall:
                raise
            failed = fault
        except OperationalError as fault:
            races += 1
            if not _is_race(fault) or races == 3:
                raise
            # who was ended waits a little: at once it might take its rows again before the other, who waits, wakes up
            time.sleep(random.uniform(0.02, 0.06) * races)  # noqa: S311
