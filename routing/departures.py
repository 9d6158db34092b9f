"""A rep leaves, for good or for a while: first nothing more comes to them, then what they hold moves on. A door."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from leadops import batch
from leadops.access import Actor
from leadops.models import Rep
from leadops.unit import Unit, in_unit
from routing import absences, handover, selectors, services

AT_A_TIME = 200


@dataclass(frozen=True, slots=True)
class Span:
    """An absence asked for, and what becomes of the open leads: keep, urgent (due meanwhile), all."""

    kind: str
    start: datetime
    end: datetime | None = None
    move: str = absences.KEEP


def forecast(rep: Rep, span: Span, actor: Actor) -> absences.Forecast:
    """What would be due meanwhile and who could take it; nothing is set and nothing moves."""
    return in_unit(lambda unit: absences.forecast(rep, span.start, span.end, unit), actor=actor)


def go_away(rep: Rep, span: Span, actor: Actor) -> int:
    """Set the absence; then the leads chosen go to others by the rules; how many were settled."""

    def set_it(unit: Unit) -> uuid.UUID | None:
        services.set_absence(rep, span.start, span.end, span.kind, unit)
        plan = absences.hand_on(rep, span.move, span.start, span.end, f"absence:{span.kind}", unit)
        return plan.pk if plan else None

    plan_id = in_unit(set_it, actor=actor)
    return handover.carry_out(plan_id, actor) if plan_id else 0


def deactivate(rep_id: uuid.UUID, actor: Actor) -> int:
    """Deactivate a rep and move their open leads through routing; how many moved. Safe to repeat, the ticker ends it."""

    def stop(unit: Unit) -> None:
        rep = Rep.objects.select_related("user").get(pk=rep_id)
        services.deactivate_rep(rep, unit)

    in_unit(stop, actor=actor)
    moved = 0
    while some := selectors.leads_left_behind(AT_A_TIME):
        moved += batch.run("left behind", some, actor=actor)
    return moved
