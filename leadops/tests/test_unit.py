"""The unit: fixed phases, rounds, stalls, and the journal it writes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from leadops import ids, journal, moment, unit
from leadops.access import SYSTEM, Actor
from leadops.batch import resume
from leadops.journal import Entry, JournalEntry, Kind
from leadops.models import Lead, Touch
from leadops.stalled import Stalled
from leadops.stalled import claim as claim_stalled
from leadops.testing import LeadFactory
from leadops.unit import Phase, Unit, in_unit, record_many

pytestmark = pytest.mark.django_db


@pytest.fixture
def table() -> Iterator[list[Phase]]:
    """Phases of the test; the house's own come back afterwards."""
    kept = unit.phases()
    mine: list[Phase] = []
    unit.set_phases(mine)
    yield mine
    unit.set_phases(kept)


def capture(lead: Lead):
    def work(u: Unit) -> None:
        (mine,) = u.leads([lead.pk])
        u.record(Kind.CAPTURED, mine, data={"source": lead.source})

    return work


def test_phases_run_in_their_order_each_with_all_entries_of_its_kinds(table):
    leads = [LeadFactory(), LeadFactory()]
    seen: list[tuple[str, int]] = []

    def first(entries, u):
        seen.append(("first", len(entries)))
        for e in entries:
            u.record(Kind.SCORED, e.lead, cause=e)

    def second(entries, u):
        seen.append(("second", len(entries)))

    table += [Phase("first", frozenset({"captured"}), first), Phase("second", frozenset({"scored"}), second)]
    unit.set_phases(table)
    in_unit(lambda u: record_many([Entry(Kind.CAPTURED, lead) for lead in leads], u), actor=SYSTEM)
    assert seen == [("first", 2), ("second", 2)]
    scored = JournalEntry.objects.get(kind="scored", lead=leads[0])
    assert JournalEntry.objects.get(pk=scored.cause).kind == "captured"


def test_an_endless_chain_stops_after_three_rounds_and_holds_the_lead(table):
    lead = LeadFactory()
    turns = []

    def again(entries, u):
        turns.append(1)
        u.record(Kind.CAPTURED, entries[0].lead)

    unit.set_phases([Phase("again", frozenset({"captured"}), again)])
    in_unit(capture(lead), actor=SYSTEM)
    assert len(turns) == 3
    lead.refresh_from_db()
    assert lead.held == "loop"


@pytest.mark.parametrize("broken", ["score", "gate", "route", "clocks", "enrol", "work list"])
def test_a_failing_phase_stalls_the_lead_and_it_is_complete_after_the_fault_is_gone(table, broken):
    lead = LeadFactory()
    fault = {"on": True}
    done: list[str] = []

    def make(name: str):
        def handler(entries, u):
            if name == broken and fault["on"]:
                raise ValueError("planted")
            done.append(name)

        return Phase(name, frozenset({"captured"}), handler)

    unit.set_phases([make(n) for n in ("score", "gate", "route", "clocks", "enrol", "work list")])
    in_unit(capture(lead), actor=SYSTEM)
    lead.refresh_from_db()
    stalled = Stalled.objects.get(lead=lead)
    assert lead.held == "error" and stalled.phase == broken and "planted" in stalled.error
    assert JournalEntry.objects.filter(lead=lead, kind="captured").count() == 1
    at = moment.now()
    assert claim_stalled(at) == [lead.pk]
    assert resume(lead.pk, actor=SYSTEM) is False
    assert claim_stalled(at) == [], "a start sets the next retry later"
    fault["on"] = False
    done.clear()
    assert claim_stalled(at + timedelta(hours=2)) == [lead.pk]
    assert resume(lead.pk, actor=SYSTEM) is True
    assert done == ["score", "gate", "route", "clocks", "enrol", "work list"]
    lead.refresh_from_db()
    assert lead.held == "" and not Stalled.objects.exists()
    assert JournalEntry.objects.filter(lead=lead, kind="captured").count() == 1, (
        "what was captured is not journalled twice"
    )


def test_a_refused_verb_leaves_nothing_behind(table):
    lead = LeadFactory()

    def work(u: Unit) -> None:
        capture(lead)(u)
        raise ValueError("no")

    with pytest.raises(ValueError):
        in_unit(work, actor=SYSTEM)
    assert not JournalEntry.objects.exists()


def test_the_journal_costs_three_statements_whatever_the_number(table, django_assert_num_queries):
    leads = [LeadFactory() for _ in range(50)]
    with django_assert_num_queries(4):  # savepoint, ids, insert, release
        in_unit(lambda u: record_many([Entry(Kind.CAPTURED, lead) for lead in leads], u), actor=SYSTEM)


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_the_journal_is_append_only(table, verb):
    in_unit(capture(LeadFactory()), actor=SYSTEM)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows = JournalEntry.objects.all()
        rows.update(kind="noted") if verb == "update" else rows.delete()


