"""What routing tells reps: a line in the bell at once, and a mail when their hours begin. It decides nothing else."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from leadops import bulk, calendars
from leadops.effects import plan
from leadops.effects.models import Effect, Notice
from leadops.models import Lead
from leadops.unit import Unit
from leadops.versions.calendars import HOUSE
from routing import availability

_OPENINGS = "routing.openings"  # rep -> when a mail may reach them, in this unit


def assigned(told: Iterable[tuple[uuid.UUID, Lead, uuid.UUID, Mapping[str, Any]]], unit: Unit) -> None:
    """Rep, lead, assignment, codes: whoever got a lead hears of it, unless they took it themselves."""
    wanted = [row for row in told if row[0] != unit.actor.user_id and row[1].id not in unit.quiet]
    due = openings({rep for rep, *_rest in wanted}, unit)
    for rep, lead, assignment, data in wanted:  # the keys are those of rows made just now: nobody told them before
        row = {"user_id": rep, "key": f"lead_assigned:{assignment}", "lead_id": lead.id}
        unit.note(Notice, bulk.values(Notice, kind="lead_assigned", data=data, at=unit.at, **row))
        mail = {"channel": "mail", "purpose": "lead_assigned", "body": data}
        unit.note(Effect, bulk.values(Effect, due_at=due[rep], created_at=unit.at, **mail, **row))
    if wanted:
        unit.wake("due")


def taken_away(leads: Mapping[uuid.UUID, Lead], before: Mapping[uuid.UUID, uuid.UUID], reason: str, unit: Unit) -> None:
    """Lead ids with their lead, and with who had it: they hear that it is theirs no more, unless they did it."""
    wanted = {k: rep for k, rep in before.items() if rep != unit.actor.user_id and k not in unit.quiet}
    due = openings(wanted.values(), unit)
    for lead_id, rep in wanted.items():
        key, data = f"lead_taken_away:{lead_id}:{unit.id}", {"reason": reason}
        lead = leads[lead_id]
        plan.notice(unit, user_id=rep, key=key, kind="lead_taken_away", lead=lead, data=data)
        plan.mail(unit, user_id=rep, key=key, purpose="lead_taken_away", lead=lead, body=data, due_at=due[rep])


def openings(reps: Iterable[uuid.UUID], unit: Unit) -> dict[uuid.UUID, datetime]:
    """Now inside a rep's hours, else when they begin again: nobody is woken by a mail."""
    known: dict[uuid.UUID, datetime] = unit.memo.setdefault(_OPENINGS, {})
    missing = {rep for rep in reps if rep not in known}
    if missing:
        keys = availability.rep_calendars(missing, unit)
        hours = availability.calendars_in_force(unit)
        opening: dict[str, datetime] = {}
        for rep in missing:
            key = keys.get(rep) or HOUSE
            if key not in opening:
                opening[key] = _opening(availability.calendar_for(key, hours), unit.at)
            known[rep] = opening[key]
    return known


def _opening(calendar: calendars.Calendar, at: datetime) -> datetime:
    try:
        return max(at, calendars.next_opening(calendar, at))
    except calendars.NeverOpens:
        return at
