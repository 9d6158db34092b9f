"""A connection on which nobody can keep a thread waiting for long: the time a request's bytes may take, in and out.

What is counted is waiting alone, not what we work meanwhile. It knows bytes and seconds, no request.
"""

from __future__ import annotations

import errno
import select
import socket
import time
from typing import Any

SPARE = 10.0  # seconds of waiting that every request has, in each direction
SLOWEST = 16 * 1024  # bytes a second that give one more: a poor telephone line has as much
ROOM = 1024 * 1024  # of an answer that lies with the system until the reader takes it: no page of ours is larger


class Paced(socket.socket):
    """A socket whose blocking reads and writes end with a reset connection when the other side is too slow."""

    _read = _written = 0  # bytes
    _waited_in = _waited_out = 0.0

    @classmethod
    def of(cls, accepted: socket.socket) -> Paced:
        """The same connection; `accepted` is no longer to be used."""
        made = cls(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
        made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ROOM)
        return made

    def begin(self) -> None:
        """A new request: what the one before took is forgotten."""
        self._read = self._written = 0
        self._waited_in = self._waited_out = 0.0

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        if flags or self.gettimeout() is not None:
            return super().recv(size, flags)
        try:
            told = super().recv(size, socket.MSG_DONTWAIT)
        except BlockingIOError:
            self._wait(select.POLLIN)
            told = super().recv(size)
        self._read += len(told)
        return told

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        if flags or self.gettimeout() is not None:
            super().sendall(data, flags)
            return
        rest = memoryview(data).cast("B")
        while rest:
            try:
                sent = self.send(rest, socket.MSG_DONTWAIT)
            except BlockingIOError:
                self._wait(select.POLLOUT)
                continue
            self._written += sent
            rest = rest[sent:]

    def _wait(self, wanted: int) -> None:
        reads = wanted == select.POLLIN
        moved, waited = (self._read, self._waited_in) if reads else (self._written, self._waited_out)
        left = SPARE + moved / SLOWEST - waited
        began, poll = time.monotonic(), select.poll()
        poll.register(self, wanted)
        heard = poll.poll(left * 1000) if left > 0 else []
        took = time.monotonic() - began
        if reads:
            self._waited_in += took
        else:
            self._waited_out += took
        if not heard:
            raise ConnectionResetError(errno.ECONNRESET, "the other side is too slow")
