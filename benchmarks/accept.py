"""P1: how many posts a second real web workers take and commit, with eight clients on kept connections."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks import house

CLIENTS = 8
PORT = int(os.environ.get("BENCH_PORT", "8990"))


@contextmanager
def web(url: str) -> Iterator[None]:
    """The house's own web server on a port of its own."""
    env = {**os.environ, "DATABASE_URL": url, "LEADOPS_ROLE": "web", "LEADOPS_MODE": "test", "PORT": str(PORT)}
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "leadops.wsgi",
        "--bind",
        f"127.0.0.1:{PORT}",
        "--workers",
        "2",
        "--threads",
        "8",
        "--log-level",
        "error",
    ]
    server = subprocess.Popen(command, env=env, start_new_session=True)
    try:
        _await()
        yield
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(10)


def _await() -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            conn = http.client.HTTPConnection("127.0.0.1", PORT, timeout=2)
            conn.request("GET", "/healthz")
            if conn.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the web server did not answer")


_next = 0
_lock = threading.Lock()


def _numbers(n: int) -> range:
    global _next
    with _lock:
        first, _next = _next, _next + n
    return range(first, first + n)


def posts_per_second(keys: list[str], seconds: float) -> float:
    """Accepted (202) posts per second; anything else is an error of the measurement and stops it."""
    until = time.monotonic() + seconds
    done: list[int] = []

    def work() -> None:
        conn, count = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10), 0
        while time.monotonic() < until:
            for n in _numbers(50):
                conn.request("POST", f"/in/{keys[n % len(keys)]}", house.body(n), {"Content-Type": "application/json"})
                answer = conn.getresponse()
                answer.read()
                if answer.status != 202:
                    raise SystemExit(f"status {answer.status}")
                count += 1
                if time.monotonic() >= until:
                    break
        done.append(count)

    threads = [threading.Thread(target=work) for _ in range(CLIENTS)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.monotonic() - began)
