"""Ends the children when their parent was killed: it waits on a pipe, and when that closes it ends every group named on it.

Started by the parent, in a session of its own, with the read end as its standard input. One line `{"group": …}` adds a
group, `{"gone": pid}` takes it off. A parent that stops cleanly has taken all off before it closes the pipe.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import IO

from leadops.platform.groups import Group

PATIENCE = 6.0  # for the children's own clean end


class Undertaker:
    """The parent's end of the pipe."""

    def __init__(self, folder: Path) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "leadops.platform.undertaker"],
            cwd=folder,
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def add(self, group: Group) -> None:
        self.tell({"group": asdict(group)})

    def remove(self, pid: int) -> None:
        self.tell({"gone": pid})

    def tell(self, line: dict[str, object]) -> None:
        pipe = self.process.stdin
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):  # somebody killed it: the notes in var/run still name the groups
                pipe.write(json.dumps(line).encode() + b"\n")
                pipe.flush()

    def dismiss(self) -> None:
        """Close the pipe and wait: whatever is still named on it is ended."""
        if self.process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
        self.process.wait()


def listen(pipe: IO[str]) -> list[Group]:
    """Read until the parent is gone; the groups it had not taken off."""
    groups: dict[int, Group] = {}
    for line in pipe:
        with contextlib.suppress(ValueError):  # the last line may be cut short
            told = json.loads(line)
            if "gone" in told:
                groups.pop(told["gone"], None)
            else:
                group = Group(**told["group"])
                groups[group.pid] = group
    return list(groups.values())


def bury(groups: list[Group]) -> None:
    """SIGTERM to the leaders, then SIGKILL to the whole groups."""
    for group in groups:
        for process in group.members():
            if process.pid == group.pid:
                process.terminate()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and any(group.members() for group in groups):
        time.sleep(0.2)
    for group in groups:
        group.kill()


def main() -> None:
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)  # it ends when the pipe ends, never before
    os.chdir("/")
    bury(listen(sys.stdin))


if __name__ == "__main__":
    main()
