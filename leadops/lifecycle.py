"""Stage, status and cycle of a lead: the only writer of these columns, and the table of allowed moves."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from leadops import bulk
from leadops.errors import Refused
from leadops.journal import Kind
from leadops.models import OPEN_STAGES, Lead, Reason, Stage, Status
from leadops.unit import Unit

FORWARD = ("new", "engaged", "mql", "sal", "sql", "opportunity", "won")
ENDED = ("won", "lost", "disqualified", "recycled")
WITHDRAWN = "withdrawn"  # the reason of a lead whose import was taken back; figures leave it out
ERASED = "erased"  # the reason of a lead whose person was erased; figures keep it
_REASON_USE = {"lost": Reason.Use.LOST, "disqualified": Reason.Use.DISQUALIFY, "recycled": Reason.Use.RECYCLE}

# from -> to. Forward moves may skip stages (journalled); `engaged` again after a hand-back of a handoff.
_ALLOWED: dict[str, frozenset[str]] = {
    stage: frozenset(FORWARD[i + 1 :]) | {"lost", "disqualified", "recycled"} for i, stage in enumerate(FORWARD[:-1])
}
_ALLOWED["mql"] |= {"engaged"}
_ALLOWED["sal"] |= {"engaged"}
_ALLOWED["won"] = frozenset({"opportunity"})  # a deal reopened by the opportunity's own record
_ALLOWED["lost"] = frozenset({"opportunity", "won"})
_ALLOWED["disqualified"] = frozenset()
_ALLOWED["recycled"] = frozenset({"engaged"})


def allowed(stage: str) -> frozenset[str]:
    """Stages a lead in `stage` may move to."""
    return _ALLOWED[stage]


def skipped(from_stage: str, to_stage: str) -> list[str]:
    """Stages jumped over by a forward move: they count as entered, with zero duration, in the funnel."""
    if from_stage not in FORWARD or to_stage not in FORWARD:
        return []
    a, b = FORWARD.index(from_stage), FORWARD.index(to_stage)
    return list(FORWARD[a + 1 : b])


def check_reason(use: str, key: str) -> None:
    """Reasons come from the closed list in force."""
    check_reasons([(use, key)])


@dataclass(frozen=True, slots=True)
class Move:
    """One lead's move; an end carries its reason, a rest the day it ends."""

    lead: Lead
    to: str
    reason: str = ""
    recycle_at: datetime | None = None
    text: str = ""


def move(
    leads: Sequence[Lead],
    to: str,
    unit: Unit,
    *,
    reason: str = "",
    version: uuid.UUID | None = None,
    recycle_at: datetime | None = None,
    text: str = "",
) -> list[Lead]:
    """Move leads to a stage; those already there are left alone. Returns the moved ones.

    Refuses an illegal move and an end without its reason. A lead that ends leaves hold and pool.
    """
    return move_each([Move(lead, to, reason, recycle_at, text) for lead in leads], unit, version=version)


def move_each(moves: Sequence[Move], unit: Unit, *, version: uuid.UUID | None = None) -> list[Lead]:
    """`move` for many leads, each to its own stage; all or, where one is refused, none."""
    _check_ends(moves)
    moved = [each for each in moves if each.lead.stage != each.to]
    for each in moved:
        _check_allowed(each)
    if not moved:
        return []
    for each in moved:
        _move_one(each, unit, version)
    _write_moves([each.lead for each in moved], unit)
    return [each.lead for each in moved]


def _check_ends(moves: Sequence[Move]) -> None:
    wanted: dict[tuple[str, str], None] = {}
    for each in moves:
        if each.to in _REASON_USE:
            if not each.reason:
                raise Refused("reason-needed", _("A reason is needed."), stage=each.to)
            wanted[_REASON_USE[each.to], each.reason] = None
    if wanted:
        check_reasons(wanted)


def check_reasons(wanted: Iterable[tuple[str, str]]) -> None:
    """`check_reason` for many (use, key), asked at once."""
    pairs = list(wanted)
    active = Reason.objects.filter(key__in={key for _use, key in pairs}, active=True)
    known = set(active.values_list("use", "key"))
    for use, key in pairs:
        if (use, key) not in known:
            raise Refused("unknown-reason", _("Choose a reason from the list."), reason=key)


def withdraw(leads: Sequence[Lead], unit: Unit) -> list[Lead]:
    """Open leads of an import taken back end and leave every figure. Its reason is nobody's to choose."""
    return _end_unasked([lead for lead in leads if lead.stage in OPEN_STAGES], WITHDRAWN, unit)


