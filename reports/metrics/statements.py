"""The SQL by hand of the reports: named statements over a cohort that `access` and the ORM chose; no policy is here.

Each is one pass over its table; the tests hold every count against the plain ORM conditions of `leadops.cohorts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, Q, QuerySet

from leadops.journal import JournalEntry, Kind
from leadops.models import Lead
from reports import facts

EVER = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
# (is total, row, won leads, customers, won deals, deals without a rate, revenue or null); driven from the deals
WON = """
WITH cohort AS ({cohort})
SELECT grouping(c.origin), c.origin, count(DISTINCT c.id), count(DISTINCT coalesce(c.account_id, c.canonical_id)),
       count(*), count(*) FILTER (WHERE o.house_minor IS NULL), sum(o.house_minor)::numeric(38, 0)
FROM leadops_opportunity o JOIN cohort c ON o.lead_id = c.id
WHERE o.state = 'won' AND o.closed_at >= %s AND o.closed_at < %s
GROUP BY GROUPING SETS ((), (c.origin))
"""
# (owner, source, is open, hour, weekday, seconds from asking to assignment, to first attempt, to contact, seconds
# waited, ever an opportunity): one row per lead, by its latest asking in the period
_SHOWN = """
SELECT x.owner_id, x.source, x.stage = ANY(%s),
       extract(hour FROM x.asked_at AT TIME ZONE %s)::int, extract(isodow FROM x.asked_at AT TIME ZONE %s)::int,
       extract(epoch FROM x.assigned_at - x.asked_at)::float8, extract(epoch FROM x.answered_at - x.asked_at)::float8,
       extract(epoch FROM x.contacted_at - x.asked_at)::float8,
       greatest(0, extract(epoch FROM %s::timestamptz - x.asked_at))::float8, x.converted
FROM acts x
"""
ASKINGS = f"""
WITH back AS MATERIALIZED (
  SELECT DISTINCT ON (lead_id) lead_id, at, cycle FROM leadops_journalentry
  WHERE kind = 'came_back' AND at >= %s AND at < %s AND data->'new_cycle' = 'true'::jsonb
  ORDER BY lead_id, at DESC, id DESC
), visible AS MATERIALIZED ({{cohort}}),
asked AS MATERIALIZED (
  SELECT v.id, v.owner_id, v.source, v.stage, coalesce(b.at, v.received_at) AS asked_at, coalesce(b.cycle, 1) AS cycle
  FROM visible v LEFT JOIN back b ON b.lead_id = v.id
), deals AS MATERIALIZED (
  SELECT DISTINCT j.lead_id FROM leadops_journalentry j JOIN visible v ON v.id = j.lead_id
  WHERE j.kind = 'stage_moved' AND j.data->>'to' IN ('opportunity', 'won')
), acts AS (
  SELECT a.id, a.owner_id, a.source, a.stage, a.asked_at, a.id IN (SELECT lead_id FROM deals) AS converted,
         min(j.at) FILTER (WHERE j.kind IN ('assigned', 'claimed')) AS assigned_at,
         min(j.at) FILTER (WHERE j.kind IN ('attempted', 'conversed') AND j.actor_id IS NOT NULL) AS answered_at,
         min(j.at) FILTER (WHERE j.kind = 'conversed' AND j.actor_id IS NOT NULL) AS contacted_at
  FROM asked a LEFT JOIN leadops_journalentry j ON j.lead_id = a.id AND j.cycle = a.cycle AND j.at >= a.asked_at
       AND j.kind IN ('assigned', 'claimed', 'attempted', 'conversed')
  GROUP BY a.id, a.owner_id, a.source, a.stage, a.asked_at
) {_SHOWN}"""  # noqa: S608 (constants of this page)
# the same from the facts, but for the leads they have not read
ASKINGS_KEPT = f"""
WITH latest AS MATERIALIZED (
  SELECT DISTINCT ON (k.lead_id) k.* FROM reports_askingfact k
  WHERE k.asked_at >= %s AND k.asked_at < %s AND k.lead_id <> ALL(%s::uuid[])
  ORDER BY k.lead_id, k.asked_at DESC, k.cycle DESC
), visible AS ({{cohort}}),
acts AS (
  SELECT v.owner_id, v.source, v.stage, a.asked_at, a.assigned_at, a.answered_at, a.contacted_at,
         k.entered_6 IS NOT NULL AS converted
  FROM latest a JOIN visible v ON v.id = a.lead_id JOIN reports_leadfact k ON k.lead_id = a.lead_id
) {_SHOWN}"""  # noqa: S608


def run(
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


def won(
    leads: QuerySet[Lead], origin: str, since: datetime = EVER[0], until: datetime = EVER[1]
) -> list[tuple[Any, ...]]:
    """Deals won in [since, until) of these leads."""
    cohort = leads.order_by().values("id", "account_id", "canonical_id", origin=F(origin))
    return run(WON, cohort, [], [since, until])


def askings(
    leads: QuerySet[Lead],
    since: datetime,
    until: datetime,
    *,
    open_stages: Sequence[str],
    zone: str,
    at: datetime,
    kept: facts.Facts | None = None,
) -> list[tuple[Any, ...]]:
    """The latest asking in [since, until) of each of these leads that has one."""
    shown = [list(open_stages), zone, zone, at]
    found = []
    if kept:
        found = run(ASKINGS_KEPT, _asking(leads), [since, until, kept.unread], shown)
        leads = leads.filter(pk__in=kept.unread)
    back = JournalEntry.objects.filter(kind=Kind.CAME_BACK, data__new_cycle=True, at__gte=since, at__lt=until)
    asking = leads.filter(Q(received_at__gte=since, received_at__lt=until) | Q(pk__in=back.values("lead")))
    return found + run(ASKINGS, _asking(asking), [since, until], shown)


def _asking(leads: QuerySet[Lead]) -> QuerySet[Any, Any]:
    return leads.order_by().values("id", "received_at", "owner_id", "source", "stage")
