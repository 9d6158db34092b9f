"""The handoff between marketing and sales: offered, accepted, handed back with a reason, withdrawn; nothing else moves it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext_lazy as _

from leadops import access, bulk, lifecycle
from leadops.errors import Refused
from leadops.journal import Entry, Kind
from leadops.models import Lead, Reason, Stage
from leadops.unit import Unit
from leadops.versions.models import Version
from qualification.models import Handoff

State = Handoff.State


def offer(decided: Sequence[tuple[Lead, uuid.UUID]], definition: Version, unit: Unit) -> list[Handoff]:
    """One open handoff per lead, to its owner when it has one; written in one statement."""
    rows = [
        bulk.make(
            Handoff,
            lead=lead,
            cycle=lead.cycle,
            definition=definition,
            decision=decision,
            rep_id=lead.owner_id,
            offered_at=unit.at,
        )
        for lead, decision in decided
    ]
    for row in rows:
        unit.record(
            Kind.HANDED_OFF,
            row.lead,
            data={"handoff": str(row.id), "score": row.lead.score},
            version=definition.pk,
            decision=row.decision,
        )
    unit.add(unit.add_with_leads(rows))
    return rows


def refused_recently(leads: Sequence[Lead], since: datetime) -> set[uuid.UUID]:
    """Leads sales handed back after `since`: they are not offered again before."""
    rows = Handoff.objects.filter(lead__in=leads, state=State.HANDED_BACK, answered_at__gt=since)
    return set(rows.values_list("lead_id", flat=True))


def accept(lead: Lead, unit: Unit) -> Handoff | None:
    """Sales takes the offered lead: stage SAL. None when nothing is offered; the owner's acceptance is then routing's."""
    return accept_many([lead], unit).get(lead.id)


def accept_many(leads: Sequence[Lead], unit: Unit) -> dict[uuid.UUID, Handoff]:
    """`accept` for many leads: lead -> the handoff it accepted, for those to which something was offered."""
    for lead in leads:
        access.require(unit.actor_on(lead), "accept", lead)
    rows = Handoff.objects.select_for_update().filter(lead__in=[lead.id for lead in leads], state=State.OFFERED)
    offered = {row.lead_id: row for row in rows.order_by("id")}
    taken = [lead for lead in leads if lead.id in offered]
    for lead in taken:
        _answer(offered[lead.id], lead, State.ACCEPTED, unit, rep=lead.owner_id)
    _write(offered.values())
    lifecycle.move(taken, Stage.SAL, unit)
    for lead in taken:
        _recorded(Kind.ACCEPTED, lead, unit).data["handoff"] = str(offered[lead.id].pk)
    return offered


def hand_back(lead: Lead, unit: Unit, reason: str, text: str = "") -> Handoff | None:
    """Sales returns an offered or accepted lead to marketing, with a reason: stage engaged. None without a handoff."""
    access.require(unit.actor_on(lead), "hand_back", lead)
    lifecycle.check_reason(Reason.Use.HAND_BACK, reason)
    current = Handoff.objects.select_for_update().filter(lead=lead, cycle=lead.cycle)
    row = current.filter(state__in=[State.OFFERED, State.ACCEPTED]).order_by("-offered_at", "-id").first()
    if row is None:
        return None
    if lead.stage not in (Stage.MQL, Stage.SAL):
        raise Refused("not-handed-off", _("Only a lead that was handed off and not yet qualified can be handed back."))
    _answer(row, lead, State.HANDED_BACK, unit, rep=lead.owner_id or row.rep_id, reason=reason)
    _write([row])
    entry = _recorded(Kind.HANDED_BACK, lead, unit)
    entry.text = entry.text or text
    entry.data.update(handoff=str(row.pk), reason=reason, rep=str(row.rep_id) if row.rep_id else None)
    lifecycle.move([lead], Stage.ENGAGED, unit, reason=reason)
    return row


def withdraw(leads: Sequence[Lead], unit: Unit) -> int:
    """Close what is still offered on leads that end or start anew."""
    found = Handoff.objects.select_for_update().filter(lead__in=[lead.id for lead in leads], state=State.OFFERED)
    rows = {row.lead_id: row for row in found.order_by("id")}
    for lead in leads:
        if lead.id in rows:
            row = rows[lead.id]
            _answer(row, lead, State.WITHDRAWN, unit, rep=row.rep_id, reason=row.reason)
    _write(rows.values())
    return len(rows)


def mark_overdue(entries: Sequence[Entry], unit: Unit) -> int:
    """Sales did not answer in time: the offer stays open and says so from the moment it was due."""
    due = {entry.lead_id: entry.at or unit.at for entry in entries if entry.lead_id}
    if not due:
        return 0
    late = Handoff.objects.select_for_update().filter(lead__in=due, state=State.OFFERED, overdue_at__isnull=True)
    rows = list(late.order_by("id"))
    for row in rows:
        row.overdue_at = due[row.lead_id]
    bulk.write([bulk.changed(rows, ["overdue_at"])])
    return len(rows)


def follow_owner(entries: Sequence[Entry], unit: Unit) -> None:
    """The open handoff goes to whom the lead now belongs; handler of ASSIGNED, CLAIMED, TAKEN_AWAY and RELEASED."""
    leads = [lead for lead in unit.leads_of(entries) if lead.stage == Stage.MQL]
    if not leads:
        return
    offered = {row.lead_id: row for row in unit.pending(Handoff)}
    for lead in leads:
        if lead.id in offered:
            offered[lead.id].rep_id = lead.owner_id
    before = [lead for lead in leads if lead.id not in offered]
    if before:
        owner = Lead.objects.filter(pk=OuterRef("lead")).values("owner")
        Handoff.objects.filter(lead__in=before, state=State.OFFERED).update(rep=Subquery(owner))


def _answer(row: Handoff, lead: Lead, state: str, unit: Unit, *, rep: uuid.UUID | None, reason: str = "") -> None:
    row.state, row.reason, row.rep_id = state, reason, rep
    row.answered_at, row.answered_by_id = unit.at_on(lead), unit.actor_on(lead).user_id


def _write(rows: Iterable[Handoff]) -> None:
    bulk.write([bulk.changed(list(rows), ["state", "reason", "rep", "answered_at", "answered_by"])])


def _recorded(kind: str, lead: Lead, unit: Unit) -> Entry:
    """The unit's entry of this kind for the lead: one act of a person is one entry, whoever notes it first."""
    for entry in unit.entries:
        if entry.kind == kind and entry.lead_id == lead.id and entry.id is None:
            return entry
    return unit.record(kind, lead)
