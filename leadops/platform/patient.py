"""The web's worker class: a thread is given to a request only once the request is there, so that slow senders hold none.

A sender of half a header or half a body waits in the main loop for a few seconds, then its connection is closed. Bodies too
long to wait for as a whole get half of the threads at most, and a time that goes with their length (`paced`). What
cannot be read as a request is refused with the headers every answer of ours carries, and nothing of it is repeated, in the
answer or in the log. It changes nothing else of gunicorn's threaded worker.
"""

from __future__ import annotations

import logging
import re
import socket
import ssl
import time
from collections import deque
from contextlib import suppress
from enum import Enum
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn import util
from gunicorn.http import errors
from gunicorn.workers.gthread import TConn, ThreadWorker

from leadops.platform.headers import UNSEEN
from leadops.platform.paced import Paced

log = logging.getLogger("leadops.web")
PATIENCE = 10.0  # seconds for a whole request to arrive
LOOK_EVERY = 0.05  # seconds between two looks at requests that are still arriving
ENOUGH = 64 * 1024  # so much of a long body is there: it is worth a thread
TURN = 60.0  # seconds a long body waits for a thread, when as many as may are at work on others
LINGER = 2.0  # seconds for the other side to take the end of an answer and close
CHUNKS = 64  # so many are looked at for the last one
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,12})[ \t]*\r\n", re.IGNORECASE)
EXPECTING = re.compile(
    rb"\A[^\r\n]* HTTP/1\.1\r\n(?:.*\r\n)?expect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE | re.DOTALL
)
GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"
CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r\n]*chunked", re.IGNORECASE)
HEX = re.compile(rb"[0-9a-fA-F]{1,8}")
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


class Arrival(Enum):
    """How much of a request can be read without waiting."""

    PART = "part"
    BEGUN = "begun"  # so much that it is worth a thread, which may have to wait for the rest
    WHOLE = "whole"


def arrival(seen: bytes) -> Arrival:
    """What was seen of a request; what the parser will refuse counts as a whole one."""
    end = seen.find(b"\r\n\r\n")
    if end < 0:
        return Arrival.WHOLE if len(seen) >= ENOUGH else Arrival.PART  # longer than any header may be
    if CHUNKED.search(seen, 0, end + 2):
        whole = _last_chunk(seen, end + 4)
    else:
        length = LENGTH.search(seen, 0, end + 2)
        whole = len(seen) - end - 4 >= (int(length.group(1)) if length else 0)
    if whole:
        return Arrival.WHOLE
    return Arrival.BEGUN if len(seen) >= ENOUGH or whole is None else Arrival.PART


def expecting(seen: bytes) -> bool:
    """Whether the sender holds its body back until it is told to go on; whoever is not told may wait for ever."""
    end = seen.find(b"\r\n\r\n")
    return len(seen) == end + 4 and EXPECTING.match(seen, 0, end + 2) is not None


def _last_chunk(seen: bytes, at: int) -> bool | None:
    """Whether a body in chunks has come to its end, or to what is none; None: more of them than are looked at."""
    for _chunk in range(CHUNKS):
        end = seen.find(b"\r\n", at)
        if end < 0:
            return len(seen) - at > 100  # no size is so long
        size = seen[at:end].partition(b";")[0].strip()
        if not HEX.fullmatch(size):
            return True
        if int(size, 16) == 0:
            return seen.find(b"\r\n\r\n", end) >= 0
        at = end + 4 + int(size, 16)
        if at > len(seen):
            return False
    return None


class PacedConn(TConn):
    """A connection that ends without stopping the main loop."""

    sock: Paced
    told = False  # that this request's body may come

    def __init__(self, worker: PatientWorker, sock: Paced, *sides: Any) -> None:
        super().__init__(worker.cfg, sock, *sides)
        self.worker = worker

    def close(self, graceful: bool = False) -> None:
        if graceful:
            self.worker.linger(self.sock)
        else:
            super().close()


