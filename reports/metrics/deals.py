"""Which deals are won and how long they take: win rate and cycle by agent, product and sector. Reads only.

Deals closed in the period; a win rate is won ÷ closed, a cycle runs from opening to closing, in days, rounded down to
the resolution of waits (three hours below two weeks, a day above), so that it can be kept in sums.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from leadops import access, moment
from leadops.access import Actor
from leadops.models import Opportunity, User
from reports import deal_facts
from reports.metrics import deal_sums, statements
from reports.periods import Period

AXES = ("agent", "product", "sector")
FEW = 30
DAY = 86_400.0  # seconds
_DAYS = "reports_floored(extract(epoch FROM d.closed_at - d.opened_at)::float8) / 86400.0"
# (which axis is grouped, agent, product, sector, closed, won, won value, without a rate, median, P90, median of the won)
CLOSED = f"""
WITH d AS ({{cohort}})
SELECT grouping(d.agent, d.product, d.sector), d.agent, d.product, d.sector, count(*),
       count(*) FILTER (WHERE d.state = 'won'),
       (sum(d.house_minor) FILTER (WHERE d.state = 'won'))::numeric(38, 0),
       count(*) FILTER (WHERE d.state = 'won' AND d.house_minor IS NULL),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY {_DAYS})::float8,
       percentile_cont(0.9) WITHIN GROUP (ORDER BY {_DAYS})::float8,
       (percentile_cont(0.5) WITHIN GROUP (ORDER BY {_DAYS}) FILTER (WHERE d.state = 'won'))::float8
