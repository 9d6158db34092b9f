"""One bad lead stops no other: the batches of the house run in one unit, and set apart who breaks them."""

from __future__ import annotations

import dataclasses
import threading
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection, connections, transaction
from django.db.utils import NotSupportedError

from leadops import batch, choreography, moment, stalled, unit
from leadops.access import SYSTEM, actor_of
from leadops.desk import tasks as desk_tasks
from leadops.journal import JournalEntry, Kind
from leadops.models import Lead, Rep, Role, Task
from leadops.shipped import install_defaults
from leadops.stalled import Stalled
from leadops.testing import DAWN, LeadFactory, member, rep
from leadops.unit import Phase, in_unit
from nurture import groups
from nurture import tasks as nurture_tasks
from nurture.models import Enrolment, StepDone
from nurture.tests import running
from qualification import tasks as qualification_tasks
from qualification.models import ScoreSheet
from routing import departures
from routing import tasks as routing_tasks
from routing.leaving import Wish
from routing.models import Clock, ClockStep, Pool, PoolMember
from routing.sla import tasks as sla_tasks

pytestmark = pytest.mark.django_db
TUESDAY = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)  # everybody works
PAST = timedelta(minutes=1)


@pytest.fixture
def lea():
    install_defaults()
    lea = rep("Léa")
    PoolMember.objects.create(
        pool=Pool.objects.get(key="everyone"), rep=lea, weight=Decimal(1), valid_from=DAWN, known_from=DAWN
    )
    with moment.at(TUESDAY):
        yield lea


@pytest.fixture
def fault():
    """Ids of leads on which every batch of the house raises; the number of units each batch took."""
    guilty: set[uuid.UUID] = set()
    units: list[str] = []

    def faulty(door: batch.Door) -> batch.Door:
        def work(lead_ids: Sequence[uuid.UUID], u: unit.Unit) -> object:
            units.append(door.name)
            done = door.work(lead_ids, u)
            if guilty & set(lead_ids):
                raise NotSupportedError("planted\x00")
            return done

        return dataclasses.replace(door, work=work)

    batch.set_doors([faulty(door) for door in choreography.DOORS])
    yield guilty, units
    batch.set_doors(choreography.DOORS)


def scored(lea) -> list[Lead]:
    leads = [LeadFactory(stage="engaged") for _ in range(7)]
    in_unit(lambda u: [u.record(Kind.EDITED, lead) for lead in u.leads(x.pk for x in leads)], actor=SYSTEM)
    ScoreSheet.objects.update(next_change_at=moment.now() - PAST)
    return leads


def clocked(lea) -> list[Lead]:
    at = moment.now() - timedelta(minutes=10)
    leads = [LeadFactory(owner=lea, stage="mql", stage_at=at, received_at=at, assigned_at=at) for _ in range(7)]
    in_unit(lambda u: [u.record(Kind.ASSIGNED, lead) for lead in u.leads(x.pk for x in leads)], actor=SYSTEM, at=at)
    assert Clock.objects.filter(next_at__lte=moment.now()).count() >= 7
    return leads


def held(lea) -> list[Lead]:
    at = moment.now()
    return [LeadFactory(held="no_capacity", held_at=at, held_until=at - PAST, stage="mql") for _ in range(7)]


def left_behind(lea) -> list[Lead]:
    gone = rep("Bob")
    Rep.objects.filter(pk=gone.pk).update(active=False)
    return [LeadFactory(owner=gone, stage="mql") for _ in range(7)]


def recycled(lea) -> list[Lead]:
    at = moment.now() - PAST
    return [
        LeadFactory(owner=lea, stage="recycled", stage_reason="no_timing", closed_at=at, recycle_at=at)
        for _ in range(7)
    ]


def snoozed(lea) -> list[Lead]:
    leads = [LeadFactory(owner=lea) for _ in range(7)]
    at = moment.now() - PAST
    for lead in leads:
        Task.objects.create(lead=lead, owner=lea, kind=Task.Kind.SNOOZE, due_at=at, created_at=at)
    return leads


def in_a_sequence(lea) -> list[Lead]:
    running.house()
    leads = [running.prospect(f"Anna Roux{n}", lea) for n in range(7)]
    for lead in leads:
        running.enrolled(lead, moment.now() - PAST)
    return leads


