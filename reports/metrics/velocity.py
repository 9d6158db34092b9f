"""How long leads stay in each stage, how long from reception to won, and which wait longest now. Reads only.

A lead that has not left a stage is counted for as long as it has stayed (Kaplan–Meier); one that ended there never
leaves it. Where too few have left, the answer is “at least”.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Case, Count, IntegerField, Max, QuerySet, Sum, Value, When

from leadops import access, cohorts, moment
from leadops.access import Actor
from leadops.cohorts import ANSWERS
from leadops.journal import JournalEntry
from leadops.lifecycle import FORWARD
from leadops.models import OPEN_STAGES, Lead
from leadops.work import Work
from reports import facts
from reports.metrics.stays import START_TO_WON, stays
from reports.models import LeadFact, StandingDay
from reports.periods import Period

DAY = 86_400
OLDEST = 20
# midnights since it came into the stage: (from, up to); None = no end
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
    since: list[tuple[datetime | None, datetime | None]]  # of AGES: came into the stage from, and before
    ages: dict[str, list[int]]  # stage -> open leads by AGES, now
    oldest: list[Old]

    def to_json(self) -> dict[str, Any]:
        return {
            "period": self.period.to_json(),
            "at": self.at.isoformat(),
            "ladder": [rung.to_json() for rung in self.ladder],
            "start_to_won": self.whole.to_json(),
            "ages_in_days": [list(edges) for edges in AGES],
            "ages_since": [[at and at.isoformat() for at in edges] for edges in self.since],
            "open_by_stage_and_age": self.ages,
            "oldest": [old.to_json() for old in self.oldest],
        }


def velocity_report(actor: Actor, period: Period) -> VelocityReport:
    """The ladder of the leads received in the period; ages and the oldest are those of today's open leads."""
    access.require(actor, "read_reports")
    at = moment.now()
    leads, kept, whole = (
        cohorts.countable(access.leads_visible_to(actor)),
        facts.usable(),
        access.sees_every_lead(actor),
    )
    edges = _edges(at)
    standing, ages = _standing(leads, edges, kept if whole else None)
    rungs = stays(leads, period, at=at, kept=kept, whole=whole)
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
        oldest=_oldest(leads, at, kept if whole else None),
        since=edges,
    )


def _edges(at: datetime) -> list[tuple[datetime | None, datetime | None]]:
    """The instants between which a lead of each age came into its stage: midnights of the reporting zone."""
    zone = ZoneInfo(settings.REPORTING_ZONE)
    tomorrow = at.astimezone(zone).date() + timedelta(days=1)

    def midnight(days: int) -> datetime:
        return datetime.combine(tomorrow - timedelta(days=days), time.min, zone)

    return [(None if high is None else midnight(high), midnight(low) if low else None) for low, high in AGES]


def _age(since: datetime, edges: list[tuple[datetime | None, datetime | None]]) -> int:
    return next(i for i, (first, _before) in enumerate(edges) if first is None or since >= first)


def _standing(
    leads: QuerySet[Lead], edges: list[tuple[datetime | None, datetime | None]], kept: facts.Facts | None
) -> tuple[dict[str, tuple[int, int]], dict[str, list[int]]]:
    """Open leads of each stage: on whom they wait, and for how long they are in it; from the sums where `kept`."""
    ages = {stage: [0] * len(AGES) for stage in OPEN_STAGES}
    waits = {stage: [0, 0] for stage in OPEN_STAGES}
    for stage, waiting_on, age, n in _summed(edges, kept) if kept else _counted(leads, edges):
        ages[stage][age] += n
        if waiting_on:  # a lead without a row in the queue waits on nobody known
            waits[stage][waiting_on == Work.Waiting.PROSPECT] += n
    return {stage: (us, prospect) for stage, (us, prospect) in waits.items()}, ages


def _by_age(column: str, edges: Sequence[datetime | date | None]) -> Case:
    whens = [When(**{f"{column}__gte": first}, then=Value(i)) for i, first in enumerate(edges) if first is not None]
    return Case(*whens, default=Value(len(AGES) - 1), output_field=IntegerField())


def _counted(
    leads: QuerySet[Lead], edges: list[tuple[datetime | None, datetime | None]]
) -> Iterable[tuple[str, str | None, int, int]]:
    rows = leads.filter(stage__in=OPEN_STAGES).order_by().annotate(age=_by_age("stage_at", [e for e, _before in edges]))
    return rows.values_list("stage", "work__waiting_on", "age").annotate(n=Count("pk"))


def _summed(
    edges: list[tuple[datetime | None, datetime | None]], kept: facts.Facts
) -> Iterable[tuple[str, str, int, int]]:
    days = [first.date() if first else None for first, _before in edges]
    rows = StandingDay.objects.filter(stage__in=OPEN_STAGES).order_by().annotate(age=_by_age("day", days))
    yield from rows.values_list("stage", "detail", "age").annotate(total=Sum("n"))
    for row in facts.corrections(kept):
        if row.is_open:
            yield row.ended.partition(":")[0], row.waiting_on, _age(row.stage_at, edges), row.sign


def _oldest(leads: QuerySet[Lead], at: datetime, kept: facts.Facts | None) -> list[Old]:
    """Open leads that are longest in their stage; with `kept` found by the index of the facts."""
    open_leads = leads.filter(stage__in=OPEN_STAGES, stage_at__lte=at)
    if kept:
        known = LeadFact.objects.filter(is_open=True, stage_at__lte=at).exclude(lead__in=kept.unread)
        first = list(known.order_by("stage_at", "lead").values_list("lead", flat=True)[:OLDEST])
        open_leads = open_leads.filter(pk__in=[*first, *kept.unread])
    rows = list(open_leads.select_related("person", "owner__user").order_by("stage_at", "pk")[:OLDEST])
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
