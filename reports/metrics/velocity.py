"""How long leads stay in each stage, how long from reception to won, and which wait longest now. Reads only.

A lead that has not left a stage is counted for as long as it has stayed (Kaplan–Meier); one that ended there never
leaves it. Where too few have left, the answer is “at least”.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, IntegerField, Max, QuerySet, Value, When

from leadops import access, cohorts, moment
from leadops.access import Actor
from leadops.cohorts import ANSWERS
from leadops.journal import JournalEntry
from leadops.lifecycle import FORWARD
from leadops.models import OPEN_STAGES, Lead
from leadops.work import Work
from reports import facts
from reports.metrics import reached
from reports.periods import Period

DAY = 86_400
START_TO_WON = 0
OLDEST = 20
# days in the stage: (from, up to); None = no end
AGES: tuple[tuple[int, int | None], ...] = ((0, 1), (1, 3), (3, 7), (7, 14), (14, 30), (30, 90), (90, None))


@dataclass(frozen=True, slots=True)
class Rung:
    """From one stage to the next one. `longest` is the longest stay watched: what “at least” may say."""

    stage: str  # where they stay; "" = from reception to won
    n: int
    moved: int
    waiting: int
    median: float | None
    p90: float | None
    longest: float | None
    on_us: int = 0
    on_prospect: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "stage": self.stage or "start_to_won",
            "n": self.n,
            "moved_on": self.moved,
            "still_there": self.waiting,
            "ended_there": self.n - self.moved - self.waiting,
            "median_seconds": self.median,
            "p90_seconds": self.p90,
            "longest_watched_seconds": self.longest,
            "waiting_on_us_now": self.on_us,
            "waiting_on_prospect_now": self.on_prospect,
        }


@dataclass(frozen=True, slots=True)
class Old:
    """An open lead that is in its stage for long."""

    lead: Lead
    last_at: datetime | None  # the later of the prospect's last touch and our last attempt

    def to_json(self) -> dict[str, Any]:
        return {
            "lead": str(self.lead.pk),
            "stage": self.lead.stage,
            "since": self.lead.stage_at.isoformat(),
            "owner": str(self.lead.owner_id) if self.lead.owner_id else None,
            "last_touch_at": self.last_at.isoformat() if self.last_at else None,
        }


@dataclass(frozen=True, slots=True)
class VelocityReport:
    period: Period
    at: datetime
    ladder: list[Rung]
    whole: Rung
    ages: dict[str, list[int]]  # stage -> open leads by AGES, now
    oldest: list[Old]

    def to_json(self) -> dict[str, Any]:
        return {
            "period": self.period.to_json(),
            "at": self.at.isoformat(),
            "ladder": [rung.to_json() for rung in self.ladder],
            "start_to_won": self.whole.to_json(),
            "ages_in_days": [list(edges) for edges in AGES],
            "open_by_stage_and_age": self.ages,
            "oldest": [old.to_json() for old in self.oldest],
        }


def velocity_report(actor: Actor, period: Period) -> VelocityReport:
    """The ladder of the leads received in the period; ages and the oldest are those of today's open leads."""
    access.require(actor, "read_reports")
    at = moment.now()
    leads = cohorts.countable(access.leads_visible_to(actor))
    standing, ages = _standing(leads, at)
    rungs = {
        step: (n, moved, waiting, median, p90, longest)
        for step, n, moved, waiting, median, p90, longest in reached.stays(
            leads, period, open_stages=OPEN_STAGES, at=at, kept=facts.usable()
        )
    }
    nothing = (0, 0, 0, None, None, None)
    ladder = [
        Rung(stage, *rungs.get(k, nothing), *standing.get(stage, (0, 0)))
        for k, stage in enumerate(FORWARD[:-1], start=2)
    ]
    return VelocityReport(
        period=period,
        at=at,
        ladder=ladder,
        whole=Rung("", *rungs.get(START_TO_WON, nothing)),
        ages=ages,
        oldest=_oldest(leads, at),
    )


def _standing(leads: QuerySet[Lead], at: datetime) -> tuple[dict[str, tuple[int, int]], dict[str, list[int]]]:
    """Open leads of each stage: on whom they wait, and for how long they are in it."""
    buckets = [
        When(stage_at__gt=at - timedelta(days=upto), then=Value(i)) for i, (_from, upto) in enumerate(AGES) if upto
    ]
    age = Case(*buckets, default=Value(len(AGES) - 1), output_field=IntegerField())
    rows = leads.filter(stage__in=OPEN_STAGES).order_by().annotate(age=age)
    ages = {stage: [0] * len(AGES) for stage in OPEN_STAGES}
    waits = {stage: [0, 0] for stage in OPEN_STAGES}
    for stage, bucket, waiting_on, n in rows.values_list("stage", "age", "work__waiting_on").annotate(n=Count("pk")):
        ages[stage][bucket] += n
        if waiting_on:  # a lead without a row in the queue waits on nobody known
            waits[stage][waiting_on == Work.Waiting.PROSPECT] += n
    return {stage: (us, prospect) for stage, (us, prospect) in waits.items()}, ages


def _oldest(leads: QuerySet[Lead], at: datetime) -> list[Old]:
    rows = list(
        leads.filter(stage__in=OPEN_STAGES, stage_at__lte=at)
        .select_related("person", "owner__user")
        .order_by("stage_at", "pk")[:OLDEST]
    )
    tries: dict[uuid.UUID | None, datetime] = dict(
        JournalEntry.objects.filter(lead__in=rows, kind__in=ANSWERS, actor__isnull=False)
        .order_by()
        .values_list("lead")
        .annotate(at=Max("at"))
    )
    found = []
    for lead in rows:
        times = [one for one in (lead.last_inbound_at, tries.get(lead.pk)) if one]
        found.append(Old(lead, max(times, default=None)))
    return found
