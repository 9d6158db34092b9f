"""Leads by day, hour and source of their arrival, from kept sums where the reader sees the whole house. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import ExtractHour, TruncDate

from leadops.models import Lead
from reports import facts
from reports.metrics import reached, statements
from reports.models import DayFact
from reports.periods import Period

MQL = 3  # its rank among the stages
# (is of the later period or null, source or null, day or null, leads, MQL)
SUMMED = """
SELECT d.day >= %(from_on)s, d.key, NULL::date, sum(d.leads)::int, sum(d.entered_3)::int FROM reports_dayfact d
WHERE d.axis = 'first_source' AND d.day >= %(before_on)s AND d.day < %(to_on)s GROUP BY 1, 2
UNION ALL
SELECT NULL, NULL, d.day, sum(d.leads)::int, 0 FROM reports_dayfact d
WHERE d.axis = 'all' AND d.day >= %(from_on)s AND d.day < %(to_on)s GROUP BY d.day
"""


@dataclass(slots=True)
class Arrivals:
    """What happened in a period and in as many days before: leads received and MQL first reached, by first source."""

    now: dict[str, tuple[int, int]] = field(default_factory=dict)
    before: dict[str, tuple[int, int]] = field(default_factory=dict)
    days: dict[date, int] = field(default_factory=dict)  # leads of each day of the period


def arrivals(leads: QuerySet[Lead], period: Period, *, kept: facts.Facts | None, whole: bool) -> Arrivals:
    """`leads` are all that count; `whole`: they are all of the house, so that sums may be taken."""
    return _summed(period, kept) if whole and kept else _counted(leads, period, kept)


def _counted(leads: QuerySet[Lead], period: Period, kept: facts.Facts | None) -> Arrivals:
    found = Arrivals()
    for one, into in ((period, found.now), (period.before, found.before)):
        for total, key, received, _engaged, mql, *_later in reached.counted(
            leads, "first_source", one, happened=True, kept=kept
        ):
            if not total:
                into[key] = (received, mql)
    day = TruncDate("received_at", tzinfo=period.since.tzinfo)
    rows = leads.filter(received_at__gte=period.since, received_at__lt=period.until).order_by().annotate(day=day)
    found.days = dict(rows.values_list("day").annotate(n=Count("pk")))
    return found


def _summed(period: Period, kept: facts.Facts) -> Arrivals:
    given = {"before_on": period.before.from_on, "from_on": period.from_on, "to_on": period.to_on}
    received: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    mql: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    days: Counter[date] = Counter()
    for later, key, day, n, of_mql in statements.ask(SUMMED, given):
        if day is not None:
            days[day] += n
        else:
            received[later][key] += n
            mql[later][key] += of_mql
    for row in facts.corrections(kept):
        for later, one in ((True, period), (False, period.before)):
            if one.since <= row.received_at < one.until:
                received[later][row.first_source] += row.sign
                if later:
                    days[row.received_at.astimezone(one.since.tzinfo).date()] += row.sign
            if row.entered_3 and one.since <= row.entered_3 < one.until:
                mql[later][row.first_source] += row.sign
    both = {
        later: {
            key: (received[later][key], mql[later][key])
            for key in received[later] | mql[later]
            if received[later][key] or mql[later][key]
        }
        for later in (True, False)
    }
    return Arrivals(both[True], both[False], {day: n for day, n in days.items() if n})


def by_hour(
    leads: QuerySet[Lead], days: Sequence[Period], *, kept: facts.Facts | None, whole: bool
) -> dict[tuple[date, int], int]:
    """(day, hour) -> leads received, for these single days, in the reporting zone."""
    if not (whole and kept):
        return _counted_by_hour(leads, days)
    zone = ZoneInfo(days[0].zone)
    wanted = {day.from_on for day in days}
    rows = DayFact.objects.filter(axis="hour", day__in=wanted).values_list("day", "key").annotate(n=Sum("leads"))
    found = Counter({(day, int(key)): n for day, key, n in rows})
    for row in facts.corrections(kept):
        at = row.received_at.astimezone(zone)
        if at.date() in wanted:
            found[at.date(), at.hour] += row.sign
    return {key: n for key, n in found.items() if n}


def _counted_by_hour(leads: QuerySet[Lead], days: Sequence[Period]) -> dict[tuple[date, int], int]:
    within = Q()
    for day in days:
        within |= Q(received_at__gte=day.since, received_at__lt=day.until)
    zone = days[0].since.tzinfo
    rows = (
        leads.filter(within)
        .order_by()
        .annotate(day=TruncDate("received_at", tzinfo=zone), hour=ExtractHour("received_at", tzinfo=zone))
        .values_list("day", "hour")
        .annotate(n=Count("pk"))
    )
    return {(day, hour): n for day, hour, n in rows}
