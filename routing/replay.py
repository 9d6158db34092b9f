"""Decide again what was decided: from the state before the batch, the facts and the version recorded. Reads only."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from leadops.decisions import ENGINE, Decision, DecisionBatch, DecisionFacts, canonical, digest_of
from leadops.versions import services as versions
from routing import availability
from routing.choose import Outcome, State, choose, folded
from routing.deciding import facts_recorded
from routing.match import match
from routing.weighing import accrued_of


@dataclass(frozen=True, slots=True)
class Replayed:
    """`answer`: same, different, erased (facts are gone), or older (decided by another engine)."""

    decision: uuid.UUID
    answer: str
    recorded: dict[str, Any]
    again: dict[str, Any]


def replay(batch: DecisionBatch) -> Iterator[Replayed]:
    """Every decision of a batch, in its order, each meeting what the ones before left."""
    rows = list(batch.decisions.select_related("version").order_by("ordinal"))
    facts = {row.decision: row for row in DecisionFacts.objects.filter(decision__in=[r.pk for r in rows])}
    state = availability.from_json(batch.state)
    for row in rows:
        seen = facts.get(row.pk)
        if row.engine != ENGINE or seen is None or not _is_whole(row, seen):
            state = folded(_as_recorded(row), state)
            answer = "older" if row.engine != ENGINE else "erased" if seen is None else "different"
            yield Replayed(row.pk, answer, row.outcome, {})
            continue
        outcome, state = _again(row, seen, state)
        same = outcome.codes() == row.outcome and outcome.propensity == row.propensity
        yield Replayed(row.pk, "same" if same else "different", row.outcome, outcome.codes())


def _again(row: Decision, seen: DecisionFacts, state: State) -> tuple[Outcome, State]:
    assert row.version is not None and row.seed is not None  # noqa: S101  # routing always records both
    target = match(facts_recorded(seen.facts), versions.compiled(row.version), row.at)
    return choose(target, state, row.seed, frozenset(row.why.get("barred", ())))


def _is_whole(row: Decision, seen: DecisionFacts) -> bool:
    """The facts are those the digest was made of."""
    return digest_of(bytes(seen.salt), canonical(seen.facts)) == bytes(row.digest)


def _as_recorded(row: Decision) -> Outcome:
    """What is known of an outcome without its facts: enough for the ones after it."""
    return Outcome(**{**row.outcome, "accrued": accrued_of(row.why)})
