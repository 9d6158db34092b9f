"""The few figures an executive asks for, of what happened in a period, each with the period before. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet, Sum

from leadops import access, cohorts, moment
from leadops.access import Actor
from leadops.models import Opportunity
from reports import facts
from reports.metrics import arrivals, beginnings, costs, origins, statements
from reports.metrics.response import share_within_five
from reports.metrics.sources import SourceRow, earn
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
    costs_shown: bool  # costs are the house's: who sees only some teams gets none
    costs_upto: date | None  # the last day any cost was entered for
    begun: dict[str, date | None]  # the first day of leads, and of deals

    def comparable(self, what: str) -> bool:
        """Whether the days before were all lived: of leads, or of deals."""
        return beginnings.whole_before(self.period, self.begun[what])

    def to_json(self) -> dict[str, Any]:
        return {
            "period": self.period.to_json(),
            "at": self.at.isoformat(),
            "currency": self.currency,
            "now": self.now.to_json(),
            "before": self.before.to_json(),
            "sources": [row.to_json() for row in self.sources],
            "costs_shown": self.costs_shown,
            "costs_entered_upto": self.costs_upto and self.costs_upto.isoformat(),
            "begun": {name: day and day.isoformat() for name, day in self.begun.items()},
            "before_whole": {name: self.comparable(name) for name in self.begun},
            "leads_by_day": [[day.isoformat(), n] for day, n in self.days],
        }


def executive_report(actor: Actor, period: Period) -> ExecutiveReport:
    """What happened in the period and in as many days before, over what the actor may see."""
    access.require(actor, "read_reports")
    at, kept, whole = moment.now(), facts.usable(), access.sees_every_lead(actor)
    leads = cohorts.countable(access.leads_visible_to(actor))
    came = arrivals.arrivals(leads, period, kept=kept, whole=whole)
    both = (period, period.before)
    spent = costs.spent_in(both, "source") if whole else [{}, {}]
    deals = _deals(actor, period)
    glances = [
        _glance(came_in, cost, deal, share_within_five(actor, one, kept))
        for one, came_in, cost, deal in zip(both, (came.now, came.before), spent, deals, strict=True)
    ]
    return ExecutiveReport(
        period=period,
        at=at,
        currency=settings.HOUSE_CURRENCY,
        now=glances[0],
        before=glances[1],
        sources=_sources(came.now, spent[0], statements.won(leads, "first_source", period.since, period.until), at),
        days=[(on, came.days.get(on, 0)) for on in period.each_day()],
        costs_shown=whole,
        costs_upto=costs.entered_upto() if whole else None,
        begun=beginnings.begun(actor),
    )


@dataclass(frozen=True, slots=True)
class Deals:
    """Deals open at the end of a period, and those won in it, traced to a lead or not."""

    open: int
    open_minor: int | None
    open_unvalued: int
    won: int
    won_minor: int | None
    won_unconverted: int


def _deals(actor: Actor, period: Period) -> list[Deals]:
    """Of the period and of the one before: once over the open deals, once over those closed since."""
    deals, state = access.opportunities_visible_to(actor), Opportunity.State
    spans = {"now": period, "before": period.before}
    opened = {f"{name}_open": Q(opened_at__lt=one.until) for name, one in spans.items()}
    closed = {f"{name}_open": Q(opened_at__lt=one.until, closed_at__gte=one.until) for name, one in spans.items()}
    closed |= {
        f"{name}_won": Q(state=state.WON, closed_at__gte=one.since, closed_at__lt=one.until)
        for name, one in spans.items()
    }
    sums = [
        _sums(deals.filter(state=state.OPEN), opened),
        _sums(deals.filter(~Q(state=state.OPEN), closed_at__gte=period.before.since), closed),
    ]
    return [Deals(*_amount(sums, f"{name}_open"), *_amount(sums, f"{name}_won")) for name in spans]


def _sums(deals: QuerySet[Opportunity], wanted: dict[str, Q]) -> dict[str, tuple[int, int, int]]:
    """name -> (deals, their known amounts, how many have one)."""
    asked: dict[str, Any] = {}
    for name, chosen in wanted.items():
        asked[f"{name}_n"] = Count("pk", filter=chosen)
        asked[f"{name}_minor"] = Sum("house_minor", filter=chosen)
        asked[f"{name}_known"] = Count("house_minor", filter=chosen)
    found = deals.aggregate(**asked)
    return {name: (found[f"{name}_n"], int(found[f"{name}_minor"] or 0), found[f"{name}_known"]) for name in wanted}


def _amount(parts: list[dict[str, tuple[int, int, int]]], name: str) -> tuple[int, int | None, int]:
    """(deals, their amounts, those without a known amount): nothing is zero, nothing known is unknown."""
    n, minor, known = (sum(column) for column in zip(*(part[name] for part in parts if name in part), strict=True))
    return n, (None if n and not known else minor), n - known


def _glance(
    came: dict[str, tuple[int, int]],
    spent: dict[str | None, costs.Spent],
    deals: Deals,
    soon: tuple[float | None, int],
) -> Glance:
    cost = costs.whole(spent.values())
    return Glance(
        leads=sum(leads for leads, _mql in came.values()),
        mql=sum(mql for _leads, mql in came.values()),
        pipeline=deals.open,
        pipeline_minor=deals.open_minor,
        pipeline_unvalued=deals.open_unvalued,
        won=deals.won,
        won_minor=deals.won_minor,
        won_unconverted=deals.won_unconverted,
        spend_minor=cost.minor,
        spend_incomplete=bool(cost.unconverted),
        share_within_five=soon[0],
        judged=soon[1],
    )


def _sources(
    came: dict[str, tuple[int, int]],
    spent: dict[str | None, costs.Spent],
    won: list[tuple[Any, ...]],
    at: datetime,
) -> list[SourceRow]:
    """The sources that brought most money in the period, then most leads."""
    rows = {key: SourceRow(key, leads=leads, mql=mql) for key, (leads, mql) in came.items()}
    earn(rows, SourceRow(None), won)
    for key, cost in spent.items():
        if key is not None and key in rows:
            rows[key].cost = cost
    shown = sorted(
        (row for row in rows.values() if row.leads or row.won),
        key=lambda r: (-(r.revenue_minor or 0), -r.leads, r.key or ""),
    )[:TOP]
    named = origins.labels("source", [row.key or "" for row in shown], at)
    for row in shown:
        row.label = named[row.key or ""]
    return shown
