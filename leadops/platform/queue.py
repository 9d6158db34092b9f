"""The queue facade: what knows django_q, beside the process that runs its workers. A task is a function and ids; the queue is a hint, tables are the truth.

`enqueue` writes in the caller's transaction, so a task and the row it belongs to commit or roll back together.
"""

from __future__ import annotations

import logging
import os
import select
from collections.abc import Callable, Sequence
from time import monotonic, sleep
from typing import Any

import psycopg
from django.db import InterfaceError, OperationalError, connection, connections
from django.utils.module_loading import import_string
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ, Task
from django_q.signals import post_execute_in_worker, pre_execute
from django_q.signing import SignedPackage
from django_q.tasks import async_task
from structlog.contextvars import bind_contextvars, unbind_contextvars

from leadops.platform import heartbeats
from leadops.platform.logs import places
from leadops.platform.watched import WatchedConnection

log = logging.getLogger("leadops.queue")
CHANNEL = "leadops_queue"
WAIT = 0.5  # seconds a pusher waits for a notification before it looks again
FIRST = 86_400  # seconds a task that must not queue is put before the others
ACKNOWLEDGE = 60.0  # seconds a finished task's row is tried to be removed while the database is away
PROGRESS = 5.0  # seconds between two signs of life of a busy worker
KEEP_FAILURES, KEEP_RESULTS = 14, 1  # days
AWAY = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)

PUT = f"""
WITH put AS (
  INSERT INTO {OrmQ._meta.db_table} (key, payload, lock)
  VALUES (%s, %s, statement_timestamp() - make_interval(secs => %s)) RETURNING id, key)
SELECT id, pg_notify('{CHANNEL}', key) FROM put
"""
# chosen once, before anything is changed: a plan that asked anew for each row would take them all
TAKE = f"""
WITH taken AS MATERIALIZED (
  SELECT id, lock FROM {OrmQ._meta.db_table} WHERE key = %s AND lock <= statement_timestamp()
  ORDER BY lock, id LIMIT %s FOR UPDATE SKIP LOCKED)
UPDATE {OrmQ._meta.db_table} AS q SET lock = statement_timestamp() + make_interval(secs => %s)
FROM taken WHERE q.id = taken.id RETURNING taken.lock, q.id, q.payload
"""
GIVE_BACK = f"UPDATE {OrmQ._meta.db_table} SET lock = statement_timestamp() WHERE id = ANY(%s)"


class SkipLocked(ORM):
    """django-q2's ORM broker with one statement per take, oldest first, woken by NOTIFY instead of polling.

    A database that goes away is waited for here: django-q2 itself would sleep ten seconds and end the pusher.
    """

    _ear: psycopg.Connection[Any] | None = None
    ahead: int = 0

    def dequeue(self) -> list[tuple[int, str]] | None:
        try:
            rows = self.take(Conf.BULK)
            if rows:
                return rows
            self._wait()
        except AWAY:
            self._ear = None
            connections[Conf.ORM].close()
            sleep(WAIT)
        return None

    def take(self, most: int) -> list[tuple[int, str]]:
        """Up to so many tasks for this taker alone, oldest first; they come back after `retry` unless acknowledged."""
        self.get_connection()
        with connections[Conf.ORM].cursor() as cursor:
            cursor.execute(TAKE, [self.list_key, most, Conf.RETRY])
            return [(pk, payload) for _lock, pk, payload in sorted(cursor.fetchall())]

    def enqueue(self, task: str) -> int:
        self.get_connection()
        with connections[Conf.ORM].cursor() as cursor:
            cursor.execute(PUT, [self.list_key or Conf.CLUSTER_NAME, task, self.ahead])
            return int(cursor.fetchone()[0])

    def delete(self, task_id: int) -> None:
        """Acknowledge: a row that stays would be run once more, so an outage is outlasted."""
        until = monotonic() + ACKNOWLEDGE
        while True:
            try:
                self.get_connection().filter(pk=task_id).delete()
                return
            except AWAY:
                if monotonic() > until:
                    raise
                connections[Conf.ORM].close()
                sleep(WAIT)

    def give_back(self, ids: list[int]) -> None:
        """Tasks that were taken and not begun: another taker may have them at once."""
        with connections[Conf.ORM].cursor() as cursor:
            cursor.execute(GIVE_BACK, [ids])

    def _wait(self) -> None:
        """Until a task of this queue is announced, or the time is over."""
        if self._ear is None or self._ear.closed:
            self._ear = WatchedConnection.connect(**connections[Conf.ORM].get_connection_params(), autocommit=True)
            self._ear.execute(f"LISTEN {CHANNEL}")
            return  # look once more: a task may have come before we listened
        until = monotonic() + WAIT
        while select.select([self._ear.fileno()], [], [], max(0.0, until - monotonic()))[0]:
            if any(notice.payload == self.list_key for notice in self._ear.notifies(timeout=0)):
                return


