"""One line of the inbox: what a rep needs to decide in ten seconds, made from rows already read."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadops.dates import language
from leadops.desk.lines import Line
from leadops.models import Lead, Stage, Touch
from leadops.templatetags.house import ago, country, number, until, when
from leadops.versions.models import Version
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
NO_CHIP, NO_BAND = Chip(""), Band("", "", "")
BANDS = {"hot": ("warn", "flame"), "warm": ("info", "sun"), "cold": ("neutral", "snowflake")}


def band_of(band: str) -> Band | None:
    return Band(str(BAND_LABELS[band]), *BANDS[band]) if band in BANDS else None


@dataclass(frozen=True, slots=True)
class Row:
    """A line in words; the template only places them."""

    lead: uuid.UUID
    name: str
    phone: str
    company: str
    title: str
    state: str  # of the chip; empty = none
    due: str
    left: str
    due_day: str
    ended: str
    ended_day: str
    reason: str
    intent: str  # what they did last, and what speaks most for or against them
    score: str
    band: str
    tone: str
    mark: str
    stage: str
    country: str
    origin: str
    accepted: bool
    version: int
    wakes: str
    fresh: bool = False


def chip_of(clock: Clock, at: datetime) -> Chip:
    """Words for one clock at an instant."""
    if clock.state == Clock.State.MET:
        return _met(clock.due_at, clock.ended_at, clock.breached_at, clock.kind, clock.pk)
    return Chip(_running(clock.due_at, clock.target_seconds, at), clock.due_at, None, clock.kind, clock.pk)


def _met(
    due_at: datetime | None,
    ended_at: datetime | None,
    breached_at: datetime | None,
    kind: str = "",
    clock: uuid.UUID | None = None,
) -> Chip:
    if breached_at is None:
        return Chip("met", due_at, ended_at, kind, clock)
    return Chip("late", None, ended_at, kind, clock)


def _running(due_at: datetime, target_seconds: int, at: datetime) -> str:
    """The state word of a clock that runs."""
    if due_at <= at:
        return "breached"
    return "at_risk" if due_at - at <= min(AT_RISK, timedelta(seconds=target_seconds / 4)) else "running"


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


def score_labels(scorecards: Iterable[uuid.UUID | None]) -> dict[uuid.UUID, dict[str, str]]:
    """Labels of the score lines, by scorecard version; a version says the same for ever, so it is read once."""
    keys = {key for key in scorecards if key is not None}
    missing = [key for key in keys if (key, language()) not in _labels]
    for version in Version.objects.filter(pk__in=missing) if missing else ():
        if len(_labels) >= MOST_VERSIONS:
            _labels.clear()
        _labels[version.pk, language()] = line_labels(version)
    return {key: _labels.get((key, language()), {}) for key in keys}


def _top_reasons(line: Line, labels: dict[uuid.UUID, dict[str, str]]) -> list[str]:
    """The two strongest lines of the score."""
    if line.scorecard is None:
        return []
    words = labels.get(line.scorecard, {})
    strongest = sorted((each for each in line.points if each[0]), key=lambda each: -abs(each[0]))[:2]
    return [f"{words.get(key, key)} {points:+d}" for points, key in strongest]


def _last_act(line: Line) -> list[str]:
    """What the prospect did last, and how long ago."""
    return [str(TOUCHES[line.touch]), ago(line.touched_at)] if line.touch else []


def _chip(line: Line, at: datetime) -> Chip | None:
    """The running clock, else the moment of the next act, else how the first attempt went."""
    due, clock = line.due_at, line.running_due
    if clock is not None and (due is None or clock <= due):
        return Chip(_running(clock, line.running_target or 0, at), clock)
    if due is not None and line.reason not in Clock.Kind.values:
        return Chip("breached" if due <= at else "running", due)
    return _met(line.met_due, line.met_at, line.met_breached) if line.met_at is not None else None


def _origin(line: Line) -> str:
    """Source and campaign by name, else by key; a campaign named like its source is said once."""
    both = (line.source_name or line.source, line.campaign_name or line.campaign)
    return " · ".join(dict.fromkeys(name for name in both if name))


def rows_of(found: Sequence[Line], at: datetime, since: datetime | None = None) -> list[Row]:
    """The lines in words, those that came after `since` marked; asks nothing but the labels of a new scorecard."""
    labels = score_labels(line.scorecard for line in found)
    return [_row(line, at, labels, since is not None and line.since > since) for line in found]


def _row(line: Line, at: datetime, labels: dict[uuid.UUID, dict[str, str]], fresh: bool) -> Row:
    chip = _chip(line, at) or NO_CHIP
    band = band_of(line.band) or NO_BAND
    due, ended = chip.due_at, chip.at
    return Row(
        lead=line.lead_id,
        name=line.who,
        phone=line.phone,
        company=line.company,
        title=line.title,
        state=chip.state,
        due=due.isoformat() if due else "",
        left=until(due) if due else "",
        due_day=when(due, "near") if due else "",
        ended=ended.isoformat() if ended else "",
        ended_day=when(ended, "near") if ended else "",
        reason=reason_words(line.reason),
        intent=" · ".join([*_last_act(line), *_top_reasons(line, labels)]),
        score=number(line.score),
        band=band.label,
        tone=band.tone,
        mark=band.icon,
        stage=str(STAGES[line.stage]),
        country=country(line.country) if line.country else "",
        origin=_origin(line),
        accepted=line.accepted,
        version=line.version,
        wakes=when(line.wakes_at, "near") if line.wakes_at else "",
        fresh=fresh,
    )