def end_erased(leads: Sequence[Lead], unit: Unit) -> list[Lead]:
    """Leads of somebody erased end, those at rest too; they stay in the figures. Its reason is nobody's to choose."""
    return _end_unasked([lead for lead in leads if lead.is_open or lead.stage == Stage.RECYCLED], ERASED, unit)


def _end_unasked(leads: list[Lead], reason: str, unit: Unit) -> list[Lead]:
    for lead in leads:
        _move_one(Move(lead, Stage.DISQUALIFIED, reason), unit, None)
    _write_moves(leads, unit)
    return leads


def _check_allowed(each: Move) -> None:
    if each.to not in _ALLOWED[each.lead.stage]:
        raise Refused(
            "illegal-move",
            _("A lead in stage “%(from)s” cannot move to “%(to)s”.")
            % {"from": Stage(each.lead.stage).label, "to": Stage(each.to).label},
            **{"from": each.lead.stage, "to": each.to},  # type: ignore[arg-type]  # `from` is a keyword of Python
        )


def _move_one(each: Move, unit: Unit, version: uuid.UUID | None) -> None:
    """The entry, and the columns of the instance."""
    lead, to = each.lead, each.to
    data = {"from": lead.stage, "to": to, "reason": each.reason, "skipped": skipped(lead.stage, to)}
    unit.record(Kind.STAGE_MOVED, lead, data=data, version=version, text=each.text)
    lead.stage, lead.stage_at, lead.stage_reason = to, unit.at_on(lead), each.reason
    lead.closed_at = unit.at_on(lead) if to in ENDED else None
    lead.recycle_at, lead.version = each.recycle_at, lead.version + 1
    if to in ENDED:
        lead.held, lead.held_at, lead.pool = "", None, ""


def _write_moves(moved: Sequence[Lead], unit: Unit) -> None:
    """What `_move_one` changed, in one statement; what is not written yet goes in with its lead.

    Hold and pool are written for ends alone: for the others they are routing's, which may know better by now.
    """
    rows = unit.written(moved)
    columns = ["stage", "stage_at", "stage_reason", "closed_at", "recycle_at", "version"]
    ended = [lead for lead in rows if lead.stage in ENDED]
    going_on = [lead for lead in rows if lead.stage not in ENDED]
    bulk.write([bulk.changed(ended, [*columns, "held", "held_at", "pool"]), bulk.changed(going_on, columns)])


def set_status(leads: Sequence[Lead], status: str, unit: Unit) -> list[Lead]:
    """Set the free work status; unchanged leads are left alone."""
    changed = [lead for lead in leads if lead.status != status]
    if not changed:
        return []
    if not Status.objects.filter(key=status, active=True).exists():
        raise Refused("unknown-status", _("There is no such status."), status_key=status)
    for lead in changed:
        unit.record(Kind.STATUS_SET, lead, data={"from": lead.status, "to": status})
        lead.status, lead.version = status, lead.version + 1
    _update(changed, unit, version=_plus_one(), status=status)
    return changed


def next_cycle(leads: Sequence[Lead], unit: Unit) -> None:
    """A recycled lead comes back: same lead, next cycle, its own clocks; the first touch and the owner are kept.

    The owner is asked anew: what was accepted in the cycle before is not accepted in this one.
    """
    for lead in leads:
        if lead.stage != Stage.RECYCLED:
            raise Refused("not-recycled", _("Only a recycled lead starts a new cycle."))
        lead.cycle += 1
        lead.accepted_at = None
        lead.assigned_at = unit.at if lead.owner_id else lead.assigned_at
    rows = Lead.objects.filter(pk__in=[lead.pk for lead in leads])
    rows.update(cycle=models.F("cycle") + 1, accepted_at=None)
    rows.filter(owner__isnull=False).update(assigned_at=unit.at)
    move(leads, Stage.ENGAGED, unit)


def _update(leads: Sequence[Lead], unit: Unit, **fields: object) -> None:
    """The same columns for many leads; what is not written yet goes in with them."""
    rows = unit.written(leads)
    if rows:
        Lead.objects.filter(pk__in=[lead.pk for lead in rows]).update(**fields)


def is_open(stage: str) -> bool:
    return stage in OPEN_STAGES


def _plus_one() -> models.expressions.CombinedExpression:
    return models.F("version") + 1