def enqueue(task: Callable[..., Any], *args: Any, cluster: str = "now", first: bool = False, keep: bool = True) -> str:
    """Ask a cluster (`now` or `long`) to run a module-level function; inside a transaction it waits for the commit.

    `first` hands it out before everything that waits; without `keep` a success leaves no result row.
    """
    path = f"{task.__module__}.{task.__qualname__}"
    broker = SkipLocked(list_key=cluster)
    broker.ahead = FIRST if first else 0
    more = {} if keep else {"save": False}
    name: str = async_task(path, *args, cluster=cluster, task_name=path, broker=broker, **more)
    return name


def waiting(cluster: str = "now") -> int:
    """Tasks in a queue that no worker has taken."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM {OrmQ._meta.db_table} WHERE key = %s AND lock <= statement_timestamp()", [cluster]
        )
        (count,) = cursor.fetchone()
    return int(count)


def drain(cluster: str = "now", limit: int = 1000) -> int:
    """Run what is queued here and now, in order; for tests and the demo player, outside the caller's transaction."""
    broker = SkipLocked(list_key=cluster)
    for ran in range(limit):
        taken = broker.take(1)
        if not taken:
            return ran
        pk, payload = taken[0]
        task = SignedPackage.loads(payload)
        import_string(task["func"])(*task["args"], **task["kwargs"])
        broker.delete(pk)
    return limit


def forget(words: Sequence[str]) -> int:
    """Delete the kept results of tasks that quote one of these words; they are kept for two weeks at most."""
    wanted = [word.casefold() for word in words]
    found = [
        task.pk
        for task in Task.objects.filter(success=False).iterator()
        if any(word in f"{task.args} {task.kwargs} {task.result}".casefold() for word in wanted)
    ]
    return int(Task.objects.filter(pk__in=found).delete()[0])


def purge_results(failure_days: int = KEEP_FAILURES, result_days: int = KEEP_RESULTS) -> int:
    """Results and failures keep arguments and tracebacks: drop the old ones; how many went."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {Task._meta.db_table} WHERE stopped < statement_timestamp() - make_interval(days => %s)"
            " OR (success AND stopped < statement_timestamp() - make_interval(days => %s))",
            [failure_days, result_days],
        )
        return int(cursor.rowcount)


_shown = 0.0


def show_progress(**_told: object) -> None:
    """A worker takes a task: that is progress too, so a cluster that is busy is not taken for one that hangs."""
    global _shown
    if monotonic() - _shown < PROGRESS:
        return
    _shown = monotonic()
    try:
        heartbeats.beat(f"cluster:{os.environ.get('Q_CLUSTER_NAME', 'now')}")
    except AWAY as fault:
        log.warning("no sign of life written: %s", str(fault).split("\n")[0])
        connection.close()


def bind_task(task: dict[str, Any], **_told: object) -> None:
    """Every line of the worker names the task from here on."""
    bind_contextvars(task=task["id"], does=task["func"])


def end_task(task: dict[str, Any], **_told: object) -> None:
    if not task["success"]:
        log.error("task failed", extra={"fault": places(str(task["result"]))})
    unbind_contextvars("task", "does")


pre_execute.connect(show_progress, dispatch_uid="leadops.platform.queue")
pre_execute.connect(bind_task, dispatch_uid="leadops.platform.queue.bind")
post_execute_in_worker.connect(end_task, dispatch_uid="leadops.platform.queue.end")
