"""The queue facade: the only importer of django_q. A task is a function and ids; the queue is a hint, tables are the truth.

`enqueue` writes in the caller's transaction, so a task and the row it belongs to commit or roll back together.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from time import sleep
from typing import Any

from django.db import connection, connections
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ, Task
from django_q.signing import SignedPackage
from django_q.tasks import async_task
from psycopg import Connection, OperationalError

CHANNEL = "leadops_queue"
WAIT = 0.5  # seconds a pusher waits for a notification before it looks again
TAKE = f"""
UPDATE {OrmQ._meta.db_table} AS q SET lock = now() + make_interval(secs => %s)
FROM (SELECT id FROM {OrmQ._meta.db_table} WHERE key = %s AND lock < now()
      ORDER BY lock, id LIMIT %s FOR UPDATE SKIP LOCKED) AS taken
WHERE q.id = taken.id RETURNING q.id, q.payload
"""


class SkipLocked(ORM):
    """django-q2's ORM broker with one statement per take, oldest first, woken by NOTIFY instead of polling."""

    _ear: Connection[Any] | None = None

    def dequeue(self) -> list[tuple[int, str]] | None:
        self.get_connection()
        with connections[Conf.ORM].cursor() as cursor:
            cursor.execute(TAKE, [Conf.RETRY, self.list_key, Conf.BULK])
            rows = cursor.fetchall()
        if rows:
            return sorted(rows)
        self._wait()
        return None

    def enqueue(self, task: str) -> int:
        pk: int = super().enqueue(task)
        with connections[Conf.ORM].cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, self.list_key or Conf.CLUSTER_NAME])
        return pk

    def _wait(self) -> None:
        try:
            if self._ear is None or self._ear.closed:
                self._ear = Connection.connect(**connections[Conf.ORM].get_connection_params(), autocommit=True)
                self._ear.execute(f"LISTEN {CHANNEL}")
                return  # look once more: a task may have come before we listened
            if select.select([self._ear.fileno()], [], [], WAIT)[0]:
                for _notice in self._ear.notifies(timeout=0):
                    pass
        except OperationalError:
            self._ear = None
            sleep(WAIT)


def enqueue(task: Callable[..., Any], *args: Any, cluster: str = "now") -> str:
    """Ask a cluster (`now` or `long`) to run a module-level function; inside a transaction it waits for the commit."""
    path = f"{task.__module__}.{task.__qualname__}"
    name: str = async_task(path, *args, cluster=cluster, task_name=path, broker=SkipLocked(list_key=cluster))
    return name


def waiting(cluster: str = "now") -> int:
    """Tasks in a queue that no worker has taken."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {OrmQ._meta.db_table} WHERE key = %s AND lock < now()", [cluster])
        (count,) = cursor.fetchone()
    return int(count)


def drain(cluster: str = "now", limit: int = 1000) -> int:
    """Run what is queued here and now, in order; for tests and the demo player, outside the caller's transaction."""
    ran = 0
    while ran < limit:
        with connection.cursor() as cursor:
            cursor.execute(TAKE, [900, cluster, 1])
            row = cursor.fetchone()
        if row is None:
            return ran
        task = SignedPackage.loads(row[1])
        module, _, name = task["func"].rpartition(".")
        function = getattr(__import__(module, fromlist=[name]), name)
        function(*task["args"], **task["kwargs"])
        OrmQ.objects.filter(pk=row[0]).delete()
        ran += 1
    return ran


def purge_results(keep_days: int = 14) -> int:
    """Results and failures keep arguments and tracebacks: drop the old ones."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {Task._meta.db_table} WHERE stopped < now() - make_interval(days => %s)", [keep_days]
        )
        return cursor.rowcount


def cluster_name() -> str:
    """The cluster this process works for."""
    return os.environ.get("Q_CLUSTER_NAME", "now")
