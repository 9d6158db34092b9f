"""Keeps a list of children running: watches their progress, replaces whole groups; it does no work of theirs.

It watches progress (heartbeats written by work that had to run), not pids: a cluster whose worker was killed can stand
still for ever with every process alive (reliability M5). It never imports Django, so that it stays small.
"""

from __future__ import annotations

import collections
import http.client
import math
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from leadops.platform import groups, startup
from leadops.platform.binaries import NoPostgres
from leadops.platform.children import BASE, Child
from leadops.platform.pulses import Pulses
from leadops.platform.undertaker import Undertaker


@dataclass(frozen=True)
class Patience:
    """How long things may take, in seconds. A hung child is replaced within `silence` plus one look: under 60 s."""

    grace: float = 20.0  # after a start, before silence is counted
    silence: float = 32.0
    look: float = 2.0
    head_start: float = 8.0  # of the web server at the start, or until it answers
    end: float = 10.0  # from SIGTERM to SIGKILL
    first_pause: float = 0.5  # before a child that ended is started again; doubled each time
    window: float = 600.0
    deaths: int = 5  # within the window: after these it is tried once per `slow`
    slow: float = 60.0


def say(line: str) -> None:
    print(f"leadops: {line}", flush=True)


@dataclass
class Watched:
    """One child and what the parent knows about it."""

    child: Child
    process: subprocess.Popen[bytes] | None = None
    excused_until: float = 0.0
    answered_at: float = -math.inf
    start_at: float = 0.0
    ends: collections.deque[float] = field(default_factory=collections.deque)


