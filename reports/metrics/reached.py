"""How many leads reached each stage, by origin: the SQL by hand, with the facts or without, always the same answer.

Two views: a cohort (leads received in the period, whatever they reached since) and the period itself (what happened
in it, whenever the lead came in). The cohort of leads is chosen by `access` and the ORM; no policy is here.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F, Q, QuerySet

from leadops.journal import JournalEntry, Kind
from leadops.lifecycle import FORWARD
from leadops.models import Lead
from reports import facts
from reports.metrics import statements
from reports.models import RANKS
from reports.periods import Period

NOBODY = uuid.UUID(int=0)
_LATER = list(RANKS)
# per lead of `cohort`, the first instant at which it was in the k-th stage or beyond (1 = new)
LIVE = f"""
  SELECT m.id, m.origin, m.received_at, {", ".join(f"min(m.at) FILTER (WHERE m.rank >= {k}) AS t{k}" for k in _LATER)}
  FROM (
    SELECT c.id, c.origin, c.received_at, greatest(j.at, c.received_at) AS at,
           array_position(%s::text[], j.data->>'to') AS rank
    FROM cohort c LEFT JOIN leadops_journalentry j ON j.lead_id = c.id AND j.kind = 'stage_moved' {{narrowed}}
  ) m GROUP BY m.id, m.origin, m.received_at
"""  # noqa: S608 (numbers of a fixed list only)
# the same from the facts, but for the leads they have not read
KEPT = f"""
  SELECT c.id, c.origin, c.received_at, {", ".join(f"k.entered_{k} AS t{k}" for k in _LATER)}
  FROM cohort c JOIN reports_leadfact k ON k.lead_id = c.id WHERE c.id <> ALL(%s::uuid[])
  UNION ALL {LIVE.format(narrowed="WHERE c.id = ANY(%s::uuid[])")}
"""  # noqa: S608
_WAITS = ", ".join(
    f"percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM f.t{k} - {'f.received_at' if k == 2 else f'f.t{k - 1}'}))"
    f" FILTER (WHERE f.t{k} IS NOT NULL)"
    for k in _LATER
)
_COHORT = f"count(*), {', '.join(f'count(f.t{k})' for k in _LATER)}"
_IN_SPAN = "{at} >= s.since AND {at} < s.until"
_HAPPENED = ", ".join(
    f"count(*) FILTER (WHERE {_IN_SPAN.format(at=at)})" for at in ["f.received_at", *(f"f.t{k}" for k in _LATER)]
)
SPAN = "span AS (SELECT %s::timestamptz AS since, %s::timestamptz AS until)"


def _by_day(happened: bool) -> str:
    """(is total, row, leads, counts …) from the day facts, with the unread leads taken out and counted anew."""
    kept = [f"d.{'entered' if happened else 'reached'}_{k}" for k in _LATER]
    received = _IN_SPAN.format(at="k.received_at")

    def ones(row: str, column: str, sign: str) -> str:
        if not happened:
            return ", ".join([f"{sign}1", *(f"{sign}({row}.{column}{k} IS NOT NULL)::int" for k in _LATER)])
        times = [f"{row}.received_at", *(f"{row}.{column}{k}" for k in _LATER)]
        return ", ".join(f"{sign}coalesce({_IN_SPAN.format(at=at)}, false)::int" for at in times)

    names = ", ".join(["leads", *(f"n{k}" for k in _LATER)])
    sums = ", ".join(f"coalesce(sum(x.{name}), 0)::int" for name in names.split(", "))
    taken = f" AND {received}" if not happened else ""
    return f"""
WITH {SPAN}, cohort AS MATERIALIZED ({{cohort}}), f AS ({LIVE.format(narrowed="")})
SELECT grouping(x.key), x.key, {sums} FROM (
  SELECT d.key, d.leads, {", ".join(kept)} FROM reports_dayfact d WHERE d.axis = %s AND d.day >= %s AND d.day < %s
  UNION ALL
  SELECT k.{{origin}}, {ones("k", "entered_", "-")} FROM reports_leadfact k, span s
  WHERE k.lead_id = ANY(%s::uuid[]){taken}
  UNION ALL
  SELECT f.origin, {ones("f", "t", "")} FROM f, span s
) x (key, {names}) GROUP BY GROUPING SETS ((), (x.key))
HAVING grouping(x.key) = 1 OR {" OR ".join(f"sum(x.{name}) > 0" for name in names.split(", "))}
"""  # noqa: S608


def counted(
    leads: QuerySet[Lead],
    origin: str,
    period: Period,
    *,
    waits: bool = False,
    happened: bool = False,
    kept: facts.Facts | None = None,
    whole: bool = False,
) -> list[tuple[Any, ...]]:
    """(is total, row, leads, reached engaged … won): a row per origin and one for the whole.

    `leads` are all that count; the period chooses. `waits` adds the median seconds from the stage before (cohort
    only). `whole`: these are all leads of the house, so that whole days may be taken.
    """
    if kept and whole and not waits:
        return _of_days(leads, origin, period, happened, kept)
    received = Q(received_at__gte=period.since, received_at__lt=period.until)
    if happened:
        moved = JournalEntry.objects.filter(kind=Kind.STAGE_MOVED, at__gte=period.since, at__lt=period.until)
        received |= Q(pk__in=moved.values("lead"))
    source = KEPT if kept else LIVE.format(narrowed="")
    figures = f"{_COHORT}, {_WAITS}" if waits else _HAPPENED if happened else _COHORT
    sql = f"""
