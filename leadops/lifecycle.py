"""Stage, status and cycle of a lead: the only writer of these columns, and the table of allowed moves."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from leadops.errors import Refused
from leadops.journal import Kind
from leadops.models import OPEN_STAGES, Lead, Reason, Stage, Status
from leadops.unit import Unit

FORWARD = ("new", "engaged", "mql", "sal", "sql", "opportunity", "won")
ENDED = ("won", "lost", "disqualified", "recycled")
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
    if not Reason.objects.filter(use=use, key=key, active=True).exists():
        raise Refused("unknown-reason", _("Choose a reason from the list."), reason=key)


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
    if to in _REASON_USE:
        if not reason:
            raise Refused("reason-needed", _("A reason is needed."), stage=to)
        check_reason(_REASON_USE[to], reason)
    moved = [lead for lead in leads if lead.stage != to]
    for lead in moved:
        if to not in _ALLOWED[lead.stage]:
            raise Refused(
                "illegal-move",
                _("A lead in stage “%(from)s” cannot move to “%(to)s”.")
                % {"from": Stage(lead.stage).label, "to": Stage(to).label},
                **{"from": lead.stage, "to": to},  # type: ignore[arg-type]  # `from` is a keyword of Python
            )
    if not moved:
        return []
    closed_at = unit.at if to in ENDED else None
    for lead in moved:
        unit.record(
            Kind.STAGE_MOVED,
            lead,
            data={"from": lead.stage, "to": to, "reason": reason, "skipped": skipped(lead.stage, to)},
            version=version,
            text=text,
        )
        lead.stage, lead.stage_at, lead.stage_reason = to, unit.at, reason
        lead.closed_at, lead.recycle_at, lead.version = closed_at, recycle_at, lead.version + 1
    fields = {
        "stage": to,
        "stage_at": unit.at,
        "stage_reason": reason,
        "closed_at": closed_at,
        "recycle_at": recycle_at,
    }
    if to in ENDED:
        for lead in moved:
            lead.held, lead.held_at, lead.pool = "", None, ""
        fields |= {"held": "", "held_at": None, "pool": ""}
    _update(moved, unit, version=_plus_one(), **fields)
    return moved


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
