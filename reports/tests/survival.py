"""Kaplan–Meier told once more, in Python: what the statements of the reports are held against."""

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
