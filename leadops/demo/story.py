"""What a rep will do with a lead and when, as plain data drawn from its number alone: a play that was cut goes on with it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from leadops.demo.arrivals import Arrival, following, offset, slot

ZONES = {"CA": "America/Montreal", "US": "America/Montreal", "MA": "Africa/Casablanca"}
AMOUNTS = (300, 480, 640, 800, 1_200, 1_700, 2_900)  # euros a year
LOST = ("price", "competitor", "no_decision", "no_budget", "timing")
OUT = ("no_need", "no_budget", "no_fit_size", "no_authority", "unreachable")
BEGIN, END = time(9, 0), time(17, 30)
DELAYS = ((35, 285), (300, 900), (900, 3_600), (3_600, 18_000), (80_000, 170_000))  # seconds to a first answer


@dataclass(frozen=True, slots=True, order=True)
class Act:
    """One act on the lead of arrival `n`; acts are done in order of time, then of arrival, then of their turn.

    It is done in the step `at`, and happened at `happened`, up to a step before; None: in the step itself.
    """

    at: datetime
    n: int
    turn: int
    kind: str = field(compare=False)
    data: dict[str, Any] = field(compare=False, default_factory=dict)
    happened: datetime | None = field(compare=False, default=None)


def story(arrival: Arrival, seed: int, until: datetime) -> list[Act]:
    """Answered fast or late, reached or not, qualified or not, won or lost; the newest still wait in the inbox."""
    dice = random.Random(f"{seed}:{arrival.n}")  # noqa: S311  a story, not a secret
    if until - arrival.at < timedelta(hours=3) and dice.random() < 0.5:
        return []
    zone = ZoneInfo(ZONES.get(arrival.country, "Europe/Paris"))
    acts: list[Act] = []

    def then(at: datetime, kind: str, **data: Any) -> None:
        acts.append(Act(together(at), arrival.n, len(acts), kind, data, at))

    shortest, longest = dice.choices(DELAYS, weights=(46, 16, 12, 20, 6))[0]
    at = arrival.at + timedelta(seconds=dice.randint(shortest, longest))
    at = at if dice.random() < 0.6 else in_hours(at, zone)  # at night somebody is on duty, if not always at once
    reached = dice.random() < 0.6
    again = in_hours(at + timedelta(days=dice.randint(1, 3), minutes=dice.choice((0, 20, 40))), zone)
    promised = not reached and dice.random() < 0.4  # the switchboard named a day: a follow-up is owed
    then(at, "answer", reached=reached, back=again if promised else None)
    if not reached:
        kept = not promised or dice.random() < 0.8
        at = again if kept else in_hours(again + timedelta(days=2), zone)
        reached = dice.random() < 0.5
        then(at, "call", reached=reached)
    if reached:
        _spoken(arrival, dice, at, zone, then)
    else:
        _unreached(arrival, dice, at, zone, then)
    return acts


def _spoken(arrival: Arrival, dice: random.Random, at: datetime, zone: ZoneInfo, then: Any) -> None:
    """They spoke: it ends, rests, or becomes a deal."""
    at = in_hours(at + timedelta(days=dice.randint(1, 4), hours=dice.randint(0, 4)), zone)
    fate = dice.random()
    if fate < 0.33:
        then(at, "disqualify", reason=dice.choice(OUT[:-1]))
    elif fate < 0.43:
        _rest(arrival, dice, at, zone, then, dice.choice(("no_timing", "project_postponed")))
    else:
        then(at, "qualify", learnt=dice.randrange(8))
        _deal(arrival, dice, at, zone, then)


def _unreached(arrival: Arrival, dice: random.Random, at: datetime, zone: ZoneInfo, then: Any) -> None:
    """Two tries without a contact: letters of a sequence and a last call, a rest, or the end."""
    fate = dice.random()
    if fate < 0.35:
        then(together(at) + timedelta(minutes=1), "enrol")  # a step later: a call in the same unit would end it
        at = in_hours(at + timedelta(days=dice.randint(9, 12)), zone)
        reached = dice.random() < 0.45
        then(at, "call", reached=reached)
        if reached:
            _spoken(arrival, dice, at, zone, then)
            return
    at = in_hours(at + timedelta(days=dice.randint(2, 6)), zone)
    if fate < 0.65:
        _rest(arrival, dice, at, zone, then, "no_answer")
    else:
        then(at, "disqualify", reason="unreachable")


def _rest(arrival: Arrival, dice: random.Random, at: datetime, zone: ZoneInfo, then: Any, reason: str) -> None:
    """Put off, and taken up again when the rest is over: some of them buy in their second cycle."""
    days = dice.randint(25, 60)
    then(at, "recycle", reason=reason, days=days)
    at = in_hours(at + timedelta(days=days + 1, hours=dice.randint(0, 4)), zone)
    reached = dice.random() < 0.6
    then(at, "call", reached=reached)
    at = in_hours(at + timedelta(days=dice.randint(1, 4)), zone)
    if reached and dice.random() < 0.55:
        then(at, "qualify", learnt=dice.randrange(8))
        _deal(arrival, dice, at, zone, then)
    else:
        then(at, "disqualify", reason="no_need" if reached else "unreachable")


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
    done = start + offset(start) + timedelta(minutes=2 + start.hour // 2 % 3)  # within its spare minutes
    if done >= at:
        return done
    return together(following(start))