WITH {SPAN}, cohort AS MATERIALIZED ({{cohort}}), f AS ({source})
SELECT grouping(f.origin), f.origin, {figures} FROM f CROSS JOIN span s GROUP BY GROUPING SETS ((), (f.origin))
"""  # noqa: S608
    after: list[Any] = [list(FORWARD)]
    if kept:
        after = [kept.unread, list(FORWARD), kept.unread]
    return _nonempty(statements.run(sql, _cohort(leads.filter(received), origin), _span(period), after), happened)


def _of_days(
    leads: QuerySet[Lead], origin: str, period: Period, happened: bool, kept: facts.Facts
) -> list[tuple[Any, ...]]:
    unread = leads.filter(pk__in=[NOBODY, *kept.unread])  # an empty list would leave out the whole statement
    if not happened:
        unread = unread.filter(received_at__gte=period.since, received_at__lt=period.until)
    sql = _by_day(happened).replace("{origin}", connection.ops.quote_name(origin))
    after = [list(FORWARD), origin, period.from_on, period.to_on, kept.unread]
    return statements.run(sql, _cohort(unread, origin), _span(period), after)


def _cohort(leads: QuerySet[Lead], origin: str) -> QuerySet[Any, Any]:
    return leads.order_by().values("id", "received_at", origin=F(origin))


def _span(period: Period) -> Sequence[Any]:
    return [period.since, period.until]


def _nonempty(rows: list[tuple[Any, ...]], happened: bool) -> list[tuple[Any, ...]]:
    """Of an origin where nothing happened there is nothing to say."""
    return [row for row in rows if row[0] or not happened or any(row[2:])]


_STEPS = ", ".join(
    f"({k}, {'f.received_at' if k == 2 else f'f.t{k - 1}'}, f.t{k})" for k in _LATER
)  # from the stage before to the k-th
# (step, all, moved on, still there, median, P90, longest watched): Kaplan–Meier in one pass; step 0 = start to won
STAYS = f"""
WITH {SPAN}, cohort AS MATERIALIZED ({{{{cohort}}}}), f AS ({{source}}),
o AS (
  SELECT v.step, v.fin IS NOT NULL AS moved, v.fin IS NULL AND f.origin = ANY(%s) AS waits,
         CASE WHEN v.fin IS NOT NULL THEN extract(epoch FROM v.fin - v.start)
              WHEN f.origin = ANY(%s) THEN greatest(0, extract(epoch FROM %s::timestamptz - v.start)) END AS secs
  FROM f CROSS JOIN LATERAL (VALUES {_STEPS}, (0, f.received_at, f.t{_LATER[-1]})) v (step, start, fin)
  WHERE v.start IS NOT NULL
), t AS (
  SELECT step, secs, count(*) AS n, count(*) FILTER (WHERE moved) AS moved, count(*) FILTER (WHERE waits) AS waits
  FROM o GROUP BY step, secs
), r AS (
  SELECT *, sum(n) OVER (PARTITION BY step ORDER BY secs DESC NULLS FIRST) AS at_risk FROM t
), s AS (
  SELECT *, exp(greatest(-600, sum(CASE WHEN moved >= at_risk THEN -600 ELSE ln(1 - moved::float8 / at_risk::float8) END)
                OVER (PARTITION BY step ORDER BY secs NULLS LAST))) AS staying
  FROM r
)
SELECT step, sum(n)::int, sum(moved)::int, sum(waits)::int,
       (min(secs) FILTER (WHERE secs IS NOT NULL AND moved > 0 AND staying <= 0.5 + 1e-9))::float8,
       (min(secs) FILTER (WHERE secs IS NOT NULL AND moved > 0 AND staying <= 0.1 + 1e-9))::float8, max(secs)::float8
FROM s GROUP BY step
"""  # noqa: S608


def stays(
    leads: QuerySet[Lead], period: Period, *, open_stages: Sequence[str], at: datetime, kept: facts.Facts | None
) -> list[tuple[Any, ...]]:
    """How long the leads received in the period stayed in each stage, those still there counted so far."""
    received = leads.filter(received_at__gte=period.since, received_at__lt=period.until)
    sql = STAYS.format(source=KEPT if kept else LIVE.format(narrowed=""))
    head = [kept.unread, list(FORWARD), kept.unread] if kept else [list(FORWARD)]
    after = [*head, list(open_stages), list(open_stages), at]
    return statements.run(sql, _cohort(received, "stage"), _span(period), after)
