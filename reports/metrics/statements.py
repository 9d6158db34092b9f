"""The SQL by hand of the reports: named statements over a cohort that `access` and the ORM chose; no policy is here.

Each is one pass over its table; the tests hold every count against the plain ORM conditions of `leadops.cohorts`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, QuerySet

from leadops.models import Lead

NOBODY = uuid.UUID(int=0)  # a list of leads with it is never empty: an empty one would leave out the whole statement
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


def named(cohort: QuerySet[Any, Any], mark: str) -> tuple[str, dict[str, Any]]:
    """A cohort as SQL whose parameters have names that begin with `mark`, and their values."""
    sql, params = cohort.query.sql_with_params()
    parts = sql.split("%s")
    names = [f"{mark}{place}" for place in range(len(params))]
    text = "".join(f"{part}%({name})s" for part, name in zip(parts, names, strict=False)) + parts[-1]
    return text, dict(zip(names, params, strict=True))


def ask(statement: str, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Rows of a statement with named parameters."""
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
