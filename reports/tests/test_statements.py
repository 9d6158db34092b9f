"""The statements by hand read each row a bounded number of times, also where the database has no statistics yet."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leadops.access import Actor
from leadops.tests import kept_rows
from reports.metrics.funnel import funnel_report
from reports.metrics.response import response_report
from reports.metrics.sources import sources_report
from reports.tests import world
from reports.tests.world import FEBRUARY

LEADS = 1500
PER_LEAD = 100  # rows through all nodes of a plan; without the index of lead and kind it is above a thousand


def rows_read(plan: dict[str, Any]) -> float:
    """Rows that all nodes of a plan gave on or threw away."""
    dropped = sum(plan.get(f"Rows Removed by {why}", 0) for why in ("Filter", "Index Recheck", "Join Filter"))
    mine = (plan["Actual Rows"] + dropped) * plan["Actual Loops"]
    return float(mine + sum(rows_read(part) for part in plan.get("Plans", ())))


def forget_statistics() -> None:
    """As in a house that has just begun and had a busy first hour."""
    with connection.cursor() as cursor:
        for table in ("leadops_lead", "leadops_journalentry", "leadops_opportunity"):
            cursor.execute("DELETE FROM pg_statistic WHERE starelid = %s::regclass", [table])
            cursor.execute("UPDATE pg_class SET reltuples = -1, relpages = 0 WHERE oid = %s::regclass", [table])


@pytest.mark.parametrize("report", [sources_report, funnel_report, response_report])
@pytest.mark.parametrize("analyzed", [False, True])
def test_a_report_reads_a_lead_a_few_times(boss: Actor, report: Callable[..., object], analyzed: bool) -> None:
    kept_rows.once("many stories", lambda: world.write(world.made_up(LEADS)))
    world.counted()
    if not analyzed:
        forget_statistics()
    with CaptureQueriesContext(connection) as queries:
        report(boss, FEBRUARY)
    asked = [query["sql"] for query in queries if "MATERIALIZED" in str(query["sql"])]
    assert asked
    for sql in asked:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}")
            (found,) = cursor.fetchone()
        plan = json.loads(found) if isinstance(found, str) else found
        assert rows_read(plan[0]["Plan"]) < LEADS * PER_LEAD, sql
