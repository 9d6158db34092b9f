"""What is said about a group of leads that asked, from what was counted of it: pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, sqrt
from typing import Any

from leadops.cohorts import BANDS, NEVER
from reports.metrics.asked import Counts
from reports.models import ANSWER, CONTACT, HUMAN, SYSTEM

Quantiles = dict[int, tuple[int | None, int | None]]  # measure -> median and P90, seconds


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


def figures(c: Counts, quantiles: Quantiles) -> Figures:
    """The figures of a group; what nobody answered is counted, not dropped."""
    median, p90 = quantiles.get(ANSWER, (None, None))
    return Figures(
        n=c.n,
        answered=c.answered,
        waiting=c.waits,
        judged=c.judged,
        mean=c.answered_us / c.answered / 1_000_000 if c.answered else None,
        median=median,
        p90=p90,
        bands={name: getattr(c, f"n_{name}") for name in BANDS} | {NEVER: c.n - c.answered},
        system_median=quantiles.get(SYSTEM, (None, None))[0],
        human_median=quantiles.get(HUMAN, (None, None))[0],
        split_n=c.split,
        contact_median=quantiles.get(CONTACT, (None, None))[0],
        contacted=c.contacted,
    )


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


def bands(c: Counts) -> list[Band]:
    """Conversion by how soon the first attempt came; the never answered are a band of their own."""
    found = [Band(name, getattr(c, f"n_{name}"), getattr(c, f"c_{name}")) for name in BANDS]
    return [*found, Band(NEVER, c.n - c.answered, c.c_never)]


def wilson(k: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """The interval in which a share observed as k of n plausibly lies; honest for small n and for 0 and n."""
    p, zz = k / n, z * z
    middle, half = p + zz / (2 * n), z * sqrt(p * (1 - p) / n + zz / (4 * n * n))
    low, high = (middle - half) / (1 + zz / n), (middle + half) / (1 + zz / n)
    return (low if k else 0.0), (high if k < n else 1.0)


def difference(one: Band, other: Band) -> tuple[float, float]:
    """The interval in which the difference of two shares plausibly lies, 95 % (Newcombe 1998, method 10); both have leads."""
    (p, low, high), (q, below, above) = ((b.converted / b.n, *wilson(b.converted, b.n)) for b in (one, other))
    return p - q - hypot(p - low, above - q), p - q + hypot(high - p, q - below)
