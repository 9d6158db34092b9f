"""The cast of the API's tests: a house with defaults, a client per person with a token of theirs, a lead for Léa."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from django.test import Client

from leadops import moment
from leadops.access import actor_of
from leadops.desk.tokens import make_token
from leadops.models import Lead, Rep, Role, User
from leadops.shipped import install_defaults
from leadops.testing import DAWN, LeadFactory, PersonFactory, SourceFactory, member, rep
from leadops.unit import in_unit
from routing import services as routing
from routing.models import Pool, PoolMember

API = "/api/v1"


class Caller:
    """A program with a bearer token."""

    def __init__(self, user: User, scopes: tuple[str, ...] = ("all",)) -> None:
        self.user = user
        self.token = make_token(user, "test", scopes, moment.now())
        self.http = Client(headers={"authorization": f"Bearer {self.token}"})

    def get(self, path: str, **headers: str) -> Any:
        return self.http.get(API + path, headers=headers)

    def post(self, path: str, body: Any = None, key: str = "", **headers: str) -> Any:
        headers |= {"idempotency-key": key} if key else {}
        return self.http.post(API + path, json.dumps(body or {}), "application/json", headers=headers)

    def patch(self, path: str, body: Any) -> Any:
        return self.http.patch(API + path, json.dumps(body), "application/json")


class House:
    """Everybody who calls, and a source that posts."""

    def __init__(self) -> None:
        install_defaults()
        everyone = Pool.objects.get(key="everyone")
        self.lea, self.karim = rep("Léa"), rep("Karim", team="lyon")
        for one in (self.lea, self.karim):
            PoolMember.objects.create(pool=everyone, rep=one, weight=Decimal(1), valid_from=DAWN, known_from=DAWN)
        self.source = SourceFactory(hand_raiser=True)
        self._callers: dict[str, Caller] = {}

    def caller(self, name: str, role: str, team: str | None = None) -> Caller:
        if name not in self._callers:
            self._callers[name] = Caller(member(name, role, team))
        return self._callers[name]

    @property
    def as_lea(self) -> Caller:
        return self._callers.setdefault("lea", Caller(self.lea.user))

    @property
    def as_karim(self) -> Caller:
        return self._callers.setdefault("karim", Caller(self.karim.user))

    @property
    def manager(self) -> Caller:
        return self.caller("Marc", Role.MANAGER, "paris")

    @property
    def marketing(self) -> Caller:
        return self.caller("Hugo", Role.MARKETING_OPS)

    @property
    def revenue(self) -> Caller:
        return self.caller("Inès", Role.REVENUE_OPS)

    @property
    def executive(self) -> Caller:
        return self.caller("Claire", Role.EXECUTIVE)

    def lead(self, owner: Rep | None = None, **values: Any) -> Lead:
        """A lead with its assignment, as routing by hand leaves it."""
        name = values.pop("name", "Anna Roux")
        lead = LeadFactory(person=PersonFactory(name=name, **values.pop("person", {})), **values)
        if owner is not None:
            in_unit(lambda unit: routing.assign(lead, owner, unit), actor=actor_of(self.revenue.user))
            lead.refresh_from_db()
        return lead
