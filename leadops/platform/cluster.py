"""A django-q2 cluster that ends soon when it is told to: it finishes the tasks at hand and gives back those not begun.

django-q2's own would first work off all it had fetched, up to fifteen tasks, and its parent's patience is shorter than that.
It changes nothing else of it.
"""

from __future__ import annotations

import logging
import queue as lists
import resource
import time

import django_q.cluster
from django.db import connection
from django_q.cluster import Cluster, Sentinel

from leadops.platform import memory
from leadops.platform.queue import AWAY, SkipLocked

log = logging.getLogger("leadops.cluster")
MOST_MEMORY = 2 * 2**30  # bytes of data of one process
PAUSE = 1.0  # seconds between two tries to reach a database that is away at the start
LOOK = 0.05  # seconds in which a task that is on its way to a worker shows itself


class HouseSentinel(Sentinel):
    """Told to end, it takes back from the shared queue what no worker has."""

    def stop(self) -> None:
        self.event_out.set()
        given_back = self.take_back()
        while self.pusher.is_alive():  # it may be waiting for room in the queue
            given_back += self.take_back()
            time.sleep(LOOK)
        given_back += self.take_back()
        try:
            SkipLocked(list_key=self.broker.list_key).give_back(given_back)
        except AWAY as fault:  # they come back by themselves, only later
            log.warning("not given back: %s", str(fault).split("\n")[0])
        super().stop()

    def take_back(self) -> list[int]:
        """The rows of the tasks that wait; none while an idle worker stands at the queue: then there are none."""
        found = []
        while True:
            try:
                found.append(int(self.task_queue.get(timeout=LOOK)["ack_id"]))
            except lists.Empty:
                return found


def bound_memory() -> None:
    """A task that wants more than `MOST_MEMORY` fails with a MemoryError and is counted, instead of the machine choosing
    whom to end. Holds for this process and all that it starts."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = MOST_MEMORY if hard == resource.RLIM_INFINITY else min(MOST_MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def await_database() -> None:
    """A start meets the database as work does: what is away is waited for. django-q2 would end at once, and loudly."""
    told = False
    while True:
        try:
            connection.ensure_connection()
            break
        except AWAY as fault:
            if not told:
                log.warning("waiting for the database: %s", str(fault).split("\n")[0])
            told = True
            time.sleep(PAUSE)
    connection.close()  # each process that is started from here makes its own


def run() -> None:
    """Start a cluster of this process's name and leave it to its signals."""
    bound_memory()
    memory.settle()
    await_database()
    django_q.cluster.Sentinel = HouseSentinel
    Cluster().start()
