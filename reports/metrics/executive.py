"""The few figures an executive asks for, of what happened in a period, each with the period before. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncDate

from leadops import access, cohorts, moment
from leadops.access import Actor
from leadops.models import Opportunity
from reports.metrics.response import share_within_five
from reports.metrics.sources import SourceRow, sources_report
from reports.periods import Period

TOP = 5


@dataclass(frozen=True, slots=True)
class Glance:
    """One period. Amounts in minor units of the house currency; None = unknown, never zero."""

    leads: int
    mql: int
    pipeline: int  # deals open at the end of the period
    pipeline_minor: int | None
    pipeline_unvalued: int
    won: int  # deals won in the period, traced to a lead or not
    won_minor: int | None
    won_unconverted: int
    spend_minor: int | None
    spend_incomplete: bool
    share_within_five: float | None
    judged: int

    @property
    def roi(self) -> Decimal | None:
        if not self.spend_minor or self.spend_incomplete or self.won_minor is None or self.won_unconverted:
            return None
        return Decimal(self.won_minor - self.spend_minor) / Decimal(self.spend_minor)

    def to_json(self) -> dict[str, Any]:
        names = ("leads", "mql", "pipeline", "pipeline_minor", "pipeline_unvalued", "won", "won_minor",
                 "won_unconverted", "spend_minor", "spend_incomplete", "share_within_five", "judged")  # fmt: skip
        return {name: getattr(self, name) for name in names} | {
            "roi": None if self.roi is None else float(round(self.roi, 4))
        }


@dataclass(frozen=True, slots=True)
class ExecutiveReport:
    period: Period
    at: datetime
    currency: str
    now: Glance
    before: Glance
    sources: list[SourceRow]  # those that brought most money, then most leads
    days: list[tuple[date, int]]  # leads received on each day of the period

    def to_json(self) -> dict[str, Any]:
        return {
            "period": self.period.to_json(),
            "at": self.at.isoformat(),
            "currency": self.currency,
            "now": self.now.to_json(),
            "before": self.before.to_json(),
            "sources": [row.to_json() for row in self.sources],
            "leads_by_day": [[day.isoformat(), n] for day, n in self.days],
        }


def executive_report(actor: Actor, period: Period) -> ExecutiveReport:
    """What happened in the period and in as many days before, over what the actor may see."""
    access.require(actor, "read_reports")
    now, sources = _glance(actor, period)
    before, _sources = _glance(actor, period.before)
    return ExecutiveReport(
        period=period,
        at=moment.now(),
        currency=settings.HOUSE_CURRENCY,
        now=now,
        before=before,
        sources=[row for row in sources if row.key is not None and (row.leads or row.won)][:TOP],
        days=_days(actor, period),
    )


def _glance(actor: Actor, period: Period) -> tuple[Glance, list[SourceRow]]:
    report = sources_report(actor, period, happened=True)
    total, untraced = report.total, report.untraced
    share, judged = share_within_five(actor, period)
    pipeline = access.opportunities_visible_to(actor).filter(
        Q(state=Opportunity.State.OPEN) | Q(closed_at__gte=period.until), opened_at__lt=period.until
    )
    sums = pipeline.aggregate(
        n=Count("pk"), value=Sum("house_minor"), without=Count("pk", filter=Q(house_minor__isnull=True))
    )
    won = [minor for minor in (total.revenue_minor, untraced.revenue_minor) if minor is not None]
    return (
        Glance(
            leads=total.leads,
            mql=total.mql,
            pipeline=sums["n"],
            pipeline_minor=None if sums["value"] is None and sums["n"] else int(sums["value"] or 0),
            pipeline_unvalued=sums["without"],
            won=total.deals + untraced.deals,
            won_minor=sum(won) if won else None,
            won_unconverted=total.unconverted + untraced.unconverted,
            spend_minor=total.cost.minor,
            spend_incomplete=bool(total.cost.unconverted),
            share_within_five=share,
            judged=judged,
        ),
        report.rows,
    )


def _days(actor: Actor, period: Period) -> list[tuple[date, int]]:
    leads = cohorts.countable(access.leads_visible_to(actor)).filter(
        received_at__gte=period.since, received_at__lt=period.until
    )
    day = TruncDate("received_at", tzinfo=period.since.tzinfo)
    counted = dict(leads.order_by().annotate(day=day).values_list("day").annotate(n=Count("pk")))
    return [(on, counted.get(on, 0)) for on in period.each_day()]