FROM d GROUP BY GROUPING SETS ((), (d.agent), (d.product), (d.sector))
"""  # noqa: S608 (constants of this page)
OPEN = """
WITH d AS ({cohort})
SELECT grouping(d.agent, d.product, d.sector), d.agent, d.product, d.sector, count(*), sum(d.house_minor)::numeric(38, 0)
FROM d GROUP BY GROUPING SETS ((), (d.agent), (d.product), (d.sector))
"""
_GROUPED = {0b111: "", 0b011: "agent", 0b101: "product", 0b110: "sector"}


@dataclass(slots=True)
class DealRow:
    """Deals of one agent, product or sector. Amounts in minor units of the house currency, cycles in days."""

    key: Any
    label: str = ""
    closed: int = 0
    won: int = 0
    won_minor: int | None = 0
    unconverted: int = 0
    median_cycle: float | None = None
    p90_cycle: float | None = None
    median_cycle_won: float | None = None
    open: int = 0
    open_minor: int | None = 0

    @property
    def win_rate(self) -> float | None:
        return self.won / self.closed if self.closed else None

    @property
    def few(self) -> bool:
        return self.closed < FEW

    def to_json(self) -> dict[str, Any]:
        names = ("label", "closed", "won", "win_rate", "won_minor", "unconverted", "median_cycle", "p90_cycle",
                 "median_cycle_won", "open", "open_minor")  # fmt: skip
        key = str(self.key) if isinstance(self.key, uuid.UUID) else self.key
        return {"key": key} | {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class DealsReport:
    period: Period
    at: datetime
    currency: str
    total: DealRow
    by: dict[str, list[DealRow]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "period": self.period.to_json(),
            "at": self.at.isoformat(),
            "currency": self.currency,
            "total": self.total.to_json(),
            **{f"by_{axis}": [row.to_json() for row in rows] for axis, rows in self.by.items()},
        }


def closed_in(deals: QuerySet[Opportunity], period: Period) -> QuerySet[Opportunity]:
    """Deals won or lost in the period."""
    closed = Q(state__in=[Opportunity.State.WON, Opportunity.State.LOST])
    return deals.filter(closed, closed_at__gte=period.since, closed_at__lt=period.until)


def open_now(deals: QuerySet[Opportunity]) -> QuerySet[Opportunity]:
    return deals.filter(state=Opportunity.State.OPEN)


def of_group(deals: QuerySet[Opportunity], axis: str, key: str) -> QuerySet[Opportunity]:
    """Deals of one agent, product or sector; an empty key = without one."""
    if axis == "agent":
        return deals.filter(owner=uuid.UUID(key)) if key else deals.filter(owner__isnull=True)
    if axis == "product":
        return deals.filter(product=key)
    return deals.filter(account__industry=key) if key else deals.filter(Q(account=None) | Q(account__industry=""))


def deals_report(actor: Actor, period: Period) -> DealsReport:
    """Won and lost deals of the period, and those open now, over the deals the actor may see."""
    access.require(actor, "read_reports")
    rows: dict[str, dict[Any, DealRow]] = {axis: {} for axis in ("", *AXES)}
    unread = deal_facts.usable() if access.sees_every_lead(actor) and period.zone == settings.REPORTING_ZONE else None
    if unread is None:
        _count(rows, access.opportunities_visible_to(actor), period)
    else:
        _sum(rows, period, unread)
    agents = dict(User.objects.filter(pk__in=[key for key in rows["agent"] if key]).values_list("pk", "name"))
    for axis in AXES:
        for key, row in rows[axis].items():
            row.label = (agents.get(key) if axis == "agent" else key) or _("Not recorded")
    total = rows[""].get(None) or DealRow(None)
    total.label = _("Total")
    return DealsReport(
        period=period,
        at=moment.now(),
        currency=settings.HOUSE_CURRENCY,
        total=total,
        by={axis: sorted(rows[axis].values(), key=lambda r: (-r.closed, -r.open, r.label)) for axis in AXES},
    )


def _count(rows: dict[str, dict[Any, DealRow]], deals: QuerySet[Opportunity], period: Period) -> None:
    """From the deals themselves."""
    for row, figures in _rows(CLOSED, closed_in(deals, period), rows):
        row.closed, row.won, value, row.unconverted, row.median_cycle, row.p90_cycle, row.median_cycle_won = figures
        row.won_minor = int(value) if value is not None else None if row.unconverted else 0
    for row, (n, value) in _rows(OPEN, open_now(deals), rows):
        row.open, row.open_minor = n, None if value is None else int(value)


def _sum(rows: dict[str, dict[Any, DealRow]], period: Period, unread: Sequence[uuid.UUID]) -> None:
    """From the kept sums: the deals of the whole house."""
    counts, cycles = deal_sums.of_period(period, ("all", *AXES), unread)
    for axis, key, closed, won, minor, known, still, open_minor, open_known in counts:
        row = _row(rows, axis, key)
        row.closed, row.won, row.unconverted = closed, won, won - known
        row.won_minor = int(minor) if known or not won else None
        row.open, row.open_minor = still, int(open_minor) if open_known or not still else None
    for axis, key, of_won, median, p90 in cycles:
        row = _row(rows, axis, key)
        if of_won:
            row.median_cycle_won = median / DAY
        else:
            row.median_cycle, row.p90_cycle = median / DAY, p90 / DAY


def _row(rows: dict[str, dict[Any, DealRow]], axis: str, key: str) -> DealRow:
    """The row of a key as the sums write it."""
    if axis == "all":
        return rows[""].setdefault(None, DealRow(None))
    told = uuid.UUID(key) if axis == "agent" and key else None if axis == "agent" else key
    return rows[axis].setdefault(told, DealRow(told))


def _rows(sql: str, deals: QuerySet[Opportunity], rows: dict[str, dict[Any, DealRow]]) -> list[tuple[DealRow, Any]]:
    cohort = deals.order_by().values(
        "state",
        "house_minor",
        "opened_at",
        "closed_at",
        "product",
        agent=F("owner_id"),
        sector=Coalesce("account__industry", Value("")),
    )
    found = []
    for grouped, agent, product, sector, *figures in statements.run(sql, cohort, [], []):
        axis = _GROUPED[grouped]
        key = {"": None, "agent": agent, "product": product or "", "sector": sector or ""}[axis]
        found.append((rows[axis].setdefault(key, DealRow(key)), figures))
    return found
