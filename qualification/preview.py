"""What a draft would mean for the open leads of today, before anyone publishes it; it stores nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leadops.access import Actor
from leadops.conditions.validate import Invalid
from leadops.models import Lead
from leadops.versions import services as versions
from qualification import mql, scoring, selectors
from qualification.fields import BAND_LABELS
from qualification.kinds import check_scorecard
from qualification.selectors import Preview

SAMPLE = 5


@dataclass(frozen=True, slots=True)
class MqlPreview:
    """Counts, and a few of the leads that would enter or leave."""

    counts: Preview
    entering: list[Lead]
    leaving: list[Lead]


def of_mql(actor: Actor, body: Mapping[str, Any] | None, at: datetime) -> MqlPreview | None:
    """None while the condition is not complete, or names a scorecard that is not there."""
    if not body or not body.get("when"):
        return None
    try:
        definition = mql.compile_definition(body)
    except Invalid:
        return None
    named = selectors.scorecard_named(definition.scorecard)
    if definition.reads_score and named is None:
        return None
    new = selectors.matching(definition, versions.compiled(named) if named else None, at)
    held = versions.version_at("mql", selectors.HOUSE, at)
    old = None
    if held is not None:
        before: mql.Definition = versions.compiled(held)
        card = selectors.card_of(held, before)
        old = selectors.matching(before, card[1] if card else None, at)
    entering, leaving = selectors.sample(actor, new, old, SAMPLE) if old is not None else ([], [])
    return MqlPreview(selectors.preview(actor, new, old, at), entering, leaving)


def of_card(actor: Actor, body: dict[str, Any], at: datetime) -> list[dict[str, Any]]:
    """Open leads by band, under the scorecard in force and under this one; nothing while it has faults."""
    if check_scorecard(body):
        return []
    held = versions.version_at("scorecard", selectors.HOUSE, at)
    before = selectors.bands_under(actor, versions.compiled(held), at) if held else {}
    after = selectors.bands_under(actor, scoring.compile_card(body), at)
    return [
        {"label": label, "before": before.get(name, 0) if held else None, "after": after.get(name, 0)}
        for name, label in BAND_LABELS.items()
    ]


def of_gate(actor: Actor, body: dict[str, Any], at: datetime) -> Preview | None:
    """Who would be an MQL if the definition in force read this card, against the card it names; None without one.

    Publishing the card alone changes nobody: the definition must name it.
    """
    held = versions.version_at("mql", selectors.HOUSE, at)
    if held is None or check_scorecard(body):
        return None
    definition: mql.Definition = versions.compiled(held)
    if not definition.reads_score:
        return None
    card = selectors.card_of(held, definition)
    old = selectors.matching(definition, card[1] if card else None, at)
    return selectors.preview(actor, selectors.matching(definition, scoring.compile_card(body), at), old, at)
