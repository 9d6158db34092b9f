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
from routing import services as routing


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
            (bad, lambda at: company.publish_rules(at, MISROUTED, "Google Ads specialists")),
            (bad + 3 * day, lambda at: company.publish_rules(at, RULESET, "Back to the rules before")),
            (workday(until - 21 * day), lambda at: leaves("thomas")),
            (workday(until - 10 * day), lambda at: fair.bring_in(acting_as("hugo"))),
            (workday(until - 3 * day), lambda at: absent("karim", at, until + 4 * day)),
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


def absent(name: str, start: datetime, end: datetime) -> None:
    """On leave from now on; what the rep holds stays with them, which is the trouble."""
    rep = Rep.objects.get(user=person(name))
    in_unit(lambda unit: routing.set_absence(rep, start, end, "leave", unit), actor=acting_as(name))
