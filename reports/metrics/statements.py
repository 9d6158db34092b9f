"""The SQL by hand of the reports: named statements over a cohort that `access` and the ORM chose; no policy is here.

Each is one pass over its table; the tests hold every count against the plain ORM conditions of `leadops.cohorts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, QuerySet

from leadops.lifecycle import FORWARD
from leadops.models import Lead

# f: per lead, the first instant at which it was in the k-th stage or beyond (1 = new)
_LATER = range(2, len(FORWARD) + 1)
_ENTERED = ", ".join(f"min(m.at) FILTER (WHERE m.rank >= {k}) AS t{k}" for k in _LATER)
_COUNTS = ", ".join(f"count(f.t{k})" for k in _LATER)
_WAITS = ", ".join(
    f"percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM f.t{k} - {'f.received_at' if k == 2 else f'f.t{k - 1}'}))"
    f" FILTER (WHERE f.t{k} IS NOT NULL)"
    for k in _LATER
)
# One join and one grouping: joining the grouped half back would be quadratic wherever statistics are missing.
_FURTHEST = f"""
f AS (
  SELECT m.id, m.origin, m.received_at, {_ENTERED}
  FROM (
    SELECT c.id, c.origin, c.received_at, greatest(j.at, c.received_at) AS at,
           array_position(%s::text[], j.data->>'to') AS rank
    FROM cohort c LEFT JOIN leadops_journalentry j ON j.lead_id = c.id AND j.kind = 'stage_moved'
  ) m GROUP BY m.id, m.origin, m.received_at
)"""  # noqa: S608 (numbers of a fixed list only)

# (is total, row, leads, reached engaged … won): one row per origin, and one for the whole
REACHED = f"""
WITH cohort AS MATERIALIZED ({{cohort}}), {_FURTHEST}
SELECT grouping(f.origin), f.origin, count(*), {_COUNTS} FROM f GROUP BY GROUPING SETS ((), (f.origin))
"""  # noqa: S608
# the same with the median seconds from the stage before
REACHED_WITH_WAITS = f"""
WITH cohort AS MATERIALIZED ({{cohort}}), {_FURTHEST}
SELECT grouping(f.origin), f.origin, count(*), {_COUNTS}, {_WAITS} FROM f GROUP BY GROUPING SETS ((), (f.origin))
"""  # noqa: S608
# (is total, row, won leads, customers, won deals, deals without a rate, revenue or null)
WON = """
WITH cohort AS MATERIALIZED ({cohort})
SELECT grouping(c.origin), c.origin, count(DISTINCT c.id), count(DISTINCT coalesce(c.account_id, c.canonical_id)),
       count(*), count(*) FILTER (WHERE o.house_minor IS NULL), sum(o.house_minor)::numeric(38, 0)
FROM cohort c JOIN leadops_opportunity o ON o.lead_id = c.id WHERE o.state = 'won'
GROUP BY GROUPING SETS ((), (c.origin))
"""
# (owner, source, is open, hour, seconds from asking to assignment, seconds from asking to answer, seconds waited)
ASKINGS = """
WITH back AS MATERIALIZED (
  SELECT DISTINCT ON (lead_id) lead_id, at, cycle FROM leadops_journalentry
  WHERE kind = 'came_back' AND at >= %s AND at < %s AND data->'new_cycle' = 'true'::jsonb
  ORDER BY lead_id, at DESC, id DESC
), visible AS MATERIALIZED ({cohort}),
asked AS MATERIALIZED (
  SELECT v.id, v.owner_id, v.source, v.stage, coalesce(b.at, v.received_at) AS asked_at, coalesce(b.cycle, 1) AS cycle
  FROM visible v LEFT JOIN back b ON b.lead_id = v.id
), acts AS (
  SELECT a.id, a.owner_id, a.source, a.stage, a.asked_at,
         min(j.at) FILTER (WHERE j.kind IN ('assigned', 'claimed')) AS assigned_at,
         min(j.at) FILTER (WHERE j.kind IN ('attempted', 'conversed') AND j.actor_id IS NOT NULL) AS answered_at
  FROM asked a LEFT JOIN leadops_journalentry j ON j.lead_id = a.id AND j.cycle = a.cycle AND j.at >= a.asked_at
       AND j.kind IN ('assigned', 'claimed', 'attempted', 'conversed')
  GROUP BY a.id, a.owner_id, a.source, a.stage, a.asked_at
)
SELECT x.owner_id, x.source, x.stage = ANY(%s), extract(hour FROM x.asked_at AT TIME ZONE %s)::int,
       extract(epoch FROM x.assigned_at - x.asked_at)::float8, extract(epoch FROM x.answered_at - x.asked_at)::float8,
       greatest(0, extract(epoch FROM %s::timestamptz - x.asked_at))::float8
FROM acts x
"""


def _run(
    statement: str, cohort: QuerySet[Any, Any], before: Sequence[Any], after: Sequence[Any]
) -> list[tuple[Any, ...]]:
    """Rows of a statement over the cohort; parameters stand where their placeholders do."""
    try:
        sql, params = cohort.query.sql_with_params()
    except EmptyResultSet:  # an actor who sees no lead
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement.format(cohort=sql), [*before, *params, *after])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def reached(leads: QuerySet[Lead], origin: str, *, waits: bool = False) -> list[tuple[Any, ...]]:
    cohort = leads.order_by().values("id", "received_at", origin=F(origin))
    return _run(REACHED_WITH_WAITS if waits else REACHED, cohort, [], [list(FORWARD)])


def won(leads: QuerySet[Lead], origin: str) -> list[tuple[Any, ...]]:
    cohort = leads.order_by().values("id", "account_id", "canonical_id", origin=F(origin))
    return _run(WON, cohort, [], [])


def askings(
    leads: QuerySet[Lead], since: datetime, until: datetime, *, open_stages: Sequence[str], zone: str, at: datetime
) -> list[tuple[Any, ...]]:
    cohort = leads.order_by().values("id", "received_at", "owner_id", "source", "stage")
    return _run(ASKINGS, cohort, [since, until], [list(open_stages), zone, at])
