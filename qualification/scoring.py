"""What a scorecard says about one lead at a moment: compiled lines and their sum, a pure function of facts and touches.

It reads no table and keeps no counter: the score at any moment is worked out from the touches themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from leadops.conditions import predicate
from leadops.conditions.fields import LEAD, Vocabulary
from leadops.conditions.predicate import Predicate
from leadops.conditions.tree import leaves
from qualification import behaviour
from qualification.behaviour import Behaviour, Seen

FIT, ENGAGEMENT, NEGATIVE = "fit", "engagement", "negative"
GROUPS: Final = (FIT, ENGAGEMENT, NEGATIVE)
BANDS: Final = ("hot", "warm", "cold")
GRADES: Final = ("A", "B", "C", "D")
LEVELS: Final = ("1", "2", "3")
MATRIX: Final = tuple(grade + level for grade in GRADES for level in LEVELS)
TOUCHES: Final = "touches"  # among the facts: the person's touches, the latest first
# What the score itself says: a scorecard never reads it, an MQL definition reads it under the version it names.
OWN_FIELDS: Final = ("score", "fit", "engagement", "band", "grade", "level", "matrix", "knocked_out")
LOOK_DAILY: Final = timedelta(days=1)  # a condition that moves with time is looked at again after this


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
    """A scorecard ready to be asked. Steps are (name, from) with the highest first.

    `moves`: a condition of it moves with time by itself (a count of days, a window).
    """

    lines: tuple[Line, ...]
    behaviours: tuple[Behaviour, ...]
    caps: Mapping[str, int]
    knockouts: tuple[Knockout, ...]
    bands: tuple[tuple[str, int], ...]
    grades: tuple[tuple[str, int], ...]
    levels: tuple[tuple[str, int], ...]
    used_fields: frozenset[str]
    moves: bool

    @property
    def days(self) -> int:
        """How far back touches are read; 0 when no line reads them."""
        return max((line.days for line in self.behaviours), default=0)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A score with the lines it is the sum of; caps and knock-outs are lines like the others.

    `counted` names the touches behind each behaviour line. `matrix` is fit grade and engagement level together (A1).
    """

    fit: int
    engagement: int
    total: int
    lines: tuple[tuple[str, int], ...]
    knocked_out: str
    band: str
    grade: str
    level: str
    counted: tuple[tuple[str, tuple[int, ...]], ...] = ()

    @property
    def matrix(self) -> str:
        return self.grade + self.level if self.grade and self.level else ""


def compile_card(body: Mapping[str, Any], vocabulary: Vocabulary = LEAD) -> Card:
    """The scorecard of a checked body; raises `Invalid` for a condition that cannot be used."""
    lines = tuple(
        Line(line["key"], group["key"], line["points"], predicate.compile(line["when"], vocabulary))
        for group in body.get("groups", ())
        for line in group.get("lines", ())
        if "touch" not in line
    )
    knockouts = tuple(
        Knockout(each["key"], predicate.compile(each["when"], vocabulary)) for each in body.get("knockouts", ())
    )
    asked = [line.when for line in lines] + [each.when for each in knockouts]
    return Card(
        lines=lines,
        behaviours=tuple(behaviour.compiled(line, group) for group, line in behaviour.lines_of(body)),
        caps={group["key"]: abs(group["cap"]) for group in body.get("groups", ())},
        knockouts=knockouts,
        bands=_steps(body.get("bands", ())),
        grades=_steps(body.get("grades", ())),
        levels=_steps(body.get("levels", ())),
        used_fields=frozenset().union(*(when.used_fields for when in asked)),
        moves=any(_moves(when) for when in asked),
    )


def _moves(when: Predicate) -> bool:
    """Whether the answer may change while nothing happens: a count over days, or an operator bound to the moment."""
    return any(leaf.field.kind == "count" or leaf.operator.bind is not None for leaf in leaves(when.tree))


def _steps(rows: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(((row["key"], row["from"]) for row in rows), key=lambda step: -step[1]))


def step_of(value: int, steps: Sequence[tuple[str, int]]) -> str:
    """The highest step reached; below all of them, the lowest; none when there are no steps."""
    return next((name for name, start in steps if value >= start), steps[-1][0] if steps else "")


def clipped(total: int, cap: int) -> int:
    """A group's sum within its cap, on either side of zero."""
    return max(-cap, min(cap, total))


def score(facts: Mapping[str, Any], card: Card, at: datetime) -> Sheet:
    """The sheet of one lead at a moment. `total` is the sum of `lines`, always."""
    seen: Sequence[Seen] = facts.get(TOUCHES) or ()
    found = [(line.key, line.group, line.points) for line in card.lines if line.when.test(facts, at) is True]
    acts = {line.key: line.counted(seen, at) for line in card.behaviours}
    found += [(line.key, line.group, line.sum_of(acts[line.key], at)) for line in card.behaviours]
    lines = [(key, points) for key, _group, points in found if points]
    sums = {}
    for group in GROUPS:
        raw = sum(points for _key, within, points in found if within == group)
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
        level=step_of(sums[ENGAGEMENT], card.levels),
        counted=tuple((key, tuple(touch.id for touch in rows)) for key, rows in acts.items() if rows),
    )


def changes_at(facts: Mapping[str, Any], card: Card, at: datetime) -> datetime | None:
    """When to look again: the first moment after `at` at which a line shows other points, though nothing happens."""
    seen: Sequence[Seen] = facts.get(TOUCHES) or ()
    moments = [moment for line in card.behaviours if (moment := line.changes_at(seen, at)) is not None]
    if card.moves:
        moments.append(at + LOOK_DAILY)
    return min(moments, default=None)


def as_facts(sheet: Sheet) -> dict[str, Any]:
    """A sheet as the fields a definition may ask about."""
    return {
        "score": sheet.total,
        "fit": sheet.fit,
        "engagement": sheet.engagement,
        "band": sheet.band or None,
        "grade": sheet.grade or None,
        "level": sheet.level or None,
        "matrix": sheet.matrix or None,
        "knocked_out": bool(sheet.knocked_out),
    }
