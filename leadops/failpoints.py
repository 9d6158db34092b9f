"""Named places where a fault campaign ends the process at once, as a power cut would. Anywhere else a look-up in an empty table.

Armed only by `make chaos`, in the processes of its own house; `leadops.E001` refuses to start a house that is asked for
them otherwise.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "LEADOPS_FAILPOINTS"  # intake.after_commit=0.05,job.before_commit=0.05
POINTS = frozenset(
    {
        "intake.before_commit",
        "intake.after_commit",
        "intake.before_response",
        "job.after_claim",
        "job.before_commit",
        "job.after_commit",
        "assign.after_update",
        "sla.after_insert",
        "email.before_smtp",
        "email.after_smtp",
        "import.mid_chunk",
    }
)
_armed: dict[str, float] = {}
_note: list[Path] = []  # the file that gets the name of each place that ended a process


def failpoint(name: str) -> None:
    """End this process here, with the probability the campaign gave this place."""
    chance = _armed.get(name)
    if chance is not None and random.random() < chance:  # noqa: S311  no secret
        for note in _note:
            with note.open("a") as file:
                file.write(f"{name}\n")
        os.kill(os.getpid(), signal.SIGKILL)


def arm(points: Mapping[str, float], note: Path | None = None) -> None:
    """For the settings of the campaign alone. Raises KeyError for a name no code has."""
    for name in points:
        if name not in POINTS:
            raise KeyError(f"no failpoint is called {name!r}; there are {', '.join(sorted(POINTS))}")
    _armed.update(points)
    _note[:] = [note] if note else []


def asked(text: str) -> dict[str, float]:
    """`name=probability` with commas between. Raises ValueError for anything else."""
    pairs = [one.partition("=") for one in text.split(",") if one.strip()]
    return {name.strip(): float(chance) for name, _equals, chance in pairs}
