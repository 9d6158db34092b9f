"""What is said about a group of leads that asked: pure arithmetic over rows already read."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, median
from typing import Any

from leadops.cohorts import BANDS, FIVE_MINUTES, NEVER
from reports.metrics.survival import quantile


@dataclass(frozen=True, slots=True)
class Asking:
    """One lead's latest asking in the period; seconds on the wall clock."""

    owner: uuid.UUID | None
    source: str
    is_open: bool
    hour: int
    weekday: int  # 1 = Monday
    assigned: float | None
    answered: float | None
    contacted: float | None
    waited: float
    converted: bool  # ever an opportunity


@dataclass(frozen=True, slots=True)
class Figures:
    """What is said about a group of askings. Shares are None without anyone to share among."""

    n: int
    answered: int
    waiting: int  # unanswered and still open
    judged: int  # all but those who asked less than five minutes ago and may still be answered in time
    mean: float | None
    median: float | None
    p90: float | None
    bands: dict[str, int]
    system_median: float | None
    human_median: float | None
    split_n: int
    contact_median: float | None  # first attempt to first conversation
    contacted: int

    @property
    def within_five(self) -> int:
        return self.bands["within_5"]

    @property
    def never(self) -> int:
        return self.bands[NEVER]

    @property
    def share_within_five(self) -> float | None:
        return self.within_five / self.judged if self.judged else None

    def to_json(self) -> dict[str, Any]:
        names = ("n", "answered", "never", "waiting", "judged", "within_five", "share_within_five")
        return {name: getattr(self, name) for name in names} | {
            "mean_seconds": self.mean,
            "median_seconds": self.median,
            "p90_seconds": self.p90,
            "bands": self.bands,
            "system_delay_median_seconds": self.system_median,
            "human_delay_median_seconds": self.human_median,
            "delays_known": self.split_n,
            "contact_delay_median_seconds": self.contact_median,
            "contacted": self.contacted,
        }


def figures(askings: Iterable[Asking]) -> Figures:
    """The figures of a group; what nobody answered is counted, not dropped."""
    rows = list(askings)
    times = [row.answered for row in rows if row.answered is not None]
    silent = [row for row in rows if row.answered is None]
    waits = [row.waited for row in silent if row.is_open]
    never = len(silent) - len(waits)
    split = [
        (row.assigned, row.answered - row.assigned)
        for row in rows
        if row.assigned is not None and row.answered is not None and row.assigned <= row.answered
    ]
    contacts = [row.contacted - row.answered for row in rows if row.contacted is not None and row.answered is not None]
    return Figures(
        n=len(rows),
        answered=len(times),
        waiting=len(waits),
        judged=len(rows) - sum(wait < FIVE_MINUTES for wait in waits),
        mean=fmean(times) if times else None,
        median=quantile(times, waits, never, 0.5),
        p90=quantile(times, waits, never, 0.9),
        bands={name: sum(within(time, *edges) for time in times) for name, edges in BANDS.items()}
        | {NEVER: len(silent)},
        system_median=median(system for system, _human in split) if split else None,
        human_median=median(human for _system, human in split) if split else None,
        split_n=len(split),
        contact_median=median(contacts) if contacts else None,
        contacted=len(contacts),
    )


def soon(askings: Iterable[Asking]) -> tuple[float | None, int]:
    """The share answered within five minutes, and of how many: as `figures` says it, without all the rest."""
    answered = judged = 0
    for row in askings:
        answered += row.answered is not None and row.answered <= FIVE_MINUTES
        judged += row.answered is not None or not row.is_open or row.waited >= FIVE_MINUTES
    return (answered / judged if judged else None), judged


def within(time: float, above: int, upto: int | None) -> bool:
    return time > above and (upto is None or time <= upto)


@dataclass(frozen=True, slots=True)
class Band:
    """The leads answered within one band, and how many of them ever became an opportunity (95 % Wilson interval)."""

    name: str
    n: int
    converted: int

    @property
    def share(self) -> float | None:
        return self.converted / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        return wilson(self.converted, self.n) if self.n else None

    def to_json(self) -> dict[str, Any]:
        return {
            "band": self.name,
            "n": self.n,
            "converted": self.converted,
            "share": self.share,
            "interval": self.interval,
        }


def bands(askings: Iterable[Asking]) -> list[Band]:
    """Conversion by how soon the first attempt came; the never answered are a band of their own."""
    rows = list(askings)
    found = []
    for name in (*BANDS, NEVER):
        mine = [row for row in rows if _in_band(row, name)]
        found.append(Band(name, len(mine), sum(row.converted for row in mine)))
    return found


def _in_band(row: Asking, name: str) -> bool:
    if row.answered is None:
        return name == NEVER
    return name != NEVER and within(row.answered, *BANDS[name])


def wilson(k: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """The interval in which a share observed as k of n plausibly lies; honest for small n and for 0 and n."""
    p, zz = k / n, z * z
    middle, half = p + zz / (2 * n), z * sqrt(p * (1 - p) / n + zz / (4 * n * n))
    low, high = (middle - half) / (1 + zz / n), (middle + half) / (1 + zz / n)
    return (low if k else 0.0), (high if k < n else 1.0)
