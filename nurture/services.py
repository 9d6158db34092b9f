"""The verbs of nurture: enrol, leave, pause, resume, advance; batch first, each in the caller's unit. It sends nothing."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leadops import access, bulk
from leadops.conditions.fields import LEAD
from leadops.errors import Conflict, NotFound, Refused
from leadops.journal import Entry, Kind
from leadops.models import Lead, Person, Stage
from leadops.unit import Unit
from leadops.versions import services as versions
from leadops.versions.models import Version
from nurture import eligibility, waiting
from nurture.models import LIVE, Away, Enrolment
from nurture.sequence import ENDED_BY, OF_PERSON, ended_by
from nurture.sequence import Sequence as Flow

ENTERS = frozenset({Kind.CAPTURED, Kind.CAME_BACK, Kind.EDITED, Kind.SCORED, Kind.STAGE_MOVED, Kind.STATUS_SET})
KINDS = ENTERS | ENDED_BY | {Kind.AWAY}
State = Enrolment.State


@dataclass(slots=True)
class Enrolled:
    """Who entered, and who did not with the reason."""

    rows: list[Enrolment] = field(default_factory=list)
    excluded: dict[uuid.UUID, str] = field(default_factory=dict)


def enrol_phase(entries: Sequence[Entry], unit: Unit) -> None:
    """Phase: whom an entry concerns leaves what it ends, waits, and enters what its condition now asks for."""
    leave_by(entries, unit)
    wait_by([entry for entry in entries if entry.kind == Kind.AWAY], unit)
    enter_by_condition(unit.leads(e.lead_id for e in entries if e.lead_id and e.kind in ENTERS), unit)


# -- entering ------------------------------------------------------------------------------------------


def enter_by_condition(leads: Sequence[Lead], unit: Unit) -> list[Enrolment]:
    """Leads that meet the condition of a sequence in force enter it, once per cycle; the first one wins."""
    leads = [lead for lead in leads if lead.is_open or lead.stage == Stage.RECYCLED]
    made: list[Enrolment] = []
    for version in versions.all_in_force("sequence", unit) if leads else ():
        flow: Flow = versions.compiled(version)
        if flow.by_condition:
            made += _enter(_fresh(_meeting(leads, flow, unit), version.key, unit), flow, version, unit)
    return made


def enter(lead_ids: Sequence[uuid.UUID], unit: Unit) -> int:
    """Look at these leads' conditions; run by the ticker for those to whom nothing happened."""
    return len(enter_by_condition(unit.leads(lead_ids), unit))


def _meeting(leads: Sequence[Lead], flow: Flow, unit: Unit) -> list[Lead]:
    if flow.entry is None:
        return []
    facts = LEAD.facts_for(leads, unit.at, flow.entry.used_fields)
    return [lead for lead in leads if flow.entry(facts[lead.pk], unit.at) is True]


def _fresh(leads: Sequence[Lead], key: str, unit: Unit) -> list[Lead]:
    """Those who were not in this sequence, nor kept out of it, in their present cycle."""
    if not leads:
        return []
    rows = Enrolment.objects.filter(lead__in=leads, sequence=key).values_list("lead_id", "cycle")
    known = set(rows) | {(row.lead_id, row.cycle) for row in unit.pending(Enrolment) if row.sequence == key}
    return [lead for lead in leads if (lead.pk, lead.cycle) not in known]


def _enter(leads: Sequence[Lead], flow: Flow, version: Version, unit: Unit) -> list[Enrolment]:
    kept_out = eligibility.excluded(leads, flow, unit.pending(Enrolment))
    rows = [_row(lead, version, unit, Enrolment.How.CONDITION) for lead in leads if lead.pk not in kept_out]
    _begin(rows, unit)
    unit.add(
        _row(lead, version, unit, Enrolment.How.CONDITION, kept_out[lead.pk])
        for lead in leads
        if kept_out.get(lead.pk, "busy") not in eligibility.PASSING
    )
    return rows


