"""Which origins bring leads, deals and money, and at what cost: one row per source, campaign or channel. Reads only.

The cohort is the leads received in the period; what became of them is counted up to now, whenever it happened.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, Sum
from django.utils.translation import gettext as _

from leadops import access, cohorts, moment
from leadops.access import Actor
from leadops.lifecycle import FORWARD
from leadops.models import Opportunity
from reports import facts
from reports.metrics import costs, origins, reached, statements
from reports.metrics.costs import Spent
from reports.periods import Period

STAGES = ("mql", "sal", "sql", "opportunity")


@dataclass(slots=True)
class SourceRow:
    """One origin. `key` None: costs that belong to no single origin. Amounts in minor units of the house currency."""

    key: str | None
    label: str = ""
    leads: int = 0
    mql: int = 0
    sal: int = 0
    sql: int = 0
    opportunity: int = 0
    won: int = 0
    customers: int = 0
    deals: int = 0
    unconverted: int = 0  # won deals whose amount has no rate: counted, said, never zero
    revenue_minor: int | None = 0
    cost: Spent = field(default_factory=Spent)

    @property
    def cost_minor(self) -> int | None:
        return self.cost.minor

    @property
    def cost_per_lead(self) -> int | None:
        return _per(self.cost.complete, self.leads)

    @property
    def cost_per_mql(self) -> int | None:
        return _per(self.cost.complete, self.mql)

    @property
    def cost_per_won(self) -> int | None:
        return _per(self.cost.complete, self.won)

    @property
    def cac(self) -> int | None:
        return _per(self.cost.complete, self.customers)

    @property
    def roi(self) -> Decimal | None:
        """(revenue - cost) / cost; unknown while either side is incomplete."""
        spent = self.cost.complete
        if not spent or self.revenue_minor is None or self.unconverted:
            return None
        return Decimal(self.revenue_minor - spent) / Decimal(spent)

    def to_json(self) -> dict[str, Any]:
        plain = ("key", "label", "leads", *STAGES, "won", "customers", "deals", "unconverted", "revenue_minor")
        return {name: getattr(self, name) for name in plain} | {
            "cost_minor": self.cost_minor,
            "costs_unconverted": self.cost.unconverted,
            "cost_per_lead_minor": self.cost_per_lead,
            "cost_per_mql_minor": self.cost_per_mql,
            "cost_per_won_minor": self.cost_per_won,
            "cac_minor": self.cac,
            "roi": None if self.roi is None else float(round(self.roi, 4)),
        }


@dataclass(frozen=True, slots=True)
class Untraced:
    """Won deals that name no lead, by the day they were won."""

    deals: int
    unconverted: int
    revenue_minor: int | None


@dataclass(frozen=True, slots=True)
class SourcesReport:
    period: Period
    by: str
    model: str
    currency: str
    at: datetime
    rows: list[SourceRow]
    total: SourceRow
    untraced: Untraced
    unknown_share: float | None  # share of leads whose channel nobody knows; None without leads
    whole_house: bool  # costs are the house's: who sees only some teams gets none
    happened: bool = False  # what happened in the period, not what became of its leads

    def to_json(self) -> dict[str, Any]:
        return {
            "period": self.period.to_json(),
            "by": self.by,
            "model": self.model,
            "view": "period" if self.happened else "cohort",
            "currency": self.currency,
            "at": self.at.isoformat(),
            "rows": [row.to_json() for row in self.rows],
            "total": self.total.to_json(),
            "untraced": {
                "deals": self.untraced.deals,
                "unconverted": self.untraced.unconverted,
                "revenue_minor": self.untraced.revenue_minor,
            },
            "unknown_channel_share": self.unknown_share,
            "costs_shown": self.whole_house,
        }


def _per(minor: int | None, count: int) -> int | None:
    return None if minor is None or not count else round(Fraction(minor, count))


def sources_report(
    actor: Actor, period: Period, by: str = "source", model: str = "first", happened: bool = False
) -> SourcesReport:
    """Leads, stages, deals, revenue, cost and ROI by origin, over the leads the actor may see: of the leads received
    in the period, or (`happened`) leads received, stages entered and deals won in it."""
    access.require(actor, "read_reports")
    at = moment.now()
    kept = facts.usable()
    everyone = cohorts.countable(access.leads_visible_to(actor))
    leads = everyone.filter(received_at__gte=period.since, received_at__lt=period.until)
    whole_house = access.sees_every_lead(actor)
    origin = origins.column(by, model)
    found: dict[str | None, SourceRow] = {}
    total = SourceRow(key=None, label=_("Total"))
    _count(found, total, reached.counted(everyone, origin, period, happened=happened, kept=kept, whole=whole_house))
    if by == "channel":
        channels: list[tuple[str | None, int]] = [(key, row.leads) for key, row in found.items()]
    else:
        column = origins.column("channel", model)
        rows_of = reached.counted(everyone, column, period, kept=kept, whole=whole_house)
        channels = [(key, n) for whole, key, n, *_later in rows_of if not whole]
    deals = statements.won(everyone, origin, period.since, period.until) if happened else statements.won(leads, origin)
    earn(found, total, deals)
    for key, spent in (costs.spent(period, by) if whole_house else {}).items():
        found.setdefault(key, SourceRow(key, revenue_minor=0 if key is not None else None)).cost = spent
    total.cost = costs.whole(row.cost for row in found.values())
    named = origins.labels(by, [key for key in found if key], at)
    for row in found.values():
        row.label = _("Costs of no single one") if row.key is None else named[row.key]
    rows = sorted(found.values(), key=lambda r: (r.key is None, -(r.revenue_minor or 0), -r.leads, r.label))
    return SourcesReport(
        period=period,
        by=by,
        model=model,
        currency=settings.HOUSE_CURRENCY,
        at=at,
        rows=rows,
        total=total,
        untraced=_untraced(actor, period),
        unknown_share=_unknown_share(total.leads, channels),
        whole_house=whole_house,
        happened=happened,
    )


def _count(found: dict[str | None, SourceRow], total: SourceRow, rows: list[tuple[Any, ...]]) -> None:
    places = [FORWARD.index(stage) + 2 for stage in STAGES]  # after grouping, origin and the count of leads
    for whole, key, leads, *_rest in rows:
        row = total if whole else found.setdefault(key, SourceRow(key))
        row.leads = leads
        figures = (whole, key, leads, *_rest)
        for stage, place in zip(STAGES, places, strict=True):
            setattr(row, stage, figures[place])


def earn(found: dict[Any, SourceRow], total: SourceRow, rows: list[tuple[Any, ...]]) -> None:
    """Put the deals that `statements.won` counted into the rows of their origins."""
    for whole, key, won, customers, deals, unconverted, revenue in rows:
        if whole and not deals:
            continue
        row = total if whole else found.setdefault(key, SourceRow(key))
        row.won, row.customers, row.deals, row.unconverted = won, customers, deals, unconverted
        row.revenue_minor = None if revenue is None else int(revenue)


def _unknown_share(total: int, by_channel: Iterable[tuple[str | None, int]]) -> float | None:
    if not total:
        return None
    return sum(n for key, n in by_channel if key in ("", origins.UNKNOWN_CHANNEL)) / total


def _untraced(actor: Actor, period: Period) -> Untraced:
    deals = access.opportunities_visible_to(actor).filter(
        lead__isnull=True,
        state=Opportunity.State.WON,
        closed_at__gte=period.since,
        closed_at__lt=period.until,
    )
    sums = deals.aggregate(
        n=Count("pk"), without=Count("pk", filter=Q(house_minor__isnull=True)), revenue=Sum("house_minor")
    )
    revenue = sums["revenue"] if sums["revenue"] is not None or sums["n"] else 0
    return Untraced(sums["n"], sums["without"], None if revenue is None else int(revenue))
