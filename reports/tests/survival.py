"""Kaplan–Meier and the resolution of waits told once more, in Python: what the statements are held against."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby


def quantile(ended: Sequence[float], waiting: Sequence[float], never: int, share: float) -> float | None:
    """The time within which `share` of all have ended; None when that is never reached.

    `waiting` have not ended yet and are counted for as long as they were watched; `never` will not end at all.
    Without anyone waiting it is the smallest time by which at least that share of everyone has ended.
    """
    at_risk, alive = len(ended) + len(waiting) + never, 1.0
    marks = sorted([(time, 0) for time in ended] + [(time, 1) for time in waiting])
    for time, group in groupby(marks, key=lambda mark: mark[0]):
        kinds = [kind for _time, kind in group]
        ends = kinds.count(0)
        alive *= 1 - ends / at_risk
        at_risk -= len(kinds)
        if ends and alive <= 1 - share + 1e-9:
            return float(time)
    return None


STEPS = (
    (120, 1),
    (600, 5),
    (3600, 30),
    (21_600, 300),
    (172_800, 1800),
    (1_209_600, 10_800),
)  # (below, to multiples of)
LONGEST_STEP = 86_400


def floored(seconds: float) -> int:
    """A wait rounded down as `reports_floored` does it in the database."""
    step = next((step for below, step in STEPS if seconds < below), LONGEST_STEP)
    return int(seconds // step * step)
