"""A whole house for tests: a private server, and every child under the real supervisor, with short waits."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg

from leadops.platform import postgres
from leadops.platform.children import BASE, house
from leadops.platform.pulses import Pulses
from leadops.platform.supervisor import Patience, Supervisor
from leadops.platform.tests import faults

SHORT = Patience(grace=20.0, silence=5.0, look=0.3, head_start=3.0, end=3.0, first_pause=0.2, deaths=50)
SOURCE = "key-website"
LIMIT = 60.0  # within which work must flow again by itself


def free_pair() -> int:
    """Two neighbouring free ports."""
    first = 8190 + 2 * (os.getpid() % 15)
    for offset in range(0, 30, 2):
        port = 8190 + (first - 8190 + offset) % 30
        try:
            for each in (port, port + 1):
                with socket.socket() as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(("127.0.0.1", each))
        except OSError:
            continue
        return port
    raise RuntimeError("no two free ports")


class House:
    """Start, ask, hurt and stop it."""

    def __init__(self, top: Path, patience: Patience = SHORT, settings: str = "leadops.platform.tests.house_settings"):
        self.top, self.var, self.port = top, top / "pg", free_pair()
        self.var.mkdir(exist_ok=True)
        (top / "run").mkdir(exist_ok=True)
        self.patience, self.settings = patience, settings
        self.ending = threading.Event()
        self.leads, self.timeout = 0, 10.0
        self.starts_note = top / "starts"
        self.starts_note.touch()

    def database(self) -> str:
        """Where it keeps its rows: a server of its own."""
        return postgres.ensure(self.var)

    def start(self) -> None:
        self.url = self.database()
        kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "TEST_DATABASE")}
        self.variables = {
            **kept,
            "DATABASE_URL": self.url,
            "DJANGO_SETTINGS_MODULE": self.settings,
            "LEADOPS_MODE": "test",
            "PORT": str(self.port),
            "TASK_WORKERS": "2",
            "INTAKE_PER_SECOND": "1000",
            "PYTHONUNBUFFERED": "1",
            faults.STARTS_NOTE: str(self.starts_note),
        }
        self.command(sys.executable, "-m", "leadops.platform.tests.house_seed")
        self.supervisor = Supervisor(
            house(self.port, 1), self.variables, Pulses(self.url), self.top / "run", self.patience
        )
        self.thread = threading.Thread(target=self._turn, name="supervisor", daemon=True)
        self.thread.start()

    def command(self, *words: str) -> None:
        subprocess.run(words, cwd=BASE, env=self.variables, check=True)

    def _turn(self) -> None:
        while not self.ending.is_set():
            self.supervisor.turn()
            time.sleep(0.1)

    def stop(self) -> None:
        self.ending.set()
        if hasattr(self, "thread"):
            self.thread.join()
            self.supervisor.end_all()
        postgres.stop(self.var)

    @contextlib.contextmanager
    def changed(self, name: str, **variables: str) -> Iterator[None]:
        """One child started anew with other variables, and at the end once more with its own."""
        own = self.supervisor.watched[name].child.variables
        own.update(variables)
        self.restart(name)
        try:
            yield
        finally:
            for key in variables:
                del own[key]
            self.restart(name)

    def restart(self, name: str) -> None:
        """Kill the leader; the supervisor starts the next one."""
        watched = self.supervisor.watched[name]
        before = watched.process
        assert before is not None
        watched.ends.clear()  # a death of ours is none of its own
        before.kill()
        until(lambda: watched.process not in (None, before))

    # -- asking --------------------------------------------------------------------------------------

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        return self._ask("GET", path, None, headers)

    def post(self, body: dict[str, Any], key: str = SOURCE) -> tuple[int, dict[str, str], bytes]:
        return self._ask("POST", f"/in/{key}", json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _ask(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
        try:
            line.request(method, path, body, headers)
            answer = line.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            line.close()

    def ready(self) -> bool:
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True, connect_timeout=3) as connection:
            return connection.execute(query, values).fetchall()

    def lead(self, name: str, **more: object) -> str:
        """Post one lead that is like no other; the submission's id."""
        self.leads += 1
        own = f"{name}{self.leads}"
        status, _, body = self.post({"email": f"{own}@{own}.example", "name": own, "company": own, **more})
        assert status == 202, body
        return str(json.loads(body)["submission"])

    def end_of(self, submission: str) -> str:
        return str(self.ask('SELECT "end" FROM capture_submission WHERE id = %s', submission)[0][0])

    def flows(self, name: str, patience: float = LIMIT) -> float:
        """Seconds until a lead posted now has its end."""
        submission = self.lead(name)
        return until(lambda: self.end_of(submission) == "created", patience)

    # -- looking inside -------------------------------------------------------------------------------

    def leader(self, name: str) -> psutil.Process:
        process = self.supervisor.watched[name].process
        assert process is not None
        return psutil.Process(process.pid)

    def clusters(self, name: str) -> dict[int, list[psutil.Process]]:
        """Every living process of a cluster of this house, by process group; more than one group = two clusters."""
        found: dict[int, list[psutil.Process]] = {}
        for process in psutil.process_iter():
            try:
                mine = process.environ()
                if process.status() == psutil.STATUS_ZOMBIE or mine.get("DATABASE_URL") != self.url:
                    continue
                if mine.get("LEADOPS_ROLE") == "cluster" and mine.get("Q_CLUSTER_NAME") == name:
                    found.setdefault(os.getpgid(process.pid), []).append(process)
            except (psutil.Error, ProcessLookupError):
                continue
        return found

    def starts(self) -> int:
        """How often a worker began to read a payload that kills it."""
        return len(self.starts_note.read_text().splitlines())

    def parts(self, name: str) -> list[psutil.Process]:
        """The sentinel's children: task workers, monitor, pusher."""
        return [each for sentinel in self.leader(f"cluster-{name}").children() for each in sentinel.children()]

    def holders(self, name: str) -> list[psutil.Process]:
        """The idle worker that has the read lock of the cluster's shared queue: it alone reads the pipe of the tasks.

        The monitor reads a pipe too, that of the results, which is made later and so has the higher number.
        """
        reading = {each: pipe for each in self.parts(name) if (pipe := reads_pipe(each)) is not None}
        return [each for each, pipe in reading.items() if pipe < max(reading.values())]

    def locked_out(self, name: str) -> list[psutil.Process]:
        """The idle workers that wait for that lock."""
        return [each for each in self.parts(name) if "futex" in sleeps_in(each)]

    # -- hurting --------------------------------------------------------------------------------------

    def kill_the_lock_holder(self, name: str = "now") -> None:
        """SIGKILL to the idle worker whose death nobody of its cluster survives at work.

        With every task it is another one: so first nothing is enqueued any more and all that was there is done.
        """
        ticker = self.leader("ticker")
        ticker.suspend()
        try:
            until(lambda: not self.ask("SELECT 1 FROM django_q_ormq WHERE key = %s AND lock <= now()", name), 20)
            until(lambda: lasts(lambda: self.holders(name), 0.5), 40)
            (holder,) = self.holders(name)
            holder.kill()
        finally:
            with contextlib.suppress(psutil.NoSuchProcess):  # the supervisor took it for hung
                ticker.resume()


