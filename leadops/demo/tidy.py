"""What reps do without a script: answer what a colleague or a file left them, and in the newest days clear their list."""

from __future__ import annotations

import logging
import random
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from django.db.models import Q

from leadops import journal, lifecycle
from leadops.access import system
from leadops.demo import acting
from leadops.demo.stage import Stage
from leadops.demo.story import in_hours
from leadops.desk import services as desk
from leadops.desk.services import Attempt
from leadops.errors import Refused
from leadops.models import Lead
from leadops.models import Stage as At
from leadops.unit import Unit, in_unit
from leadops.work import Work
from nurture.models import Enrolment

log = logging.getLogger("leadops.demo")
PLAY = system("demo")
PARIS = ZoneInfo("Europe/Paris")
LEFT = 0.03  # of what is late, one look later some is late still
REACHED = 0.6
AHEAD = timedelta(hours=3)  # a follow-up owed before the next look is made now
ENOUGH = timedelta(hours=2)  # a colleague's lead is not taken up the minute it comes
WITH_US = Q(wakes_at__isnull=True, waiting_on=Work.Waiting.US)


def clear(stage: Stage, at: datetime, whole: bool) -> None:
    """Every rep at their desk; `whole`: all that is late and all that has no next step, not only what no script answers."""
    due = Q(due_at__lte=at) | Q(due_at__isnull=True) | Q(reason="follow_up", due_at__lte=at + AHEAD)
    rows = Work.objects.filter(WITH_US, due, owner__isnull=False)
    scripted = set() if whole else set(stage.leads.values())
    mine: dict[uuid.UUID, list[Work]] = {}
    for row in rows.select_related("lead").order_by("owner", "lead"):
        handed_on = row.reason == "acceptance" and row.lead.stage != At.MQL and row.since <= at - ENOUGH
        if whole or handed_on or (row.due_at is not None and row.lead_id not in scripted):
            mine.setdefault(row.owner_id, []).append(row)  # type: ignore[arg-type]  # owned
    for owner, theirs in mine.items():
        if stage.away(owner, at) or not stage.at_desk(owner, at):
            continue
        try:
            in_unit(partial(_clear, stage, owner, theirs, whole), actor=PLAY)
        except Refused as refused:  # a visitor was quicker: the next look finds what is left
            log.warning("not cleared in the told past: %s", refused)


def _clear(stage: Stage, owner: uuid.UUID, rows: Iterable[Work], whole: bool, unit: Unit) -> None:
    leads = {lead.pk: lead for lead in unit.leads(row.lead_id for row in rows)}
    held = [(row, leads[row.lead_id]) for row in rows if row.lead_id in leads]
    held = [(row, lead) for row, lead in held if lead.is_open and lead.owner_id == owner]
    dice = random.Random(f"{stage.demo.seed}:{owner}:{unit.at}")  # noqa: S311  a story, not a secret
    late = [(row, lead) for row, lead in held if row.due_at is not None and dice.random() > LEFT]
    actor = stage.actor(owner)
    with unit.acting_each({lead.pk: journal.Act(actor, None) for _row, lead in held}):
        acting.take_on([lead for _row, lead in late], unit)
        written = _written_to(lead for row, lead in late if row.reason == "follow_up")
        called = [lead for row, lead in late if row.reason != "acceptance" and lead.pk not in written]
        missed = {lead.pk for lead in called if dice.random() > REACHED}
        tries = {lead: acting.MISSED if lead.pk in missed else acting.REACHED for lead in called}
        # in the newest days the switchboard names a day: what is owed runs from it, and out of sight until then
        days = {lead: _day_to_come(dice, unit) for lead in called if whole and lead.pk in missed}
        tries |= {lead: Attempt("call", "callback", callback_at=day) for lead, day in days.items()}
        desk.log_attempts(tries, unit)
        for lead, day in days.items():
            desk.snooze(lead, day, unit)
        if whole:
            _rest([lead for row, lead in held if row.due_at is None or lead.pk in written], dice, unit)


def _written_to(leads: Iterable[Lead]) -> set[uuid.UUID]:
    """Who gets letters meanwhile is not called between two of them."""
    rows = Enrolment.objects.filter(lead__in=[lead.pk for lead in leads], state=Enrolment.State.ACTIVE)
    return set(rows.values_list("lead_id", flat=True))


def _rest(leads: list[Lead], dice: random.Random, unit: Unit) -> None:
    """An offer waits for the prospect; the others come back on the day of their next step."""
    offered = [lead for lead in leads if lead.stage == At.OPPORTUNITY]
    if offered:
        lifecycle.set_status(offered, "waiting", unit)
    for lead in leads:
        if lead not in offered:
            desk.snooze(lead, _day_to_come(dice, unit), unit)


def _day_to_come(dice: random.Random, unit: Unit) -> datetime:
    day = unit.at.astimezone(PARIS).replace(hour=dice.randint(9, 16), minute=dice.choice((0, 30)))
    return in_hours(day + timedelta(days=dice.randint(1, 9)), PARIS)
