"""The web process's one background thread: tells the ticker that work arrived, and writes counted refusals.

The bell is a hint that may be lost (the ticker looks every second anyway); it never rings inside an accept's
transaction, where it would halve the intake.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from capture import refusals

CHANNEL = "leadops_due"
APART = 0.02  # seconds between two rings of one process
FLUSH_EVERY = 1.0
log = logging.getLogger("leadops.capture")


class Bell:
    """Started by the first ring of each process that serves the web; elsewhere `ring` only remembers."""

    def __init__(self) -> None:
        self.rung = threading.Event()
        self._pid = 0
        self._thread: threading.Thread | None = None
        self._stopped = False
        self._lock = threading.Lock()

    def ring(self) -> None:
        self.rung.set()
        self.wake()

    def wake(self) -> None:
        """The thread runs, in this very process: a fork does not take threads along."""
        if self._pid == os.getpid() or settings.ROLE != "web":
            return
        with self._lock:
            if self._pid != os.getpid():
                self._pid = os.getpid()
                atexit.register(self._last_flush)
                self._thread = threading.Thread(target=self._run, name="capture-bell", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the thread and its connection (tests; a process that ends needs nothing)."""
        self._stopped = True
        self.rung.set()
        if self._thread is not None:
            self._thread.join(5)

    def announce(self) -> bool:
        """Send one NOTIFY for all rings since the last."""
        if not self.rung.is_set():
            return False
        self.rung.clear()
        with connection.cursor() as cursor:
            cursor.execute(f"NOTIFY {CHANNEL}")
        return True

    def _run(self) -> None:
        flushed = time.monotonic()
        while not self._stopped:
            self.rung.wait(FLUSH_EVERY)
            try:
                self.announce()
                if time.monotonic() - flushed >= FLUSH_EVERY:
                    flushed = time.monotonic()
                    refusals.flush()
            except (DatabaseError, InterfaceError) as fault:
                log.warning("bell: %s", fault)
                connection.close()
                time.sleep(FLUSH_EVERY)
            time.sleep(APART)
        connection.close()

    def _last_flush(self) -> None:
        try:
            refusals.flush()
        except (DatabaseError, InterfaceError) as fault:
            log.warning("refusals not written at exit: %s", fault)


bell = Bell()
