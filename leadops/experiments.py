"""Assignment by hash and by seed: the same unit always gets the same arm, and every choice states its probability.

Pure and without global randomness, so that a replay years later chooses again what was chosen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
BUCKETS = 10_000


def _digest(*parts: object) -> int:
    """A number of 256 bits; lengths are hashed with the parts so that ("ab", "c") and ("a", "bc") differ."""
    sha = hashlib.sha256()
    for part in parts:
        sha.update(_framed(part))
    return int.from_bytes(sha.digest(), "big")


def _framed(part: object) -> bytes:
    text = str(part).encode()
    return len(text).to_bytes(8, "big") + text


def bucket(salt: str, unit: str) -> int:
    """Where a unit falls in an experiment: 0 to 9999. The remainder's bias is below one in 10^72."""
    return _digest(salt, unit) % BUCKETS


def arm(salt: str, unit: str, split: Sequence[tuple[str, int]]) -> tuple[str, float]:
    """A unit's arm and the probability it had; the split is in ten-thousandths and adds up."""
    if any(share < 0 for _key, share in split) or sum(share for _key, share in split) != BUCKETS:
        raise ValueError("the shares of a split are not negative and add up to 10000")
    edge, place = 0, bucket(salt, unit)
    for key, share in split:
        edge += share
        if place < edge:
            return key, share / BUCKETS
    raise AssertionError("unreachable: a bucket is below the sum of the split")


def pick(seed: int, candidates: Sequence[T]) -> tuple[int, float]:
    """The index of one of several equals, uniform over seeds, and the probability it had."""
    count = len(candidates)
    if not count:
        raise ValueError("nobody to pick from")
    return _digest("pick", seed) % count, 1 / count


def seed_for(*parts: object) -> int:
    """A seed of 63 bits (it fits a bigint) from what identifies a decision; parts are compared as text."""
    return _digest("seed", *parts) >> 193


def seeds_for(*parts: object) -> Callable[[object], int]:
    """`seed_for(*parts, last)` as a function of the last part: for many of them the beginning is hashed once."""
    begun = hashlib.sha256(b"".join(map(_framed, ("seed", *parts))))

    def seed(last: object) -> int:
        sha = begun.copy()
        sha.update(_framed(last))
        return int.from_bytes(sha.digest(), "big") >> 193

    return seed
