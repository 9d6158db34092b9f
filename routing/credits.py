"""Fair turns as a ledger (weighted credit round robin), in whole millionths so that sums are exact; touches no row.

For each lead every rep who takes part accrues their share of it, and who gets it pays it whole: the sum of a pool's
credits never changes by a turn. Who is away accrues nothing, or up to `CATCH_UP` leads where the pool says so.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

R = TypeVar("R", bound=Hashable)
ONE = 1_000_000  # one lead of one unit
CATCH_UP = 3 * ONE  # an absent rep of a pool with catch-up comes back with at most this much to take in a row


def micro(value: Decimal | int) -> int:
    """A stored credit or weight in millionths."""
    return int(Decimal(value) * ONE)


def decimal(value: int) -> Decimal:
    return Decimal(value) / ONE


def shares(weights: Mapping[R, int], units: int = 1) -> tuple[dict[R, int], int]:
    """What each accrues for one lead of so many units, by weight and rounded down; and what rounding left over.

    The rest goes to whoever takes the lead, so that equal weights stay exactly equal and every turn sums to nothing.
    """
    total = sum(weights.values())
    whole = units * ONE
    found = {rep: weight * whole // total for rep, weight in weights.items()}
    return found, whole - sum(found.values())


def catching_up(credits: Mapping[R, int], away: Mapping[R, int]) -> dict[R, int]:
    """Weights of the absent who still accrue in a pool with catch-up: those below the cap."""
    return {rep: weight for rep, weight in away.items() if credits.get(rep, 0) < CATCH_UP}


def joining(credits: Sequence[int]) -> int:
    """What a joiner starts with: the lower median of those in the pool, so that nobody is flooded or starved."""
    return sorted(credits)[(len(credits) - 1) // 2] if credits else 0