def _row(lead: Lead, version: Version, unit: Unit, how: str, reason: str = "") -> Enrolment:
    row: Enrolment = bulk.make(
        Enrolment,
        lead=lead,
        person_id=lead.canonical_id,
        sequence=version.key,
        version=version,
        cycle=lead.cycle,
        how=how,
        by_id=unit.actor_on(lead).user_id,
        state=State.EXCLUDED if reason else State.ACTIVE,
        reason=reason,
        next_at=None if reason else unit.at,
        entered_at=unit.at,
        ended_at=unit.at if reason else None,
    )
    return row


def _begin(rows: Sequence[Enrolment], unit: Unit) -> None:
    for row in rows:
        data = {"sequence": row.sequence, "enrolment": str(row.pk), "how": row.how}
        unit.record(Kind.ENROLLED, row.lead, data=data, version=row.version_id)
    unit.add(rows)
    if rows:
        unit.wake("due")


def enrol(leads: Sequence[Lead], key: str, unit: Unit) -> Enrolled:
    """By hand: these leads enter the sequence in force; who may not is named with the reason."""
    for lead in leads:
        access.require(unit.actor_on(lead), "enrol", lead)
    version = versions.in_force("sequence", key, unit)
    if version is None:
        raise NotFound(_("There is no published sequence of this name."), code="no-such-sequence")
    mine = unit.leads([lead.pk for lead in leads])
    flow: Flow = versions.compiled(version)
    kept_out = eligibility.excluded(mine, flow, unit.pending(Enrolment))
    rows = [_row(lead, version, unit, Enrolment.How.HAND) for lead in mine if lead.pk not in kept_out]
    _begin(rows, unit)
    return Enrolled(rows, kept_out)


def enrol_one(lead: Lead, key: str, unit: Unit) -> Enrolment:
    """One lead, or the reason why not."""
    done = enrol([lead], key, unit)
    if done.excluded:
        reason = done.excluded[lead.pk]
        raise Refused("not-enrolled", _("Not enrolled: %(why)s.") % {"why": eligibility.words(reason)}, reason=reason)
    return done.rows[0]


# -- leaving -------------------------------------------------------------------------------------------


def leave_by(entries: Sequence[Entry], unit: Unit) -> list[Enrolment]:
    """End what these entries end: a reply, a stage, a rep's touch, a bounce, a no."""
    ending = [entry for entry in entries if entry.kind in ENDED_BY]
    if not ending:
        return []
    rows = _concerned(ending, unit)
    left = []
    for row, its in rows.items():
        flow: Flow = versions.compiled(row.version)
        reasons = (ended_by(flow, entry.kind, entry.data, by_person=entry.by_person(unit.actor)) for entry in its)
        reason = next((reason for reason in reasons if reason), "")
        if reason:
            left.append(row)
            end(row, State.EXITED, reason, unit)
    write(left, unit)
    return left


def wait_by(entries: Sequence[Entry], unit: Unit) -> None:
    """Who is away is not written to nor called before they are back: noted by person, and by what runs for them."""
    back = {entry.person_id: date.fromisoformat(entry.data["until"]) for entry in entries if entry.person_id}
    if not back:
        return
    rows = [Away(person_id=person, back=day, at=unit.at) for person, day in back.items()]
    Away.objects.bulk_create(rows, update_conflicts=True, unique_fields=["person"], update_fields=["back", "at"])
    canonical = set(Person.objects.filter(pk__in=back).values_list("canonical_id", flat=True))
    running = Enrolment.objects.select_for_update(of=("self",)).select_related("lead__person")
    concerned = list(running.filter(person__in=canonical, state=State.ACTIVE).order_by("id"))
    away = waiting.away_until([row.lead for row in concerned], unit.at)
    later = []
    for row in concerned:
        there = away.get(row.lead_id)
        if there is not None and (row.next_at is None or there > row.next_at):
            row.next_at, row.reason = there, waiting.AWAY
            later.append(row)
    write(later, unit)


