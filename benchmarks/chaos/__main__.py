"""`make chaos`: posts under faults, drains, asks the oracle; then proves with guards taken out that the oracle can see.

Exit status 0 only when nothing was lost, doubled or left, and every control was caught. The campaign that matters has the
machine to itself; the small ones after it wait more than they work and run side by side.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psycopg

from benchmarks.chaos import naive, oracle, rows
from benchmarks.chaos.armed import CONTROL, ENDS, ENQUEUE_AFTER, SEND_AGAIN
from benchmarks.chaos.faults import Chaos
from benchmarks.chaos.scene import Scene
from benchmarks.chaos.seeded import Seeded
from benchmarks.chaos.senders import Senders, deliveries
from benchmarks.chaos.sink import Sink
from leadops import failpoints

DRAINED_WITHIN, SENT_WITHIN = 180.0, 900.0  # seconds: every submission its end; every mail that was due by then
STALL = 60.0  # without anything moving on
LEAST = 40.0  # seconds of posting, so that faults fall into it
PER_SECOND = 100.0  # deliveries, where there are more of them
EACH = 0.05  # how often a failpoint ends its process: one place after the other
TOGETHER = {
    "job.before_commit": 0.02,
    "assign.after_update": 0.01,
    "email.after_smtp": 0.02,
    "intake.after_commit": 0.005,
}
OF_A_FILE = "import.mid_chunk"  # the one place no post comes by
FEW = 300  # posts, or rows, of a small campaign; slowly, so that they come in many batches
CONTROL_POSTS, CONTROL_PATIENCE = FEW, 15.0
TURNS = 3  # of a campaign whose failpoint ended no process: its code is passed once a batch
AT_ONCE = 3  # small campaigns beside each other


@dataclass
class Verdict:
    """What one campaign did and what the oracle says of it."""

    what: str
    posts: int
    breaches: dict[str, int]
    answers: dict[str, int]
    drained: float | None  # seconds; None = not in time
    faults: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    slowest: float = 0.0
    started: float = 0.0

    @property
    def clean(self) -> bool:
        return self.drained is not None and not any(self.breaches.values())

    def told(self) -> dict[str, Any]:
        wrong = {name: count for name, count in self.breaches.items() if count}
        return {
            "what": self.what, "posts": self.posts, "answers": self.answers, "faults": self.faults,
            "seconds": round(self.seconds, 1), "started_s": round(self.started, 1), "drained_s": self.drained and round(self.drained, 1),
            "slowest_answer_s": round(self.slowest, 1), "checks": len(self.breaches), "wrong": wrong, "clean": self.clean,
        }  # fmt: skip


def campaign(
    what: str, n: int, seed: int, seeded: Seeded, *, chaos: bool = False, points: Mapping[str, float] = MappingProxyType({}),
    control: str = "", patience: float = DRAINED_WITHIN, afterwards: Callable[[Scene], None] = lambda scene: None,
    of_a_file: int = 0, least: float = 0.0,
) -> Verdict:  # fmt: skip
    """One house, from its founding to its end; `n` posts in at `least` so many seconds, or a file of so many rows."""
    folder, began = Path(tempfile.mkdtemp(prefix="leadops-chaos-")), time.monotonic()
    armed = ",".join(f"{name}={chance}" for name, chance in sorted(points.items()))
    with Sink(folder / "mails") as sink:
        scene = Scene(
            folder, seeded, EMAIL_URL=f"smtp://127.0.0.1:{sink.port}", LEADOPS_FAILPOINTS=armed,
            **{CONTROL: control, ENDS: str(folder / "ends")},
        )  # fmt: skip
        try:
            scene.start()
            started, plan = time.monotonic() - began, deliveries(n, seed, seeded.keys)
            rate = min(PER_SECOND, len(plan) / least) if least else PER_SECOND
            senders = Senders(scene.port, plan, rate, folder / "answers", seed)
            hurt = Chaos(scene, seed, folder / "faults")
            senders.start()
            if of_a_file:
                rows.send(scene, of_a_file)
            if chaos:
                hurt.start()
            while senders.busy():
                time.sleep(0.2)
            if chaos:
                hurt.end()
                if hurt.broken is not None:
                    raise hurt.broken
            drained, ended = drain(scene, patience)
            breaches = oracle.breaches(scene, sink, folder / "answers", n, ended, of_a_file)
            afterwards(scene)
        except BaseException:
            print(
                (folder / "house.log").read_text()[-4000:] if (folder / "house.log").exists() else "", file=sys.stderr
            )
            raise
        finally:
            scene.end()
    ends = (folder / "ends").read_text().split() if (folder / "ends").exists() else []
    verdict = Verdict(
        what, len(plan) + of_a_file, breaches, dict(senders.answers), drained,
        {k: v for k, v in hurt.done.items() if v} | Counter(ends),
        time.monotonic() - began, senders.slowest, started,
    )  # fmt: skip
    if verdict.clean or control:
        scene.remove()
    else:
        print(f"kept for reading: {folder}", file=sys.stderr)
    return verdict


UNENDED = """
SELECT (SELECT count(*) FROM capture_submission WHERE "end" = 'pending')
  + (SELECT count(*) FROM leadops_stalled WHERE due_at IS NOT NULL)
  + (SELECT coalesce(sum(1 + greatest(0, rows - next_row)), 0) FROM capture_import WHERE state IN ('loading', 'settling'))
