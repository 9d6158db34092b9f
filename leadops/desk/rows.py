"""One line of the inbox: what a rep needs to decide in ten seconds, made from rows already read."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from capture.selectors import names_of
from leadops.desk import selectors
from leadops.models import Lead, Touch
from leadops.versions.models import Version
from leadops.work import Work
from qualification.fields import BAND_LABELS
from qualification.panels import line_labels
from routing.models import Clock

AT_RISK = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Chip:
    """An SLA value as shown: state word, due moment, when it was met."""

    state: str
    due_at: datetime | None = None
    at: datetime | None = None
    kind: str = ""
    clock: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Band:
    """A score band as shown: its word, tone and icon."""

    label: str
    tone: str
    icon: str


BANDS = {"hot": ("warn", "flame"), "warm": ("info", "sun"), "cold": ("neutral", "snowflake")}


def band_of(lead: Lead) -> Band | None:
    if lead.band not in BANDS:
        return None
    return Band(str(BAND_LABELS[lead.band]), *BANDS[lead.band])


@dataclass(frozen=True, slots=True)
class Row:
    lead: Lead
    work: Work
    chip: Chip | None
    reason: str
    reasons: list[str]
    band: Band | None
    touch: Touch | None
    origin: list[str] = field(default_factory=list)
    fresh: bool = False


def chip_of(clock: Clock, at: datetime) -> Chip:
    """Words for one clock at an instant."""
    if clock.state == Clock.State.MET:
        if clock.breached_at is None:
            return Chip("met", clock.due_at, clock.ended_at, clock.kind, clock.pk)
        return Chip("late", None, clock.ended_at, clock.kind, clock.pk)
    if clock.due_at <= at:
        return Chip("breached", clock.due_at, None, clock.kind, clock.pk)
    soon = min(AT_RISK, timedelta(seconds=clock.target_seconds / 4))
    return Chip("at_risk" if clock.due_at - at <= soon else "running", clock.due_at, None, clock.kind, clock.pk)


def reason_words(reason: str) -> str:
    """Why a row is due, in words."""
    return {
        "first_attempt": _("First attempt due"),
        "acceptance": _("To accept"),
        "follow_up": _("Follow-up due"),
        "qualify": _("To qualify"),
        "call": _("Call planned"),
        "callback": _("Call back"),
        "mail": _("E-mail planned"),
        "social": _("Message planned"),
        "reply": _("Replied: to answer"),
        "other": _("Task due"),
    }.get(reason, _("Next step to choose"))


def running_clocks(leads: Sequence[Lead]) -> dict[uuid.UUID, Clock]:
    """The running clock of each lead that is due first."""
    rows = Clock.objects.filter(lead__in=leads, state=Clock.State.RUNNING).order_by("-due_at")
    return {clock.lead_id: clock for clock in rows}


def last_met(leads: Sequence[Lead]) -> dict[uuid.UUID, Clock]:
    """The first-attempt clock of each lead that has ended, for the green chip."""
    rows = Clock.objects.filter(lead__in=leads, kind=Clock.Kind.FIRST_ATTEMPT, state=Clock.State.MET).order_by(
        "ended_at"
    )
    return {clock.lead_id: clock for clock in rows}


def score_labels(leads: Sequence[Lead]) -> dict[uuid.UUID, dict[str, str]]:
    """Labels of the score lines, by scorecard version: one query for the page."""
    keys = {lead.score_sheet.version_id for lead in leads if hasattr(lead, "score_sheet")}
    return {version.pk: line_labels(version) for version in Version.objects.filter(pk__in=keys)}


def top_reasons(lead: Lead, labels: dict[uuid.UUID, dict[str, str]]) -> list[str]:
    """The two strongest lines of the score."""
    if not hasattr(lead, "score_sheet"):
        return []
    sheet = lead.score_sheet
    words = labels.get(sheet.version_id, {})
    lines = sorted(((points, key) for key, points in sheet.lines if points), key=lambda line: -abs(line[0]))[:2]
    return [f"{words.get(key, key)} {points:+d}" for points, key in lines]


def _chip(work: Work, running: Clock | None, met: Clock | None, at: datetime) -> Chip | None:
    """The running clock, else the moment of the next act, else how the first attempt went."""
    if running is not None and (work.due_at is None or running.due_at <= work.due_at):
        return chip_of(running, at)
    if work.due_at is not None and work.reason not in Clock.Kind.values:
        return Chip("breached" if work.due_at <= at else "running", work.due_at)
    return chip_of(met, at) if met is not None else None


def rows_of(found: Sequence[Work], at: datetime, since: datetime | None = None) -> list[Row]:
    """Rows, those that came after `since` marked, with chips, touches and origins: a few queries for the whole page."""
    leads = [work.lead for work in found]
    clocks, met, touches = running_clocks(leads), last_met(leads), selectors.last_touches(leads)
    labels = score_labels(leads)
    names = names_of((lead.source for lead in leads), (lead.campaign for lead in leads))
    rows = []
    for work in found:
        chip = _chip(work, clocks.get(work.lead_id), met.get(work.lead_id), at)
        rows.append(
            Row(
                work.lead,
                work,
                chip,
                reason_words(work.reason),
                top_reasons(work.lead, labels),
                band_of(work.lead),
                touches.get(work.lead_id),
                names.of(work.lead.source, work.lead.campaign),
                since is not None and work.since > since,
            )
        )
    return rows
