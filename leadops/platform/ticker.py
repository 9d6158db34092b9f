"""The ticker notices what is due and enqueues it in batches; it does no work and decides nothing.

One leader by advisory lock, any number standing by. It sleeps until the next due moment, a NOTIFY, or one second.
If the queue were emptied by hand, its next look would fill it again.
"""

from __future__ import annotations

import logging
import select
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from django.db import Error, InterfaceError, OperationalError, connection, transaction

from leadops import moment
from leadops.platform import heartbeats, queue
from leadops.platform.watched import WatchedConnection

log = logging.getLogger("leadops.ticker")
LEADER = 7_310_001  # advisory lock of the leading ticker
CHANNEL = "leadops_due"
LONGEST = 1.0
SHORTEST = 0.02
CANARY_EVERY = 10.0
CROWD = 50  # so many tasks wait in a queue: what is due is announced there more rarely
CROWDED_EVERY = 5.0
FAULTY_EVERY = 60.0  # work whose look failed is looked at again after this
CLUSTERS = ("now", "long")
AWAY = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)


@dataclass(frozen=True, slots=True)
class DueWork:
    """A kind of due work: `next_at(at)` gives the earliest due moment (a past one when overdue) or None;
    `task` takes it from its table; at most one is enqueued every `every` seconds while it stays due."""

    name: str
    next_at: Callable[[datetime], datetime | None]
    task: Callable[..., Any]
    cluster: str = "now"
    every: float = 0.25


_table: tuple[DueWork, ...] = ()


def set_due_work(table: Sequence[DueWork]) -> None:
    """Hand over the table of choreography; called once at start-up."""
    global _table
    _table = tuple(table)


def due_work() -> tuple[DueWork, ...]:
    return _table


def show_life() -> None:
    """A heartbeat task that must really run in each cluster, handed out before everything that waits there; and ours."""
    for cluster in CLUSTERS:
        queue.enqueue(heartbeats.beat, f"cluster:{cluster}", cluster=cluster, first=True, keep=False)
    heartbeats.beat("ticker")


@dataclass(slots=True)
class Ticker:
    stopped: bool = False
    ear: psycopg.Connection[Any] | None = None
    _last: dict[str, float] = field(default_factory=dict)  # when each work was enqueued, by the monotonic clock
    _faulty: dict[str, float] = field(default_factory=dict)  # when work whose look failed is looked at again
    _canary: float = -1e9

    def look(self, at: datetime) -> float:
        """Enqueue what is due, in one transaction; returns how many seconds the ticker may sleep."""
        beat, sleep_for = time.monotonic(), LONGEST
        sent: dict[str, float] = {}
        canary = beat - self._canary >= CANARY_EVERY
        with transaction.atomic():
            for work in _table:
                sleep_for = min(sleep_for, self._one(work, at, beat, sent))
            if canary:
                show_life()
        self._last.update(sent)  # only what was committed counts as enqueued
        if canary:
            self._canary = beat
        return max(SHORTEST, sleep_for)

    def _one(self, work: DueWork, at: datetime, beat: float, sent: dict[str, float]) -> float:
        """Enqueue one kind of work if it is due and was not just enqueued; seconds until the next look at it."""
        if beat < self._faulty.get(work.name, beat):
            return LONGEST
        try:
            due = work.next_at(at)
        except (Error, psycopg.Error):
            raise  # the database's: the transaction is lost
        except Exception:  # a file that cannot be read, say: it stops none of the others
            log.exception("what is due cannot be told", extra={"work": work.name})
            self._faulty[work.name] = beat + FAULTY_EVERY
            return LONGEST
        if due is None:
            return LONGEST
        wait = (due - at).total_seconds()
        if wait > 0:
            return wait
        since = beat - self._last.get(work.name, -1e9)
        if since < work.every:
            return work.every - since
        if since < CROWDED_EVERY and queue.waiting(work.cluster) > CROWD:
            return CROWDED_EVERY - since
        queue.enqueue(work.task, cluster=work.cluster)
        sent[work.name] = beat
        return work.every

    def wait(self, seconds: float) -> None:
        """Until something is announced as due, or the time is over."""
        if self.ear is None or self.ear.closed:
            self.ear = WatchedConnection.connect(**connection.get_connection_params(), autocommit=True)
            self.ear.execute(f"LISTEN {CHANNEL}")
            return
        if select.select([self.ear.fileno()], [], [], seconds)[0]:
            for _notice in self.ear.notifies(timeout=0):
                pass

    def lead(self) -> bool:
        """True while this process holds the leader's lock (a session lock: it dies with the connection)."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LEADER])
            return bool(cursor.fetchone()[0])

    def run(self) -> None:
        """Until stopped; a database that goes away is waited for, and leadership is asked for again."""
        leading = False
        while not self.stopped:
            try:
                if not leading:
                    leading = self.lead()
                    if not leading:
                        time.sleep(LONGEST)
                        continue
                    log.info("leading")
                self.wait(self.look(moment.now()))
            except AWAY as fault:
                log.warning("database away: %s", str(fault).split("\n")[0])
                leading, self.ear = False, None
                connection.close()
                time.sleep(LONGEST)
