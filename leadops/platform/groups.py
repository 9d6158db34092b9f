"""Process groups: start a child in a session of its own, end a group whole, know a group of an earlier parent again.

A pid alone is never believed: a group is ours when its processes carry the token we gave them, or when the leader's
start time and command line are those we wrote down.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

TOKEN = "LEADOPS_GROUP"  # noqa: S105 - the name of an environment variable that marks our processes, no secret


@dataclass(frozen=True)
class Group:
    """What identifies a process group across a crash of the parent."""

    name: str
    pid: int
    started: float
    command: list[str]
    token: str

    def members(self) -> list[psutil.Process]:
        """The living processes of this group that are proven to be ours."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, ProcessLookupError):
                if os.getpgid(process.pid) == self.pid and self.owns(process):
                    found.append(process)
        return found

    def owns(self, process: psutil.Process) -> bool:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        if process.environ().get(TOKEN) == self.token:
            return True
        return bool(
            process.pid == self.pid
            and abs(process.create_time() - self.started) < 2
            and process.cmdline() == self.command
        )

    def kill(self) -> list[psutil.Process]:
        """End the whole group at once, if it is ours; who was in it."""
        found = self.members()
        if found:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        return found


def spawn(
    name: str, command: Sequence[str], variables: Mapping[str, str], folder: Path
) -> tuple[subprocess.Popen[bytes], Group]:
    """Start a program as the leader of a session and group of its own, marked with a token its children inherit."""
    token = secrets.token_hex(8)
    process = subprocess.Popen(
        list(command),
        cwd=folder,
        env={**variables, TOKEN: token},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    return process, Group(name, process.pid, time.time(), list(command), token)


def end_whole(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the whole group, whether or not its leader still lives (its workers may: reliability M6); then reap."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def listens(leader: int, port: int) -> bool:
    """Whether the process, or one it started, takes connections at this port."""
    with contextlib.suppress(psutil.Error):
        top = psutil.Process(leader)
        for process in (top, *top.children(recursive=True)):
            for each in process.net_connections("tcp"):
                if each.status == psutil.CONN_LISTEN and each.laddr.port == port:
                    return True
    return False


def write_down(group: Group, folder: Path) -> None:
    """Leave a note that lets the next parent find this group if we are killed."""
    fresh = folder / f".{group.name}"
    fresh.write_text(json.dumps(asdict(group)))
    os.replace(fresh, folder / f"{group.name}.json")


def written_down(folder: Path) -> list[Group]:
    """The groups an earlier parent left notes about."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(Group(**json.loads(path.read_text())))
        except (ValueError, TypeError):
            path.unlink()  # a note cut short by a power cut names nobody
    return found


def kill_left_over(folder: Path) -> list[str]:
    """Kill what an earlier parent left running; the names of the groups that still lived."""
    killed = []
    for group in written_down(folder):
        if members := group.kill():
            killed.append(group.name)
            wait_until_gone(members)
        (folder / f"{group.name}.json").unlink(missing_ok=True)
    return killed


def wait_until_gone(killed: Sequence[psutil.Process], patience: float = 5.0) -> None:
    """Until they are gone themselves: one that is being killed shows no token any more, and still holds its port."""
    deadline = time.monotonic() + patience
    while any(alive(process) for process in killed) and time.monotonic() < deadline:
        time.sleep(0.05)


def alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False
