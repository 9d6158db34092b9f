"""A small house with its starters in force, and one lead to write to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from leadops import moment
from leadops.access import SYSTEM
from leadops.effects import runner
from leadops.models import Lead, Rep
from leadops.testing import ALWAYS_OPEN, LeadFactory, PersonFactory, put_in_force, rep
from leadops.unit import in_unit
from leadops.versions.models import Version
from nurture import defaults, services, tasks
from nurture.models import Enrolment

MONDAY = datetime(2026, 6, 15, 9, 0, tzinfo=UTC)  # 11:00 in Paris
OFFICE = {
    "zone": "Europe/Paris",
    "week": {day: [["09:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
    "holidays": {"country": "FR"},
}


def house(**change: Any) -> Version:
    """Calendars, templates and the sequence `unreached`, changed as asked."""
    put_in_force("calendar", "house", OFFICE)
    put_in_force("calendar", "always", ALWAYS_OPEN)
    for key, body in defaults.TEMPLATES.items():
        put_in_force("template", key, body)
    return put_in_force("sequence", "unreached", {**defaults.SEQUENCES["unreached"], **change})


def prospect(name: str = "Anna Roux", owner: Any = None, **fields: Any) -> Lead:
    given, _space, family = name.partition(" ")
    person = PersonFactory(
        name=name, given_name=given, family_name=family, language=fields.pop("language", "fr"),
        zone=fields.pop("zone", "Europe/Paris"), **({"email": fields.pop("email")} if "email" in fields else {}),
    )  # fmt: skip
    return LeadFactory(person=person, owner=owner or Rep.objects.first() or rep("Léa"), **fields)


def enrolled(lead: Lead, at: datetime = MONDAY) -> Enrolment:
    with moment.at(at):
        return in_unit(lambda u: services.enrol_one(lead, "unreached", u), actor=SYSTEM, at=at)


def live(at: datetime) -> None:
    """What ticker and cluster do at a moment: steps, then letters."""
    with moment.at(at):
        tasks.advance()
        runner.run()


def days(n: float) -> timedelta:
    return timedelta(days=n)
