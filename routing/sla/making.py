"""Makes one clock row: the calendar that counts, the due moment, the first rung of the ladder. Decides no start and no end."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from leadops import bulk, calendars
from leadops.models import Lead
from leadops.unit import Unit
from leadops.versions import calendars as calendar_versions
from leadops.versions.models import Version
from routing.models import Clock
from routing.sla.policy import ClockRule

# calendar version, due, first rung and its moment; start and due as text
Times = tuple[uuid.UUID | None, datetime, str, datetime | None, str, str]
_TIMES = "routing.sla.times"


def clock(
    lead: Lead,
    rule: ClockRule,
    start: datetime,
    key: str,
    policy: Version | None,
    policy_key: str,
    decision: uuid.UUID,
    unit: Unit,
) -> tuple[Clock, str]:
    """A running clock from `start`, counted in the calendar `key` names as it stands now; and when it is due, as text."""
    known = unit.memo.setdefault(_TIMES, {})
    at = (id(rule), key, start)  # what a batch starts together shares its calendar and its moments
    if at not in known:
        known[at] = _times(rule, start, key, unit)
    version_id, due_at, step, step_at, begins, due = known[at]
    made = bulk.make(
        Clock,
        lead_id=lead.id,
        cycle=lead.cycle,
        kind=rule.kind,
        policy_id=policy.id if policy else None,
        rule=policy_key,
        decision=decision,
        calendar_id=version_id,
        rep_id=lead.owner_id,
        target_seconds=rule.target,
        started_at=start,
        due_at=due_at,
        next_step=step,
        next_at=step_at,
        segments=[{"from": begins}],
    )
    return made, due


def _times(rule: ClockRule, start: datetime, key: str, unit: Unit) -> Times:
    version, calendar = calendar_versions.calendar_in_force(key, unit)
    step, step_at = _rung_after(start, rule.target, rule, calendar, ())
    due_at = calendars.add(calendar, start, rule.target)
    return version.pk if version else None, due_at, step, step_at, start.isoformat(), due_at.isoformat()


def received(lead: Lead) -> datetime:
    """The prospect's act of this cycle: in the first one the reception, later the return that opened it."""
    return lead.received_at if lead.cycle == 1 else lead.stage_at


def calendar_key(
    rule: ClockRule, lead: Lead, rep_calendars: Mapping[uuid.UUID, str], team_calendars: Mapping[uuid.UUID, str]
) -> str:
    team_id, owner_id = lead.team_id, lead.owner_id
    team: Any = team_calendars.get(team_id, "house") if team_id else "house"
    if rule.calendar == "rep":
        return rep_calendars.get(owner_id, team) if owner_id else team
    return team if rule.calendar == "team" else rule.calendar


def next_rung(
    clock: Clock, rule: ClockRule, calendar: calendars.Calendar, fired: Iterable[str]
) -> tuple[str, datetime | None]:
    """The next step of the ladder that is switched on and not fired, and its moment."""
    return _rung_after(clock.started_at, clock.target_seconds, rule, calendar, fired)


def _rung_after(
    start: datetime, target: int, rule: ClockRule, calendar: calendars.Calendar, fired: Iterable[str]
) -> tuple[str, datetime | None]:
    done = set(fired)
    for rung in rule.ladder:
        if rung.on and rung.key not in done:
            return rung.key, calendars.add(calendar, start, target * rung.percent / 100)
    return "", None
