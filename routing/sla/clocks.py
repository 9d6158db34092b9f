"""Starts, follows and ends clock rows: the phase `clocks`. Due moments are computed once, by the calendar arithmetic.

A first attempt and a follow-up are the lead's clocks: they run on through a change of owner. Acceptance is the owner's:
it starts anew.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leadops import bulk, decisions
from leadops.conditions.fields import LEAD
from leadops.failpoints import failpoint
from leadops.journal import Entry, Kind
from leadops.lifecycle import ENDED
from leadops.models import Lead
from leadops.unit import Unit
from leadops.versions import services as versions
from leadops.versions.models import Version
from routing import availability
from routing.models import Clock
from routing.sla import making, promises
from routing.sla.policy import ClockRule, Policies, Policy
from routing.sla.promises import Promise

STARTS = {Kind.ASSIGNED, Kind.CLAIMED, Kind.HELD}
ATTEMPTS = {Kind.ATTEMPTED, Kind.CONVERSED}
LEAVES = {Kind.HANDED_BACK, Kind.RELEASED, Kind.TAKEN_AWAY}
KINDS = frozenset({*STARTS, *ATTEMPTS, *LEAVES, Kind.ACCEPTED, Kind.STAGE_MOVED, Kind.CAME_BACK, Kind.TASK_SET})
OWNER_CLOCKS = {Clock.Kind.ACCEPTANCE}
LEAD_CLOCKS = (Clock.Kind.FIRST_ATTEMPT, Clock.Kind.FOLLOW_UP)
_RUNNING = "routing.sla.running"  # what runs for leads made in this unit, by lead
WAITING = {"error", "loop", "by_rule", "handed_back"}  # held for another reason than "nobody yet": no clock starts


@dataclass(slots=True)
class Desk:
    """What the handler knows of one batch: running clocks, policies, calendars."""

    running: dict[tuple[uuid.UUID, str], Clock]
    had: Counter[tuple[uuid.UUID, int, str]]
    version: Version | None
    policies: Policies | None
    rep_calendars: dict[uuid.UUID, str]
    team_calendars: dict[uuid.UUID, str]


@dataclass(frozen=True, slots=True)
class Cause:
    """What starts clocks on a lead: an entry of its life, and the promise a follow-up is counted from."""

    entry: Entry
    promise: Promise | None

    def start_of(self, rule: ClockRule, lead: Lead) -> datetime:
        if rule.kind == Clock.Kind.FOLLOW_UP and self.promise is not None:
            return self.promise.at
        return lead.assigned_at if rule.start == "assigned" and lead.assigned_at else making.received(lead)


def keep_time(entries: Sequence[Entry], unit: Unit) -> None:
    """Phase handler: end what was answered, drop what no longer counts, start what now runs."""
    leads = unit.leads_of(entries)
    desk = _desk(leads, unit)
    ended: list[Clock] = []
    moved: list[Clock] = []
    for entry in entries:
        ended += _end(entry, desk, unit)
        moved += _follow(entry, desk)
    promised = promises.promised(entries, unit.at, unit.actor)
    ended += _promised_anew(promised, desk, unit)
    fresh = _start(entries, promised, desk, unit)
    _save(ended, moved, fresh, unit)
    _remember(leads, desk, unit)


def _desk(leads: Sequence[Lead], unit: Unit) -> Desk:
    untouched = unit.memo.get(_RUNNING, {})  # a new lead has no clocks but those this unit started
    known = [lead for lead in leads if not unit.is_new(lead.id) or lead.id in untouched]
    if untouched and any(lead.id in untouched for lead in known):
        unit.flush()  # what an earlier round started is read back
    rows = Clock.objects.select_for_update().filter(lead__in=known).order_by("id") if known else []
    running: dict[tuple[uuid.UUID, str], Clock] = {}
    had: Counter[tuple[uuid.UUID, int, str]] = Counter()
    for clock in rows:
        had[clock.lead_id, clock.cycle, clock.kind] += 1
        if clock.state == Clock.State.RUNNING:
            running[clock.lead_id, clock.kind] = clock
    version = versions.in_force("sla", "house", unit)
    owners = {lead.owner_id for lead in leads if lead.owner_id}
    return Desk(
        running=running,
        had=had,
        version=version,
        policies=versions.compiled(version) if version else None,
        rep_calendars=availability.rep_calendars(owners, unit),
        team_calendars=availability.team_calendars(leads, unit),
    )


# -- ends ----------------------------------------------------------------------------------------------


def _end(entry: Entry, desk: Desk, unit: Unit) -> list[Clock]:
    if entry.lead_id is None:
        return []
    at = entry.at or unit.at
    if entry.kind in ATTEMPTS:
        return _met(desk, entry, LEAD_CLOCKS, at, unit)
    if entry.kind == Kind.ACCEPTED:
        return _met(desk, entry, (Clock.Kind.ACCEPTANCE,), at, unit)
    if entry.kind in LEAVES:
        return _cancelled(desk, entry, OWNER_CLOCKS, at, unit, why=entry.kind)
    if entry.kind == Kind.STAGE_MOVED and entry.data.get("to") in ENDED:
        return _cancelled(desk, entry, set(Clock.Kind.values), at, unit, why=entry.data["to"])
    return []


def _take(desk: Desk, lead_id: uuid.UUID, kinds: Iterable[str]) -> list[Clock]:
    taken = [desk.running.pop((lead_id, kind), None) for kind in kinds]
    return [clock for clock in taken if clock is not None]


def _met(desk: Desk, entry: Entry, kinds: Iterable[str], at: datetime, unit: Unit) -> list[Clock]:
    clocks = _take(desk, entry.lead_id, kinds)  # type: ignore[arg-type]
    for clock in clocks:
        end(clock, Clock.State.MET, at)
        took = (clock.ended_at - clock.started_at).total_seconds()  # type: ignore[operator]
        data = {"clock": str(clock.id), "kind": clock.kind, "seconds": took, "late": clock.breached_at is not None}
        unit.record(Kind.CLOCK_MET, entry.lead, data=data, cause=entry)
        if clock.breached_at and "breach" not in clock.segments[-1].get("noted", []):
            note_breach(clock, entry.lead, unit)
    return clocks


def _cancelled(desk: Desk, entry: Entry, kinds: Iterable[str], at: datetime, unit: Unit, why: str) -> list[Clock]:
    clocks = _take(desk, entry.lead_id, kinds)  # type: ignore[arg-type]
    for clock in clocks:
        end(clock, Clock.State.CANCELLED, at)
        unit.record(
            Kind.CLOCK_CANCELLED, entry.lead, data={"clock": str(clock.id), "kind": clock.kind, "why": why}, cause=entry
        )
    return clocks


def _promised_anew(promised: Mapping[uuid.UUID, Promise], desk: Desk, unit: Unit) -> list[Clock]:
    """A new date with the prospect takes the place of the one before; the trace keeps both."""
    found: list[Clock] = []
    for promise in promised.values():
        found += _cancelled(desk, promise.entry, (Clock.Kind.FOLLOW_UP,), unit.at, unit, why="promised_anew")
    return found


def end(clock: Clock, state: str, at: datetime) -> None:
    """Close a clock at an instant; whether it was late is decided by time stamps alone, not by who noticed first."""
    clock.state, clock.ended_at = state, max(at, clock.started_at)
    clock.next_step, clock.next_at = "", None
    clock.segments[-1]["until"] = clock.ended_at.isoformat()
    if clock.ended_at > clock.due_at:
        clock.breached_at = clock.due_at


def note_breach(clock: Clock, lead: Lead | None, unit: Unit) -> None:
    """Journal a breach once, at its true time: the due moment, whenever it was noticed."""
    clock.segments[-1].setdefault("noted", []).append("breach")
    unit.record(Kind.CLOCK_BREACHED, lead, data={"clock": str(clock.id), "kind": clock.kind}, at=clock.due_at)


# -- follows -------------------------------------------------------------------------------------------


def _follow(entry: Entry, desk: Desk) -> list[Clock]:
    """A lead's clocks stay when the owner changes; they know who has to answer now."""
    if entry.lead is None or entry.kind not in STARTS | LEAVES:
        return []
    mine = [desk.running.get((entry.lead.id, kind)) for kind in LEAD_CLOCKS]
    moved = [clock for clock in mine if clock is not None and clock.rep_id != entry.lead.owner_id]
    for clock in moved:
        clock.rep_id = entry.lead.owner_id
    return moved


