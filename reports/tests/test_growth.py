"""What a report costs: its statements are counted, and with four times the leads it reads no more rows."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leadops import ids
from leadops.access import SYSTEM, Actor, actor_of
from leadops.models import OPEN_STAGES, Rep, Role
from leadops.testing import member, rep
from reports import facts
from reports.metrics.executive import executive_report
from reports.metrics.funnel import funnel_report
from reports.metrics.live import live_report
from reports.metrics.response import response_report
from reports.metrics.sources import sources_report
from reports.metrics.velocity import velocity_report
from reports.tests import world
from reports.tests.test_facts import caught_up
from reports.tests.test_statements import rows_read
from reports.tests.world import FEBRUARY, Story

pytestmark = pytest.mark.django_db(transaction=True)
Report = Callable[[Actor], object]
# report -> statements it may take, all facts read
REPORTS: dict[str, tuple[Report, int]] = {
    "overview": (lambda actor: executive_report(actor, FEBRUARY), 11),
    "response": (lambda actor: response_report(actor, FEBRUARY, detailed=False), 5),
    "velocity": (lambda actor: velocity_report(actor, FEBRUARY), 6),
    "live": (lambda actor: live_report(actor), 11),
    "sources": (lambda actor: sources_report(actor, FEBRUARY), 9),
    "funnel": (lambda actor: funnel_report(actor, FEBRUARY, detailed=False), 7),
}


def told(stories: list[Story], times: int) -> list[Story]:
    """The same lives so many times. Who is still open or bought is there once: a backlog and deals are read as they are."""
    over = [s for s in stories if s.stage not in OPEN_STAGES and not s.deals and not s.returns and not s.absorbed]
    copies = [dataclasses.replace(s, id=ids.uuid7()) for _turn in range(times - 1) for s in over]
    return [*stories, *copies]


def statements_of(report: Report, actor: Actor) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        report(actor)
    return [str(query["sql"]) for query in queries if not str(query["sql"]).startswith("EXPLAIN")]


def rows_of(sqls: list[str]) -> float:
    rows = 0.0
    with connection.cursor() as cursor:
        for sql in sqls:
            cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}")
            (found,) = cursor.fetchone()
            plan: Any = json.loads(found) if isinstance(found, str) else found
            rows += rows_read(plan[0]["Plan"])
    return rows


def costs(times: int, reader: Actor, reps: list[Rep | None]) -> dict[str, tuple[int, float]]:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE leadops_lead, leadops_journalentry, leadops_person, leadops_opportunity CASCADE")
    world.write(told(world.made_up(240, 3, reps=reps), times))
    facts.rebuild()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    assert caught_up()
    return {name: (len(s := statements_of(report, reader)), rows_of(s)) for name, (report, _most) in REPORTS.items()}


def test_four_times_the_leads_are_read_in_the_same_rows() -> None:
    reader = actor_of(member("Elise", Role.EXECUTIVE))
    reps = [rep("Anna", "paris"), rep("Karim", "lyon"), None]
    small, large = costs(1, reader, reps), costs(5, reader, reps)
    for name, (_report, most) in REPORTS.items():
        assert small[name][0] == large[name][0] <= most, (name, small[name], large[name])
        assert large[name][1] <= 1.2 * small[name][1] + 200, (name, small[name], large[name])


def test_the_harness_sees_what_grows() -> None:
    """A report that reads leads one by one would be found."""
    read = []
    with mock.patch.object(facts, "usable", return_value=None):
        for _turn in range(2):
            world.write(told(world.made_up(240, 3), 3))
            read.append(rows_of(statements_of(REPORTS["response"][0], SYSTEM)))
    assert read[1] > 1.2 * read[0] + 200
