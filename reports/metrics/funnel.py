"""How far the leads of a cohort ever got, where they stopped and why they ended. Reads only.

Ever reached: in the stage or beyond at any time, stages jumped over included, so that no share exceeds one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from leadops import access, cohorts, moment
from leadops.access import Actor
from leadops.lifecycle import FORWARD
from leadops.models import Lead, Reason, Stage
from leadops.templatetags.house import said
from reports import facts
from reports.metrics import origins, reached
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
    actor: Actor, period: Period, by: str = "source", model: str = "first", happened: bool = False
) -> FunnelReport:
    """The funnel whole and by origin, over the leads the actor may see: of the leads received in the period, or
    (`happened`) of what happened in it, whenever the lead was received: no shares then, they are other leads."""
    access.require(actor, "read_reports")
    at = moment.now()
    kept = facts.usable()
    everyone = cohorts.countable(access.leads_visible_to(actor))
    leads = everyone.filter(received_at__gte=period.since, received_at__lt=period.until)
    whole_house = access.sees_every_lead(actor)
    none = [None] * len(FORWARD)
    whole, parts = _steps([0] * len(FORWARD), none, happened), {}
    for total, key, *figures in reached.counted(
        everyone, origins.column(by, model), period, waits=not happened, happened=happened, kept=kept, whole=whole_house
    ):
        counts, waits = figures[: len(FORWARD)], none if happened else [None, *figures[len(FORWARD) :]]
        if total:
            whole = _steps(counts, waits, happened)
        else:
            parts[key] = _steps(counts, waits, happened)
    named = origins.labels(by, parts, at)
    breakdown = [Breakdown(key, named[key], steps) for key, steps in parts.items()]
    reasons, still_open = _ends(everyone, period) if happened else _ends_of(leads)
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


def _ends(everyone: QuerySet[Lead], period: Period) -> tuple[list[Ended], int]:
    """Reasons of the leads that ended in the period and are ended still."""
    return _ends_of(everyone.filter(stage__in=list(ENDS), stage_at__gte=period.since, stage_at__lt=period.until))


def _ends_of(leads: QuerySet[Lead]) -> tuple[list[Ended], int]:
    """Reasons of the ends, most frequent first, and how many leads are still open."""
    labels = {(row.use, row.key): said(row.labels) for row in Reason.objects.filter(use__in=ENDS.values())}
    ended, still_open = [], 0
    for stage, reason, n in leads.order_by().values_list("stage", "stage_reason").annotate(n=Count("pk")):
        if stage in ENDS:
            label = labels.get((ENDS[stage], reason)) or reason or _("No reason")
            ended.append(Ended(stage, reason, label, n))
        elif stage in FORWARD[:-1]:
            still_open += n
    return sorted(ended, key=lambda row: (-row.n, row.label)), still_open
