"""A running house for browser tests: web, live, ticker and cluster as real processes on the test's own database."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from leadops.platform import children
from leadops.platform.startup import static_step

PATIENCE = 40


def database_url(name: str = "") -> str:
    """Where the test's own database is, or another of the same server, as the children read it."""
    given = connection.settings_dict
    name = name or given["NAME"]
    host, port = given["HOST"] or given["OPTIONS"].get("host", ""), given["PORT"]
    who = quote(given["USER"]) + (f":{quote(given['PASSWORD'])}" if given["PASSWORD"] else "")
    if host.startswith("/"):
        return f"postgresql://{who}@/{name}?host={quote(host, safe='')}"
    return f"postgresql://{who}@{host}:{port or 5432}/{name}"


def two_ports() -> int:
    """A free port whose next one is free too: pages and stream. Tests that run beside these look elsewhere."""
    first = 8400 + 240 * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 2)
    for port in range(first, first + 240, 2):
        with socket.socket() as a, socket.socket() as b, suppress(OSError):
            a.bind(("127.0.0.1", port))
            b.bind(("127.0.0.1", port + 1))
            return port
    raise AssertionError("no two free ports")


@contextmanager
def house(**named: str) -> Iterator[str]:
    """The address of a house that really runs, with these variables of the environment; its processes end with the test."""
    port = two_ports()
    env = {**os.environ, "DATABASE_URL": database_url(), "LEADOPS_MODE": "test", "PORT": str(port), **named}
    env.pop("TEST_DATABASE", None)
    running = []
    log = tempfile.TemporaryFile()  # noqa: SIM115  closed with the house
    static = static_step()
    if env["LEADOPS_MODE"] != "test" and static.needed():  # a fresh clone has none, and no page without them
        subprocess.run(static.command, env=env, cwd=settings.BASE_DIR, check=True)
        static.done()
    try:
        for child in children.house(port, 1)[:4]:  # web, live, ticker, cluster `now`
            running.append(
                subprocess.Popen(
                    child.command, env={**env, **child.variables}, start_new_session=True, stdout=log, stderr=log
                )
            )
        _ready(f"http://127.0.0.1:{port}/readyz", log)
        yield f"http://127.0.0.1:{port}"
    finally:
        for process in running:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
        log.close()


def _ready(url: str, log: IO[bytes]) -> None:
    """Web answers, and ticker and cluster have both shown a sign of progress."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except urllib.error.HTTPError as answer:
            if b'"cluster:now": true' in answer.read():  # the cluster `long` does not run here
                return
        except OSError:
            pass
        time.sleep(0.1)
    log.seek(0, os.SEEK_END)
    log.seek(max(0, log.tell() - 3000))
    raise AssertionError(f"the house did not become ready: {log.read().decode(errors='replace')}")
