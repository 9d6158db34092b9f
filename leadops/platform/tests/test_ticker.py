"""The ticker with invented kinds of due work: what it enqueues, how long it sleeps, what a fault leaves behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import OperationalError, connection
from django_q.models import OrmQ

from leadops import choreography, moment
from leadops.desk import tasks as desk_tasks
from leadops.platform import heartbeats, queue, ticker
from leadops.platform.ticker import DueWork, Ticker

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ran: list[str] = []


def work_a() -> None:
    ran.append("a")


def work_b() -> None:
    ran.append("b")


def due_in(seconds: float) -> Callable[[datetime], datetime | None]:
    return lambda at: AT + timedelta(seconds=seconds)


@pytest.fixture(autouse=True)
def table() -> Iterator[Callable[..., None]]:
    before = ticker.due_work()
    ran.clear()
    yield lambda *works: ticker.set_due_work(works)
    ticker.set_due_work(before)


def quiet(**more: object) -> Ticker:
    """A ticker whose heartbeat tasks are not due."""
    return Ticker(_canary=time.monotonic(), **more)  # type: ignore[arg-type]


@pytest.mark.django_db
def test_what_is_due_is_enqueued_and_what_is_not_is_left(table):
    table(DueWork("a", due_in(-3), work_a), DueWork("b", due_in(0.4), work_b), DueWork("c", lambda at: None, work_b))
    quiet().look(AT)
    assert queue.drain() == 1
    assert ran == ["a"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("works", "seconds"),
    [
        ([], 1.0),
        ([DueWork("later", due_in(60), work_a)], 1.0),
        ([DueWork("soon", due_in(0.4), work_a)], 0.4),
        ([DueWork("now", due_in(-1), work_a, every=0.25)], 0.25),
        ([DueWork("now", due_in(-1), work_a, every=0.25), DueWork("soon", due_in(0.1), work_a)], 0.1),
        ([DueWork("at once", due_in(0.000001), work_a)], ticker.SHORTEST),
    ],
)
def test_it_sleeps_until_the_next_due_moment_and_never_longer_than_a_second(table, works, seconds):
    table(*works)
    assert quiet().look(AT) == pytest.approx(seconds, abs=0.01)


@pytest.mark.django_db
def test_one_task_per_kind_within_its_interval_while_it_stays_due(table, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(ticker.time, "monotonic", lambda: clock[0])
    table(DueWork("a", due_in(-1), work_a, every=0.25))
    one = Ticker(_canary=100.0)
    counts = []
    for step in (0.0, 0.1, 0.1, 0.1, 0.2, 0.05):
        clock[0] += step
        one.look(AT)
        counts.append(OrmQ.objects.count())
    assert counts == [1, 1, 1, 2, 2, 3]


@pytest.mark.django_db
def test_all_that_is_due_is_enqueued_in_one_transaction_or_not_at_all(table):
    def broken(at: datetime) -> datetime | None:
        raise OperationalError("gone")

    table(DueWork("a", due_in(-1), work_a, every=60.0), DueWork("broken", broken, work_b))
    one = quiet()
    with pytest.raises(OperationalError):
        one.look(AT)
    assert OrmQ.objects.count() == 0
    table(DueWork("a", due_in(-1), work_a, every=60.0))
    one.look(AT)  # the failed look does not count as an enqueued task: no minute is lost
    assert OrmQ.objects.count() == 1


@pytest.mark.django_db
def test_a_look_that_fails_by_itself_stops_no_other_work_and_is_tried_again(table, monkeypatch, caplog):
    """A file that cannot be read is no reason for clocks to stand still."""
    faults: list[Exception | None] = [PermissionError("log"), ValueError("line"), None]

    def at_odds(at: datetime) -> datetime | None:
        if fault := faults[0]:
            raise fault
        return at

    table(DueWork("at odds", at_odds, work_a), DueWork("b", due_in(-1), work_b, every=0.0))
    one = quiet()
    for turn in range(2):
        one.look(AT)
        one.look(AT)
        assert (OrmQ.objects.count(), len(caplog.records)) == (2 * (turn + 1), turn + 1)  # once a minute, not each look
        one._faulty.clear()
        faults.pop(0)
    one.look(AT)
    assert OrmQ.objects.count() == 6


@pytest.mark.django_db
def test_a_queue_emptied_by_hand_is_filled_again_by_the_next_look(table, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(ticker.time, "monotonic", lambda: clock[0])
    table(DueWork("a", due_in(-1), work_a, every=0.25))
    one = Ticker(_canary=100.0)
    one.look(AT)
    OrmQ.objects.all().delete()
    clock[0] += 1.0
    one.look(AT)
    assert OrmQ.objects.count() == 1


@pytest.mark.django_db
def test_a_crowded_queue_is_not_crowded_further(table, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(ticker.time, "monotonic", lambda: clock[0])
    table(DueWork("a", due_in(-1), work_a, every=0.1))
    one = Ticker(_canary=1e9)
    for _ in range(ticker.CROWD + 1):
        queue.enqueue(work_b)
    for _ in range(60):  # six seconds
        clock[0] += 0.1
        one.look(AT)
    assert OrmQ.objects.count() == ticker.CROWD + 1 + 2  # the first, and one after five seconds


@pytest.mark.django_db
def test_heartbeats_are_enqueued_for_both_clusters_and_run_first(table):
    table(DueWork("a", due_in(-1), work_a))
    queue.enqueue(work_b)
    Ticker().look(AT)
    assert "ticker" in heartbeats.ages()
    assert "cluster:now" not in heartbeats.ages()  # only a cluster can write it
    assert queue.drain("now", limit=1) == 1
    assert heartbeats.ages()["cluster:now"] < 5
    assert ran == []
    assert queue.drain("long") == 1
    assert "cluster:long" in heartbeats.ages()


@pytest.mark.django_db
def test_a_frozen_moment_stays_due_and_a_moved_one_becomes_due(table):
    table(DueWork("a", due_in(30), work_a, every=0.0))
    one = quiet()
    with moment.at(AT):
        one.look(moment.now())
        one.look(moment.now())
        assert OrmQ.objects.count() == 0
    with moment.at(AT + timedelta(seconds=31)):
        one.look(moment.now())
        one.look(moment.now())  # time stands still: it stays due, the interval is real time
    assert OrmQ.objects.count() == 2
    with moment.at(AT - timedelta(days=1)):
        assert one.look(moment.now()) == 1.0
    assert OrmQ.objects.count() == 2


@pytest.mark.parametrize("fault", [OperationalError("django's"), psycopg.OperationalError("the driver's")])
def test_a_database_that_goes_away_is_waited_for(monkeypatch, fault):
    events: list[str] = []
    one = Ticker()

    def look(self: Ticker, at: datetime) -> float:
        events.append("look")
        return 1.0

    def wait(self: Ticker, seconds: float) -> None:
        if events.count("look") == 1:
            raise fault
        one.stopped = True

    monkeypatch.setattr(Ticker, "lead", lambda self: events.append("lead") or True)
    monkeypatch.setattr(Ticker, "look", look)
    monkeypatch.setattr(Ticker, "wait", wait)
    monkeypatch.setattr(ticker, "LONGEST", 0.0)
    monkeypatch.setattr(ticker, "connection", type("Away", (), {"close": lambda self: events.append("close")})())
    one.run()
    assert events == ["lead", "look", "close", "lead", "look"]  # leadership is asked for again


@pytest.mark.django_db(transaction=True)
def test_one_ticker_leads_and_the_standby_follows_when_its_connection_ends():
    heard = Ticker()
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as other:
        assert other.execute("SELECT pg_try_advisory_lock(%s)", [ticker.LEADER]).fetchone() == (True,)
        assert not heard.lead()
    deadline = time.monotonic() + 5
    while not heard.lead():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_notification_ends_the_sleep_at_once():
    one = Ticker()
    one.wait(0)  # listens
    began = time.monotonic()

    def ring() -> None:
        with psycopg.connect(**connection.get_connection_params(), autocommit=True) as other:
            other.execute(f"NOTIFY {ticker.CHANNEL}")

    bell = threading.Timer(0.1, ring)
    bell.start()
    one.wait(5.0)
    assert 0.05 < time.monotonic() - began < 1.0
    bell.join()
    one.ear.close()


def test_old_results_are_dropped_at_most_hourly_by_the_long_cluster():
    (purging,) = [work for work in choreography.DUE_WORK if work.task is desk_tasks.purge]
    assert purging.every >= 3600
    assert purging.cluster == "long"
    assert purging.next_at(AT) == AT
