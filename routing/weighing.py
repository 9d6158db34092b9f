"""The reasons of a routing decision: written short, since a record stands for every lead, and read back whole.

The reps that were weighed are kept column by column, in one order; what is empty, unlimited or the outcome's own is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from routing.choose import Candidate, Outcome
from routing.match import Target

# a column of the record and what a row read back from it calls it
COLUMNS = {
    "reps": "rep", "credits": "credit", "loads": "load", "gets": "gets", "pools": "pool", "reasons": "why_not",
    "capacities": "capacity", "untils": "until",
}  # fmt: skip


def explained(target: Target, outcome: Outcome, barred: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The reasons of a decision in codes and numbers, as its record keeps them; `told` gives them to who reads."""
    chain = target.chain()
    place = next((n for n, link in enumerate(chain) if link.rule == outcome.rule), 0)
    link = chain[place]
    columns = _columns(outcome.best(), outcome)
    found = {
        "matched": list(link.matched),
        "passed": [each.rule for each in chain[:place]],
        "skipped": [row for each in chain[: place + 1] for row in each.skipped],
        "skills": dict(link.skills),
        "languages": list(link.languages),
        "weighed": columns,
        "excluded": outcome.excluded(),
        "barred": sorted(barred),
        "accrued": _beside(columns, outcome.accrued),
    }
    return {"rule": outcome.rule} | {name: value for name, value in found.items() if value}


def _columns(best: Sequence[Candidate], outcome: Outcome) -> dict[str, Sequence[Any]]:
    """`gets` is what the turn gave to each; `accrued_of` reads it back."""
    if not best:
        return {}
    reps, pools, reasons, credits, loads, capacities, untils = zip(*best, strict=True)
    found: dict[str, Sequence[Any]] = {"reps": reps, "credits": credits, "loads": loads}
    own = pools.count(outcome.pool) == len(pools)
    if not own:
        found["pools"] = pools
    if outcome.accrued:
        gets = map(outcome.accrued.get, reps)
        found["gets"] = [*gets] if own else [g if p == outcome.pool else None for g, p in zip(gets, pools, strict=True)]
    if any(reasons):
        found["reasons"] = reasons
    for name, column in (("capacities", capacities), ("untils", untils)):
        if column.count(None) < len(column):  # a capacity of nought is one
            found[name] = column
    return found


def _beside(columns: Mapping[str, Sequence[Any]], accrued: Mapping[str, int]) -> dict[str, int]:
    """The shares of a turn that went to reps who are not among those kept."""
    gets = columns.get("gets", ())
    told = len(gets) - gets.count(None)
    if told == len(accrued):
        return {}
    kept = {rep for rep, share in zip(columns.get("reps", ()), gets, strict=False) if share is not None}
    return {rep: share for rep, share in accrued.items() if rep not in kept}


# -- reading ---------------------------------------------------------------------------------------------


def weighed(why: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The reps of a record, the chosen first: what was known of each."""
    if "best" in why:  # as a house of before 2026-12 wrote them
        return list(why["best"])
    columns = {COLUMNS[name]: column for name, column in why.get("weighed", {}).items()}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return [{name: value for name, value in row.items() if value not in (None, "")} for row in rows]


def told(why: Mapping[str, Any]) -> dict[str, Any]:
    """A record's reasons for who reads them: every part named, one row for each rep."""
    empty: dict[str, Any] = {
        "matched": [], "passed": [], "skipped": [], "skills": {}, "languages": [], "excluded": {}, "barred": [],
    }  # fmt: skip
    return {**empty, **{name: part for name, part in why.items() if name != "weighed"}, "best": weighed(why)}


def accrued_of(why: Mapping[str, Any]) -> dict[str, int]:
    """Rep -> what a recorded turn gave them."""
    beside: dict[str, int] = why.get("accrued", {})
    return {row["rep"]: row["gets"] for row in weighed(why) if "gets" in row} | beside
