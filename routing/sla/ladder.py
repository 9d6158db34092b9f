"""Fires what a clock's ladder says when its moment comes: remind, breach, escalate, take away. Each rung once.

Driven by the ticker; may run twice, late, or beside its twin: a row per (clock, step) decides who fired it.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from leadops import bulk, calendars
from leadops.effects import plan
from leadops.effects.models import Effect, Notice
from leadops.journal import Kind
from leadops.models import Lead, Membership, Role
from leadops.stalled import is_apart
from leadops.unit import Unit
from leadops.versions import services as versions
from routing import services
from routing.models import Clock, ClockStep
from routing.sla import clocks, making
from routing.sla.policy import Policies

STALE = timedelta(hours=2)  # older alerts go into one digest per person instead of a burst


def next_due(at: datetime) -> datetime | None:
    """When the ticker has to look again."""
    return _running().filter(next_at__isnull=False).values_list("next_at", flat=True).first()


def due_leads(at: datetime, limit: int = 500) -> list[uuid.UUID]:
    """Leads with a rung due, earliest first."""
    rows = _running().filter(next_at__lte=at)
    return list(dict.fromkeys(rows.values_list("lead_id", flat=True)[:limit]))


def _running() -> QuerySet[Clock]:
    """Running clocks but those of leads set apart, the next moment first."""
    return Clock.objects.filter(~is_apart("clocks", "lead_id"), state=Clock.State.RUNNING).order_by("next_at")


@dataclass(slots=True)
class Firing:
    """What one round of the ladder collects before it writes."""

    steps: list[ClockStep] = field(default_factory=list)
    taken: list[tuple[Lead, str]] = field(default_factory=list)
    stale: dict[uuid.UUID, int] = field(default_factory=lambda: defaultdict(int))
    managers: dict[uuid.UUID | None, list[uuid.UUID]] = field(default_factory=dict)


def fire(lead_ids: Sequence[uuid.UUID], unit: Unit) -> None:
    """Fire what is due for these leads, and take away from their owners what the last rung says."""
    taken = climb(lead_ids, unit)
    if taken:
        services.take_away([lead for lead, _reason in taken], unit, reason="breach")


def climb(lead_ids: Sequence[uuid.UUID], unit: Unit) -> list[tuple[Lead, str]]:
    """Fire every rung due at the unit's moment; returns the leads to take away from their owner, with the reason.

    Leads are locked first, in id order, then their clocks: an answer and a breach at the same moment cannot both win.
    """
    leads = {lead.pk: lead for lead in unit.leads(lead_ids)}
    rows = list(
        Clock.objects.select_for_update(of=("self",))
        .select_related("policy", "calendar")
        .filter(lead__in=leads, state=Clock.State.RUNNING, next_at__lte=unit.at)
        .order_by("next_at", "id")
    )
    fired = _fired(rows)
    firing = Firing()
    for clock in rows:
        _climb_one(clock, leads[clock.lead_id], fired[clock.pk], firing, unit)
    columns = ["next_step", "next_at", "breached_at", "segments"]
    bulk.write([bulk.changed(rows, columns), bulk.Part(firing.steps)])
    _digests(firing, unit)
    return firing.taken


def _fired(rows: Sequence[Clock]) -> dict[uuid.UUID, set[str]]:
    fired: dict[uuid.UUID, set[str]] = defaultdict(set)
    for clock_id, step in ClockStep.objects.filter(clock__in=rows).values_list("clock_id", "step"):
        fired[clock_id].add(step)
    return fired


def _climb_one(clock: Clock, lead: Lead, fired: set[str], firing: Firing, unit: Unit) -> None:
    policies: Policies = versions.compiled(clock.policy)
    rule = policies.rule(clock.rule, clock.kind)
    calendar = versions.compiled(clock.calendar) if clock.calendar else calendars.ALWAYS
    while clock.next_at is not None and clock.next_at <= unit.at and rule is not None:
        outcome = _fire(clock, lead, firing, unit)
        firing.steps.append(
            ClockStep(
                clock=clock,
                step=clock.next_step,
                due_at=clock.next_at,
                fired_at=unit.at,
                owner_id=lead.owner_id,
                outcome=outcome,
            )
        )
        fired.add(clock.next_step)
        clock.next_step, clock.next_at = making.next_rung(clock, rule, calendar, fired)


def _fire(clock: Clock, lead: Lead, firing: Firing, unit: Unit) -> str:
    what = clock.next_step.rpartition("_")[0]
    if what == "breach":
        clock.breached_at = clock.due_at
        clocks.note_breach(clock, lead, unit)
        return _tell(clock, lead, [lead.owner_id] if lead.owner_id else [], firing, unit)
    if what == "remind":
        return _tell(clock, lead, [lead.owner_id] if lead.owner_id else [], firing, unit)
    if what == "escalate":
        people = _managers(lead, firing)
        unit.record(
            Kind.ESCALATED,
            lead,
            data={"clock": str(clock.pk), "kind": clock.kind, "step": clock.next_step, "to": [str(p) for p in people]},
        )
        return _tell(clock, lead, people, firing, unit)
    if what == "take_away" and lead.owner_id is not None:
        firing.taken.append((lead, "breach"))
        return "taken"
    return "nothing"


def _tell(clock: Clock, lead: Lead, people: Sequence[uuid.UUID], firing: Firing, unit: Unit) -> str:
    """A notice and a mail for each person; late ones are counted for a digest instead."""
    if not people:
        return "nobody"
    if unit.at - clock.next_at > STALE:  # type: ignore[operator]
        for person in people:
            firing.stale[person] += 1
        return "digest"
    kind = f"sla_{clock.next_step.rpartition('_')[0]}"
    data = {"clock": str(clock.pk), "kind": clock.kind, "due_at": clock.due_at.isoformat()}
    for person in people:
        plan.notice(unit, user_id=person, key=f"{clock.pk}:{clock.next_step}:{person}", kind=kind, lead=lead, data=data)
        plan.mail(
            unit,
            user_id=person,
            key=f"{clock.pk}:{clock.next_step}:{person}",
            purpose=kind,
            lead=lead,
            body=data,
            due_at=_opening(clock, unit),
        )
    return "told"


def _opening(clock: Clock, unit: Unit) -> datetime:
    """At once inside the clock's hours, else when they begin again: nobody is woken by a reminder."""
    calendar = versions.compiled(clock.calendar) if clock.calendar else calendars.ALWAYS
    return max(unit.at, calendars.next_opening(calendar, unit.at))


