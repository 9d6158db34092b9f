"""The cast of the desk's tests: signed-in clients, leads in somebody's queue, plain and htmx calls."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.test import Client

from leadops import moment
from leadops.access import system
from leadops.models import Lead, Rep, Role, User
from leadops.shipped import install_defaults
from leadops.testing import DAWN, LeadFactory, PersonFactory, SourceFactory, member, rep
from leadops.unit import in_unit
from routing import services as routing
from routing.models import Pool, PoolMember

HX = {"HX-Request": "true"}
SETUP = system("setup")


class Desk:
    """A house with two reps in two teams, a manager of the first, and one person per other role."""

    def __init__(self) -> None:
        install_defaults()
        everyone = Pool.objects.get(key="everyone")
        self.lea, self.karim = rep("Léa Martin"), rep("Karim Benali", team="lyon")
        for one in (self.lea, self.karim):
            PoolMember.objects.create(pool=everyone, rep=one, weight=Decimal(1), valid_from=DAWN, known_from=DAWN)
        self.manager = member("Nadia", Role.MANAGER, "paris")
        self.executive = member("Paul", Role.EXECUTIVE)
        self.marketing = member("Hugo", Role.MARKETING_OPS)
        self.revenue = member("Inès", Role.REVENUE_OPS)
        SourceFactory(slug="website")

    def lead(self, name: str = "Anna Roux", owner: Rep | None = None, **values: Any) -> Lead:
        """A lead given to Léa by hand, so that assignment, clocks and queue are as in life."""
        person = PersonFactory(name=name, phone="+33612345678")
        lead = LeadFactory(person=person, company=values.pop("company", "Acier SA"), **values)
        in_unit(lambda unit: routing.assign(lead, owner or self.lea, unit), actor=SETUP)
        lead.refresh_from_db()
        return lead


def client_of(user: User, language: str = "") -> Client:
    if language:
        User.objects.filter(pk=user.pk).update(language=language)
    client = Client()
    client.force_login(user)
    return client


def soon() -> str:
    """In three hours, as somebody in Paris types it."""
    return (moment.now() + timedelta(hours=3)).astimezone(ZoneInfo("Europe/Paris")).strftime("%Y-%m-%dT%H:%M")