class Supervisor:
    """Keeps a list of children running until it is told to end."""

    def __init__(
        self,
        house: Iterable[Child],
        variables: Mapping[str, str],
        pulses: Pulses,
        folder: Path,
        patience: Patience = Patience(),
        heal: Callable[[], object] | None = None,
        announce: str = "",
    ) -> None:
        self.watched = {child.name: Watched(child) for child in house}
        self.variables, self.pulses, self.folder, self.patience = variables, pulses, folder, patience
        self.heal, self.announce = heal, announce
        self.ending = False
        self.looked_at = self.wall = 0.0
        if any(watched.child.answers for watched in self.watched.values()):
            for watched in self.watched.values():  # the page people wait for has the processors to itself first
                watched.start_at = 0.0 if watched.child.answers else time.monotonic() + self.patience.head_start
        self.undertaker, self.groups = Undertaker(BASE), dict[int, groups.Group]()

    def run(self) -> None:
        """Until SIGINT, SIGTERM or SIGHUP; then everything is ended."""
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, self.end_soon)
        try:
            while not self.ending:
                self.turn()
                time.sleep(0.1)
        finally:
            self.end_all()

    def turn(self) -> None:
        """One round: start what is due, bury what ended, now and then look at the pulses."""
        self.start_due()
        self.bury_ended()
        self.keep_undertaker()
        if self.announce:
            self.look_at_answers()
        if time.monotonic() - self.looked_at >= self.patience.look:
            self.look()

    def end_soon(self, _sign: int, _frame: FrameType | None) -> None:
        self.ending = True

    # -- starting and ending ------------------------------------------------------------------------

    def start_due(self) -> None:
        for watched in self.watched.values():
            if watched.process is None and time.monotonic() >= watched.start_at:
                self.start(watched)

    def start(self, watched: Watched) -> None:
        child = watched.child
        watched.process, group = groups.spawn(child.name, child.command, {**self.variables, **child.variables}, BASE)
        self.groups[group.pid] = group
        self.undertaker.add(group)
        groups.write_down(group, self.folder)
        watched.excused_until = time.monotonic() + self.patience.grace
        watched.answered_at = -math.inf

    def bury_ended(self) -> None:
        for watched in self.watched.values():
            if watched.process is not None and watched.process.poll() is not None:
                status = watched.process.returncode
                self.replace(watched, f"ended by itself (status {status})", at_once=False)
                self.have_ports()

    def forget(self, pid: int) -> None:
        self.groups.pop(pid, None)
        self.undertaker.remove(pid)

    def keep_undertaker(self) -> None:
        """One that was killed has a successor that knows every living group."""
        due = time.monotonic() - self.undertaker.started >= self.patience.look
        if self.undertaker.process.poll() is None or not due:
            return
        say("the undertaker ended: replaced")
        self.undertaker.dismiss()
        self.undertaker = Undertaker(BASE)
        for group in self.groups.values():
            self.undertaker.add(group)

    def replace(self, watched: Watched, why: str, at_once: bool) -> None:
        """End the whole group and plan the next start."""
        process, name = watched.process, watched.child.name
        if process is None:
            return
        groups.end_whole(process)
        self.forget(process.pid)
        watched.process = None
        pause = self.pause_after_end(watched, at_once)
        if len(watched.ends) > self.patience.deaths:
            minutes = self.patience.window / 60
            say(f"!! {name} {why}, {len(watched.ends)} times in {minutes:.0f} minutes. SOMETHING IS WRONG with it:")
            say(f"!! read its last words above; it is tried again every {self.patience.slow:.0f} s")
        else:
            say(f"{name} {why}: replaced" if at_once else f"{name} {why}: started again in {pause:.1f} s")
        watched.start_at = time.monotonic() + pause

    def pause_after_end(self, watched: Watched, at_once: bool) -> float:
        now = time.monotonic()
        watched.ends.append(now)
        while watched.ends[0] < now - self.patience.window:
            watched.ends.popleft()
        if len(watched.ends) > self.patience.deaths:
            return self.patience.slow
        return 0.0 if at_once else self.patience.first_pause * 2.0 ** (len(watched.ends) - 1)

    def end_all(self) -> None:
        """SIGTERM to the leaders, wait, SIGKILL to the whole groups."""
        living = [watched.process for watched in self.watched.values() if watched.process is not None]
        for process in living:
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + self.patience.end
        while any(process.poll() is None for process in living) and time.monotonic() < deadline:
            time.sleep(0.05)
        for process in living:
            groups.end_whole(process)
            self.forget(process.pid)
        for watched in self.watched.values():
            (self.folder / f"{watched.child.name}.json").unlink(missing_ok=True)
        self.undertaker.dismiss()
        self.pulses.close()

    # -- watching -------------------------------------------------------------------------------------

    def look(self) -> None:
        """One look at every pulse; who was silent too long is replaced."""
        if self.slept():
            self.excuse(self.watched.values())
        ages = self.pulses.ages()
        if ages is None:  # without the database nobody can beat: nobody is to blame, unless it is ours and fell
            self.excuse(watched for watched in self.watched.values() if watched.child.pulse)
            self.heal_server()
        self.look_at_answers()
        for watched in self.watched.values():
            silent = self.silence_of(watched, ages or {})
            if watched.process is not None and silent > self.patience.silence:
                self.excuse(other for other in self.watched.values() if other.child.beaten_by == watched.child.name)
                self.replace(watched, f"made no progress for {silent:.0f} s", at_once=True)
        self.looked_at, self.wall = time.monotonic(), time.time()

    def slept(self) -> bool:
        """Was the machine (or this process) asleep since the last look? Then old heartbeats prove nothing."""
        if not self.looked_at:
            return False
        gap = max(time.monotonic() - self.looked_at, time.time() - self.wall)
        return gap > self.patience.look + 10

    def excuse(self, those: Iterable[Watched]) -> None:
        """Count their silence from now on plus the grace of a start."""
        for watched in those:
            watched.excused_until = time.monotonic() + self.patience.grace

    def silence_of(self, watched: Watched, ages: Mapping[str, float]) -> float:
        """Seconds of silence that are this child's own fault."""
        now = time.monotonic()
        if watched.child.answers:
            age = now - watched.answered_at
        elif watched.child.pulse:
            age = ages.get(watched.child.pulse, math.inf)
        else:
            return 0.0
        beater = self.watched.get(watched.child.beaten_by or "")
        if beater is not None and self.silence_of(beater, ages) > self.patience.silence / 2:
            watched.excused_until = max(watched.excused_until, now)  # it waits for a heart that does not beat
        return min(age, now - watched.excused_until)

    def look_at_answers(self) -> None:
        for watched in self.watched.values():
            if watched.child.answers and watched.process is not None and answers(watched.child.answers):
                self.have_ports()
                watched.answered_at = time.monotonic()
                if self.announce:
                    say(self.announce)
                    self.announce = ""
                    for other in self.watched.values():
                        other.start_at = min(other.start_at, watched.answered_at)

    def have_ports(self) -> None:
        """Until all is announced: a port that another program took since the start ends it with one line, as a port
        taken before does; else that program's answer would be announced as ours."""
        for watched in self.watched.values() if self.announce else ():
            process, port = watched.process, watched.child.port
            if port and not (process is not None and groups.listens(process.pid, port)):
                startup.check_ports([port], patience=2.0)

    def heal_server(self) -> None:
        if self.heal is not None:
            try:
                self.heal()
            except (NoPostgres, OSError) as fault:
                say(f"the private PostgreSQL does not come back: {fault}")


def answers(url: str) -> bool:
    """Does anything answer there? Any status counts: it proves that a thread was free to work."""
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address on 127.0.0.1
            return True
    except urllib.error.HTTPError:
        return True
    except (OSError, http.client.HTTPException):
        return False