def _concerned(entries: Sequence[Entry], unit: Unit) -> dict[Enrolment, list[Entry]]:
    """Live enrolments of the leads of these entries, and of the persons where the entry is about the person."""
    by_lead: dict[uuid.UUID, list[Entry]] = {}
    by_person: dict[uuid.UUID, list[Entry]] = {}
    for entry in entries:
        if entry.lead_id:
            by_lead.setdefault(entry.lead_id, []).append(entry)
        person = entry.person_id or (entry.lead.person_id if entry.lead else None)
        if person and entry.kind in OF_PERSON:
            by_person.setdefault(person, []).append(entry)
    canonical: dict[uuid.UUID, list[Entry]] = {}
    if by_person:
        for pk, winner in Person.objects.filter(pk__in=by_person).values_list("pk", "canonical_id"):
            canonical.setdefault(winner, []).extend(by_person[pk])
    rows = [row for row in unit.pending(Enrolment) if row.state in LIVE]
    older = [lead for lead in by_lead if not unit.is_new(lead)]  # of a new one nothing is stored
    if older or canonical:
        stored = Enrolment.objects.select_for_update(of=("self",)).select_related("version")
        concerned = Q(lead__any=older) | Q(person__any=canonical)
        rows += stored.filter(concerned, state__in=LIVE).order_by("id")
    found = {}
    for row in rows:
        its = by_lead.get(row.lead_id, []) + canonical.get(row.person_id, [])
        if its:
            found[row] = its
    return found


def end(row: Enrolment, state: str, reason: str, unit: Unit) -> None:
    row.state, row.reason, row.next_at, row.ended_at = state, reason, None, unit.at
    (lead,) = unit.leads([row.lead_id])
    data = {"sequence": row.sequence, "enrolment": str(row.pk), "reason": reason, "step": row.step}
    unit.record(Kind.EXITED, lead, data=data, version=row.version_id)


def write(rows: Iterable[Enrolment], unit: Unit) -> None:
    """What is still kept by the unit is written with it; the others in one statement."""
    waiting = {row.pk for row in unit.pending(Enrolment)}
    stored = [row for row in rows if row.pk not in waiting]
    if stored:
        Enrolment.objects.bulk_update(stored, ["state", "reason", "next_at", "ended_at", "step"])


# -- a person's verbs on one enrolment -----------------------------------------------------------------


def _mine(enrolment_id: uuid.UUID, unit: Unit, states: Sequence[str]) -> Enrolment:
    """Locked, its lead before it, as everywhere."""
    lead_id = Enrolment.objects.filter(pk=enrolment_id).values_list("lead_id", flat=True).first()
    leads = unit.leads([lead_id]) if lead_id else []
    row = Enrolment.objects.select_for_update(of=("self",)).select_related("version").filter(pk=enrolment_id).first()
    if row is None or not leads:
        raise NotFound(_("There is no such enrolment."))
    access.require(unit.actor, "enrol", leads[0])
    if row.state not in states:
        raise Conflict("enrolment-ended", _("This enrolment is not in a state for that any more."), state=row.state)
    return row


def leave(enrolment_id: uuid.UUID, unit: Unit) -> Enrolment:
    """Take a lead out of its sequence; what was planned and not sent stays here."""
    row = _mine(enrolment_id, unit, LIVE)
    end(row, State.EXITED, "by_hand", unit)
    write([row], unit)
    return row


def pause(enrolment_id: uuid.UUID, unit: Unit) -> Enrolment:
    row = _mine(enrolment_id, unit, (State.ACTIVE,))
    row.state, row.next_at = State.PAUSED, None
    write([row], unit)
    return row


def resume(enrolment_id: uuid.UUID, unit: Unit) -> Enrolment:
    """Go on after a pause, or try a blocked step again."""
    row = _mine(enrolment_id, unit, (State.PAUSED, State.BLOCKED))
    row.state, row.reason, row.next_at = State.ACTIVE, "", unit.at
    write([row], unit)
    unit.wake("due")
    return row
