"""How long a lead rests for each reason to recycle it: suggestions a person may overrule; it moves no lead."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

USUAL: Final = timedelta(days=90)
# a reason the house added itself rests as usual
RESTS: Final = {
    "no_timing": timedelta(days=90),
    "no_budget_now": timedelta(days=180),
    "no_answer": timedelta(days=45),
    "project_postponed": timedelta(days=120),
    "contract_running": timedelta(days=270),
    "reorganisation": timedelta(days=120),
}


def rest_of(reason: str) -> timedelta:
    """The rest suggested for a reason."""
    return RESTS.get(reason, USUAL)
