"""What an MQL is: a named predicate and the scorecard version it reads; pure, it moves no lead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from leadops.conditions import predicate
from leadops.conditions.explain import Explainer, explainer
from leadops.conditions.fields import LEAD, Vocabulary
from leadops.conditions.predicate import Predicate
from qualification import scoring
from qualification.scoring import OWN_FIELDS, Card, Sheet

COOLDOWN = 30  # days before a lead that sales handed back may be offered again
MOST_CYCLES = 4  # laps a lead may run before it must end for good


@dataclass(frozen=True, slots=True)
class Definition:
    """`scorecard` is a reference "key@number": a version, so that publishing a scorecard alone changes nobody's MQL."""

    document: Mapping[str, Any]
    when: Predicate
    scorecard: str
    cooldown: timedelta
    most_cycles: int
    why: Explainer  # how it answered, without what is personal

    @property
    def reads_score(self) -> bool:
        return not self.when.used_fields.isdisjoint(OWN_FIELDS)


def compile_definition(body: Mapping[str, Any], vocabulary: Vocabulary = LEAD) -> Definition:
    when = predicate.compile(body["when"], vocabulary)
    return Definition(
        document=body["when"],
        when=when,
        why=explainer(when.tree, vocabulary, personal=False),
        scorecard=next(iter(body.get("scorecards", ())), ""),
        cooldown=timedelta(days=body.get("cooldown_days", COOLDOWN)),
        most_cycles=body.get("most_cycles", MOST_CYCLES),
    )


def fields_read(definition: Definition, card: Card | None) -> set[str]:
    """What must be read of a lead before it can be judged; the score's own fields are worked out, not read."""
    if card is None or not definition.reads_score:
        return set(definition.when.used_fields)
    touches = {scoring.TOUCHES} if card.behaviours else set()
    return (set(definition.when.used_fields) - set(OWN_FIELDS)) | card.used_fields | touches


def with_score(facts: Mapping[str, Any], card: Card | None, at: datetime, sheet: Sheet | None = None) -> dict[str, Any]:
    """Facts with the score's own fields as the named scorecard has them; `sheet` where it has been asked already."""
    if card is None:
        return dict(facts)
    return {**facts, **scoring.as_facts(sheet or scoring.score(facts, card, at))}
