"""One bad body takes only itself: claims, splitting, the third start, the one writer."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, connections

from capture import claiming, pipeline, reading, resolution, services, tasks
from capture.adapters import ADAPTERS, Draft
from capture.models import Source, Submission
from capture.tests.batch import NOON, run, submit
from leadops import moment
from leadops.access import system
from leadops.models import Lead, Touch
from leadops.testing import SourceFactory
from leadops.unit import Unit, phases, set_phases

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def resolve_alone() -> Iterator[None]:
    before = phases()
    set_phases(())
    yield
    set_phases(before)


class Bad:
    """An adapter that does to its reader what a body of the name says."""

    scheme = ""
    secret_in_body = False

    def read(self, received: Any, source: Any) -> list[Draft]:
        said = bytes(received.body).decode()
        if "raise" in said:
            raise ZeroDivisionError("no reader expected this")
        if "hang" in said:
            try:
                while True:
                    time.sleep(0.01)
            except Exception:
                return []
        return [Draft(email=said.strip('"'))]


@pytest.fixture
def bad(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setitem(ADAPTERS, "bad", Bad())
    monkeypatch.setattr(reading, "READ_LIMIT", 0.2)
    return SourceFactory(slug="bad", adapter="bad")


def again(times: int) -> None:
    for n in range(1, times + 1):
        run(NOON + n * timedelta(minutes=1))


@pytest.mark.parametrize(("body", "cause"), [("raise", "ZeroDivisionError"), ("hang", "more than 0.2 s")])
def test_a_body_that_raises_or_hangs_takes_only_itself_and_is_dead_at_its_third_start(
    bad: Any, body: str, cause: str
) -> None:
    """C13; with real processes in the platform's tests."""
    rows = [submit(f"p{i}@x.fr", bad) for i in range(5)] + [submit(body, bad)] + [submit("p9@x.fr", bad)]
    first = run()
    assert (first.ends["created"], first.failed, Lead.objects.count()) == (6, 1, 6)
    poison = Submission.objects.get(pk=rows[5].pk)
    assert (poison.end, poison.starts) == ("pending", 1)
    again(2)
    poison.refresh_from_db()
    assert (poison.end, poison.reason, poison.starts) == ("quarantined", "dead", 3)
    assert cause in poison.error
    assert bytes(poison.body) == body.encode()


