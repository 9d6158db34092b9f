"""The facts against a recount: level, behind, in the middle of late commits, merges and deletions; never a figure off."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest import mock

import psycopg
import pytest
from django.db import connection

from leadops import journal
from leadops.access import SYSTEM, Actor, actor_of
from leadops.journal import JournalEntry
from leadops.models import Lead, Role
from leadops.testing import LeadFactory, member, rep
from leadops.tests.scale import sized
from reports import facts
from reports.metrics.executive import executive_report
from reports.metrics.funnel import funnel_report
from reports.metrics.live import live_report
from reports.metrics.response import response_report
from reports.metrics.sources import sources_report
from reports.metrics.velocity import velocity_report
from reports.models import (
    AskingDay,
    AskingFact,
    AskingSpan,
    DayFact,
    FactsRead,
    LeadFact,
    StandingDay,
    StaySpan,
)
from reports.periods import Period
from reports.tests import world
from reports.tests.world import FEBRUARY, NOW, Story

pytestmark = pytest.mark.django_db(transaction=True)
WEEK = Period(FEBRUARY.from_on, FEBRUARY.from_on + timedelta(days=7), FEBRUARY.zone)


def everything(actor: Actor) -> str:
    """Every figure of every report that may read facts."""
    told: list[Any] = []
    for period in (FEBRUARY, WEEK):
        for by in ("source", "channel"):
            told += [sources_report(actor, period, by, "last").to_json(), funnel_report(actor, period, by).to_json()]
            told += [sources_report(actor, period, by, happened=True).to_json()]
            told += [funnel_report(actor, period, by, happened=True).to_json()]
        told += [response_report(actor, period, everyone).to_json() for everyone in (False, True)]
        told += [velocity_report(actor, period).to_json(), executive_report(actor, period).to_json()]
    told.append(live_report(actor).to_json())
    return json.dumps(told, sort_keys=True, default=str)


def direct(actor: Actor) -> str:
    with mock.patch.object(facts, "usable", return_value=None):
        return everything(actor)


def kept_rows() -> list[Any]:
    """All facts as plain values, without the keys of rows that hold nothing any more."""
    days = [row for row in DayFact.objects.order_by("axis", "key", "day").values_list() if any(row[4:])]
    leads = list(LeadFact.objects.order_by("lead").values_list())
    askings = [row[1:] for row in AskingFact.objects.order_by("lead", "cycle", "asked_at").values_list()]
    sums = [
        sorted(row for row in model.objects.values_list(*_columns(model)) if any(row[len(model._meta.pk.fields) :]))
        for model in (AskingDay, AskingSpan, StaySpan, StandingDay)
    ]
    return [[row[1:] for row in days], leads, askings, *sums]


def _columns(model: Any) -> list[str]:
    keys = [field.name for field in model._meta.pk.fields]
    return keys + [f.name for f in model._meta.concrete_fields if f.name not in keys and f.name != "pk"]


def captured(stories: list[Story]) -> None:
    JournalEntry.objects.bulk_create(
        JournalEntry(kind="captured", lead_id=s.id, at=s.received_at, recorded_at=s.received_at, data={})
        for s in stories
    )


def a_world(n: int, seed: int) -> list[Story]:
    stories = world.made_up(n, seed, reps=[rep("Anna", "paris"), rep("Karim", "lyon"), None])
    world.write(stories)
    captured(stories)
    return stories


def happen(rng: random.Random) -> None:
    """Something to a few leads, as services would leave it: rows and their journal entry in one transaction."""
    leads = list(Lead.objects.filter(absorbed_by__isnull=True).order_by("id"))
    for lead in rng.sample(leads, 12):
        at = lead.received_at + timedelta(hours=rng.randrange(1, 300))
        what = rng.choice(["won", "back", "answer", "merge", "touch"])
        data: dict[str, Any] = {}
        kind = "stage_moved"
        if what == "won":
            data = {"from": lead.stage, "to": rng.choice(["mql", "sql", "won"]), "reason": ""}
            Lead.objects.filter(pk=lead.pk).update(stage=data["to"])
        elif what == "back":
            kind, data = "came_back", {"new_cycle": True}
        elif what == "answer":
            kind = "conversed"
        elif what == "merge":
            kind = "merged"
            other = next(one for one in leads if one.pk != lead.pk and one.absorbed_by_id is None)
            Lead.objects.filter(pk=lead.pk).update(absorbed_by=other)
        else:
            kind = "came_back"
            Lead.objects.filter(pk=lead.pk).update(last_source=rng.choice(world.SOURCES))
        cycle = lead.cycle + 5 if data.get("new_cycle") else lead.cycle
        person = lead.owner_id if kind == "conversed" else None
        JournalEntry.objects.create(
            kind=kind, lead=lead, at=at, recorded_at=NOW, cycle=cycle, actor_id=person, data=data
        )


@pytest.fixture
def readers(db: None) -> Iterator[list[Actor]]:
    yield [SYSTEM, actor_of(member("Elise", Role.EXECUTIVE))]


def caught_up() -> bool:
    """The reader stops at the oldest open transaction of the whole server, which a neighbour's test may hold a while."""
    until = time.monotonic() + 120
    while facts.usable().unread and time.monotonic() < until:  # type: ignore[union-attr]
        if not facts.keep():
            time.sleep(0.1)
    return facts.usable().unread == []  # type: ignore[union-attr]


