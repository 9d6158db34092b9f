"""The queue: transactional, first in first out, heartbeats first, one taker per task, woken by NOTIFY."""

from __future__ import annotations

import queue as lists
import threading
import time
from collections import Counter
from datetime import timedelta

import django_q.cluster
import pytest
from django.db import OperationalError, connection, connections, transaction
from django_q.cluster import Sentinel
from django_q.models import OrmQ, Task
from django_q.pusher import pusher

from leadops.platform import cluster, heartbeats, queue
from leadops.platform.queue import SkipLocked

ran: list[object] = []


def note(thing: object) -> None:
    ran.append(thing)


def fails() -> None:
    raise ValueError("no")


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    ran.clear()


@pytest.mark.django_db
def test_tasks_run_in_the_order_they_were_enqueued():
    for number in range(20):
        queue.enqueue(note, number)
    OrmQ.objects.filter(pk__in=OrmQ.objects.values("pk")[:5]).update(payload=OrmQ.objects.first().payload)  # moves rows
    assert queue.drain() == 20
    assert ran[5:] == list(range(5, 20))


@pytest.mark.django_db
def test_a_heartbeat_is_handed_out_before_a_long_queue():
    for number in range(50):
        queue.enqueue(note, number)
    queue.enqueue(note, "beat", first=True)
    assert queue.drain(limit=1) == 1
    assert ran == ["beat"]


@pytest.mark.django_db
def test_each_cluster_has_its_own_queue():
    queue.enqueue(note, "long", cluster="long")
    assert queue.waiting("now") == 0
    assert queue.waiting("long") == 1
    assert queue.drain("now") == 0
    assert queue.drain("long") == 1


@pytest.mark.django_db
def test_a_task_that_fails_stays_taken_and_is_not_lost():
    queue.enqueue(fails)
    with pytest.raises(ValueError, match="no"):
        queue.drain()
    assert OrmQ.objects.count() == 1
    assert queue.waiting() == 0


@pytest.mark.django_db(transaction=True)
def test_a_task_of_a_transaction_rolled_back_was_never_enqueued():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        queue.enqueue(note, 1)
        assert OrmQ.objects.count() == 1
        raise ZeroDivisionError
    assert OrmQ.objects.count() == 0
    with transaction.atomic():
        queue.enqueue(note, 2)
        assert _in_a_thread(queue.waiting) == 0  # nobody sees it before the commit
    assert queue.drain() == 1
    assert ran == [2]


def _in_a_thread(act):
    found = []

    def run() -> None:
        found.append(act())
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


@pytest.mark.django_db(transaction=True)
def test_four_takers_at_once_never_get_one_task_twice():
    for number in range(400):
        queue.enqueue(note, number)
    taken: list[int] = []
    gate = threading.Barrier(4)

    def take() -> None:
        broker = SkipLocked(list_key="now")
        gate.wait()
        while rows := broker.take(5):
            taken.extend(pk for pk, _ in rows)
        connection.close()

    takers = [threading.Thread(target=take) for _ in range(4)]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join()
    assert len(taken) == 400
    assert Counter(taken).most_common(1)[0][1] == 1


@pytest.mark.django_db
def test_no_more_are_taken_than_were_asked_for_whatever_the_plan():
    for number in range(6):
        queue.enqueue(note, number)
    with connection.cursor() as cursor:
        for other in ("hashjoin", "mergejoin", "material"):
            cursor.execute(f"SET LOCAL enable_{other} = off")
    assert len(SkipLocked(list_key="now").take(2)) == 2 and queue.waiting() == 4
    assert queue.drain() == 4 and ran == [2, 3, 4, 5]


@pytest.mark.django_db(transaction=True)
def test_an_idle_taker_wakes_for_its_own_queue_at_once_and_not_for_another():
    broker = SkipLocked(list_key="now")
    assert broker.dequeue() is None  # listens from here on

    def later(cluster: str) -> threading.Timer:
        def put() -> None:
            queue.enqueue(note, 1, cluster=cluster)
            connection.close()

        timer = threading.Timer(0.1, put)
        timer.start()
        return timer

    for name, least, most in (("long", queue.WAIT - 0.05, 5.0), ("now", 0.05, queue.WAIT - 0.1)):
        timer = later(name)
        began = time.monotonic()
        assert broker.dequeue() is None
        assert least <= time.monotonic() - began < most
        timer.join()
    assert len(broker.dequeue() or ()) == 1
    broker._ear.close()


