"""What a rep will do with a lead and when, as plain data drawn from its number alone: a play that was cut goes on with it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from leadops.demo.arrivals import SLOT, Arrival, offset, slot

ZONES = {"CA": "America/Montreal", "US": "America/Montreal", "MA": "Africa/Casablanca"}
AMOUNTS = (900, 1_400, 1_900, 2_400, 3_600, 5_200, 8_800)
LOST = ("price", "competitor", "no_decision", "no_budget", "timing")
OUT = ("no_need", "no_budget", "no_fit_size", "no_authority", "unreachable")
BEGIN, END = time(9, 0), time(17, 30)


@dataclass(frozen=True, slots=True, order=True)
class Act:
    """One act on the lead of arrival `n`; acts are done in order of time, then of arrival, then of their turn."""

    at: datetime
    n: int
    turn: int
    kind: str = field(compare=False)
    data: dict[str, Any] = field(compare=False, default_factory=dict)


def story(arrival: Arrival, seed: int, until: datetime) -> list[Act]:
    """Answered fast or late, reached or not, qualified or not, won or lost; the newest still wait in the inbox."""
    dice = random.Random(f"{seed}:{arrival.n}")  # noqa: S311  a story, not a secret
    if until - arrival.at < timedelta(hours=20) and dice.random() < 0.7:
        return []
    zone = ZoneInfo(ZONES.get(arrival.country, "Europe/Paris"))
    acts: list[Act] = []

    def then(at: datetime, kind: str, **data: Any) -> None:
        acts.append(Act(together(at), arrival.n, len(acts), kind, data))

    minutes = dice.choices((1, 20, 70, 260, 1500), weights=(52, 20, 12, 11, 5))[0]
    at = arrival.at + timedelta(minutes=minutes)
    at = at if dice.random() < 0.6 else in_hours(at, zone)  # at night somebody is on duty, if not always at once
    reached = dice.random() < 0.6
    then(at, "answer", reached=reached)
    if not reached:
        at = in_hours(at + timedelta(days=dice.randint(1, 3), minutes=dice.choice((0, 20, 40))), zone)
        reached = dice.random() < 0.5
        then(at, "call", reached=reached)
    if not reached:
        at = in_hours(at + timedelta(days=dice.randint(2, 6)), zone)
        if dice.random() < 0.4:
            then(at, "recycle", reason="no_answer", days=dice.randint(25, 60))
        else:
            then(at, "disqualify", reason="unreachable")
        return acts
    at = in_hours(at + timedelta(days=dice.randint(1, 4), hours=dice.randint(0, 4)), zone)
    fate = dice.random()
    if fate < 0.33:
        then(at, "disqualify", reason=dice.choice(OUT[:-1]))
    elif fate < 0.43:
        then(at, "recycle", reason=dice.choice(("no_timing", "project_postponed")), days=dice.randint(25, 60))
    else:
        then(at, "qualify", learnt=dice.randrange(8))
        _deal(arrival, dice, at, zone, then)
    return acts


def _deal(arrival: Arrival, dice: random.Random, at: datetime, zone: ZoneInfo, then: Any) -> None:
    amount = dice.choice(AMOUNTS) * 100
    opened = in_hours(at + timedelta(days=dice.randint(1, 5)), zone)
    then(opened, "open", amount=amount)
    closed = in_hours(opened + timedelta(days=dice.randint(*arrival.origin.days_to_close)), zone)
    if dice.random() < arrival.origin.worth:
        then(closed, "win", amount=amount)
    else:
        then(closed, "lose", reason=dice.choice(LOST))


def in_hours(at: datetime, zone: ZoneInfo) -> datetime:
    """The same moment, or the next morning's first minutes where nobody works at it."""
    here = at.astimezone(zone)
    if here.weekday() < 5 and BEGIN <= here.time() < END:
        return at
    day = here.date() + timedelta(days=0 if here.time() < BEGIN else 1)
    while day.weekday() > 4:
        day += timedelta(days=1)
    return datetime.combine(day, time(9, 7), tzinfo=zone).astimezone(UTC)


def together(at: datetime) -> datetime:
    """The moment in which the acts of a slot are done, a few minutes after its arrivals."""
    start = slot(at)
    done = start + offset(start) + timedelta(minutes=2 + start.hour // 2 % 3)
    if done >= at:
        return done
    return together(start + SLOT)