class PatientWorker(ThreadWorker):
    """gunicorn's threaded worker with a waiting room in front of its threads."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.arriving: dict[PacedConn, float] = {}  # deadline by connection
        self.begun: deque[tuple[PacedConn, float]] = deque()  # long bodies that wait for a thread, with their deadline
        self.long: set[TConn] = set()  # at work on a long body
        self.lingering: dict[socket.socket, float] = {}  # answered; the other side may still read

    def accept(self, listener: socket.socket) -> None:
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        self.nr_conns += 1
        self._expect(PacedConn(self, Paced.of(client), address, listener.getsockname()))

    def on_client_socket_readable(self, conn: PacedConn, client: socket.socket) -> None:
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

    def _expect(self, conn: PacedConn) -> None:
        """Nothing was said yet: the poller tells when it is."""
        conn.timeout = time.monotonic() + PATIENCE
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def on_pending_socket_readable(self, conn: PacedConn, client: socket.socket) -> None:
        self.poller.unregister(client)
        self.pending_conns.remove(conn)
        self._look(conn, conn.timeout)

    def _look(self, conn: PacedConn, deadline: float) -> None:
        """Give the request a thread, let it go on arriving, or close what was closed or too slow."""
        try:
            conn.sock.setblocking(False)
            seen = conn.sock.recv(ENOUGH, socket.MSG_PEEK)
        except BlockingIOError:
            seen = None
        except OSError:
            seen = b""
        come = arrival(seen) if seen else Arrival.PART
        if come is Arrival.WHOLE:
            self.arriving.pop(conn, None)
            self._give_thread(conn)
        elif come is Arrival.BEGUN:
            self.arriving.pop(conn, None)
            self.begun.append((conn, time.monotonic() + TURN))
            self._give_turns()
        elif seen == b"" or time.monotonic() >= deadline:
            self.arriving.pop(conn, None)
            self.nr_conns -= 1
            conn.close()
        else:
            self.arriving[conn] = deadline
            if seen and not conn.told and expecting(seen):
                conn.told = True
                with suppress(OSError):  # it is gone, which the next look sees
                    conn.sock.send(GO_ON)

    def _give_thread(self, conn: PacedConn) -> None:
        conn.data_ready, conn.told = True, False
        conn.sock.begin()
        self.enqueue_req(conn)

    def _give_turns(self) -> None:
        """Long bodies get threads in their order, never more than half of them: others are answered meanwhile."""
        while self.begun and len(self.long) < max(1, self.cfg.threads // 2):
            conn, _deadline = self.begun.popleft()
            self.long.add(conn)
            self._give_thread(conn)

    def finish_request(self, conn: TConn, fs: Any) -> None:
        self.long.discard(conn)
        self._give_turns()
        super().finish_request(conn, fs)

    def linger(self, sock: socket.socket) -> None:
        """The answer is out: close once the other side has, or soon. gunicorn's own way stops the main loop for that."""
        try:
            sock.shutdown(socket.SHUT_WR)
            sock.setblocking(False)
            self.poller.register(sock, EVENT_READ, self._drain)
        except (OSError, ValueError):
            sock.close()
        else:
            self.lingering[sock] = time.monotonic() + LINGER

    def _drain(self, sock: socket.socket) -> None:
        try:
            rest = sock.recv(ENOUGH)
        except BlockingIOError:
            return
        except OSError:
            rest = b""
        if not rest:
            self._end(sock)

    def _end(self, sock: socket.socket) -> None:
        del self.lingering[sock]
        self.poller.unregister(sock)
        sock.close()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        super().wait_for_and_dispatch_events(min(timeout, LOOK_EVERY) if self.arriving else timeout)
        for conn, deadline in list(self.arriving.items()):
            self._look(conn, deadline)
        now = time.monotonic()
        while self.begun and self.begun[0][1] <= now:
            conn, _deadline = self.begun.popleft()
            self.nr_conns -= 1
            conn.close()
        for sock in [sock for sock, until in self.lingering.items() if until <= now]:
            self._end(sock)
