"""What was measured in turns says together: the median, and the interval that holds the true median nine times of ten.

A bar holds when the whole interval reaches it and falls short when the whole interval misses it; between them it is open. Where
there were too few turns for an interval, the median decides.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

SURE = 0.90
HOLDS, OPEN, SHORT = "holds", "open", "FALLS SHORT"


def interval(seen: Sequence[float]) -> tuple[float, float] | None:
    """The nearest pair of order statistics that holds the median of whatever distribution with 90 % or more.

    The k-th least of n lies above the true median as often as fewer than k of n coins show heads (binomial sign interval).
    """
    ordered = sorted(seen)
    left_out, total = 0, 2 ** len(ordered)
    found = None
    for k in range(len(ordered) // 2):
        left_out += math.comb(len(ordered), k)
        if 1 - 2 * left_out / total < SURE:
            break
        found = (ordered[k], ordered[-1 - k])
    return found


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a figure, what limits it in the same turns, and their ratio, turn by turn."""

    id: str
    what: str
    turns: Sequence[tuple[float, float | None]]  # figure and limit, each turn
    must: float | None = None
    aim: float | None = None
    least: bool = True  # the bar is a least; else a most
    of: str = "figure"  # what the ratio is of: figure / limit, or, for costs, limit / figure

    def told(self) -> dict[str, object]:
        """The row as `make bench` prints it; `pass` is None where there is no bar, and False only where it falls short."""
        limits = [limit for _figure, limit in self.turns if limit is not None]
        seen = self._seen()
        middle, around = statistics.median(seen), interval(seen)
        ratio = round(middle, 3) if limits else None
        verdict = self._verdict(*around or (middle, middle))
        return {
            "id": self.id,
            "what": self.what,
            "value": round(statistics.median(figure for figure, _limit in self.turns), 1),
            "limit": round(statistics.median(limits), 1) if limits else None,
            "ratio": ratio,
            "interval": [round(end, 3) for end in around] if around else None,
            "turns": len(seen),
            "must": self.must,
            "aim": self.aim,
            "verdict": verdict,
            "pass": None if self.must is None else verdict != SHORT,
        }

    def _seen(self) -> list[float]:
        if self.of == "cost":
            return [limit / figure for figure, limit in self.turns if limit is not None]
        return [figure / limit if limit else figure for figure, limit in self.turns]

    def _verdict(self, low: float, high: float) -> str:
        if self.must is None:
            return ""
        worst, best = (low, high) if self.least else (-high, -low)
        bar = self.must if self.least else -self.must
        return HOLDS if worst >= bar else SHORT if best < bar else OPEN


def line(told: dict[str, object]) -> str:
    """One row in words."""
    held: object = told["interval"]
    around = f"{held[0]} to {held[1]}" if isinstance(held, list) else "—"
    return (
        f"{told['id']:<6}{told['what']:<92}{told['value']:>10}  limit {told['limit'] or '—':>8}  ratio {told['ratio'] or '—':>6}"
        f"  90 % {around:<16}  must {told['must'] or '—':<6}  {told['verdict']}"
    )