def sleeps_in(process: psutil.Process) -> str:
    """The function of the kernel in which a process sleeps."""
    try:
        return Path(f"/proc/{process.pid}/wchan").read_text()
    except FileNotFoundError:
        return ""


def reads_pipe(process: psutil.Process) -> int | None:
    """The descriptor of the pipe in whose read a process sleeps."""
    if "pipe_read" not in sleeps_in(process):
        return None
    try:
        words = Path(f"/proc/{process.pid}/syscall").read_text().split()
    except FileNotFoundError:
        return None
    return int(words[1], 16) if len(words) > 1 else None


def lasts(look: Callable[[], list[psutil.Process]], seconds: float) -> bool:
    """Whether there is one, and the same one for so long."""
    first, end = look(), time.monotonic() + seconds
    while len(first) == 1 and look() == first:
        if time.monotonic() > end:
            return True
        time.sleep(0.05)
    return False


def happens(wanted: Callable[[], object], patience: float) -> bool:
    """Whether something became so in that time."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if wanted():
            return True
        time.sleep(0.05)
    return False


def until(wanted: Callable[[], object], patience: float = LIMIT, look: float = 0.05) -> float:
    """How long it took until something was so."""
    began = time.monotonic()
    while not wanted():
        assert time.monotonic() - began < patience, f"it did not happen within {patience:.0f} s"
        time.sleep(look)
    return time.monotonic() - began
