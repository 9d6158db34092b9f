"""One line of the inbox: what a rep needs to decide in ten seconds, made from rows already read."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from capture.selectors import names_of
from leadops.dates import language
from leadops.desk import selectors
from leadops.models import Lead, Stage, Touch
from leadops.templatetags.house import ago, country
from leadops.versions.models import Version
from leadops.work import Work
from qualification.fields import BAND_LABELS
from qualification.panels import line_labels
from routing.models import Clock

CLOCK = ("lead", "kind", "state", "due_at", "ended_at", "breached_at", "target_seconds")  # what a chip says
MOST_VERSIONS = 100
_labels: dict[tuple[uuid.UUID, str], dict[str, str]] = {}
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


STAGES, TOUCHES = dict(Stage.choices), dict(Touch.Kind.choices)  # `get_…_display` builds its table for every row
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
    intent: str  # what they did last, and what speaks most for or against them
    band: Band | None
    stage: str
    country: str
    origin: list[str] = field(default_factory=list)
    accepted: bool = False
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


_REASONS = {
    "first_attempt": gettext_lazy("First attempt due"),
    "acceptance": gettext_lazy("To accept"),
    "follow_up": gettext_lazy("Follow-up due"),
    "qualify": gettext_lazy("To qualify"),
    "call": gettext_lazy("Call planned"),
    "callback": gettext_lazy("Call back"),
    "mail": gettext_lazy("E-mail planned"),
    "social": gettext_lazy("Message planned"),
    "reply": gettext_lazy("Replied: to answer"),
    "other": gettext_lazy("Task due"),
}


def reason_words(reason: str) -> str:
    """Why a row is due, in words."""
    return str(_REASONS.get(reason) or _("Next step to choose"))


def clocks_of(leads: Sequence[Lead]) -> tuple[dict[uuid.UUID, Clock], dict[uuid.UUID, Clock]]:
    """The running clock of each lead that is due first; and how its first attempt went, for the green chip."""
    met = Q(kind=Clock.Kind.FIRST_ATTEMPT, state=Clock.State.MET)
    keys = [lead.pk for lead in leads]
    rows = list(Clock.objects.filter(met | Q(state=Clock.State.RUNNING), lead__any=keys).only(*CLOCK))
    running = sorted(
        (row for row in rows if row.state == Clock.State.RUNNING), key=lambda row: row.due_at, reverse=True
    )
    ended = sorted((row for row in rows if row.ended_at is not None), key=lambda row: row.ended_at or row.due_at)
    return {row.lead_id: row for row in running}, {row.lead_id: row for row in ended}


def score_labels(leads: Sequence[Lead]) -> dict[uuid.UUID, dict[str, str]]:
    """Labels of the score lines, by scorecard version; a version says the same for ever, so it is read once."""
    keys = {lead.score_sheet.version_id for lead in leads if hasattr(lead, "score_sheet")}
    missing = [key for key in keys if (key, language()) not in _labels]
    for version in Version.objects.filter(pk__in=missing) if missing else ():
        if len(_labels) >= MOST_VERSIONS:
            _labels.clear()
        _labels[version.pk, language()] = line_labels(version)
    return {key: _labels.get((key, language()), {}) for key in keys}


def top_reasons(lead: Lead, labels: dict[uuid.UUID, dict[str, str]]) -> list[str]:
    """The two strongest lines of the score."""
    if not hasattr(lead, "score_sheet"):
        return []
    sheet = lead.score_sheet
    words = labels.get(sheet.version_id, {})
    lines = sorted(((points, key) for key, points in sheet.lines if points), key=lambda line: -abs(line[0]))[:2]
    return [f"{words.get(key, key)} {points:+d}" for points, key in lines]


def _last_act(touch: Touch | None) -> list[str]:
    """What the prospect did last, and how long ago."""
    return [str(TOUCHES[touch.kind]), ago(touch.occurred_at)] if touch else []


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
    (clocks, met), touches = clocks_of(leads), selectors.last_touches(leads)
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
                " · ".join([*_last_act(touches.get(work.lead_id)), *top_reasons(work.lead, labels)]),
                band_of(work.lead),
                str(STAGES[work.lead.stage]),
                country(work.lead.country) if work.lead.country else "",
                names.of(work.lead.source, work.lead.campaign),
                work.lead.accepted_at is not None,
                since is not None and work.since > since,
            )
        )
    return rows
