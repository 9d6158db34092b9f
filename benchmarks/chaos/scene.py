"""The hurt house: a PostgreSQL of its own, its parent and children, and the ways to hurt each of them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg

from benchmarks.chaos.seeded import Seeded, variables
from leadops.platform import cluster_files, groups, postgres
from leadops.platform.children import BASE

PATIENCE = 90.0
PAIRS = 40  # of ports


class Scene:
    """Start it, ask it, hurt it, end it. Only processes of this house are ever signalled."""

    def __init__(self, folder: Path, seeded: Seeded, **variables: str) -> None:
        self.folder, self.pg, self.run, self.seeded = folder, folder / "pg", folder / "run", seeded
        for each in (self.pg, self.run):
            each.mkdir(parents=True, exist_ok=True)
        self.port, self.log = two_ports(), folder / "house.log"
        self.given = variables
        self.parent: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Everything up and ready."""
        self.seeded.copy_to(self.pg)
        self.url = postgres.ensure(self.pg)
        self.variables = {
            **variables(),
            "DATABASE_URL": self.url,
            "PORT": str(self.port),
            "TASK_WORKERS": "2",
            "INTAKE_PER_SECOND": "1000",
            **self.given,
        }
        self.start_parent()
        self.await_ready()

    def start_parent(self) -> None:
        command = [sys.executable, "-m", "benchmarks.chaos.parent", str(self.run), str(self.port)]
        with self.log.open("ab") as log:
            self.parent = subprocess.Popen(
                command, cwd=BASE, env=self.variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def await_ready(self) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=3),
            ):
                return
            time.sleep(0.2)
        raise SystemExit(f"the house did not become ready: {self.log.read_text()[-3000:]}")

    def end(self) -> None:
        """The children by their parent, the server by its own stop; what is left over by its note."""
        if self.parent is not None and self.parent.poll() is None:
            self.parent.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.parent.wait(30)
        groups.kill_left_over(self.run)
        postgres.stop(self.pg)

    def remove(self) -> None:
        """Everything of it on disk; it has ended."""
        cluster_files.remove(self.pg)
        shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, query: str, *values: object) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url, autocommit=True, connect_timeout=5) as connection:
            return connection.execute(query, values or None).fetchall()  # type: ignore[arg-type]

    # -- who is who ---------------------------------------------------------------------------------------

    def group(self, name: str) -> psutil.Process | None:
        """The leader of a child's group, by the note its parent left."""
        with contextlib.suppress(OSError, ValueError, psutil.Error):
            group = groups.Group(**json.loads((self.run / f"{name}.json").read_text()))
            leader = psutil.Process(group.pid)
            if group.owns(leader):
                return leader
        return None

    def workers(self, name: str) -> list[psutil.Process]:
        """The children of the cluster's sentinel: task workers, monitor, pusher."""
        leader = self.group(name)
        with contextlib.suppress(psutil.Error):
            return [each for sentinel in (leader.children() if leader else []) for each in sentinel.children()]
        return []

    def backends(self) -> list[int]:
        with contextlib.suppress(psycopg.Error):
            rows = self.ask("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'leadops-%' ORDER BY pid")
            return [int(str(pid)) for (pid,) in rows]
        return []

    @contextlib.contextmanager
    def stopped_server(self) -> Iterator[None]:
        """PostgreSQL's immediate stop: no checkpoint, no good-bye; afterwards it recovers."""
        files = postgres.files_of(self.pg)
        pid = cluster_files.postmaster(files.data)
        if pid is not None:
            os.kill(pid, signal.SIGQUIT)
            until = time.monotonic() + 20
            while cluster_files.working_in(files.data, pid) and time.monotonic() < until:
                time.sleep(0.05)
        try:
            yield
        finally:
            postgres.ensure(self.pg)


_given = set[int]()
_giving = threading.Lock()


def two_ports() -> int:
    """A free port whose next one is free too, pages and stream; never the same for two houses of this process."""
    with _giving:
        first = os.getpid() % PAIRS  # two campaigns on one machine do not begin with the same
        for port in (8900 + 2 * ((first + n) % PAIRS) for n in range(PAIRS)):
            with socket.socket() as a, socket.socket() as b, contextlib.suppress(OSError):
                if port in _given:
                    continue
                a.bind(("127.0.0.1", port))
                b.bind(("127.0.0.1", port + 1))
                _given.add(port)
                return port
    raise SystemExit("no two free ports")
