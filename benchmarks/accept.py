"""P1: how many posts a second the house's own web takes and commits, with eight clients on kept connections.

One thread drives all eight, with requests made beforehand, so that the two processors are the product's: what the
client itself costs is told beside the rate.
"""

from __future__ import annotations

import http.client
import itertools
import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from benchmarks import house
from leadops.platform import children, startup

CLIENTS = 8
PORT = int(os.environ.get("BENCH_PORT", "8990"))
MOST = 6_000  # posts a second that requests are made for
_numbers = itertools.count()


@dataclass(frozen=True)
class Taken:
    """Posts accepted, and per second, milliseconds from sending to answer, and microseconds of processor time per post."""

    count: int
    rate: float
    p50: float
    p99: float
    web: float
    client: float


@contextmanager
def web(url: str) -> Iterator[psutil.Process]:
    """The web server as `make serve` runs it, on a port of its own; another's who is there would answer in its place."""
    if not startup.is_free(PORT):
        raise SystemExit(f"port {PORT} is in use: end the program that uses it, or choose another with BENCH_PORT")
    child = children.web(PORT, workers=2)
    env = {**os.environ, **child.variables, "DATABASE_URL": url, "LEADOPS_MODE": "test", "PORT": str(PORT)}
    server = subprocess.Popen(child.command, env=env, start_new_session=True)
    try:
        _await()
        yield psutil.Process(server.pid)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(15)


def _await() -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            conn = http.client.HTTPConnection("127.0.0.1", PORT, timeout=2)
            conn.request("GET", "/healthz")
            if conn.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the web server did not answer")


def posts(server: psutil.Process, keys: list[str], seconds: float) -> Taken:
    """What is accepted (202) in so many seconds; any other answer is an error of the measurement and stops it."""
    requests = iter([_request(keys, n) for n in itertools.islice(_numbers, int(seconds * MOST))])
    before, own = house.processor_seconds([server]), time.process_time()
    began = time.perf_counter()
    spans = _drive(requests, began + seconds)
    took = time.perf_counter() - began
    own, used = time.process_time() - own, house.processor_seconds([server]) - before
    spans.sort()
    count = len(spans)
    return Taken(
        count,
        count / took,
        spans[count // 2] * 1000,
        spans[int(count * 0.99)] * 1000,
        used / count * 1e6,
        own / count * 1e6,
    )


def _request(keys: list[str], n: int) -> bytes:
    body = house.body(n)
    head = f"POST /in/{keys[n % len(keys)]} HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\nUser-Agent: bench/1\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def _drive(requests: Iterator[bytes], until: float) -> list[float]:
    """Eight connections, each with one request on its way; the seconds every answer took."""
    spans: list[float] = []
    sent: dict[socket.socket, float] = {}
    heard: dict[socket.socket, bytes] = {}
    with selectors.DefaultSelector() as poller:
        for _client in range(CLIENTS):
            line = socket.create_connection(("127.0.0.1", PORT), timeout=30)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            poller.register(line, selectors.EVENT_READ)
            sent[line] = time.perf_counter()
            line.sendall(next(requests))
        while sent:
            for event, _mask in poller.select(30):
                line = event.fileobj  # type: ignore[assignment]
                answer = heard.pop(line, b"") + line.recv(65536)
                if not answer.endswith(b"}"):
                    heard[line] = _unfinished(answer)
                    continue
                if not answer.startswith(b"HTTP/1.1 202"):
                    raise SystemExit(f"not accepted: {answer[:200]!r}")
                now = time.perf_counter()
                spans.append(now - sent[line])
                if now < until:
                    sent[line] = now
                    line.sendall(next(requests))
                else:
                    del sent[line]
                    poller.unregister(line)
                    line.close()
    return spans


def _unfinished(answer: bytes) -> bytes:
    if not answer:
        raise SystemExit("the web server closed a connection")
    return answer