def _managers(lead: Lead, firing: Firing) -> list[uuid.UUID]:
    """Managers of the lead's team, else of the whole house."""
    if lead.team_id not in firing.managers:
        rows = Membership.objects.filter(role=Role.MANAGER, user__is_active=True)
        of_team = list(rows.filter(team=lead.team_id).values_list("user_id", flat=True)) if lead.team_id else []
        found = of_team or list(
            rows.filter(Q(team__isnull=True) | Q(team=lead.team_id)).values_list("user_id", flat=True)
        )
        firing.managers[lead.team_id] = sorted(set(found or rows.values_list("user_id", flat=True)))
    return firing.managers[lead.team_id]


def _digests(firing: Firing, unit: Unit) -> None:
    """One per person and minute, however many units a backlog takes: later ones add to the one that has not left."""
    minute = unit.at.replace(second=0, microsecond=0)
    keys = {person: f"sla-digest:{person}:{minute:%Y-%m-%dT%H:%M}" for person in sorted(firing.stale)}
    told = {row.key: row for row in Notice.objects.select_for_update().filter(key__in=keys.values()).order_by("key")}
    for person, key in keys.items():
        before = told.get(key)
        body = {"count": firing.stale[person] + (before.data["count"] if before else 0)}
        if before:
            Notice.objects.filter(pk=before.pk).update(data=body)
            left = not Effect.objects.filter(key=key, state=Effect.State.PLANNED).update(body=body)
            key, body = f"{key}:{unit.id}", {"count": firing.stale[person]}
        else:
            left = True
            plan.notice(unit, user_id=person, key=key, kind="sla_digest", lead=None, data=body)
        if left:
            due_at = minute + timedelta(minutes=1)
            plan.mail(unit, user_id=person, key=key, purpose="sla_digest", lead=None, body=body, due_at=due_at)
