"""The tour of each role: every card leads to a page its reader may see, in both languages, with the control it names."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse

from leadops import access, moment
from leadops.demo import company, plants, tour
from leadops.demo.models import Demo
from leadops.models import Role, User

pytestmark = pytest.mark.django_db
UNTIL = datetime(2026, 11, 26, 14, tzinfo=UTC)
WHO = {
    Role.REP: "lea",
    Role.MANAGER: "nadia",
    Role.MARKETING_OPS: "hugo",
    Role.REVENUE_OPS: "ines",
    Role.EXECUTIVE: "paul",
}


class Ids(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {value for name, value in attrs if name == "id" and value}


@pytest.fixture
def house(settings):
    settings.MODE = "demo"
    engines = deepcopy(settings.TEMPLATES)
    engines[0]["OPTIONS"]["context_processors"].append("leadops.demo.context.strip")  # as in demo mode
    settings.TEMPLATES = engines
    company.found(7, 10, 2, UNTIL, "not-a-password")
    Demo.objects.update(state=Demo.State.LIVE)
    with moment.at(UNTIL):
        yield


def signed_in(first: str, language: str) -> Client:
    User.objects.filter(email=f"{first}@demo.example").update(language=language)
    client = Client()
    client.force_login(plants.person(first))
    return client


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize(("role", "first"), [*WHO.items(), (Role.MANAGER, "olivier")])
def test_each_card_leads_to_the_control_it_names(house, role, first, language):
    client = signed_in(first, language)
    actor = access.actor_of(plants.person(first))
    cards = tour.cards_for(actor)
    assert 2 < len(cards) <= 7
    for at, card in enumerate(cards):
        client.cookies[f"{tour.COOKIE}_{role}"] = str(at)
        address = tour.url_of(card)
        answer = client.get(address.partition("#")[0])
        assert answer.status_code == 200, f"{role}: {address}"
        text = answer.content.decode()
        assert card.anchor in Ids(text).found, f"{role}: no {card.anchor} on {address}"
        assert f'href="{address.replace("&", "&amp;")}"' in text, f"{role}: the card itself stands on the page"


def test_a_tour_goes_on_where_its_role_left_it_and_is_skipped_for_good(house):
    client = signed_in("lea", "en")
    inbox = reverse("desk:inbox")
    assert "Tour, 1 of 4" in client.get(inbox).content.decode()
    client.post(reverse("demo:take_tour"), {"to": "2", "next": inbox})
    assert "Tour, 3 of 4" in client.get(inbox).content.decode()
    client.force_login(plants.person("paul"))
    overview = reverse("reports:show_executive")
    assert "Tour, 1 of 5" in client.get(overview).content.decode(), "the next role begins at its own first card"
    client.post(reverse("demo:take_tour"), {"to": "off", "next": overview})
    for first, page in (("paul", overview), ("lea", inbox)):
        client.force_login(plants.person(first))
        assert "Tour, " not in client.get(page).content.decode()
    client.post(reverse("demo:take_tour"), {"to": "0", "next": inbox})
    assert "Tour, 1 of 4" in client.get(inbox).content.decode()


def test_a_tour_that_is_finished_does_not_begin_again(house):
    client = signed_in("hugo", "en")
    count = len(tour.cards_for(access.actor_of(plants.person("hugo"))))
    client.post(reverse("demo:take_tour"), {"to": str(count), "next": "/"})
    assert "Tour, " not in client.get(reverse("capture:list_sources")).content.decode()