@pytest.mark.django_db(transaction=True)
def test_a_taker_outlives_its_lost_connections():
    broker = SkipLocked(list_key="now")
    broker.dequeue()
    queue.enqueue(note, 1)
    broker._ear.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                        " AND pid <> pg_backend_pid()")  # fmt: skip
    got = broker.dequeue() or broker.dequeue()
    assert len(got or ()) == 1
    broker._ear = None


@pytest.mark.django_db
def test_old_results_go_and_failures_stay_longer():
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        (now,) = cursor.fetchone()
    for name, days, success in (("new", 0, True), ("old", 2, True), ("failed", 2, False), ("ancient", 15, False)):
        stopped = now - timedelta(days=days)
        Task.objects.create(id=name, name=name, func="f", started=stopped, stopped=stopped, success=success)
    assert queue.purge_results() == 2
    assert set(Task.objects.values_list("name", flat=True)) == {"new", "failed"}


@pytest.mark.django_db
def test_a_worker_that_takes_tasks_shows_progress_but_not_at_each(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(queue, "_shown", -1e9)
    monkeypatch.setenv("Q_CLUSTER_NAME", "long")
    queue.show_progress()
    assert heartbeats.ages()["cluster:long"] < 5
    with django_assert_num_queries(0):
        queue.show_progress()


def told_to_end(monkeypatch: pytest.MonkeyPatch, room: int) -> tuple[cluster.HouseSentinel, list[str]]:
    """A cluster's guard with django-q2's own pusher at work, and what came after its own part of the end."""
    ended: list[str] = []
    monkeypatch.setattr(Sentinel, "stop", lambda self: ended.append("stop"))
    guard = cluster.HouseSentinel.__new__(cluster.HouseSentinel)
    guard.broker, guard.task_queue, guard.event_out = SkipLocked(list_key="now"), lists.Queue(room), threading.Event()

    def push() -> None:
        pusher(guard.task_queue, guard.event_out, guard.broker)
        if guard.broker._ear:
            guard.broker._ear.close()
        connections.close_all()

    guard.pusher = threading.Thread(target=push)
    guard.pusher.start()
    return guard, ended


@pytest.mark.django_db(transaction=True)
def test_a_cluster_told_to_end_gives_back_what_no_worker_has_and_keeps_what_one_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(8):
        queue.enqueue(note, number)
    guard, ended = told_to_end(monkeypatch, room=2)  # smaller than what is taken at once: the pusher waits for room
    begun = guard.task_queue.get(timeout=10)  # a worker's
    guard.stop()
    assert ended == ["stop"] and not guard.pusher.is_alive() and guard.task_queue.empty()
    assert queue.waiting() == 7, "another taker may have them at once"
    assert queue.drain() == 7 and sorted(ran) == list(range(1, 8))
    assert list(OrmQ.objects.values_list("pk", flat=True)) == [begun["ack_id"]]


@pytest.mark.django_db(transaction=True)
def test_a_cluster_ends_though_nothing_can_be_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(self: SkipLocked, ids: list[int]) -> None:
        raise OperationalError("the database system is shutting down")

    queue.enqueue(note, 1)
    monkeypatch.setattr(SkipLocked, "give_back", away)
    guard, ended = told_to_end(monkeypatch, room=2)
    while guard.task_queue.empty() and guard.pusher.is_alive():
        threading.Event().wait(0.01)
    guard.stop()
    assert ended == ["stop"] and queue.waiting() == 0, "it comes back by itself, later"


@pytest.mark.django_db
def test_clusters_are_started_with_the_guard_of_the_house(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[type] = []
    monkeypatch.setattr(django_q.cluster, "Sentinel", Sentinel)
    monkeypatch.setattr(cluster.Cluster, "start", lambda self: seen.append(django_q.cluster.Sentinel))
    cluster.run()
    assert seen == [cluster.HouseSentinel]
