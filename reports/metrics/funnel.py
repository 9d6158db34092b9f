"""How far the leads of a cohort ever got, where they stopped and why they ended. Reads only.

Ever reached: in the stage or beyond at any time, stages jumped over included, so that no share exceeds one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.utils.translation import gettext as _

from leadops import access, cohorts, moment
from leadops.access import Actor
from leadops.lifecycle import FORWARD
from leadops.models import Lead, Reason, Stage
from leadops.templatetags.house import said
from reports import facts
from reports.metrics import origins, reached, stays
from reports.models import DayFact, StandingDay
from reports.periods import Period

FEW = 30  # below, a share says little: it is shown without judgement
DAY = 86_400
ENDS = {Stage.DISQUALIFIED.value: Reason.Use.DISQUALIFY, Stage.LOST.value: Reason.Use.LOST}


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of one cohort. `stopped` reached it and never a later one."""

    stage: str
    n: int
    of_previous: float | None
    of_first: float | None
    median_seconds: float | None
    stopped: int

    @property
    def median_days(self) -> float | None:
        return None if self.median_seconds is None else self.median_seconds / DAY

    def to_json(self) -> dict[str, Any]:
        names = ("stage", "n", "of_previous", "of_first", "median_days", "stopped")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The funnel of one origin."""

    key: str
    label: str
    steps: list[Step]

    @property
    def few(self) -> bool:
        return self.steps[0].n < FEW

    def to_json(self) -> dict[str, Any]:
        return {"key": self.key, "label": self.label, "few": self.few, "steps": [s.to_json() for s in self.steps]}


@dataclass(frozen=True, slots=True)
class Ended:
    """Leads that are disqualified or lost today for one reason."""

    stage: str
    reason: str
    label: str
    n: int

    def to_json(self) -> dict[str, Any]:
        return {"stage": self.stage, "reason": self.reason, "label": self.label, "n": self.n}


@dataclass(frozen=True, slots=True)
class FunnelReport:
    period: Period
    by: str
    model: str
    at: datetime
    steps: list[Step]
    breakdown: list[Breakdown]
    reasons: list[Ended]
    still_open: int  # leads whose story is not over: the shares can still rise
    happened: bool = False  # what happened in the period, not what became of its leads

    @property
    def few(self) -> bool:
        return self.steps[0].n < FEW

    def to_json(self) -> dict[str, Any]:
        return {
            "period": self.period.to_json(),
            "by": self.by,
            "model": self.model,
            "view": "period" if self.happened else "cohort",
            "at": self.at.isoformat(),
            "few": self.few,
            "still_open": self.still_open,
            "steps": [step.to_json() for step in self.steps],
            "breakdown": [row.to_json() for row in self.breakdown],
            "reasons": [row.to_json() for row in self.reasons],
        }


def funnel_report(
    actor: Actor,
    period: Period,
    by: str = "source",
    model: str = "first",
    happened: bool = False,
    detailed: bool = True,
) -> FunnelReport:
    """The funnel whole and by origin, over the leads the actor may see: of the leads received in the period, or
    (`happened`) of what happened in it, whenever the lead was received: no shares then, they are other leads.

    Without `detailed` origins are told without their medians, which the whole always has."""
    access.require(actor, "read_reports")
    at = moment.now()
    kept = facts.usable()
    everyone = cohorts.countable(access.leads_visible_to(actor))
    leads = everyone.filter(received_at__gte=period.since, received_at__lt=period.until)
    whole_house = access.sees_every_lead(actor)
    summed = whole_house and kept is not None
    waits = not happened and (detailed or not summed)
    none = [None] * len(FORWARD)
    counted, parts = [0] * len(FORWARD), {}
    medians: list[Any] = none
    for total, key, *figures in reached.counted(
        everyone, origins.column(by, model), period, waits=waits, happened=happened, kept=kept, whole=whole_house
    ):
        counts, times = figures[: len(FORWARD)], [None, *figures[len(FORWARD) :]] if waits else none
        if total:
            counted, medians = counts, times
        else:
            parts[key] = _steps(counts, times, happened)
    if not waits and not happened and kept:
        medians = [None, *stays.medians(everyone, period, kept)]
    whole = _steps(counted, medians, happened)
    named = origins.labels(by, parts, at)
    breakdown = [Breakdown(key, named[key], steps) for key, steps in parts.items()]
    ended = (
        _ended_in_sums(period, happened, kept)
        if summed and kept
        else _ended(everyone if happened else leads, period, happened)
    )
    reasons, still_open = _ends_of(ended)
    return FunnelReport(
        period=period,
        by=by,
        model=model,
        at=at,
        steps=whole,
        breakdown=sorted(breakdown, key=lambda row: (-row.steps[0].n, row.label)),
        reasons=reasons,
        still_open=still_open,
        happened=happened,
    )


def _steps(counts: list[int], waits: list[Any], happened: bool = False) -> list[Step]:
    steps = []
    for i, (stage, n, wait) in enumerate(zip(FORWARD, counts, waits, strict=True)):
        before = counts[i - 1] if i else None
        steps.append(
            Step(
                stage=stage,
                n=n,
                of_previous=n / before if before and not happened else None,
                of_first=n / counts[0] if i and counts[0] and not happened else None,
                median_seconds=None if wait is None else float(wait),
                stopped=0 if happened else n - counts[i + 1] if i + 1 < len(counts) else n,
            )
        )
    return steps


def _ended(leads: QuerySet[Lead], period: Period, happened: bool) -> Counter[tuple[str, str]]:
    """(stage, reason) -> leads: of these, or of those that ended in the period and are ended still."""
    if happened:
        leads = leads.filter(stage__in=list(ENDS), stage_at__gte=period.since, stage_at__lt=period.until)
    rows = leads.order_by().values_list("stage", "stage_reason").annotate(n=Count("pk"))
    return Counter({(stage, reason): n for stage, reason, n in rows})


def _ended_in_sums(period: Period, happened: bool, kept: facts.Facts) -> Counter[tuple[str, str]]:
    """The same of the whole house."""
    days = {"day__gte": period.from_on, "day__lt": period.to_on}
    found: Counter[tuple[str, str]] = Counter()
    if happened:
        rows = StandingDay.objects.filter(stage__in=list(ENDS), **days).order_by()
        for stage, reason, n in rows.values_list("stage", "detail").annotate(total=Sum("n")):
            found[stage, reason] += n
    else:
        facts_of = DayFact.objects.filter(axis="ended", **days).order_by()
        for key, n in facts_of.values_list("key").annotate(total=Sum("leads")):
            stage, _colon, reason = key.partition(":")
            found[stage, reason] += n
    for row in facts.corrections(kept):
        stage, _colon, reason = row.ended.partition(":")
        counts_at = row.stage_at if happened else row.received_at
        if period.since <= counts_at < period.until and (not happened or stage in ENDS):
            found[stage, reason] += row.sign
    return +found


def _ends_of(counted: Mapping[tuple[str, str], int]) -> tuple[list[Ended], int]:
    """Reasons of the ends, most frequent first, and how many leads are still open."""
    labels = {(row.use, row.key): said(row.labels) for row in Reason.objects.filter(use__in=ENDS.values())}
    ended, still_open = [], 0
    for (stage, reason), n in counted.items():
        if stage in ENDS:
            label = labels.get((ENDS[stage], reason)) or reason or _("No reason")
            ended.append(Ended(stage, reason, label, n))
        elif stage in FORWARD[:-1]:
            still_open += n
    return sorted(ended, key=lambda row: (-row.n, row.label)), still_open