@pytest.mark.parametrize("seed", range(1, sized(2, 6)))
def test_a_figure_is_the_same_with_facts_without_and_in_between(seed: int, readers: list[Actor]) -> None:
    rng = random.Random(seed)
    a_world(150, seed)
    assert facts.usable() is None and facts.next_due(NOW) == NOW
    facts.rebuild()
    boss = actor_of(member("Marc", Role.MANAGER, team="paris"))
    for _turn in range(3):
        kept = facts.usable()
        assert kept is not None
        for actor in [*readers, boss]:
            assert everything(actor) == direct(actor)
        happen(rng)
        behind = facts.usable()
        assert behind is not None and behind.unread
        for actor in [*readers, boss]:
            assert everything(actor) == direct(actor)
        assert caught_up()
        assert facts.next_due(NOW) is None
    stepwise = kept_rows()
    facts.rebuild()
    assert kept_rows() == stepwise


def test_a_late_commit_is_read_when_it_comes_and_nothing_twice(readers: list[Actor]) -> None:
    stories = a_world(60, 5)
    facts.rebuild()
    slow = psycopg.connect(**connection.get_connection_params(), autocommit=True)
    try:
        with slow.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(
                "INSERT INTO leadops_journalentry (kind, lead_id, at, recorded_at, cycle, system, data) "
                'VALUES (\'stage_moved\', %s, %s, %s, 1, \'t\', \'{"from": "new", "to": "won"}\')',
                [stories[0].id, NOW, NOW],
            )
            happen(random.Random(1))  # begun after it, committed before it
            facts.keep()
            assert everything(SYSTEM) == direct(SYSTEM)
            assert facts.usable().unread  # type: ignore[union-attr]
            facts.keep()
            cursor.execute("COMMIT")
        assert everything(SYSTEM) == direct(SYSTEM)
        assert caught_up()
        assert everything(SYSTEM) == direct(SYSTEM)
        stepwise = kept_rows()
        facts.rebuild()
        assert kept_rows() == stepwise
    finally:
        slow.close()


def test_a_deleted_lead_takes_its_facts_and_its_days_along(readers: list[Actor]) -> None:
    a_world(40, 4)
    gone = LeadFactory(first_source="website", received_at=FEBRUARY.since, stage_at=FEBRUARY.since)
    facts.rebuild()
    before = LeadFact.objects.count()
    with connection.cursor() as cursor:  # as the eraser of a demo does: leads are never deleted otherwise
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE leadops_lead DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM leadops_lead WHERE id = %s", [gone.pk])
        cursor.execute("ALTER TABLE leadops_lead ENABLE TRIGGER USER")
    assert LeadFact.objects.count() == before - 1
    days = DayFact.objects.filter(axis="first_source")
    assert sum(day.leads for day in days) == LeadFact.objects.count()


def test_numbers_of_another_server_are_not_believed(readers: list[Actor]) -> None:
    a_world(20, 4)
    facts.rebuild()
    FactsRead.objects.update(xid=2**60)
    assert facts.usable() is None and facts.next_due(NOW) == NOW
    while facts.next_due(NOW):
        facts.keep()
    assert facts.usable() is not None
    assert everything(SYSTEM) == direct(SYSTEM)


def test_a_fact_cannot_be_changed_in_place(readers: list[Actor]) -> None:
    a_world(5, 4)
    facts.rebuild()
    with pytest.raises(Exception, match="replaced, never changed"):
        LeadFact.objects.update(last_source="x")


def statements(work: Any) -> list[str]:
    """The facts' own statements while this is done."""
    found: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        found.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        work()
    return [sql for sql in found if "leadops_journalentry j" in sql]


def test_a_rush_of_new_leads_is_worked_out_once_in_one_step(readers: list[Actor]) -> None:
    """A batch of the pipeline journals kind after kind: in small steps each of its leads was worked out again and again."""
    facts.rebuild()
    a_world(400, 8)
    rows, place = JournalEntry.objects.count(), FactsRead.objects.get(name=facts.NAME)
    assert rows > 2000
    until = time.monotonic() + 120  # a neighbour's test may hold the oldest transaction of the server a while
    while time.monotonic() < until:
        if len(journal.committed(JournalEntry, (place.xid, place.entry), 10_000, only=("id",))) == rows:
            break
        time.sleep(0.1)
    assert len(statements(facts.keep)) == 2, "leads and their askings, inserted as they are found"
    assert caught_up()
    stepwise = kept_rows()
    facts.rebuild()
    assert kept_rows() == stepwise


@pytest.mark.parametrize("sql", [facts.LEADS, facts.ASKINGS], ids=["leads", "askings"])
def test_facts_are_worked_out_lead_by_lead_where_no_statistics_are_yet(readers: list[Actor], sql: str) -> None:
    """Joined as sets, the planner of a young house compared each lead of a rush with each: ten milliseconds a lead."""
    a_world(400, 8)
    leads = list(Lead.objects.values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sql}", {"leads": leads, "forward": ["new"]})
        plan = "\n".join(line for (line,) in cursor.fetchall())
    scans = [line for line in plan.splitlines() if " on leadops_journalentry" in line]
    assert scans and all("journal_of_lead_kind" in line for line in scans), scans
    assert plan.count(" on leadops_lead ") == 1
