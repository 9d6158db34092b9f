"""How many leads reached each stage, by origin: the SQL by hand, with the facts or without, always the same answer.

Two views: a cohort (leads received in the period, whatever they reached since) and the period itself (what happened
in it, whenever the lead came in). The cohort of leads is chosen by `access` and the ORM; no policy is here.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, Q, QuerySet

from leadops.journal import JournalEntry, Kind
from leadops.lifecycle import FORWARD
from leadops.models import Lead
from reports import facts
from reports.metrics import statements
from reports.models import RANKS
from reports.periods import Period

_LATER = list(RANKS)
# per lead of `cohort`, the first instant at which it was in the k-th stage or beyond (1 = new)
LIVE = f"""
  SELECT m.id, m.origin, m.received_at, {", ".join(f"min(m.at) FILTER (WHERE m.rank >= {k}) AS t{k}" for k in _LATER)}
  FROM (
    SELECT c.id, c.origin, c.received_at, greatest(j.at, c.received_at) AS at,
           array_position(%(forward)s::text[], j.data->>'to') AS rank
    FROM cohort c LEFT JOIN leadops_journalentry j ON j.lead_id = c.id AND j.kind = 'stage_moved' {{narrowed}}
  ) m GROUP BY m.id, m.origin, m.received_at
"""  # noqa: S608 (numbers of a fixed list only)
# the same from the facts, but for the leads they have not read
KEPT = f"""
  SELECT c.id, c.origin, c.received_at, {", ".join(f"k.entered_{k} AS t{k}" for k in _LATER)}
  FROM cohort c JOIN reports_leadfact k ON k.lead_id = c.id WHERE c.id <> ALL(%(unread)s::uuid[])
  UNION ALL {LIVE.format(narrowed="WHERE c.id = ANY(%(unread)s::uuid[])")}
"""  # noqa: S608
_WAITS = ", ".join(
    "percentile_disc(0.5) WITHIN GROUP (ORDER BY reports_floored("
    f"extract(epoch FROM f.t{k} - {'f.received_at' if k == 2 else f'f.t{k - 1}'})::float8))"
    f" FILTER (WHERE f.t{k} IS NOT NULL)"
    for k in _LATER
)
_COHORT = f"count(*), {', '.join(f'count(f.t{k})' for k in _LATER)}"
_IN_SPAN = "{at} >= s.since AND {at} < s.until"
_HAPPENED = ", ".join(
    f"count(*) FILTER (WHERE {_IN_SPAN.format(at=at)})" for at in ["f.received_at", *(f"f.t{k}" for k in _LATER)]
)
SPAN = "span AS (SELECT %(since)s::timestamptz AS since, %(until)s::timestamptz AS until)"


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
  SELECT d.key, d.leads, {", ".join(kept)} FROM reports_dayfact d WHERE d.axis = %(axis)s AND d.day >= %(from_on)s AND d.day < %(to_on)s
  UNION ALL
  SELECT k.{{origin}}, {ones("k", "entered_", "-")} FROM reports_leadfact k, span s
  WHERE k.lead_id = ANY(%(unread)s::uuid[]){taken}
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
    rows = _ask(sql, _cohort(leads.filter(received), origin), period, unread=kept.unread if kept else [])
    return _nonempty(rows, happened)


def _of_days(
    leads: QuerySet[Lead], origin: str, period: Period, happened: bool, kept: facts.Facts
) -> list[tuple[Any, ...]]:
    unread = leads.filter(pk__in=[statements.NOBODY, *kept.unread])  # an empty list would leave out the whole statement
    if not happened:
        unread = unread.filter(received_at__gte=period.since, received_at__lt=period.until)
    sql = _by_day(happened).replace("{origin}", connection.ops.quote_name(origin))
    return _ask(sql, _cohort(unread, origin), period, unread=kept.unread, axis=origin)


def _cohort(leads: QuerySet[Lead], origin: str) -> QuerySet[Any, Any]:
    return leads.order_by().values("id", "received_at", origin=F(origin))


def _ask(sql: str, cohort: QuerySet[Any, Any], period: Period, **given: Any) -> list[tuple[Any, ...]]:
    try:
        text, more = statements.named(cohort, "c")
    except EmptyResultSet:  # an actor who sees no lead
        return []
    span = {"since": period.since, "until": period.until, "from_on": period.from_on, "to_on": period.to_on}
    return statements.ask(sql.format(cohort=text), {"forward": list(FORWARD)} | span | more | given)


def _nonempty(rows: list[tuple[Any, ...]], happened: bool) -> list[tuple[Any, ...]]:
    """Of an origin where nothing happened there is nothing to say."""
    return [row for row in rows if row[0] or not happened or any(row[2:])]