# -- starts --------------------------------------------------------------------------------------------


def _start(entries: Sequence[Entry], promised: Mapping[uuid.UUID, Promise], desk: Desk, unit: Unit) -> list[Clock]:
    if desk.policies is None:
        return []
    wanted: dict[uuid.UUID, Entry] = {}
    for entry in entries:
        waits = entry.kind == Kind.HELD and entry.data.get("reason") in WAITING
        again = entry.kind == Kind.STAGE_MOVED and entry.data.get("from") == "recycled"  # a new cycle
        if (entry.kind in STARTS or again) and not waits and entry.lead is not None and entry.lead.is_open:
            wanted[entry.lead.id] = entry
    starts = set(wanted)
    for lead_id, promise in promised.items():
        wanted.setdefault(lead_id, promise.entry)
    if not wanted:
        return []
    leads = [lead for lead in unit.leads(wanted) if lead.is_open]
    facts = LEAD.facts_for(leads, unit.at, desk.policies.fields)
    fresh: list[Clock] = []
    for lead, known in zip(leads, facts.values(), strict=True):
        policy = desk.policies.match(known, unit.at)
        if policy is not None:
            rules = [rule for rule in policy.clocks if _starts_now(rule, lead, lead.id in starts, promised, desk)]
            fresh += _clocks_of(lead, policy, rules, Cause(wanted[lead.id], promised.get(lead.id)), desk, unit, known)
    return fresh


