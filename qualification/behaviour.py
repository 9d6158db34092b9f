"""What a person's acts are worth to a scorecard, touch by touch and day by day: whole-number arithmetic; reads no row.

A touch loses worth once a day, at its own hour, so that the score and its SQL twin agree to the last point.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

DAY: Final = timedelta(days=1)
HUNDRED: Final = 100
MATCHES: Final = ("source", "channel", "campaign", "content")  # what may be asked of a touch beside its kind
NONE, LINEAR, HALVES = "none", "linear", "halves"
DECAYS: Final = (NONE, LINEAR, HALVES)


@dataclass(frozen=True, slots=True)
class Seen:
    """A touch as a scorecard sees it."""

    id: int
    kind: str
    occurred_at: datetime
    source: str = ""
    channel: str = ""
    campaign: str = ""
    content: str = ""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Points for touches of these kinds (none named: any), for the latest `most` of them.

    `worth[d]` is what a touch of `d` whole days counts, in hundredths of a point; beyond the tuple it counts nothing.
    """

    key: str
    group: str
    kinds: frozenset[str]
    matches: Mapping[str, frozenset[str]]
    most: int
    worth: tuple[int, ...]
    turns: tuple[int, ...]  # of a touch alone: from each day of age, the next one at which it is worth other points

    @property
    def days(self) -> int:
        return len(self.worth)

    def concerns(self, touch: Seen) -> bool:
        if self.kinds and touch.kind not in self.kinds:
            return False
        return not self.matches or all(getattr(touch, name) in wanted for name, wanted in self.matches.items())

    def counted(self, touches: Sequence[Seen], at: datetime) -> list[Seen]:
        """The touches that count at `at`, the latest first; `touches` come in that order."""
        days = len(self.worth)
        near = [touch for touch in touches if self.concerns(touch)]
        return [touch for touch in near if 0 <= (at - touch.occurred_at) // DAY < days][: self.most] if near else near

    def points(self, touches: Sequence[Seen], at: datetime) -> int:
        """Whole points at `at`, halves away from zero."""
        return self.sum_of(self.counted(touches, at), at)

    def sum_of(self, counted: Sequence[Seen], at: datetime) -> int:
        """Whole points of touches that count at `at`."""
        return whole(sum(self.worth[(at - touch.occurred_at) // DAY] for touch in counted)) if counted else 0

    def changes_at(self, touches: Sequence[Seen], at: datetime) -> datetime | None:
        """The first moment after `at` at which these touches are worth other points; None when there is none."""
        near = [touch for touch in touches if self.concerns(touch)]
        if not near:
            return None
        if len(near) == 1 <= self.most and near[0].occurred_at <= at:
            return self._alone(near[0], at)
        return self._together(near, at)

    def _alone(self, touch: Seen, at: datetime) -> datetime | None:
        age = (at - touch.occurred_at) // DAY
        turn = self.turns[age] if age < len(self.turns) else 0
        return touch.occurred_at + turn * DAY if turn else None

    def _together(self, touches: Sequence[Seen], at: datetime) -> datetime | None:
        now = self.points(touches, at)
        return next((then for then in sorted(self._moments(touches, at)) if self.points(touches, then) != now), None)

    def _moments(self, touches: Sequence[Seen], at: datetime) -> set[datetime]:
        """Every moment at which a touch starts to count, loses worth, or leaves the window."""
        coming = [touch for touch in touches if touch.occurred_at > at and self.concerns(touch)]
        found = {touch.occurred_at for touch in coming}
        for touch in (*coming, *self.counted(touches, at)):
            age = max(0, (at - touch.occurred_at) // DAY)
            for day in range(age + 1, self.days + 1):
                if day == self.days or self.worth[day] != self.worth[day - 1]:
                    found.add(touch.occurred_at + day * DAY)
        return found


def whole(hundredths: int) -> int:
    """Hundredths of a point as whole points, halves away from zero."""
    rounded = (abs(hundredths) + HUNDRED // 2) // HUNDRED
    return rounded if hundredths >= 0 else -rounded


def worth_of(points: int, days: int, decay: str, half_life: int = 0) -> tuple[int, ...]:
    """Hundredths of a point by whole day of age, over a window of `days`."""
    if decay == LINEAR:
        return tuple(round(HUNDRED * points * (days - day) / days) for day in range(days))
    if decay == HALVES:
        return tuple(round(HUNDRED * points * 2 ** (-day / half_life)) for day in range(days))
    return (HUNDRED * points,) * days


def turns_of(worth: Sequence[int]) -> tuple[int, ...]:
    """For each day of age the first later one at which a touch alone is worth other whole points; 0 = there is none."""
    found: list[int] = []
    later = [*map(whole, worth), 0]
    for day in range(len(worth) - 1, -1, -1):
        same = later[day] == later[day + 1]
        found.append((found[-1] if found else 0) if same else day + 1)
    return tuple(reversed(found))


def compiled(line: Mapping[str, Any], group: str) -> Behaviour:
    """A behaviour line of a checked body."""
    touch = line["touch"]
    worth = worth_of(line["points"], touch["days"], touch.get("decay", NONE), touch.get("half_life_days", 0))
    return Behaviour(
        key=line["key"],
        group=group,
        kinds=frozenset(touch.get("kinds", ())),
        matches={name: frozenset(touch[name]) for name in MATCHES if touch.get(name)},
        most=touch["most"],
        worth=worth,
        turns=turns_of(worth),
    )


def lines_of(body: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(group, line) of every behaviour line of a body."""
    for group in body.get("groups", ()):
        for line in group.get("lines", ()):
            if "touch" in line:
                yield group["key"], line
