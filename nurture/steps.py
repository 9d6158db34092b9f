"""The next step of an enrolment, done once: a mail planned, a wait begun, a call asked for. It sends nothing itself."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from leadops import bulk
from leadops.access import system
from leadops.calendars import Calendar
from leadops.effects import plan, suppression
from leadops.journal import Kind
from leadops.models import Lead, Task
from leadops.unit import Unit
from leadops.versions import services as versions
from leadops.versions.calendars import calendar_in_force
from leadops.versions.models import Version
from nurture import eligibility, merging, services, timing, waiting, wording
from nurture.models import Enrolment, StepDone
from nurture.selectors import PURPOSE
from nurture.sequence import CALL, MAIL, Step
from nurture.sequence import Sequence as Flow

State = Enrolment.State


@dataclass(slots=True)
class _Batch:
    """What the rows of one batch share: who must not be written to, and the windows of their recipients."""

    unit: Unit
    leads: dict[uuid.UUID, Lead]
    unreachable: dict[uuid.UUID, str]
    waits: dict[uuid.UUID, waiting.Wait]
    away: dict[uuid.UUID, datetime]
    flows: dict[uuid.UUID, Flow] = field(default_factory=dict)

    def flow(self, row: Enrolment) -> Flow:
        return self.flows.setdefault(row.version_id, versions.compiled(row.version))

    def window(self, row: Enrolment) -> Calendar:
        return window_of(self.flow(row), self.leads[row.lead_id], self.unit)


def window_of(flow: Flow, lead: Lead, unit: Unit) -> Calendar:
    """When this lead's person may be written to: their own day, else the calendar's."""
    _version, calendar = calendar_in_force(flow.calendar, unit)
    return timing.window(calendar, flow.opens, flow.closes, lead.person.zone)


def advance(lead_ids: Sequence[uuid.UUID], unit: Unit) -> int:
    """Do what is due for these leads; harmless when done twice: what is done is not due any more."""
    leads = {lead.pk: lead for lead in unit.leads(lead_ids)}
    due = Enrolment.objects.select_for_update(of=("self",)).select_related("version")
    rows = list(due.filter(lead__in=leads, state=State.ACTIVE, next_at__lte=unit.at).order_by("id"))
    asked = {row.lead_id: versions.compiled(row.version).needs_consent for row in rows}
    theirs = [leads[pk] for pk in asked]
    away = waiting.away_until(theirs, unit.at)
    waits = waiting.not_before(theirs, waiting.cap_in_force(unit), unit.at, planned=True, away=away)
    batch = _Batch(unit, leads, eligibility.unreachable(theirs, asked), waits, away)
    for row in rows:
        _go_on(row, batch)
    services.write(rows, unit)
    return len(rows)


def _go_on(row: Enrolment, batch: _Batch) -> None:
    """Steps without a wait between them are done in one go."""
    steps = batch.flow(row).steps
    while row.state == State.ACTIVE and row.step < len(steps):
        step = steps[row.step]
        if step.kind == MAIL:
            moved = _mail(row, step, batch)
        elif step.kind == CALL:
            moved = _call(row, step, batch)
        else:
            moved = _wait(row, step, batch)
        if not moved:
            return
    if row.state == State.ACTIVE:
        services.end(row, State.FINISHED, "finished", batch.unit)


def _done(row: Enrolment, step: Step, batch: _Batch, **what: object) -> None:
    unit, lead = batch.unit, batch.leads[row.lead_id]
    unit.add([StepDone(enrolment=row, step=row.step, kind=step.kind, at=unit.at, **what)])
    if step.kind != "wait":
        skipped = {"skipped": True} if not what else {}
        data = {"sequence": row.sequence, "step": row.step, "kind": step.kind, **skipped}
        unit.record(Kind.STEP_DONE, lead, data=data, version=row.version_id)
    row.step += 1
    row.reason = ""


def _wait(row: Enrolment, step: Step, batch: _Batch) -> bool:
    _done(row, step, batch)
    if row.step >= len(batch.flow(row).steps):
        return True
    row.next_at = timing.after_days(batch.window(row), batch.unit.at, step.days)
    return False


def _mail(row: Enrolment, step: Step, batch: _Batch) -> bool:
    unit, lead = batch.unit, batch.leads[row.lead_id]
    stopped = batch.unreachable.get(row.lead_id)
    if stopped:
        services.end(row, State.EXITED, stopped, unit)
        return False
    free, why = batch.waits.get(row.lead_id, (unit.at, ""))
    opens = timing.next_moment(batch.window(row), free)
    row.reason = why
    if opens > unit.at:
        row.next_at = opens
        return False
    template = versions.in_force("template", step.template, unit)
    blocked = "no_template" if template is None else _missing(template, lead)
    if template is None or blocked:
        row.state, row.reason, row.next_at = State.BLOCKED, blocked, None
        return False
    digest = suppression.digest_of(lead.person.email) or b""
    effect = plan.letter(
        unit,
        person_id=lead.person_id,
        key=f"sequence:{row.pk}:{row.step}",
        purpose=PURPOSE,
        lead=lead,
        body={
            "enrolment": str(row.pk),
            "sequence": row.sequence,
            "step": row.step,
            "template": str(template.pk),
            "digest": digest.hex(),
        },
    )
    _done(row, step, batch, effect=effect)
    return True


def _missing(template: Version, lead: Lead) -> str:
    """What the letter needs and the lead has not; it holds up this lead alone."""
    try:
        word_for(template, lead)
    except wording.Missing as missing:
        return f"missing:{missing.field}"[:80]
    return ""


def word_for(template: Version, lead: Lead, language: str = "") -> wording.Worded:
    """The letter of a template to a lead, in the lead's language or the one asked for."""
    language = language or merging.language_of(lead)
    body = versions.compiled(template)
    values = merging.values_of(lead, language)
    return wording.word(body["subject"].get(language, ""), body["body"].get(language, ""), values)


def _call(row: Enrolment, step: Step, batch: _Batch) -> bool:
    """A task for the owner, in their list at once or at the next opening; a lead at rest has no caller.

    Who is away is not called before they are back; the cap on letters holds back no call.
    """
    unit, lead = batch.unit, batch.leads[row.lead_id]
    if not lead.is_open:
        _done(row, step, batch)
        return True
    if row.lead_id in batch.away:
        row.next_at, row.reason = timing.next_moment(batch.window(row), batch.away[row.lead_id]), waiting.AWAY
        return False
    language = lead.owner.user.language if lead.owner else merging.language_of(lead)
    texts = step.text or {}
    task = bulk.make(
        Task,
        lead=lead,
        owner_id=lead.owner_id,
        kind=Task.Kind.CALL,
        due_at=timing.next_moment(batch.window(row), unit.at),
        text=(texts.get(language) or next(iter(texts.values()), ""))[:300],
        created_at=unit.at,
    )
    task.save(force_insert=True)
    _done(row, step, batch, task=task)
    return True


def forecast(lead: Lead, version: Version, at: datetime) -> list[tuple[dict[str, Any], datetime]]:
    """When each step would be done if the lead entered at `at` and nothing ended it."""
    flow: Flow = versions.compiled(version)
    sends = window_of(flow, lead, Unit(actor=system("forecast"), at=at))
    found, when = [], at
    for step, document in zip(flow.steps, version.body["steps"], strict=True):
        if step.kind == MAIL or step.kind == CALL:
            when = timing.next_moment(sends, when)
        found.append((document, when))
        if step.kind == "wait":
            when = timing.after_days(sends, when, step.days)
    return found
