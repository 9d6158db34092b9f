"""Tells a frozen database from a slow one, where the client waits: it bounds a wait in silence and knows no Django.

A server that was stopped as a whole keeps its connections open and says nothing; no time limit of the server's own and no
keepalive ends that. Whoever has waited long without a word asks the same server on a new connection: if that is answered,
the statement is only slow and is waited for; if not, the wait ends as any other outage does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg

T = TypeVar("T")
APART = 1.0  # seconds between two tries while the server is silent
ASKING = 2  # seconds for the answer to a new connection; the least that libpq knows


class ServerSilent(psycopg.OperationalError):
    """The server neither answers what it was asked nor a new connection."""

    def __init__(self) -> None:
        super().__init__("the database server does not answer, on a new connection either")


class Knowledge:
    """What this process knows of its server: while it is silent one thread tries for all, the others are refused at once."""

    def __init__(self) -> None:
        self.silent, self.tried = False, 0.0  # when the last attempt ended, by the monotonic clock
        self.trying = threading.Lock()

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Around a connection that is made. Raises `ServerSilent` when it got no answer, or while another is being tried or was just now."""
        alone = self.silent
        if alone and (time.monotonic() - self.tried < APART or not self.trying.acquire(blocking=False)):
            raise ServerSilent
        try:
            yield
            self.silent = False
        except psycopg.errors.ConnectionTimeout:
            self.silent = True
            raise ServerSilent from None
        finally:
            self.tried = time.monotonic()
            if alone:
                self.trying.release()


known = Knowledge()


class WatchedConnection(psycopg.Connection[Any]):
    """psycopg's connection; no wait on it outlasts a server that has stopped."""

    patience = 3.0  # seconds of silence before the server is asked whether it lives
    _made: tuple[str, dict[str, Any]] = ("", {})

    @classmethod
    def connect(cls, conninfo: str = "", **options: Any) -> WatchedConnection:
        with known.attempt():
            made = super().connect(conninfo, **options)
        made._made = (conninfo, options)
        return made

    def wait(self, gen: Generator[Any, Any, T], interval: float = 0.1, timeout: float | None = None) -> T:
        return super().wait(self._watched(gen), interval, timeout)

    def _watched(self, gen: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
        """What psycopg waits for, step by step; a step without news is where the patience may end."""
        heard = time.monotonic()
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if ready:
                    heard = time.monotonic()
                elif time.monotonic() - heard > self.patience:
                    self._ask()
                    heard = time.monotonic()
                wanted = gen.send(ready)
        except StopIteration as end:
            result: T = end.value
            return result

    def _ask(self) -> None:
        conninfo, options = self._made
        try:
            with known.attempt():
                psycopg.Connection.connect(conninfo, **{**options, "connect_timeout": ASKING}).close()
        except ServerSilent:
            self.pgconn.finish()  # what was asked may still be done when the server goes on: nobody waits for the answer
            raise
        except psycopg.OperationalError:
            pass  # it refuses, but it speaks: full, or about to end this connection itself
