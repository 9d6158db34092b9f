"""A rep leaves, for good or for a while: first nothing more comes to them, then what they hold moves on. A door."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from leadops import batch
from leadops.access import Actor
from leadops.models import Rep
from leadops.unit import Unit, in_unit
from routing import absences, handover, leaving, selectors, services
from routing.leaving import Wish
from routing.models import Departure, ReassignedLead

AT_A_TIME = 200
Result = ReassignedLead.Result


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


def preview(rep: Rep, wish: Wish, actor: Actor) -> Sequence[ReassignedLead]:
    """Who would get which of the rep's leads; nothing is switched off."""
    return in_unit(lambda unit: leaving.foresee(rep, wish, unit), actor=actor)


def leave(rep_id: uuid.UUID, wish: Wish, actor: Actor) -> Departure:
    """Switch a rep off, their leads and accounts going where it is wished; `take_back` undoes it within a day."""

    def stop(unit: Unit) -> Departure:
        return leaving.leave(Rep.objects.select_related("user").get(pk=rep_id), wish, unit)

    made = in_unit(stop, actor=actor)
    while some := selectors.leads_left_behind(AT_A_TIME, rep_id):
        batch.run("left behind", some, actor=actor)
    finish(actor, rep_id)
    return made


def finish(actor: Actor, rep_id: uuid.UUID | None = None) -> None:
    """Close departures that have no lead on its way any more, and tell the reps concerned; the ticker ends what broke off."""
    rows = selectors.departures_to_finish()
    for made in rows if rep_id is None else rows.filter(rep=rep_id):
        in_unit(partial(leaving.finish, made), actor=actor)


def moved(made: Departure) -> int:
    """Leads that left the rep with the departure."""
    return made.plan.rows.filter(result__in=[Result.MOVED, Result.WAITS]).count() if made.plan else 0


def take_back(rep: Rep, actor: Actor) -> Departure:
    """Within a day, all or nothing: the rep, their pools, their accounts, and the leads nobody worked on since."""

    def back(unit: Unit) -> Departure:
        made = leaving.departure_to_undo(rep, unit.at)
        leaving.come_back(made, unit)
        return made

    return in_unit(back, actor=actor)