def test_many_bodies_that_hang_leave_the_rest_its_turn_and_blame_none_of_it(
    bad: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is behind them is given back before the queue ends the worker, and done next."""
    monkeypatch.setattr(reading, "BATCH_LIMIT", 0.2)
    monkeypatch.setattr(pipeline, "TROUBLE", 0.4)
    for _each in range(8):
        submit("hang", bad)
    honest = submit("honest@x.fr", bad)
    began = time.monotonic()
    first = run()
    honest.refresh_from_db()
    assert time.monotonic() - began < 1.5 and 0 < first.failed < 8
    assert (honest.end, honest.starts, honest.lease_until) == ("pending", 0, None)
    while honest.end == "pending":
        run()
        honest.refresh_from_db()
        assert time.monotonic() - began < 10
    assert (honest.end, honest.starts) == ("created", 1)


def test_arrival_order_survives_the_splitting(bad: Any) -> None:
    first, _poison, second = submit("a@x.fr", bad), submit("raise", bad), submit("a@x.fr", bad)
    run()
    assert [Submission.objects.get(pk=s.pk).end for s in (first, second)] == ["created", "touched"]


def test_a_failure_nobody_is_named_for_is_halved_until_the_guilty_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [submit({"email": f"p{i}@x.fr"}) for i in range(9)]
    guilty, real = rows[6].pk, services.resolve

    def fails(ids: Sequence[uuid.UUID], *, unit: Unit, ahead: object) -> list[Submission]:
        if guilty in ids:
            raise RuntimeError("somewhere in the batch")
        return real(ids, unit=unit)

    monkeypatch.setattr(services, "resolve", fails)
    result = run()
    assert (result.ends["created"], result.failed, Touch.objects.count()) == (8, 1, 8)
    assert "somewhere in the batch" in Submission.objects.get(pk=guilty).error


def died(at: datetime) -> list[uuid.UUID]:
    """One start whose worker was killed: the claim is all that is left of it; who was claimed."""
    fresh = claiming.fresh(at, 1000).ids
    return fresh or [row[1] for row in claiming.again(at)]


def test_what_killed_its_worker_thrice_waits_and_is_buried_when_it_does_it_once_more() -> None:
    killer = submit({"email": "k@x.fr"})
    died(NOON)
    bystander, at = submit({"email": "b@x.fr"}), NOON
    pipeline.run_now([bystander.pk], system("test"))
    for _death in range(2):
        at += timedelta(seconds=16)
        assert died(at) == [killer.pk]
    assert run(at + timedelta(minutes=4)).claimed == 0
    assert died(at + timedelta(minutes=5)) == [killer.pk]
    assert run(at + timedelta(minutes=6)).ends == {"quarantined": 1}
    killer.refresh_from_db()
    bystander.refresh_from_db()
    assert (killer.end, killer.reason, killer.error) == ("quarantined", "dead", pipeline.GONE)
    assert bystander.end == "created"


def test_whose_worker_was_killed_thrice_from_outside_is_done_at_its_second_chance() -> None:
    unlucky, at = submit({"email": "u@x.fr"}), NOON
    for _death in range(3):
        assert died(at) == [unlucky.pk]
        at += timedelta(seconds=16)
    assert run(at + timedelta(minutes=4)).claimed == 0
    assert run(at + timedelta(minutes=5)).ends == {"created": 1}


def test_a_death_is_no_failure_and_a_failure_no_death(bad: Any) -> None:
    """Two deaths do not shorten what a body that raises is given, and its end has the cause it gave."""
    row = submit("raise", bad)
    for death in range(2):
        died(NOON + death * timedelta(seconds=16))
    again(2)
    row.refresh_from_db()
    assert (row.end, row.starts, row.failures) == ("pending", 4, 2)
    run(NOON + timedelta(minutes=3))
    row.refresh_from_db()
    assert (row.end, row.reason, row.failures) == ("quarantined", "dead", 3) and "ZeroDivisionError" in row.error


def test_what_a_killed_batch_left_is_done_in_a_run_a_few_at_a_time_and_never_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left = [submit({"email": f"left{n}@x.fr"}, starts=1) for n in range(40)]
    twice = [submit({"email": f"twice{n}@x.fr"}, starts=2) for n in range(2)]
    taken, real = [], services.resolve
    monkeypatch.setattr(services, "resolve", lambda ids, unit, ahead: (taken.append(len(ids)), real(ids, unit=unit))[1])
    assert run().ends == {"created": 42} and taken == [claiming.FEW, 40 - claiming.FEW, 1, 1]
    assert {Submission.objects.get(pk=row.pk).starts for row in left} == {2} and len(twice) == 2
    late = [submit({"email": f"late{n}@x.fr"}, starts=2) for n in range(3)]
    monkeypatch.setattr(pipeline, "RETRIES", 0.0)
    fresh = submit({"email": "fresh@x.fr"})
    first = run()
    assert {row.pk for row in first.submissions} == {fresh.pk, late[0].pk}, "what is fresh waits for no backlog"


def test_who_shared_a_batch_with_a_killer_twice_is_done_alone() -> None:
    """A thousand, then a few, then one: nobody dies for a neighbour a third time."""
    rows, at = [submit({"email": f"p{n}@x.fr"}) for n in range(5)], NOON
    for _death in range(2):
        assert died(at) == [row.pk for row in rows]
        at += timedelta(seconds=16)
    assert died(at) == [rows[0].pk]
    assert run(at + timedelta(seconds=16)).ends == {"created": 4}


def test_a_lease_of_a_worker_at_work_is_respected_and_ends() -> None:
    row = submit({"email": "a@x.fr"})
    claiming.fresh(NOON, 10)
    assert run(NOON + timedelta(seconds=5)).claimed == 0
    assert run(NOON + timedelta(seconds=20)).claimed == 1
    row.refresh_from_db()
    assert (row.end, row.lease_until) == ("created", None)


def test_live_submissions_are_taken_before_imported_ones() -> None:
    slow = [submit({"email": f"i{i}@x.fr"}, priority=10) for i in range(2)]
    live = [submit({"email": f"l{i}@x.fr"}) for i in range(2)]
    assert {s.pk for s in run(limit=3).submissions} == {live[0].pk, live[1].pk, slow[0].pk}


def test_what_a_paused_source_received_waits_until_it_is_resumed() -> None:
    paused, other = SourceFactory(slug="fair", state="paused"), SourceFactory(slug="site")
    waiting, again = submit({"email": "a@x.fr"}, paused), submit({"email": "c@x.fr"}, paused, starts=1)
    through = submit({"email": "b@x.fr"}, other)
    assert {s.pk for s in run().submissions} == {through.pk}
    assert run().claimed == 0 and not claiming.waiting(NOON), "the ticker is not called for what must wait"
    Source.objects.filter(pk=paused.pk).update(state="live")
    assert claiming.waiting(NOON)
    assert run().ends == {"created": 2}
    assert {Submission.objects.get(pk=s.pk).end for s in (waiting, again)} == {"created"}


def test_a_submission_that_ended_is_never_resolved_again() -> None:
    row = submit({"email": "a@x.fr"})
    run()
    assert run(NOON + timedelta(hours=1)).claimed == 0
    assert pipeline.run_now([row.pk], system("test")).claimed == 0
    assert Touch.objects.count() == 1


def test_the_task_drains_what_waits() -> None:
    for i in range(3):
        submit({"email": f"p{i}@x.fr"})
    with moment.at(NOON):
        assert tasks.run_pipeline() == 3
        assert tasks.run_pipeline() == 0


@pytest.mark.django_db(transaction=True)
def test_there_is_one_writer_and_a_screen_waits_a_second_for_it() -> None:
    row = submit({"email": "a@x.fr"})
    held, done = threading.Event(), threading.Event()

    def other() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [pipeline.LOCK])
            held.set()
            done.wait(10)
            cursor.execute("SELECT pg_advisory_unlock(%s)", [pipeline.LOCK])
        connections.close_all()

    thread = threading.Thread(target=other)
    thread.start()
    assert held.wait(10)
    assert run().ran is False
    assert pipeline.run_now([row.pk], system("test"), wait=0.05).ran is False
    row.refresh_from_db()
    assert (row.end, row.starts) == ("pending", 0)
    threading.Timer(0.2, done.set).start()
    assert pipeline.run_now([row.pk], system("test"), wait=5).ends == {"created": 1}
    thread.join()


@pytest.mark.django_db(transaction=True)
def test_a_claim_stands_though_the_work_was_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    row = submit({"email": "a@x.fr"})

    def dies(ids: Sequence[uuid.UUID], unit: Unit, ahead: object) -> list[Submission]:
        raise SystemExit

    monkeypatch.setattr(resolution, "resolve", dies)
    with pytest.raises(SystemExit):
        run()
    row.refresh_from_db()
    assert (row.end, row.starts) == ("pending", 1)


# -- whose fault a start is ------------------------------------------------------------------------------


def ends_by(monkeypatch: pytest.MonkeyPatch, fault: BaseException) -> None:
    def resolve(ids: Sequence[uuid.UUID], *, unit: Unit, ahead: object) -> list[Submission]:
        raise fault

    monkeypatch.setattr(services, "resolve", resolve)


@pytest.mark.parametrize("fault", [OperationalError("the connection is closed"), KeyboardInterrupt()])
def test_a_start_that_ended_with_the_database_or_by_the_keyboard_is_given_back(
    monkeypatch: pytest.MonkeyPatch, fault: BaseException
) -> None:
    rows = [submit({"email": f"p{i}@x.fr"}) for i in range(3)]
    with monkeypatch.context() as away:
        ends_by(away, fault)
        away.setattr(type(connections["default"]), "is_usable", lambda self: False)
        for n in range(5):  # more often than a submission may be started
            with pytest.raises(type(fault)):
                run(NOON + n * timedelta(seconds=1))
        assert set(Submission.objects.values_list("starts", "end")) == {(0, "pending")}
    result = run(NOON + timedelta(seconds=6))
    assert result.ends == {"created": 3}, "in one batch, at once, none of them alone"
    assert {Submission.objects.get(pk=row.pk).starts for row in rows} == {1}


def test_what_could_not_be_given_back_while_the_database_was_away_is_given_back_by_the_next_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    submit({"email": "a@x.fr"})
    with monkeypatch.context() as away:
        ends_by(away, OperationalError("gone"))
        away.setattr(type(connections["default"]), "is_usable", lambda self: False)

        def unreachable() -> None:
            if pipeline._unstarted:
                raise OperationalError("still gone")

        away.setattr(pipeline, "_give_back_pending", unreachable)
        with pytest.raises(OperationalError):
            run()
    assert Submission.objects.get().starts == 1
    assert run(NOON + timedelta(seconds=1)).ends == {"created": 1}
    assert Submission.objects.get().starts == 1 and not pipeline._unstarted


def test_poison_gets_more_time_before_its_last_start(bad: Any) -> None:
    row = submit("raise", bad)
    run()
    row.refresh_from_db()
    assert row.lease_until == NOON + timedelta(seconds=2)
    run(NOON + timedelta(seconds=2))
    row.refresh_from_db()
    assert (row.starts, row.lease_until) == (2, NOON + timedelta(seconds=32))
    assert run(NOON + timedelta(seconds=31)).claimed == 0
    assert run(NOON + timedelta(seconds=32)).dead == 1


def test_one_poison_among_a_thousand_is_dead_with_its_cause_and_the_others_are_done_in_a_minute(bad: Any) -> None:
    """Reliability C13."""
    for number in range(1000):
        submit("raise" if number == 500 else f"p{number}@x.fr", bad)
    began = time.monotonic()
    first = run()
    assert (first.ends["created"], first.failed) == (999, 1)
    again(2)
    assert time.monotonic() - began < 60
    dead = Submission.objects.get(reason="dead")
    assert (dead.starts, dead.end) == (3, "quarantined") and "ZeroDivisionError" in dead.error
