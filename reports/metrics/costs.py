"""What origins cost within a period: each cost row spread evenly over its days, corrected rows left out. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Max

from capture.models import Cost, Source
from reports.periods import Period


@dataclass(slots=True)
class Spent:
    """The cost of one origin in minor units of the house currency; `unconverted` rows have no rate and are not in it."""

    minor: int | None = None
    unconverted: int = 0

    def add(self, minor: int | None) -> None:
        if minor is None:
            self.unconverted += 1
        else:
            self.minor = (self.minor or 0) + minor

    @property
    def complete(self) -> int | None:
        """The cost a ratio may be made of: known, and nothing missing from it."""
        return None if self.unconverted else self.minor


def share(minor: int, from_on: date, last_on: date, since: date, until: date) -> int:
    """The part of an amount over [from_on, last_on] that falls in [since, until); adjacent parts add up to the whole."""
    days = (last_on - from_on).days + 1
    first = min(max((since - from_on).days, 0), days)
    after = min(max((until - from_on).days, 0), days)
    return minor * after // days - minor * first // days


def spent(period: Period, by: str) -> dict[str | None, Spent]:
    """Cost by origin. Under None stands what belongs to no single one, such as a campaign's cost among sources."""
    return spent_in([period], by)[0]


def spent_in(periods: Sequence[Period], by: str) -> list[dict[str | None, Spent]]:
    """The same of several periods, in the statements of one."""
    first, after = min(period.from_on for period in periods), max(period.to_on for period in periods)
    rows = Cost.objects.filter(corrected_by__isnull=True, from_on__lt=after, to_on__gte=first)
    found = list(rows.select_related("source__campaign", "campaign"))
    only = _only_sources(found) if by == "source" else {}
    return [_within(found, period, by, only) for period in periods]


def _within(rows: Iterable[Cost], period: Period, by: str, only: dict[object, str]) -> dict[str | None, Spent]:
    sums: dict[str | None, Spent] = {}
    for row in rows:
        if row.from_on >= period.to_on or row.to_on < period.from_on:
            continue
        minor = row.house_minor
        if minor is not None:
            minor = share(minor, row.from_on, row.to_on, period.from_on, period.to_on)
        sums.setdefault(_belongs(row, by, only), Spent()).add(minor)
    return sums


def entered_upto() -> date | None:
    """The last day any cost was entered for."""
    last: date | None = Cost.objects.filter(corrected_by__isnull=True).aggregate(last=Max("to_on"))["last"]
    return last


def whole(parts: Iterable[Spent]) -> Spent:
    """The sum of the costs of several origins."""
    total = Spent()
    for part in parts:
        if part.minor is not None:
            total.add(part.minor)
        total.unconverted += part.unconverted
    return total


def _belongs(row: Cost, by: str, only: dict[object, str]) -> str | None:
    source, campaign = row.source, row.campaign
    if by == "source":
        return source.slug if source else only.get(row.campaign_id)
    if campaign is None and source is not None:
        campaign = source.campaign
    if by == "campaign":
        return campaign.key if campaign else None
    return (campaign.channel if campaign else "") or (source.channel if source else "") or None


def _only_sources(rows: Iterable[Cost]) -> dict[object, str]:
    """Campaigns that exactly one source serves: their cost is that source's."""
    wanted = {row.campaign_id for row in rows if row.source_id is None}
    if not wanted:
        return {}
    serving: dict[object, list[str]] = {}
    for slug, campaign in Source.objects.filter(campaign__in=wanted).values_list("slug", "campaign"):
        serving.setdefault(campaign, []).append(slug)
    return {campaign: slugs[0] for campaign, slugs in serving.items() if len(slugs) == 1}