def meeting_an_entry(lea) -> list[Lead]:
    running.house(by="condition", entry={"field": "stage", "op": "eq", "value": "engaged"})
    return [running.prospect(f"Anna Roux{n}", lea, stage="engaged") for n in range(7)]


def of_a_group(lea) -> list[Lead]:
    running.house()
    leads = [running.prospect(f"Anna Roux{n}", lea) for n in range(7)]
    by = actor_of(member("Hugo", Role.MARKETING_OPS))
    made, _members = in_unit(lambda u: groups.plan(leads, "unreached", u), actor=by)
    in_unit(lambda u: groups.confirm(made.pk, u), actor=by)
    return leads


CASES: dict[str, tuple[Callable, Callable, Callable]] = {
    "scores": (scored, qualification_tasks.reassess, lambda: ScoreSheet.objects.filter(next_change_at=None)),
    "clocks": (clocked, sla_tasks.climb, lambda: ClockStep.objects.filter(step__startswith="breach")),
    "held leads": (held, routing_tasks.drain_held, lambda: Lead.objects.filter(owner__isnull=False)),
    "left behind": (left_behind, routing_tasks.drain_held, lambda: Lead.objects.filter(owner__active=True)),
    "recycled leads": (recycled, qualification_tasks.wake_recycled, lambda: Lead.objects.filter(stage="engaged")),
    "snoozes": (snoozed, desk_tasks.wake_snoozed, lambda: Task.objects.filter(done_at__isnull=False)),
    "sequences": (in_a_sequence, nurture_tasks.advance, lambda: StepDone.objects.filter(step=0)),
    "entries": (meeting_an_entry, nurture_tasks.look_for_entries, lambda: Enrolment.objects.all()),
    "group enrolments": (of_a_group, nurture_tasks.carry_out_groups, lambda: Enrolment.objects.all()),
}
COLUMN = {"scores": "lead_id", "clocks": "clock__lead_id", "snoozes": "lead_id"}
COLUMN |= {"sequences": "enrolment__lead_id", "entries": "lead_id", "group enrolments": "lead_id"}


def test_every_batch_of_the_house_is_tried_here() -> None:
    assert set(CASES) == {door.name for door in choreography.DOORS}


@pytest.mark.parametrize("name", CASES)
def test_a_lead_that_breaks_its_batch_is_set_apart_and_the_others_are_done(name: str, lea, fault) -> None:
    guilty, units = fault
    prepare, task, done_rows = CASES[name]
    leads = prepare(lea)
    bad = leads[4].pk
    guilty.add(bad)
    units.clear()

    def done() -> set[uuid.UUID]:
        return set(done_rows().values_list(COLUMN.get(name, "pk"), flat=True))

    task()
    assert done() == {lead.pk for lead in leads} - {bad}
    row = Stalled.objects.get()
    assert (row.lead_id, row.doors, row.phase) == (bad, [name], name) and "planted" in row.error
    assert row.due_at is not None and row.due_at > moment.now()
    assert Lead.objects.get(pk=bad).held == ("error" if name == "held leads" else "")
    assert JournalEntry.objects.filter(lead=bad, kind=Kind.STALLED).exists()
    units.clear()
    task()
    due = next(w for w in choreography.DUE_WORK if w.task == task).next_at
    assert units == []
    if name != "entries":  # looked for every five minutes, whoever waits: time alone makes a lead meet a condition
        assert not ((at := due(moment.now())) and at <= moment.now()), "the ticker is not called for it"
    with moment.at(moment.now() + timedelta(hours=2)):
        assert desk_tasks.resume_stalled() == 0
        assert Stalled.objects.get().starts == 1
    guilty.clear()
    with moment.at(moment.now() + timedelta(hours=4)):
        assert desk_tasks.resume_stalled() == 1
    assert bad in done() and not Stalled.objects.exists()
    assert Lead.objects.get(pk=bad).held not in batch.BY_US


