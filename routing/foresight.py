"""What a reassignment would do, or did: who gains and loses, whose load passes its capacity, which clocks run on. Reads only."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from leadops import access
from leadops.access import Actor
from leadops.errors import NotFound
from leadops.models import Rep
from leadops.templatetags.house import said
from leadops.versions import services as versions
from routing import availability, panels, reassigning, taking_back
from routing.choose import RepState
from routing.fields import HELD
from routing.models import Clock, Departure, Pool, ReassignedLead, Reassignment

SHOWN = 200
ABSENCE = "absence:"  # the reason of a reassignment that an absence made; its kind follows
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Change:
    """One rep's side of it: leads gained and lost, units held before and after as far as is known."""

    rep: Rep
    gains: int
    loses: int
    load: int
    after: int
    capacity: int | None
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class ClockEffect:
    """What happens to the clocks: those of the lead run on, acceptance starts anew for whoever gets it."""

    run_on: int
    late: int
    within_hour: int
    accept_anew: int


def reassignments_seen_by(actor: Actor) -> Any:
    """One's own, and all of them for who runs the house; newest first."""
    access.require(actor, "assign")
    rows = Reassignment.objects.select_related("by").order_by("-id")
    return rows if access.can(actor, "assign", access.WHOLE_HOUSE) else rows.filter(by=actor.user_id)


def reassignment_for(actor: Actor, plan_id: uuid.UUID) -> Reassignment:
    found: Reassignment | None = reassignments_seen_by(actor).filter(pk=plan_id).first()
    if found is None:
        raise NotFound(_("There is no such reassignment."))
    return found


def page(made: Reassignment, actor: Actor, at: datetime) -> dict[str, Any]:
    """The plan while nothing moved; afterwards what became of it."""
    rows = list(made.rows.select_related("lead__person", "before__user", "foreseen__user", "got__user").order_by("pk"))
    done, departure = made.done_at is not None, reassigning.departure_of(made)
    waits = Counter(row.note for row in rows if row.note)
    return {
        "made": made,
        "where": destination_words(made.destination),
        "reason": _why(made, departure),
        "count": len(rows),
        "rows": [_shown(row) for row in rows[:SHOWN]],
        "more": max(len(rows) - SHOWN, 0),
        "changes": changes(rows, at) if not done else [],
        "effect": clock_effect(rows, at) if not done else None,
        "idle": made.started_at is None and not any(map(would_change, rows)),
        "nobody": [(reason_words(code), n) for code, n in waits.most_common()] if not done else [],
        "results": [(ReassignedLead.Result(code).label, n) for code, n in _results(rows) if code],
        "pending": sum(not row.result for row in rows),
        "departure": departure,
        "may_take_back": departure is None and taking_back.may_take_back(made, at),
    }


def would_change(row: ReassignedLead) -> bool:
    """Whether the lead would get another owner, or wait for another reason."""
    return row.foreseen_id != row.before_id or (row.foreseen_id is None and row.note != row.held)


def _why(made: Reassignment, departure: Departure | None) -> str:
    if departure is not None:
        return _("Departure")
    return _("Absence") if made.reason.startswith(ABSENCE) else made.reason


def _shown(row: ReassignedLead) -> dict[str, Any]:
    return {
        "lead": row.lead,
        "before": row.before.user.name if row.before else "",
        "held": HELD.get(row.held, row.held),
        "after": (row.got or row.foreseen).user.name if row.got or row.foreseen else "",  # type: ignore[union-attr]
        "note": reason_words(row.note) if row.note else "",
        "result": row.get_result_display() if row.result else "",
    }


def _results(rows: Sequence[ReassignedLead]) -> list[tuple[str, int]]:
    return Counter(row.result for row in rows).most_common()


def reason_words(code: str) -> str:
    return _("to be claimed from a pool") if code == "pool" else str(HELD.get(code, code)).lower()


def destination_words(code: str) -> str:
    """The destination in words, named in the reader's language."""
    kind, _sep, key = code.partition(":")
    if kind == "pool":
        pool = Pool.objects.filter(key=key).first()
        return _("the pool %(name)s") % {"name": said(pool.name) or key if pool else key}
    if kind == "rep":
        rep = Rep.objects.select_related("user").filter(pk=key).first()
        return rep.user.name if rep else "?"
    return _("by the rules")


def changes(rows: Sequence[ReassignedLead], at: datetime) -> list[Change]:
    """Each rep concerned, those who gain first."""
    gains = Counter(row.foreseen for row in rows if row.foreseen and row.foreseen_id != row.before_id)
    loses = Counter(row.before for row in rows if row.before and row.foreseen_id != row.before_id)
    reps = {rep.pk: rep for rep in [*gains, *loses]}
    if not reps:
        return []
    known = availability.calendars_of(versions.all_at("calendar", at))
    ground = availability.ground_for((), [str(key) for key in reps], at, known)
    found = []
    for rep in sorted(reps.values(), key=lambda rep: (-gains[rep], rep.user.name)):
        state = ground.state.reps[str(rep.pk)]
        after = state.load + gains[rep] - loses[rep]
        told = _warnings(state, gains[rep], after) if gains[rep] else []
        found.append(Change(rep, gains[rep], loses[rep], state.load, max(after, 0), state.capacity, told))
    return found


def _warnings(state: RepState, gains: int, after: int) -> list[str]:
    told = []
    if state.capacity is not None and after > state.capacity:
        told.append(_("over capacity: %(after)s of %(capacity)s") % {"after": after, "capacity": state.capacity})
    if state.absent:
        told.append(panels.reason_words("absent", {"until": state.back_at}))
    elif not state.open:
        told.append(panels.reason_words("off_hours", {"until": state.opens_at}))
    return told


def clock_effect(rows: Sequence[ReassignedLead], at: datetime) -> ClockEffect:
    moving = [row.lead_id for row in rows if row.foreseen_id != row.before_id or row.foreseen_id is None]
    clocks = Clock.objects.filter(lead__in=moving, state=Clock.State.RUNNING).exclude(kind=Clock.Kind.ACCEPTANCE)
    soon = Q(due_at__gt=at, due_at__lte=at + HOUR)
    found = clocks.aggregate(n=Count("pk"), late=Count("pk", filter=Q(due_at__lte=at)), soon=Count("pk", filter=soon))
    anew = sum(row.foreseen_id is not None and row.foreseen_id != row.before_id for row in rows)
    return ClockEffect(found["n"], found["late"], found["soon"], anew)
