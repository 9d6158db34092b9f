"""What a scorecard says about one lead: compiled lines and their sum, as a pure function of facts; it reads no table.

A line may later carry a window and a half-life; the sum stays the sum of the lines shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from leadops.conditions import predicate
from leadops.conditions.fields import LEAD, Vocabulary
from leadops.conditions.predicate import Predicate

FIT, ENGAGEMENT, NEGATIVE = "fit", "engagement", "negative"
GROUPS: Final = (FIT, ENGAGEMENT, NEGATIVE)
BANDS: Final = ("hot", "warm", "cold")
GRADES: Final = ("A", "B", "C", "D")
# What the score itself says: a scorecard never reads it, an MQL definition reads it under the version it names.
OWN_FIELDS: Final = ("score", "fit", "engagement", "band", "grade", "knocked_out")


@dataclass(frozen=True, slots=True)
class Line:
    """Points a lead gets while a condition is true."""

    key: str
    group: str
    points: int
    when: Predicate


@dataclass(frozen=True, slots=True)
class Knockout:
    key: str
    when: Predicate


@dataclass(frozen=True, slots=True)
class Card:
    """A scorecard ready to be asked. Steps are (name, from) with the highest first."""

    lines: tuple[Line, ...]
    caps: Mapping[str, int]
    knockouts: tuple[Knockout, ...]
    bands: tuple[tuple[str, int], ...]
    grades: tuple[tuple[str, int], ...]
    used_fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A score with the lines it is the sum of; caps and knock-outs are lines like the others."""

    fit: int
    engagement: int
    total: int
    lines: tuple[tuple[str, int], ...]
    knocked_out: str
    band: str
    grade: str


def compile_card(body: Mapping[str, Any], vocabulary: Vocabulary = LEAD) -> Card:
    """The scorecard of a checked body; raises `Invalid` for a condition that cannot be used."""
    lines = tuple(
        Line(line["key"], group["key"], line["points"], predicate.compile(line["when"], vocabulary))
        for group in body.get("groups", ())
        for line in group.get("lines", ())
    )
    knockouts = tuple(
        Knockout(each["key"], predicate.compile(each["when"], vocabulary)) for each in body.get("knockouts", ())
    )
    asked = [line.when for line in lines] + [each.when for each in knockouts]
    used: frozenset[str] = frozenset().union(*(when.used_fields for when in asked))
    caps = {group["key"]: abs(group["cap"]) for group in body.get("groups", ())}
    return Card(lines, caps, knockouts, _steps(body.get("bands", ())), _steps(body.get("grades", ())), used)


def _steps(rows: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(((row["key"], row["from"]) for row in rows), key=lambda step: -step[1]))


def step_of(value: int, steps: Sequence[tuple[str, int]]) -> str:
    """The highest step reached; below all of them, the lowest; none when there are no steps."""
    return next((name for name, start in steps if value >= start), steps[-1][0] if steps else "")


def clipped(total: int, cap: int) -> int:
    """A group's sum within its cap, on either side of zero."""
    return max(-cap, min(cap, total))


def score(facts: Mapping[str, Any], card: Card, at: datetime) -> Sheet:
    """The sheet of one lead. `total` is the sum of `lines`, always."""
    found = [line for line in card.lines if line.when(facts, at) is True]
    lines = [(line.key, line.points) for line in found]
    sums = {}
    for group in GROUPS:
        raw = sum(line.points for line in found if line.group == group)
        sums[group] = clipped(raw, card.caps.get(group, 0))
        if sums[group] != raw:
            lines.append((f"cap:{group}", sums[group] - raw))
    total = sum(sums.values())
    out = next((each.key for each in card.knockouts if each.when(facts, at) is True), "")
    if out:
        lines.append((f"knockout:{out}", min(0, -total)))
        total = min(0, total)
    return Sheet(
        fit=sums[FIT],
        engagement=sums[ENGAGEMENT],
        total=total,
        lines=tuple(lines),
        knocked_out=out,
        band=step_of(total, card.bands),
        grade=step_of(sums[FIT], card.grades),
    )


def as_facts(sheet: Sheet) -> dict[str, Any]:
    """A sheet as the fields a definition may ask about."""
    return {
        "score": sheet.total,
        "fit": sheet.fit,
        "engagement": sheet.engagement,
        "band": sheet.band or None,
        "grade": sheet.grade or None,
        "knocked_out": bool(sheet.knocked_out),
    }
