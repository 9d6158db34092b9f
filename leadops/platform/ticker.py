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

from django.db import InterfaceError, OperationalError, connection, transaction
from psycopg import Connection

from leadops import moment
from leadops.platform import heartbeats, queue

log = logging.getLogger("leadops.ticker")
LEADER = 7_310_001  # advisory lock of the leading ticker
CHANNEL = "leadops_due"
LONGEST = 1.0
SHORTEST = 0.05
CANARY_EVERY = 10.0


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


@dataclass(slots=True)
class Ticker:
    stopped: bool = False
    ear: Connection[Any] | None = None
    _last: dict[str, float] = field(default_factory=dict)
    _canary: float = 0.0

    def look(self, at: datetime) -> float:
        """Enqueue what is due, in one transaction; returns how many seconds the ticker may sleep."""
        sleep_for = LONGEST
        beat = time.monotonic()
        with transaction.atomic():
            for work in _table:
                due = work.next_at(at)
                if due is None:
                    continue
                wait = (due - at).total_seconds()
                if wait > 0:
                    sleep_for = min(sleep_for, wait)
                    continue
                since = beat - self._last.get(work.name, -1e9)
                if since >= work.every:
                    queue.enqueue(work.task, cluster=work.cluster)
                    self._last[work.name] = beat
                    since = 0.0
                sleep_for = min(sleep_for, work.every - since)
            self._canaries(beat)
        return max(SHORTEST, sleep_for)

    def _canaries(self, beat: float) -> None:
        """A heartbeat task that must really run in each cluster."""
        if beat - self._canary < CANARY_EVERY:
            return
        self._canary = beat
        for cluster in ("now", "long"):
            queue.enqueue(heartbeats.beat, f"cluster:{cluster}", cluster=cluster)
        heartbeats.beat("ticker")

    def wait(self, seconds: float) -> None:
        """Until something is announced as due, or the time is over."""
        if self.ear is None or self.ear.closed:
            self.ear = Connection.connect(**connection.get_connection_params(), autocommit=True)
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
            except (OperationalError, InterfaceError) as fault:
                log.warning("database away", extra={"fault": str(fault).split("\n")[0]})
                leading, self.ear = False, None
                connection.close()
                time.sleep(LONGEST)
