"""What a rep does to a lead, across the apps: accept, hand back, log an attempt, note, snooze. One unit per verb.

The desk is above the apps: it calls each for its part and decides nothing they own.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from leadops import access, lifecycle
from leadops.errors import Conflict, Refused
from leadops.journal import Kind
from leadops.models import Lead, Task
from leadops.unit import Unit
from qualification import handoff
from routing import services as routing

LONGEST_SNOOZE = timedelta(days=180)


class Channel(TextChoices):
    CALL = "call", _("Call")
    MAIL = "mail", _("E-mail")
    SOCIAL = "social", _("Social message")
    MEETING = "meeting", _("Meeting")


class Outcome(TextChoices):
    REACHED = "reached", _("Reached")
    VOICEMAIL = "voicemail", _("Voicemail")
    NO_ANSWER = "no_answer", _("No answer")
    WRONG_NUMBER = "wrong_number", _("Wrong number")
    CALLBACK = "callback", _("Call back later")
    SENT = "sent", _("Sent")


def _locked(lead: Lead, verb: str, unit: Unit) -> Lead:
    """The lead, locked: whoever waited for it may not be its owner any more, so the right is asked once more."""
    (mine,) = unit.leads([lead.pk])
    access.require(unit.actor_on(mine), verb, mine)
    return mine


def _open(lead: Lead) -> Lead:
    if not lead.is_open:
        raise Conflict("lead-closed", _("This lead is closed: nothing more can be done on it."))
    return lead


def check_unchanged(lead: Lead, seen_version: int | None) -> None:
    """Refuse an act on a lead that changed since its page was shown."""
    if seen_version is not None and lead.version != seen_version:
        raise Conflict(
            "changed", _("This lead changed while you were looking. Nothing was done."), version=lead.version
        )


def accept(lead: Lead, unit: Unit) -> Lead:
    """One verb: accepts the open handoff, and acknowledges the assignment."""
    return accept_many([lead], unit)[0]


def accept_many(leads: Sequence[Lead], unit: Unit) -> list[Lead]:
    """`accept` for many leads in a few statements; all or, where one is refused, none."""
    mine = [_open(lead) for lead in unit.leads(lead.pk for lead in leads)]
    if any(lead.owner_id is None for lead in mine):
        raise Refused("no-owner", _("Nobody owns this lead yet: take it first."))
    accepted = handoff.accept_many(mine, unit)
    acknowledged = routing.acknowledge_many(mine, unit)
    for lead in mine:
        if lead.pk in accepted:  # the handoff's ACCEPTED entry speaks for both
            continue
        if lead.pk not in acknowledged:
            raise Conflict("already-accepted", _("This lead was accepted already."))
        # nothing was handed off: the assignment alone is accepted
        unit.record(Kind.ACCEPTED, lead, data={"assignment": str(acknowledged[lead.pk].pk)})
    return mine


def hand_back(lead: Lead, reason: str, unit: Unit, text: str = "") -> Lead:
    """The owner returns the lead with a reason: the handoff is answered, the owner leaves, the turn is given back."""
    mine = _open(_locked(lead, "hand_back", unit))
    if mine.owner_id is None:
        raise Refused("no-owner", _("Nobody owns this lead."))
    lifecycle.check_reason("hand_back", reason)
    if handoff.hand_back(mine, unit, reason=reason, text=text) is None:
        unit.record(Kind.HANDED_BACK, mine, data={"reason": reason, "rep": str(mine.owner_id)}, text=text)
    routing.let_go(mine, unit, reason="handed_back", why=reason)
    return mine


@dataclass(frozen=True, slots=True)
class Attempt:
    """A human try to reach somebody: how, with what result, and when to call back where that was agreed."""

    channel: str
    outcome: str
    text: str = ""
    callback_at: datetime | None = None


def log_attempt(
    lead: Lead, unit: Unit, *, channel: str, outcome: str, text: str = "", callback_at: datetime | None = None
) -> Lead:
    """A human try to reach the person; reached = a two-way contact. Counts for the first-attempt clock."""
    return log_attempts({lead: Attempt(channel, outcome, text, callback_at)}, unit)[0]


def log_attempts(tries: Mapping[Lead, Attempt], unit: Unit) -> list[Lead]:
    """`log_attempt` for many leads in a few statements; all or, where one is refused, none."""
    locked = {lead.pk: lead for lead in unit.leads(lead.pk for lead in tries)}
    mine = {_open(locked[lead.pk]): each for lead, each in tries.items()}
    for lead, each in mine.items():
        access.require(unit.actor_on(lead), "log_attempt", lead)
        if each.channel not in Channel.values or each.outcome not in Outcome.values:
            raise Refused("unknown-outcome", _("Choose how and with what result you tried."))
        if each.outcome == Outcome.CALLBACK:
            _callback(lead, each.callback_at, unit)
    settled = (Task.Kind.CALL, Task.Kind.CALLBACK, Task.Kind.REPLY, Task.Kind.SNOOZE)
    promised = [lead for lead, each in mine.items() if each.outcome == Outcome.CALLBACK]
    _done(promised, settled, unit, keep=True)
    _done([lead for lead in mine if lead not in promised], settled, unit, keep=False)
    reached = [lead for lead, each in mine.items() if each.outcome == Outcome.REACHED]
    for lead, each in mine.items():
        data = {"channel": each.channel, "outcome": each.outcome}
        unit.record(Kind.ATTEMPTED, lead, data=data, text=each.text)
        if each.outcome == Outcome.REACHED:
            unit.record(Kind.CONVERSED, lead, data={"channel": each.channel})
    lifecycle.set_status(reached, "connected", unit)
    begun = [lead for lead in mine if lead not in reached and lead.status == "untouched"]
    lifecycle.set_status(begun, "attempting", unit)
    return list(mine)


def _callback(lead: Lead, at: datetime | None, unit: Unit) -> None:
    if at is None or at <= unit.at:
        raise Refused("callback-time", _("Say when to call back: a moment to come."))
    Task.objects.create(
        lead=lead,
        owner_id=lead.owner_id,
        kind=Task.Kind.CALLBACK,
        due_at=at,
        created_at=unit.at,
        created_by_id=unit.actor.user_id,
    )
    unit.record(Kind.TASK_SET, lead, data={"kind": "callback", "due_at": at.isoformat()})


def _done(leads: Sequence[Lead], kinds: Sequence[str], unit: Unit, keep: bool) -> None:
    """Open tasks this act settles; a call back just asked for stays."""
    if not leads:
        return
    rows = Task.objects.filter(lead__in=[lead.pk for lead in leads], kind__in=kinds, done_at__isnull=True)
    if keep:
        rows = rows.filter(created_at__lt=unit.at)
    rows.update(done_at=unit.at)


def note(lead: Lead, text: str, unit: Unit) -> Lead:
    """Words about the lead, kept in a side row that is erased with the person."""
    mine = _locked(lead, "note", unit)
    if not text.strip():
        raise Refused("empty-note", _("Write something first."))
    unit.record(Kind.NOTED, mine, text=text.strip()[:4000])
    return mine


def snooze(lead: Lead, until: datetime, unit: Unit) -> Lead:
    """Out of sight until then; clocks run on."""
    mine = _open(_locked(lead, "snooze", unit))
    if not unit.at < until <= unit.at + LONGEST_SNOOZE:
        raise Refused("snooze-time", _("Choose a moment to come, within six months."))
    _done([mine], (Task.Kind.SNOOZE,), unit, keep=False)
    Task.objects.create(
        lead=mine,
        owner_id=mine.owner_id,
        kind=Task.Kind.SNOOZE,
        due_at=until,
        created_at=unit.at,
        created_by_id=unit.actor.user_id,
    )
    unit.record(Kind.SNOOZED, mine, data={"until": until.isoformat()})
    return mine


def wake(lead_ids: Sequence[uuid.UUID], unit: Unit) -> int:
    """Bring back those of these leads whose snooze is over; run by the ticker."""
    leads = {lead.pk: lead for lead in unit.leads(lead_ids)}
    rows = Task.objects.filter(lead__in=leads, kind=Task.Kind.SNOOZE, done_at__isnull=True, due_at__lte=unit.at)
    woken = sorted(set(rows.values_list("lead_id", flat=True)))
    rows.update(done_at=unit.at)
    for lead_id in woken:
        unit.record(Kind.TASK_DONE, leads[lead_id], data={"kind": "snooze"})
    return len(woken)


def set_status(lead: Lead, status: str, unit: Unit) -> Lead:
    mine = _open(_locked(lead, "set_status", unit))
    lifecycle.set_status([mine], status, unit)
    return mine