@pytest.mark.django_db(transaction=True)
def test_an_incremental_reader_misses_no_row_of_a_late_commit(table):
    """A transaction held open while later ones commit: rows appear below the snapshot's xmin only when all can be seen."""
    lead = LeadFactory()
    late = connection.copy()
    late.ensure_connection()
    late.set_autocommit(False)
    insert = (
        "INSERT INTO leadops_journalentry (kind, lead_id, system, at, recorded_at, cycle, data)"
        " VALUES ('noted', %s, 'late', now(), now(), 1, '{}')"
    )
    with late.cursor() as cursor:
        cursor.execute(insert, [lead.pk])
    in_unit(capture(lead), actor=SYSTEM)

    def read(after: tuple[int, int] = (0, 0)) -> list[tuple[int, int, str]]:
        return [(row.xid, row.id, row.system) for row in journal.committed(JournalEntry, after)]

    first = read()
    assert first == [], "the open transaction is older: nothing behind it is taken yet"
    late.commit()
    late.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()")
    second = read()
    until = time.monotonic() + 120  # xmin is the whole server's: other tests' transactions may hold it back
    while len(second) < 2 and time.monotonic() < until:
        assert [row[2] for row in second] in ([], ["late"]), "never the younger one before the older"
        time.sleep(0.1)
        second = read()
    assert [row[2] for row in second] == ["late", "system"]
    assert read(second[-1][:2]) == []


@pytest.mark.django_db(transaction=True)
def test_an_incremental_reader_goes_on_where_it_stopped_in_pages_of_any_size(table):
    leads = [LeadFactory() for _ in range(3)]
    for lead in leads:
        in_unit(
            lambda u, lead=lead: record_many([Entry(Kind.CAPTURED, lead), Entry(Kind.NOTED, lead)], u), actor=SYSTEM
        )
    for model in (JournalEntry, Touch):
        after, read, until = (0, 0), [], time.monotonic() + 120
        while len(read) < model.objects.count() and time.monotonic() < until:  # xmin is the whole server's
            page = journal.committed(model, after, limit=2)
            read += [row.pk for row in page]
            after = (page[-1].xid, page[-1].id) if page else after
        assert read == list(model.objects.order_by("xid", "id").values_list("pk", flat=True))
        assert journal.committed(model, after) == []


@pytest.mark.django_db(transaction=True)
def test_two_units_that_lock_crosswise_both_end_and_each_is_written_once(table):
    """The database ends one of the two; its unit runs again from the start."""
    leads, gate, runs = [LeadFactory(), LeadFactory()], threading.Barrier(2), []

    def act(mine: int) -> None:
        def work(u: Unit) -> None:
            runs.append(mine)
            Lead.objects.select_for_update().get(pk=leads[mine].pk)
            if runs.count(mine) == 1:
                gate.wait(timeout=30)  # both hold their first row before either asks for the other's
            Lead.objects.select_for_update().get(pk=leads[1 - mine].pk)
            u.record(Kind.NOTED, leads[mine])

        try:
            in_unit(work, actor=SYSTEM)
        finally:
            connection.close()

    threads = [threading.Thread(target=act, args=[mine]) for mine in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(runs) in ([0, 0, 1], [0, 1, 1]), "one deadlock, one run more"
    assert sorted(JournalEntry.objects.values_list("lead", flat=True)) == sorted(lead.pk for lead in leads)


@pytest.mark.parametrize(("state", "runs"), [("40001", 3), ("40P01", 3), ("57014", 1)])
def test_a_race_is_run_three_times_each_a_moment_later_and_any_other_fault_once(table, state, runs, monkeypatch):
    done, waited = [], []
    monkeypatch.setattr(unit.time, "sleep", waited.append)

    def work(u: Unit) -> None:
        done.append(1)
        with connection.cursor() as cursor:
            cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'planted' USING ERRCODE = '{state}'; END $$")

    with pytest.raises(OperationalError):
        in_unit(work, actor=SYSTEM)
    assert len(done) == runs and len(waited) == runs - 1
    assert all(0.02 * n <= span <= 0.06 * n for n, span in enumerate(waited, 1))


def test_acts_of_several_people_go_in_one_unit_each_under_their_own_name(table):
    lead = LeadFactory()
    lea, karim = (Actor(kind="user", user_id=ids.uuid7()) for _ in range(2))
    table += [Phase("follows", frozenset({"noted"}), lambda entries, u: u.record(Kind.SCORED, lead) and None)]
    unit.set_phases(table)

    def work(u: Unit) -> None:
        for who in (lea, karim):
            with u.acting(who):
                assert u.actor is who
                u.record(Kind.NOTED, lead)
        assert u.actor is SYSTEM

    in_unit(work, actor=SYSTEM)
    rows = list(JournalEntry.objects.order_by("id").values_list("kind", "actor", "system"))
    assert rows == [("noted", lea.user_id, ""), ("noted", karim.user_id, ""), ("scored", None, SYSTEM.code)]


def test_many_journal_rows_are_written_kind_by_kind_under_the_numbers_they_were_given(table):
    leads = [LeadFactory() for _n in range(unit.MANY)]
    entries = [Entry(kind, lead) for lead in leads for kind in (Kind.SCORED, Kind.HELD)]
    with CaptureQueriesContext(connection) as asked:
        in_unit(lambda u: record_many(entries, u), actor=SYSTEM)
    (written,) = [q["sql"] for q in asked if 'INTO "leadops_journalentry"' in q["sql"]]
    assert written.count('INTO "leadops_journalentry"') == 2
    held = JournalEntry.objects.filter(kind__in=("scored", "held")).order_by("id").values_list("kind", "lead_id")
    assert list(held) == [(entry.kind, entry.lead_id) for entry in entries]
