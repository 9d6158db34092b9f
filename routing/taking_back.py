"""Undoes a reassignment within a day, for leads nobody worked on since; the others stay. It opens no transaction."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from leadops import access
from leadops.errors import Refused
from leadops.journal import JournalEntry, Kind
from leadops.models import Lead
from leadops.unit import Unit
from routing import assignments, selectors, services
from routing.assignments import Placing
from routing.models import Assignment, ReassignedLead, Reassignment
from routing.reassigning import CHUNK, Result, locked, refuse_of_departure

UNDO = timedelta(hours=24)
GIVEN = (Result.MOVED, Result.WAITS)
# what a person does on a lead that makes it theirs: such a lead is not taken back
WORK = (
    Kind.ACCEPTED, Kind.ATTEMPTED, Kind.CONVERSED, Kind.NOTED, Kind.STATUS_SET, Kind.SNOOZED, Kind.TASK_SET,
    Kind.STAGE_MOVED, Kind.EDITED, Kind.OPPORTUNITY_OPENED,
)  # fmt: skip


def may_take_back(made: Reassignment, at: datetime) -> bool:
    return made.done_at is not None and made.undone_at is None and at <= made.done_at + UNDO


def take_back(plan_id: uuid.UUID, unit: Unit) -> int:
    """Give the next chunk back to who had it, but for leads somebody worked on; how many rows were settled."""
    made = locked(plan_id)
    refuse_of_departure(made)
    access.require(unit.actor, "assign")
    return give_back(made, unit)


def give_back(made: Reassignment, unit: Unit) -> int:
    """The same of a plan at hand and locked, whatever it belongs to."""
    if not may_take_back(made, unit.at):
        raise Refused("too-late", _("A reassignment is taken back within 24 hours, once."), status=409)
    todo = list(made.rows.filter(result__in=GIVEN).order_by("lead")[:CHUNK])
    if not todo:
        made.undone_at = unit.at
        made.save(update_fields=["undone_at"])
        return 0
    rows = {row.lead_id: row for row in todo}
    leads = unit.leads(rows)
    worked = _worked_on(leads, made, unit)
    back = [lead for lead in leads if _untouched(lead, rows[lead.pk], worked)]
    unit.quiet.update(rows)
    _give_back(back, rows, unit)
    for row in todo:
        row.result = Result.UNDONE if any(lead.pk == row.lead_id for lead in back) else Result.WORKED_ON
    ReassignedLead.objects.bulk_update(todo, ["result"])
    return len(todo)


def _worked_on(leads: Sequence[Lead], made: Reassignment, unit: Unit) -> set[uuid.UUID]:
    """Leads on which a person did something since."""
    rows = JournalEntry.objects.filter(lead__in=leads, kind__in=WORK, at__gte=made.started_at, actor__isnull=False)
    return set(rows.values_list("lead_id", flat=True))


def _untouched(lead: Lead, row: ReassignedLead, worked: set[uuid.UUID]) -> bool:
    return lead.is_open and lead.owner_id == row.got_id and lead.accepted_at is None and lead.pk not in worked


def _give_back(leads: Sequence[Lead], rows: Mapping[uuid.UUID, ReassignedLead], unit: Unit) -> None:
    if not leads:
        return
    now = {lead.pk: lead.owner_id for lead in leads}
    owned = [lead for lead in leads if lead.owner_id is not None]
    assignments.give_back(assignments.end(owned, unit, "undone").values(), unit)
    wanted = {str(rows[lead.pk].before_id) for lead in leads if rows[lead.pk].before_id}
    reps = {rep.pk: rep for rep in services.locked_reps(wanted) if rep.active}
    placings = []
    for lead in leads:
        row = rows[lead.pk]
        rep = reps.get(row.before_id) if row.before_id else None
        if rep is not None:
            how = Assignment.How.BY_HAND
            placings.append(Placing(lead, rep.pk, rep.team_id, how, before=now[lead.pk]))
        elif now[lead.pk] is not None:
            assignments.hold(lead, row.held, unit, until=_until(row, unit), pool=row.pool)
            data = {"rep": str(now[lead.pk]), "reason": "undone", "reroute": bool(row.before_id)}
            unit.record(Kind.TAKEN_AWAY, lead, data=data)
    assignments.own(placings, unit)
    assignments.write_leads(leads, now, unit)


def _until(row: ReassignedLead, unit: Unit) -> datetime | None:
    return unit.at if row.held in selectors.DRAINABLE else None
