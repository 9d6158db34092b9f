"""What differs in the processes of the hurt house: armed failpoints, leases short enough to outlive, and a control's missing guard."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from django.apps import AppConfig

from leadops import failpoints

CONTROL = "CHAOS_CONTROL"
ENDS = "CHAOS_ENDS"  # the file that gets the name of each failpoint that ended a process
ENQUEUE_AFTER, SEND_AGAIN = "enqueue-after-commit", "no-unknown"
LEASE = timedelta(seconds=5)  # of a batch: a worker stopped for eight seconds wakes up after it
SECOND_CHANCE = timedelta(seconds=60)  # of what lost its worker thrice: still within the drain
LONGER_LEASE = timedelta(seconds=20)  # of a mail
CHUNK = 3  # rows of a file in one unit: three hundred are a hundred units
HINTS = "CREATE TABLE IF NOT EXISTS chaos_hint (submission uuid PRIMARY KEY)"
MISSED = 0.02  # how often the naive intake ends between its commit and its hint


class Armed(AppConfig):
    name = "benchmarks.chaos"
    label = "chaos"

    def ready(self) -> None:
        note = os.environ.get(ENDS)
        failpoints.arm(failpoints.asked(os.environ.get(failpoints.VARIABLE, "")), Path(note) if note else None)
        kinds = import_module("capture.imports.kinds")
        kinds.register(replace(kinds.kind_of("leads"), chunk=CHUNK))
        claiming: Any = import_module("capture.claiming")
        claiming.LEASE, claiming.SECOND_CHANCE = LEASE, SECOND_CHANCE
        import_module("leadops.effects.runner").LEASE = LONGER_LEASE
        control = os.environ.get(CONTROL, "")
        if control:
            {ENQUEUE_AFTER: enqueue_after_commit, SEND_AGAIN: send_again}[control]()


def enqueue_after_commit() -> None:
    """The queue as the truth: what is in the table and was not enqueued is never looked at."""
    intake: Any = import_module("capture.intake")
    claiming: Any = import_module("capture.claiming")
    intake.accept = hinting(intake.accept)
    for name in ("_claim_fresh", "_claim_few", "_claim_alone"):
        setattr(claiming, name, only_hinted(getattr(claiming, name)))


def hinting(accept: Callable[..., Any]) -> Callable[..., Any]:
    """The real accept, followed by the enqueueing that a crash may leave out."""

    def accepting(*given: Any, **named: Any) -> Any:
        from django.db import connection  # settings are being read when this module is

        accepted = accept(*given, **named)
        if random.random() >= MISSED:
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO chaos_hint VALUES (%s) ON CONFLICT DO NOTHING", [accepted.submission])
        return accepted

    return accepting


def only_hinted(claim: str) -> str:
    """The pipeline's own claim, which no longer looks at the table alone."""
    place = "WHERE \"end\" = 'pending' AND starts"
    if claim.count(f"SELECT id FROM capture_submission {place}") != 1:
        raise LookupError("the claim is worded otherwise now: take the guard out where it is")
    asked = f"SELECT id FROM capture_submission {place}"
    return claim.replace(asked, f"{asked.replace('WHERE', 'WHERE id IN (SELECT submission FROM chaos_hint) AND')}")


def send_again() -> None:
    """Every mail whose sender died is sent once more, as if none could have left."""
    runner: Any = import_module("leadops.effects.runner")
    keep = runner.register

    def again(purpose: str, write: Any, **named: Any) -> None:
        keep(purpose, write, **{**named, "again": True})

    runner.register = again
    for purpose, known in list(runner._purposes.items()):
        again(purpose, known.write, guard=known.guard, sent=known.sent)
