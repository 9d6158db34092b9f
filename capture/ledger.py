"""The ledger: per source and local day, every delivery and its one end; it counts, and changes nothing.

deliveries = created + touched + duplicate + quarantined + spam + test + withdrawn + pending, where duplicate counts the
repeats of one delivery and what ended as a duplicate. Refusals stand beside the equation. A day balances when the
equation holds and exactly as many leads name a submission of that day as ended `created`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection

ENDS = ("created", "touched", "duplicate", "quarantined", "spam", "test", "withdrawn", "pending")

_SQL = """
WITH counted AS (
  SELECT src.slug AS source, (s.received_at AT TIME ZONE %(zone)s)::date AS day,
    sum(s.deliveries) AS deliveries,
    count(*) FILTER (WHERE s."end" = 'created') AS created,
    count(*) FILTER (WHERE s."end" = 'touched') AS touched,
    sum(s.deliveries - 1) + count(*) FILTER (WHERE s."end" = 'duplicate') AS duplicate,
    count(*) FILTER (WHERE s."end" = 'quarantined') AS quarantined,
    count(*) FILTER (WHERE s."end" = 'spam') AS spam,
    count(*) FILTER (WHERE s."end" = 'test') AS test,
    count(*) FILTER (WHERE s."end" = 'withdrawn') AS withdrawn,
    count(*) FILTER (WHERE s."end" = 'pending') AS pending,
    count(l.id) FILTER (WHERE s."end" = 'created') AS leads,
    count(l.id) FILTER (WHERE s."end" <> 'created' AND s."end" <> 'withdrawn') AS strays
  FROM capture_submission s
  JOIN capture_source src ON src.id = s.source_id
  LEFT JOIN leadops_lead l ON l.submission = s.id
  WHERE s.received_at >= %(start)s AND s.received_at < %(stop)s AND (%(source)s = '' OR src.slug = %(source)s)
  GROUP BY 1, 2
), refused AS (
  SELECT source_slug AS source, day, sum(count) AS refused FROM capture_refusal
  WHERE day >= %(first)s AND day <= %(last)s AND (%(source)s = '' OR source_slug = %(source)s)
  GROUP BY 1, 2
)
SELECT coalesce(c.source, r.source), coalesce(c.day, r.day), coalesce(c.deliveries, 0), coalesce(c.created, 0),
  coalesce(c.touched, 0), coalesce(c.duplicate, 0), coalesce(c.quarantined, 0), coalesce(c.spam, 0),
  coalesce(c.test, 0), coalesce(c.withdrawn, 0), coalesce(c.pending, 0), coalesce(r.refused, 0),
  coalesce(c.leads, 0), coalesce(c.strays, 0)
FROM counted c FULL JOIN refused r ON r.source = c.source AND r.day = c.day
ORDER BY 2 DESC, 1
"""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One source on one local day."""

    source: str
    day: date
    deliveries: int
    created: int
    touched: int
    duplicate: int
    quarantined: int
    spam: int
    test: int
    withdrawn: int
    pending: int
    refused: int
    balanced: bool

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def week_to(last: date) -> date:
    """The first of the seven days that end with `last`."""
    return date.fromordinal(max(1, last.toordinal() - 6))


def midnight(day: date) -> datetime:
    """The instant a day of the house begins."""
    return datetime.combine(day, time.min, ZoneInfo(settings.REPORTING_ZONE))


def rows(frm: date, to: date, source: str = "") -> list[LedgerRow]:
    """Every (day, source) from `frm` to `to`, both days included, newest day first; of one source also the days between
    on which it received nothing: a silence is a row of noughts, not a missing one."""
    bounds: dict[str, Any] = {
        "zone": settings.REPORTING_ZONE,
        "start": midnight(frm),
        "stop": midnight(to + timedelta(days=1)),
        "first": frm,
        "last": to,
        "source": source,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SQL, bounds)
        found = [_row(*values) for values in cursor.fetchall()]
    return _with_empty_days(found) if source else found


def _with_empty_days(found: list[LedgerRow]) -> list[LedgerRow]:
    if not found:
        return []
    by_day, last = {row.day: row for row in found}, found[0].day.toordinal()
    days = map(date.fromordinal, range(last, found[-1].day.toordinal() - 1, -1))
    return [by_day.get(day) or _row(found[0].source, day, 0, *[0] * len(ENDS), 0, 0, 0) for day in days]


def _row(source: str, day: date, deliveries: int, *counts: int) -> LedgerRow:
    *ends, refused, leads, strays = (int(count) for count in counts)
    created = ends[0]
    balanced = int(deliveries) == sum(ends) and leads == created and strays == 0
    named = dict(zip(ENDS, ends, strict=True))
    return LedgerRow(source, day, int(deliveries), **named, refused=refused, balanced=balanced)


def totals(of: Iterable[LedgerRow]) -> dict[str, Any]:
    """The same equation over all rows."""
    listed = list(of)
    summed: dict[str, Any] = {
        name: sum(getattr(row, name) for row in listed) for name in (*ENDS, "deliveries", "refused")
    }
    return {**summed, "balanced": all(row.balanced for row in listed)}