"""


def drain(scene: Scene, patience: float) -> tuple[float | None, datetime]:
    """Seconds until every submission had its end, and the moment of that end; None when that took too long, or nothing
    moved for a minute. What was due to be sent by then is waited for as long as it moves: a mail server has its pace."""
    began = time.monotonic()
    if not _emptied(scene, UNENDED, (), patience):
        return None, datetime.now(UTC)
    drained, ended = time.monotonic() - began, datetime.now(UTC)
    _emptied(scene, oracle.UNSENT, (ended,), SENT_WITHIN)
    return drained, ended


def _emptied(scene: Scene, query: str, values: tuple[object, ...], patience: float) -> bool:
    """Whether the count came down to nothing in that time, and never stood still for a minute."""
    began = moved = time.monotonic()
    before = -1
    while time.monotonic() - began < patience and time.monotonic() - moved < STALL:
        with suppress(psycopg.Error):
            left = int(str(scene.ask(query, *values)[0][0]))
            if left == 0:
                return True
            if left != before:
                before, moved = left, time.monotonic()
        time.sleep(0.25)
    return False


def controls(seed: int, seeded: Seeded, side_by_side: Executor) -> Callable[[], list[dict[str, Any]]]:
    """Each takes one guard out; the oracle must see it, else it is blind and the whole run proves nothing. Begun at once."""
    doubles: dict[str, int] = {}

    def two_owners(scene: Scene) -> None:
        doubles["with the unique key"] = naive.assign(scene)
        naive.take_the_guard_out(scene)
        doubles["without it"] = naive.assign(scene)

    enqueue = side_by_side.submit(
        campaign,
        "the queue is the truth",
        CONTROL_POSTS,
        seed,
        seeded,
        control=ENQUEUE_AFTER,
        patience=CONTROL_PATIENCE,
    )
    again = side_by_side.submit(
        campaign, "a mail is sent again after a crash", CONTROL_POSTS, seed, seeded, points={"email.after_smtp": 0.1},
        control=SEND_AGAIN, afterwards=two_owners,
    )  # fmt: skip

    def seen() -> list[dict[str, Any]]:
        left, twice = enqueue.result().breaches, again.result().breaches
        found = [
            ("enqueue after the commit", left["submissions without an end"]),
            ("a sender without its `unknown`", twice["mails taken twice"]),
            ("a naive assignment", doubles["without it"]),
        ]
        held = doubles["with the unique key"]
        return [
            *({"what": what, "found": count, "caught": bool(count)} for what, count in found),
            {"what": "the unique key holds", "found": held, "caught": not held},
        ]

    return seen


def main() -> int:
    ask = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    ask.add_argument("--n", type=int, default=2000, help="different deliveries; a tenth comes twice")
    ask.add_argument("--seed", type=int, default=7)
    ask.add_argument("--points", action="store_true", help="each failpoint by itself, with 300 leads, and the controls")
    ask.add_argument("--calm", action="store_true", help="only the posting, without a fault and without controls")
    ask.add_argument("--no-controls", action="store_true", help="for looking into one seed; such a run proves nothing")
    ask.add_argument("--json", action="store_true", help="the verdict as the last line")
    chosen = ask.parse_args()
    with Seeded() as seeded, ThreadPoolExecutor(AT_ONCE) as side_by_side:
        runs, seen = _campaigns(chosen, seeded, side_by_side)
    for one in seen:
        print(f"{'caught' if one['caught'] else 'NOT CAUGHT':<12} control: {one['what']}: {one['found']}", flush=True)
    good = all(run.clean for run in runs) and all(one["caught"] for one in seen)
    if chosen.json:
        told = [run.told() for run in runs]
        print(json.dumps({"n": chosen.n, "seed": chosen.seed, "runs": told, "controls": seen, "pass": good}))
    return 0 if good else 1


def _campaigns(
    chosen: argparse.Namespace, seeded: Seeded, side_by_side: Executor
) -> tuple[list[Verdict], list[dict[str, Any]]]:
    if chosen.calm:
        runs = [campaign("no fault", chosen.n, chosen.seed, seeded)]
        _say(runs[0])
        return runs, []
    small = {"four failpoints at once": TOGETHER}
    if chosen.points:
        runs, small = [], {f"failpoint {name}": {name: EACH} for name in sorted(failpoints.POINTS)}
    else:
        what = "processes and database killed and stopped"
        runs = [campaign(what, chosen.n, chosen.seed, seeded, chaos=True, least=LEAST)]
        _say(runs[0])
    begun = [side_by_side.submit(small_campaign, what, chosen, seeded, armed) for what, armed in small.items()]
    caught = None if chosen.no_controls else controls(chosen.seed, seeded, side_by_side)
    for each in begun:
        runs.append(each.result())
        _say(runs[-1])
    return runs, caught() if caught else []


def small_campaign(what: str, chosen: argparse.Namespace, seeded: Seeded, armed: Mapping[str, float]) -> Verdict:
    """Three hundred posts, or rows, past armed failpoints; past a single one until it ended a process."""
    posts, lines = (0, FEW) if OF_A_FILE in armed else (FEW, 0)
    least = LEAST if chosen.points else 0.0
    for turn in range(TURNS):
        run = campaign(what, posts, chosen.seed + turn, seeded, points=armed, of_a_file=lines, least=least)
        if run.faults or not run.clean or not chosen.points:
            break
    return run


def _say(run: Verdict) -> None:
    told = run.told()
    print(
        f"{'clean' if run.clean else 'NOT CLEAN':<12} {run.what}: {run.posts} deliveries in {told['seconds']} s, ready in {told['started_s']} s, drained in {told['drained_s']} s"
    )
    print(f"             answers {told['answers']}, slowest {told['slowest_answer_s']} s; faults {told['faults']}")
    for name, count in run.breaches.items():
        print(f"             {count:>6}  {name}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
