"""What the demo company has to be found out about: things that happened, done through the services on their day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from leadops import access
from leadops.access import Actor
from leadops.demo import company, fair
from leadops.demo.cast import DOMAIN, MISROUTED, RULESET
from leadops.desk import people
from leadops.models import Rep, User
from leadops.unit import in_unit
from nurture import defaults as starters
from routing import absences, departures
from routing.departures import Span

MANAGERS = {"paris": "nadia", "lyon": "nadia", "casablanca": "nadia", "montreal": "olivier"}


@dataclass(frozen=True, slots=True)
class Plant:
    at: datetime
    do: Callable[[datetime], None]


def planted(begins: datetime, until: datetime) -> list[Plant]:
    """All of them, at days counted back from the end: they stand where a visitor looks first."""
    day = timedelta(days=1)
    bad = workday(until - 16 * day)
    return [
        Plant(at, do)
        for at, do in (
            (begins + timedelta(minutes=1), lambda at: letters_begin()),
            (workday(until - 35 * day), lambda at: goes("noemie", at, at + 7 * day, absences.ALL)),
            (bad, lambda at: company.publish_rules(at, MISROUTED, "Spécialistes Google Ads")),
            (bad + 3 * day, lambda at: company.publish_rules(at, RULESET, "Retour aux règles d’avant")),
            (workday(until - 21 * day), lambda at: leaves("thomas")),
            (workday(until - 10 * day), lambda at: fair.bring_in(acting_as("hugo"))),
            (workday(until - 3 * day), lambda at: goes("karim", at, until + 4 * day)),
            (workday(until - day), lambda at: goes("sofia", until + day, until + 8 * day)),
        )
        if begins < at < until
    ]


def workday(at: datetime) -> datetime:
    """Six in the morning UTC of that day, or of the Monday before a weekend's."""
    day = at - timedelta(days=max(0, at.weekday() - 4) if at.weekday() > 4 else 0)
    return day.replace(hour=6, minute=0, second=0, microsecond=0)


def person(name: str) -> User:
    found: User = User.objects.get(email=f"{name}@{DOMAIN}")
    return found


def acting_as(name: str) -> Actor:
    return access.actor_of(person(name))


def leaves(name: str) -> None:
    """A rep leaves the company: nobody signs in as them any more, and their leads move on."""
    in_unit(lambda unit: people.deactivate_user(person(name), unit), actor=acting_as("ines"))


def goes(name: str, start: datetime, end: datetime, move: str = absences.KEEP) -> None:
    """On leave; what the rep holds stays with them unless their manager moves it, which is the trouble with Karim."""
    rep = Rep.objects.get(user=person(name))
    departures.go_away(rep, Span("leave", start, end, move), acting_as(MANAGERS[rep.team.key]))


def letters_begin() -> None:
    """Marketing puts the starters in force: templates, letters to who is not reached, letters to who rests."""
    in_unit(lambda unit: starters.publish_starters(unit, "demo"), actor=acting_as("hugo"))
