"""The web's worker class: a thread is given to a request only once the request is there, so that slow senders hold none.

A sender of half a header or half a body waits in the main loop for a few seconds, then its connection is closed. What
cannot be read as a request is refused with the headers every answer of ours carries, and nothing of it is repeated, in the
answer or in the log. It changes nothing else of gunicorn's threaded worker.
"""

from __future__ import annotations

import logging
import re
import socket
import ssl
import time
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn import util
from gunicorn.http import errors
from gunicorn.workers.gthread import TConn, ThreadWorker

from leadops.platform.headers import UNSEEN

log = logging.getLogger("leadops.web")
PATIENCE = 10.0  # seconds for a whole request to arrive
LOOK_EVERY = 0.05  # seconds between two looks at requests that are still arriving
ENOUGH = 64 * 1024  # so much of a long body is there: it is worth a thread
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,12})[ \t]*\r\n", re.IGNORECASE)
# What is said about which fault; the first that fits. All else of gunicorn's parser is a request that cannot be read.
REFUSALS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], int, str], ...] = (
    ((errors.InvalidResponseHeader, errors.InvalidResponseHeaderName), 500, "Internal Server Error"),
    (errors.ConfigurationProblem, 500, "Internal Server Error"),
    (errors.LimitRequestLine, 414, "URI Too Long"),
    (errors.LimitRequestHeaders, 431, "Request Header Fields Too Large"),
    (errors.ExpectationFailed, 417, "Expectation Failed"),
    (errors.UnsupportedTransferCoding, 501, "Not Implemented"),
    ((errors.ForbiddenProxyRequest, ssl.SSLError), 403, "Forbidden"),
    ((errors.ParseException, errors.InvalidChunkSize), 400, "Bad Request"),
    (Exception, 500, "Internal Server Error"),
)


def refusal(status: int, reason: str) -> bytes:
    """A whole answer to somebody whose language and wishes could not be read."""
    body = f"{status} {reason}\n".encode()
    headers = {**UNSEEN, "Connection": "close", "Content-Type": "text/plain; charset=utf-8"}
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


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

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        """In the place of gunicorn's own: its answer has no headers, and its log repeats the sender's address and words."""
        status, reason = next((status, reason) for kind, status, reason in REFUSALS if isinstance(exc, kind))
        told = {"status": status, "fault_kind": type(exc).__name__}
        if status == 500:
            log.error("request failed outside of the house", extra=told, exc_info=exc)
        else:
            log.warning("request refused before it was read", extra=told)
        with suppress(OSError):  # the sender is gone
            util.write_nonblock(client, refusal(status, reason))

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
