"""Who may not read contacts meets none on any address of a lead; addresses are found, not listed: a new one is held too."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver

from capture import pipeline
from leadops import access
from leadops.access import system
from leadops.desk import services
from leadops.desk.tests.api_cast import House
from leadops.desk.tests.desk_cast import HX, client_of
from leadops.models import Lead, Person, Role, Touch
from leadops.testing import member
from leadops.unit import in_unit
from qualification import opportunities

pytestmark = pytest.mark.django_db
PHONE = "+33 6 98 76 54 32"
SENT = {
    "email": "canary-mail@acier.example",
    "phone": PHONE,
    "name": "Zacanary Qucanary",
    "title": "canary-title",
    "company": "Acier SA",
    "postcode": "canary-post",
    "city": "canary-city",
    "message": "canary-message",
    "landing_url": "https://www.example.com/?canary-landing",
    "external_id": "canary-external",
    "favourite": "canary-attribute",
}
CANARY = re.compile(r"[\w-]*canary[\w-]*|98.?76.?54.?32", re.IGNORECASE)
LISTS = (
    "/leads", "/leads?q=zac", "/leads?q=Acier", "/qualification", "/waiting", "/notices", "/inbox",
    "/api/v1/leads", "/api/v1/persons", "/api/v1/accounts", "/api/v1/opportunities", "/api/v1/handoffs",
    "/api/v1/decisions", "/api/v1/clocks", "/api/v1/notices", "/api/v1/touches", "/api/v1/submissions",
    "/api/v1/opportunities?external_key=canary-deal-key", "/api/v1/persons?email=canary-mail@acier.example",
    "/qualification/handoffs", "/reports/live", "/reports/velocity", "/reports/deals/list?state=open", "/reports/deals/list?state=open&format=csv",
)  # fmt: skip


@pytest.fixture
def lead(house: House) -> Lead:
    """A lead as it arrives, with a note, an attempt and a deal: every word that may name the person is a canary."""
    answer = Client().post(f"/in/{house.source.key}", json.dumps(SENT), "application/json")
    pipeline.run_now([uuid.UUID(answer.json()["submission"])], system("test"))
    lead = Lead.objects.get()
    Person.objects.update(title="canary-person-title", attributes={"hobby": "canary-hobby"})
    Lead.objects.update(
        title="canary-title", postcode="canary-post", city="canary-city", external_key="canary-key",
        attributes={"free": "canary-free"},
    )  # fmt: skip

    def worked(unit: Any) -> None:
        (mine,) = unit.leads([lead.pk])
        services.note(mine, "canary-note", unit)
        opportunities.open(mine, unit, "canary-deal", 100, "EUR", None, external_key="canary-deal-key")

    in_unit(worked, actor=access.actor_of(house.revenue.user))
    return Lead.objects.get()


def routes(patterns: Any = None, before: str = "") -> Iterator[str]:
    for each in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(each, URLPattern):
            yield before + str(each.pattern)
        else:
            yield from routes(each.url_patterns, before + str(each.pattern))


def addresses(lead: Lead) -> list[str]:
    """Every address that names a lead, and those of the rows that hang on it."""
    found = [f"/{route.replace('<uuid:lead_id>', str(lead.pk))}" for route in routes()]
    found += [f"/{route.replace('<uuid:pk>', str(lead.pk))}" for route in routes() if route.startswith("api/v1/leads/")]
    deal, touch = lead.opportunities.get(), Touch.objects.get()
    found += [f"/api/v1/opportunities/{deal.pk}", f"/api/v1/persons/{lead.person_id}", f"/api/v1/touches/{touch.pk}"]
    mine = [address for address in found if str(lead.pk) in address and "<" not in address]
    return [*mine, *found[-3:], f"/api/v1/touches?lead={lead.pk}", f"/api/v1/opportunities?lead={lead.pk}", *LISTS]


def told(client: Client, lead: Lead) -> dict[str, set[str]]:
    """Canaries by address, on the page and in the fragment."""
    found: dict[str, set[str]] = {}
    for address in addresses(lead):
        for headers in ({}, HX):
            answer = client.get(address, headers=headers)
            assert answer.status_code < 500, address
            if answer.status_code == 200:
                asked = address.partition("?")[2]
                text = answer.content.decode().replace(asked, "") if asked else answer.content.decode()
                found.setdefault(address, set()).update(CANARY.findall(text))
    return found


def test_an_executive_meets_no_contact_data_anywhere(house: House, lead: Lead) -> None:
    found = told(client_of(member("Paul", Role.EXECUTIVE)), lead)
    assert {address: words for address, words in found.items() if words} == {}
    pages = {f"/leads/{lead.pk}", f"/leads/{lead.pk}/timeline", f"/leads/{lead.pk}/why", f"/api/v1/leads/{lead.pk}"}
    assert pages <= set(found)


def test_the_same_addresses_tell_who_works_with_the_lead(house: House, lead: Lead) -> None:
    """The canaries are where the first test looks for them."""
    found = told(client_of(house.revenue.user), lead)
    page, shown = found[f"/leads/{lead.pk}"], found[f"/api/v1/leads/{lead.pk}"]
    assert {"canary-title", "canary-note", "canary-deal", "canary-message", "Zacanary"} <= page
    assert "Zacanary" in found[f"/leads/{lead.pk}/timeline"]
    assert {"canary-title", "canary-key", "canary-city", "canary-free", "canary-mail"} <= shown
    assert {"canary-deal", "canary-deal-key"} <= found["/api/v1/opportunities"]
    assert all("canary-deal" in found[one] for one in LISTS if one.startswith("/reports/deals/list"))
