"""The lead page: who may open it, what is masked, where one stands in the list, and its languages."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from leadops.desk.tests.desk_cast import HX, Desk, client_of
from leadops.models import AttributeDef, Lead

pytestmark = pytest.mark.django_db
BUDGET = 33  # 31 measured, the panels of five apps, session and shell included


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_foreign_lead_is_the_same_404_as_one_that_never_was(desk: Desk) -> None:
    lead, client = desk.lead(owner=desk.karim), client_of(desk.lea.user)
    foreign = client.get(lead.get_absolute_url())
    nowhere = client.get(lead.get_absolute_url().replace(str(lead.pk), str(desk.lea.pk)))
    assert (foreign.status_code, nowhere.status_code) == (404, 404)
    assert foreign.context["refusal"].message == nowhere.context["refusal"].message
    for name in ("why", "timeline"):
        assert client.get(reverse(f"desk:{name}", args=[lead.pk])).status_code == 404


def test_an_executive_sees_the_lead_without_the_person(desk: Desk) -> None:
    lead = desk.lead("Anna Roux")
    client_of(desk.lea.user).post(reverse("desk:note", args=[lead.pk]), {"text": "Anna is on holiday"})
    text = client_of(desk.executive, "en").get(lead.get_absolute_url()).content.decode()
    assert "A. R." in text and "Contact details are hidden" in text
    for secret in ("Roux", lead.person.email, lead.person.phone, "on holiday", 'data-opens="verb"'):
        assert secret not in text


@pytest.mark.parametrize(
    ("language", "says"),
    [("en", {"Roof": "Flat", "Uses": "Heat and power", "Visit": "5 Mar 2026", "Surface": "1,200.5", "Solar": "Yes",
             "Remark": "as is"}),
     ("fr", {"Toit": "Plat", "Usages": "Chaleur et électricité", "Visite": "5 mars 2026",
             "Surface": "1 200,5", "Solaire": "Oui", "Remarque": "as is"})],
)  # fmt: skip
def test_custom_fields_are_said_in_words(desk: Desk, language: str, says: dict[str, str]) -> None:
    def code(key: str, fr: str, en: str) -> dict[str, Any]:
        return {"code": key, "labels": {"fr": fr, "en": en}}

    uses = [code("heat", "chaleur", "heat"), code("power", "électricité", "power")]
    own = (
        ("choice", "roof", "Toit", "Roof", "flat", [code("flat", "plat", "flat")]),
        ("multi", "uses", "Usages", "Uses", ["heat", "power"], uses),
        ("day", "visit", "Visite", "Visit", "2026-03-05", []),
        ("number", "surface", "Surface", "Surface", 1200.5, []),
        ("flag", "solar", "Solaire", "Solar", True, []),
        ("text", "remark", "Remarque", "Remark", "as is", []),
    )
    for kind, key, fr, en, _value, choices in own:
        AttributeDef.objects.create(owner="lead", key=key, kind=kind, choices=choices, labels={"fr": fr, "en": en})
    lead = desk.lead("Anna Roux")
    Lead.objects.update(attributes={key: value for _k, key, _fr, _en, value, _c in own}, language="en")
    facts = client_of(desk.lea.user, language).get(lead.get_absolute_url()).context["facts"]
    shown = {fact["label"]: fact["value"].replace("\u202f", " ").replace("\xa0", " ") for fact in facts}
    assert says.items() <= shown.items()
    assert {"en": "English", "fr": "Anglais"}[language] in shown.values()


def test_the_owner_sees_the_person_and_the_verbs_with_their_keys(desk: Desk) -> None:
    lead = desk.lead("Anna Roux")
    text = client_of(desk.lea.user, "en").get(lead.get_absolute_url()).content.decode()
    assert "Anna Roux" in text and f"tel:{lead.person.phone}" in text
    for key in ("1", "c", "n", "h", "o", "r", "3"):
        assert f'data-key="{key}"' in text


def test_previous_and_next_follow_the_list_one_came_from(desk: Desk) -> None:
    leads = [desk.lead(f"Person {n}") for n in range(3)]
    client = client_of(desk.lea.user)
    order = [row.lead for row in client.get("/inbox").context["rows"]]
    seen = client.get(reverse("desk:show_lead", args=[order[1]])).context
    assert (seen["previous"].pk, seen["next"].pk, seen["place"], seen["places"]) == (order[0], order[2], 2, len(leads))


def test_after_a_verb_the_body_alone_is_fetched(desk: Desk) -> None:
    lead, client = desk.lead(), client_of(desk.lea.user)
    text = client.get(lead.get_absolute_url(), headers=HX | {"HX-Target": "lead"}).content.decode()
    assert text.lstrip().startswith('<div id="lead"') and "<html" not in text


def test_a_closed_lead_offers_a_note_and_nothing_else(desk: Desk) -> None:
    lead = desk.lead()
    Lead.objects.filter(pk=lead.pk).update(stage="lost", stage_reason="price")
    text = client_of(desk.lea.user).get(lead.get_absolute_url()).content.decode()
    assert 'data-key="n"' in text
    for key in ("1", "c", "h", "r", "3"):
        assert f'data-key="{key}" data-key-label' not in text.split('class="lead-grid"')[0].split('class="verbs"')[1]


def test_the_page_asks_a_bounded_number_of_questions(desk: Desk) -> None:
    lead, client = desk.lead(), client_of(desk.lea.user)
    for n in range(6):
        client.post(reverse("desk:note", args=[lead.pk]), {"text": f"Note {n}"})
    client.get(lead.get_absolute_url())
    with CaptureQueriesContext(connection) as seen:
        client.get(lead.get_absolute_url())
    assert len(seen) <= BUDGET, len(seen)


@pytest.mark.parametrize(
    ("language", "words"),
    [("fr", ["Chronologie", "Délais", "Statut", "Consigner une tentative", "Attribution à Léa Martin"]),
     ("en", ["Timeline", "Clocks", "Status", "Log an attempt", "Assigned to Léa Martin"])],
)  # fmt: skip
def test_the_page_speaks_the_readers_language(desk: Desk, language: str, words: list[str]) -> None:
    text = client_of(desk.lea.user, language).get(desk.lead().get_absolute_url()).content.decode()
    for word in words:
        assert word in text


def test_the_why_is_one_explanation_as_page_and_fragment(desk: Desk) -> None:
    lead = desk.lead("Anna Roux")
    url: Any = reverse("desk:why", args=[lead.pk])
    client = client_of(desk.lea.user, "en")
    page = client.get(url).content.decode()
    assert "Given to Léa Martin" in page
    head = page.split("<main")[1].split('class="page-body"')[0]
    assert "Anna Roux" in head and f'href="{lead.get_absolute_url()}"' in head, "whose lead it is, and the way back"
    masked = client_of(desk.executive, "en").get(url).content.decode()
    assert "A. R." in masked and "Roux" not in masked
    fragment = client.get(url, headers=HX).content.decode()
    assert "Given to Léa Martin" in fragment and "<html" not in fragment


def test_older_events_name_the_lead_and_lead_back(desk: Desk) -> None:
    lead = desk.lead("Anna Roux")
    page = client_of(desk.lea.user, "en").get(reverse("desk:timeline", args=[lead.pk])).content.decode()
    head = page.split("<main")[1].split('class="page-body"')[0]
    assert "Anna Roux" in head and f'href="{lead.get_absolute_url()}"' in head