def _clocks_of(
    lead: Lead, policy: Policy, rules: Sequence[ClockRule], cause: Cause, desk: Desk, unit: Unit, facts: dict[str, Any]
) -> list[Clock]:
    if not rules:
        return []
    kinds = [rule.kind for rule in rules]
    said = decisions.alike(
        unit,
        (policy.key, *kinds, *facts.values()),
        lambda: (facts, {"policy": policy.key, "clocks": kinds}, {"rule": policy.key}),
    )
    decision = decisions.record(
        unit,
        kind=decisions.Decision.Kind.SLA,
        lead=lead,
        version=desk.version,
        facts=said.facts,
        outcome=said.outcome,
        why=said.why,
    )
    fresh = []
    for rule in rules:
        start = cause.start_of(rule, lead)
        key = making.calendar_key(rule, lead, desk.rep_calendars, desk.team_calendars)
        clock, due = making.clock(lead, rule, start, key, desk.version, policy.key, decision.id, unit)
        desk.running[lead.id, rule.kind] = clock
        desk.had[lead.id, lead.cycle, rule.kind] += 1
        unit.record(
            Kind.CLOCK_STARTED,
            lead,
            data={"clock": str(clock.id), "kind": rule.kind, "due_at": due, "rule": policy.key},
            decision=decision.id,
            cause=cause.entry,
        )
        fresh.append(clock)
    return fresh


def _starts_now(rule: ClockRule, lead: Lead, starts: bool, promised: Mapping[uuid.UUID, Promise], desk: Desk) -> bool:
    if rule.kind == Clock.Kind.FOLLOW_UP:
        return lead.id in promised and desk.had[lead.id, lead.cycle, rule.kind] < rule.most
    if not starts or (lead.id, rule.kind) in desk.running:
        return False
    if rule.kind in OWNER_CLOCKS:
        return lead.owner_id is not None and lead.accepted_at is None
    if rule.start == "assigned" and lead.owner_id is None:
        return False
    return (lead.id, lead.cycle, rule.kind) not in desk.had


def _save(ended: list[Clock], moved: list[Clock], fresh: list[Clock], unit: Unit) -> None:
    old = {clock.id: clock for clock in [*ended, *moved]}
    if old:
        columns = ["state", "ended_at", "breached_at", "next_step", "next_at", "segments", "rep"]
        bulk.write([bulk.changed(list(old.values()), columns)])
    bulk.insert(unit.add_with_leads(fresh))
    failpoint("sla.after_insert")


def _remember(leads: Sequence[Lead], desk: Desk, unit: Unit) -> None:
    """What now runs for the leads of this unit that are new: nobody else can know, so nobody needs to ask."""
    held = unit.memo.setdefault(_RUNNING, {})
    held.update((lead.id, []) for lead in leads if unit.is_new(lead.id))
    for (lead_id, kind), clock in desk.running.items():
        known = held.get(lead_id)
        if known is not None:
            known.append((lead_id, clock.due_at, kind))


def due_moments(leads: Sequence[Lead], unit: Unit) -> list[tuple[uuid.UUID, datetime, str]]:
    """For the work table: every running clock is something due."""
    held = unit.memo.get(_RUNNING, {})
    found = [moment for lead in leads for moment in held.get(lead.id, ())]
    others = [lead for lead in leads if not unit.is_new(lead.id)]
    if others:
        rows = Clock.objects.filter(lead__in=others, state=Clock.State.RUNNING)
        found += rows.values_list("lead_id", "due_at", "kind")
    return found