@pytest.mark.parametrize("name", CASES)
def test_a_batch_that_goes_well_is_one_unit(name: str, lea, fault) -> None:
    _guilty, units = fault
    prepare, task, done_rows = CASES[name]
    prepare(lea)
    units.clear()
    task()
    assert units == [name] and done_rows().count() == 7


def test_a_lead_whose_later_phase_raises_stalls_alone_in_a_batch(lea) -> None:
    leads, kept = snoozed(lea), unit.phases()
    bad = leads[2].pk

    def fails(entries, u) -> None:
        if any(e.lead_id == bad and e.kind == Kind.TASK_DONE for e in entries):
            raise ValueError("later")

    unit.set_phases([*kept, Phase("later", frozenset({Kind.TASK_DONE}), fails)])
    try:
        assert desk_tasks.wake_snoozed() == 7
    finally:
        unit.set_phases(kept)
    assert Task.objects.filter(done_at__isnull=True).count() == 0, "what the batch did for it is kept"
    assert [(row.lead_id, row.phase) for row in Stalled.objects.all()] == [(bad, "later")]


def test_a_rep_can_leave_though_one_lead_cannot_be_moved(lea, fault) -> None:
    guilty, _units = fault
    install_defaults()
    bob = rep("Bob")
    leads = [LeadFactory(owner=bob, stage="mql") for _ in range(5)]
    guilty.add(leads[1].pk)
    assert departures.moved(departures.leave(bob.pk, Wish(), SYSTEM)) == 4
    assert list(Lead.objects.filter(owner=bob).values_list("pk", flat=True)) == [leads[1].pk]
    assert Stalled.objects.get().lead_id == leads[1].pk


# -- leads whose flow goes in circles ----------------------------------------------------------------------


@pytest.mark.parametrize("owned", [False, True])
def test_a_lead_that_goes_in_circles_is_tried_again_a_few_times_and_then_waits_for_a_person(owned: bool) -> None:
    kept, endless = unit.phases(), {"on": True}
    lead = LeadFactory(owner=rep("Léa") if owned else None)

    def again(entries, u) -> None:
        if endless["on"]:
            u.record(Kind.EDITED, entries[0].lead)

    unit.set_phases([Phase("again", frozenset({Kind.EDITED}), again)])
    try:
        in_unit(lambda u: u.record(Kind.EDITED, u.leads([lead.pk])[0]), actor=SYSTEM)
        row, at = Stalled.objects.get(), moment.now()
        assert (row.lead_id, row.phase, row.starts) == (lead.pk, stalled.LOOP, 0) and "edited" in row.error
        tries = 0
        while stalled.claim(at := at + timedelta(hours=2)):
            tries += 1
            assert batch.resume(lead.pk, actor=SYSTEM, at=at) is False
        assert tries == stalled.MOST_LOOPS
        lead.refresh_from_db()
        assert (lead.held, stalled.next_due(at)) == ("" if owned else "loop", None), "it waits for a person"
        endless["on"] = False
        assert stalled.retry_now([lead.pk], at) == 1 and stalled.claim(at) == [lead.pk]
        assert batch.resume(lead.pk, actor=SYSTEM, at=at) is True
    finally:
        unit.set_phases(kept)
    lead.refresh_from_db()
    assert lead.held == "" and not Stalled.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_stalled_row_is_locked_after_its_lead_everywhere() -> None:
    lead = LeadFactory()
    at = moment.now()
    stalled.note(lead.pk, phase="route", cause="x", at=at, due_at=at)
    asked = threading.Event()

    def other() -> None:
        asked.set()
        batch.resume(lead.pk, actor=SYSTEM, at=at)
        connections.close_all()

    thread = threading.Thread(target=other)
    with transaction.atomic():
        Lead.objects.select_for_update().get(pk=lead.pk)
        thread.start()
        assert asked.wait(5)
        with connection.cursor() as cursor:
            waiting = (
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            for _ in range(500):
                cursor.execute(waiting)
                if cursor.fetchone()[0]:
                    break
                cursor.execute("SELECT pg_sleep(0.01), pg_stat_clear_snapshot()")
            else:
                raise AssertionError("nobody waits for the lead")
        assert Stalled.objects.select_for_update(nowait=True).get().phase == "route"
    thread.join()
    assert not Stalled.objects.exists()
