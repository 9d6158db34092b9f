"""What is done to the house while it is being posted to: one fault every few seconds, in an order the seed decides."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil

from benchmarks.chaos.scene import Scene

PAUSE = (2.0, 3.5)
PAST_ITS_LEASE = 8.0
AWAITED = 12.0


def whole_cluster(scene: Scene, _dice: random.Random) -> bool:
    return _end_group(scene, "cluster-now")


def idle_worker(scene: Scene, dice: random.Random) -> bool:
    return _end(dice, [each for each in scene.workers("cluster-now") if _sleeps(each)])


def busy_worker(scene: Scene, dice: random.Random) -> bool:
    """One at work; between two tasks, the next best: any."""
    return _end(
        dice, [each for each in scene.workers("cluster-now") if not _sleeps(each)] or scene.workers("cluster-now")
    )


def only_the_parent(scene: Scene, _dice: random.Random) -> bool:
    """SIGKILL to it alone; the host starts the next one a little later."""
    parent = scene.parent
    if parent is None or parent.poll() is not None:
        return False
    parent.kill()
    parent.wait()
    time.sleep(0.5)
    scene.start_parent()
    return True


def web_worker(scene: Scene, dice: random.Random) -> bool:
    leader = scene.group("web")
    with contextlib.suppress(psutil.Error):
        return _end(dice, leader.children() if leader else [])
    return False


def backend(scene: Scene, dice: random.Random) -> bool:
    """SIGKILL to one server process: PostgreSQL ends all others and recovers."""
    found = scene.backends()
    if found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(dice.choice(found), signal.SIGKILL)
    return bool(found)


def server(scene: Scene, _dice: random.Random) -> bool:
    with scene.stopped_server():
        time.sleep(0.5)
    return True


def stopped_worker(scene: Scene, dice: random.Random) -> bool:
    """A worker that stands still past its lease and then goes on as if nothing had happened."""
    found = [each for each in scene.workers("cluster-now") if not _sleeps(each)] or scene.workers("cluster-now")
    if not found:
        return False
    one = dice.choice(found)
    with contextlib.suppress(psutil.Error):
        one.suspend()
        threading.Timer(PAST_ITS_LEASE, _go_on, [one]).start()
        return True
    return False


FAULTS: dict[str, Callable[[Scene, random.Random], bool]] = {
    "whole cluster killed": whole_cluster,
    "idle worker killed": idle_worker,
    "busy worker killed": busy_worker,
    "parent killed": only_the_parent,
    "web worker killed": web_worker,
    "database backend killed": backend,
    "database stopped at once": server,
    "worker stopped past its lease": stopped_worker,
}


class Chaos(threading.Thread):
    """Every fault in turn, in rounds of a seeded order, until it is told to end."""

    def __init__(self, scene: Scene, seed: int, log: Path) -> None:
        super().__init__(name="chaos", daemon=True)
        self.scene, self.dice, self.log = scene, random.Random(seed), log
        self.ending, self.done = threading.Event(), Counter[str]()
        self.broken: Exception | None = None

    def run(self) -> None:
        try:
            while not self.ending.is_set():
                for name in self.dice.sample(list(FAULTS), len(FAULTS)):
                    if self.ending.wait(self.dice.uniform(*PAUSE)):
                        return
                    did = self._do(FAULTS[name])
                    self.done[name] += did
                    with self.log.open("a") as log:
                        log.write(f"{time.monotonic():.2f}\t{name}\t{'done' if did else 'nobody there'}\n")
        except Exception as fault:  # a campaign without its faults proves nothing: told as broken
            self.broken = fault

    def _do(self, fault: Callable[[Scene, random.Random], bool]) -> bool:
        """Whether it was done: whom the fault before it has just ended is waited for."""
        until = time.monotonic() + AWAITED
        while not (did := fault(self.scene, self.dice)) and time.monotonic() < until and not self.ending.wait(0.3):
            pass
        return did

    def end(self) -> None:
        self.ending.set()
        self.join(60)


def _end_group(scene: Scene, name: str) -> bool:
    leader = scene.group(name)
    if leader is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader.pid, signal.SIGKILL)
    return True


def _end(dice: random.Random, found: list[psutil.Process]) -> bool:
    with contextlib.suppress(psutil.Error):
        if found:
            dice.choice(found).kill()
            return True
    return False


def _go_on(one: psutil.Process) -> None:
    with contextlib.suppress(psutil.Error):
        one.resume()


def _sleeps(process: psutil.Process) -> bool:
    """Whether it waits for a task: reads the pipe of the tasks, or waits for whoever does."""
    with contextlib.suppress(OSError):
        found = Path(f"/proc/{process.pid}/wchan").read_text()
        return "pipe" in found or "futex" in found
    return False
