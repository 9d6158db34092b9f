"""The web's worker class: a thread is given to a request only once the request is there, so that slow senders hold none.

A sender of half a header or half a body waits in the main loop for a few seconds, then its connection is closed.
It changes nothing else of gunicorn's threaded worker.
"""

from __future__ import annotations

import re
import socket
import time
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

PATIENCE = 10.0  # seconds for a whole request to arrive
LOOK_EVERY = 0.05  # seconds between two looks at requests that are still arriving
ENOUGH = 64 * 1024  # so much of a long body is there: it is worth a thread
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,12})[ \t]*\r\n", re.IGNORECASE)


def has_arrived(seen: bytes) -> bool:
    """Whether what can be read without waiting is a request a thread can work on."""
    end = seen.find(b"\r\n\r\n")
    if end < 0:
        return len(seen) >= ENOUGH  # longer than any header may be: the parser says so
    length = LENGTH.search(seen, 0, end + 2)
    wanted = int(length.group(1)) if length else 0
    return len(seen) - end - 4 >= min(wanted, ENOUGH - end - 4)


class PatientWorker(ThreadWorker):
    """gunicorn's threaded worker with a waiting room in front of its threads."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.arriving: dict[TConn, float] = {}  # deadline by connection

    def accept(self, listener: socket.socket) -> None:
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        self.nr_conns += 1
        self._expect(TConn(self.cfg, client, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """A kept connection speaks again: its next request waits like a first one."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._look(conn, time.monotonic() + PATIENCE)

    def _expect(self, conn: TConn) -> None:
        """Nothing was said yet: the poller tells when it is."""
        conn.timeout = time.monotonic() + PATIENCE
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def on_pending_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        self.poller.unregister(client)
        self.pending_conns.remove(conn)
        self._look(conn, conn.timeout)

    def _look(self, conn: TConn, deadline: float) -> None:
        """Give the request a thread, let it go on arriving, or close what was closed or too slow."""
        try:
            conn.sock.setblocking(False)
            seen = conn.sock.recv(ENOUGH, socket.MSG_PEEK)
        except BlockingIOError:
            seen = None
        except OSError:
            seen = b""
        if seen and has_arrived(seen):
            self.arriving.pop(conn, None)
            conn.data_ready = True
            self.enqueue_req(conn)
        elif seen == b"" or time.monotonic() >= deadline:
            self.arriving.pop(conn, None)
            self.nr_conns -= 1
            conn.close()
        else:
            self.arriving[conn] = deadline

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        super().wait_for_and_dispatch_events(min(timeout, LOOK_EVERY) if self.arriving else timeout)
        for conn, deadline in list(self.arriving.items()):
            self._look(conn, deadline)
