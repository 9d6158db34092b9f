"""Runs due work for many leads in one unit, and sets apart the one that breaks it; the others are done. Decides nothing.

A batch that raises is halved until the guilty lead is alone. That one gets a row of `Stalled` naming the batch, which
passes it over until `resume` has done for it what the batch could not.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import InterfaceError, OperationalError, connection
from psycopg import errors

from leadops import journal, moment, stalled
from leadops.access import Actor
from leadops.journal import Kind
from leadops.models import Lead
from leadops.stalled import Stalled
from leadops.unit import PhaseFailed, Unit, in_unit, told

log = logging.getLogger("leadops.batch")
# read-only, a full disk, a disk that fails
TAKES_NOTHING = (errors.ReadOnlySqlTransaction, errors.DiskFull, errors.IoError)
BY_US = ("error", stalled.LOOP)  # holds that end when the lead is tried again


@dataclass(frozen=True, slots=True)
class Door:
    """Due work by name: `work(lead ids, unit)`, harmless when done twice. `holds`: while it fails nobody gets the lead."""

    name: str
    work: Callable[[Sequence[uuid.UUID], Unit], object]
    holds: bool = False


_doors: dict[str, Door] = {}


def set_doors(doors: Iterable[Door]) -> None:
    """Hand over the batches of the house; called once at start-up by choreography."""
    _doors.clear()
    _doors.update((door.name, door) for door in doors)


def doors() -> tuple[Door, ...]:
    return tuple(_doors.values())


def run(name: str, lead_ids: Sequence[uuid.UUID], *, actor: Actor, at: datetime | None = None) -> int:
    """Do the door's work for these leads; how many were done. Raises only when the database went away."""
    door, done = _doors[name], 0
    todo = [list(lead_ids)]
    while todo:
        batch = todo.pop()
        if not batch:
            continue
        try:  # alone, a lead whose later phase fails keeps what the door did
            in_unit(partial(door.work, batch), actor=actor, at=at, stall=len(batch) == 1)
        except Exception as fault:
            if database_gone(fault):
                raise
            if len(batch) == 1:
                _set_apart(door, batch[0], fault, actor, at)
            else:
                middle = len(batch) // 2
                todo += [batch[middle:], batch[:middle]]
        else:
            done += len(batch)
    return done


def database_gone(fault: BaseException) -> bool:
    """The database went away, is about to, or takes nothing any more: no row is to blame, all wait for its return."""
    cause = fault.fault if isinstance(fault, PhaseFailed) else fault
    if not isinstance(cause, InterfaceError | OperationalError):
        return False
    return isinstance(cause.__cause__, TAKES_NOTHING) or not connection.is_usable()


def _set_apart(door: Door, lead_id: uuid.UUID, fault: Exception, actor: Actor, at: datetime | None) -> None:
    log.error("set apart", extra={"door": door.name, "lead": str(lead_id)}, exc_info=fault)

    def work(unit: Unit) -> None:
        for lead in unit.leads([lead_id]):
            if door.holds and lead.owner_id is None and lead.is_open:
                lead.held, lead.held_at = "error", unit.at
                Lead.objects.filter(pk=lead_id).update(held="error", held_at=unit.at)
            unit.record(Kind.STALLED, lead, data={"phase": door.name})
            due_at = unit.at + stalled.back_off(0)
            stalled.note(lead_id, phase=door.name, cause=told(fault), at=unit.at, due_at=due_at, doors=[door.name])
        unit.wake("due")

    in_unit(work, actor=actor, at=at)


def resume(lead_id: uuid.UUID, *, actor: Actor, at: datetime | None = None) -> bool:
    """Do what is left for one stalled lead; True when it is complete, False when it stalled again."""
    at = at or moment.now()
    try:
        in_unit(partial(_resume, lead_id), actor=actor, at=at, stall=False)
    except Exception as fault:  # kept with its cause and tried again later; the other stalled leads go on
        if database_gone(fault):
            raise
        log.exception("stalled again", extra={"lead": str(lead_id)})
        phase = {"phase": fault.phase} if isinstance(fault, PhaseFailed) else {}
        Stalled.objects.filter(pk=lead_id).update(error=told(fault), **phase)
    return not Stalled.objects.filter(pk=lead_id).exists()


def _resume(lead_id: uuid.UUID, unit: Unit) -> None:
    leads = unit.leads([lead_id])  # the lead before its row: the order of every unit that stalls one
    row = Stalled.objects.select_for_update().filter(pk=lead_id).first()
    if row is None:
        return
    (lead,) = leads
    row.delete()
    unit.memo[stalled.STARTS] = row.starts
    if lead.held in BY_US:
        lead.held, lead.held_at = "", None
        Lead.objects.filter(pk=lead_id).update(held="", held_at=None)
    unit.take_up(journal.entries_of(row.entries))
    unit.record(Kind.RESUMED, lead, data={"phase": row.phase, "starts": row.starts})
    for name in row.doors:
        _doors[name].work([lead_id], unit)
