"""Nurture in the API: every verb of the screens, under the same rights."""

from __future__ import annotations

import pytest

from leadops.desk.tests.api_cast import House
from leadops.effects.models import Effect
from leadops.journal import JournalEntry
from nurture import defaults
from nurture.models import Enrolment
from nurture.tests.running import MONDAY, live, prospect
from nurture.tests.running import house as starters

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(db) -> House:
    starters()
    return House()


def test_sequences_and_templates_are_drafted_checked_published_and_rolled_back(house):
    body = defaults.SEQUENCES["unreached"]
    made = house.marketing.post("/sequences", {"key": "fresh", "body": body})
    assert made.status_code == 201
    number = f"/sequences/{made.json()['id']}"
    assert house.marketing.post(f"{number}/check").json()["publishable"] is True
    assert house.marketing.post(f"{number}/publish", {"reason": "first"}).status_code == 200
    wrong = house.marketing.post("/templates", {"key": "odd", "body": {"name": {}, "subject": {}, "body": {}}}).json()
    assert house.marketing.post(f"/templates/{wrong['id']}/publish", {"reason": "x"}).status_code == 422
    assert house.as_lea.post("/sequences", {"key": "mine", "body": body}).status_code == 403


def test_a_template_is_previewed_for_a_lead_in_both_languages(house):
    lead = prospect("Anna Roux", owner=house.lea)
    template = house.marketing.get("/templates?key=follow-up").json()["results"][0]["id"]
    found = house.marketing.post(f"/templates/{template}/preview", {"lead": str(lead.pk)}).json()
    assert [each["language"] for each in found] == ["fr", "en"] and "Hello Anna" in found[1]["text"]


def test_a_lead_is_enrolled_paused_resumed_and_taken_out(house):
    lead = prospect(owner=house.lea)
    asked = {"lead": str(lead.pk), "sequence": "unreached", "dry_run": True}
    seen = house.as_lea.post("/enrolments", asked).json()
    assert seen["enters"] and [step["kind"] for step in seen["steps"]] == ["mail", "mail", "call"]
    assert seen["steps"][0]["subject"] and not Enrolment.objects.filter(lead=lead).exists()
    made = house.as_lea.post("/enrolments", {"lead": str(lead.pk), "sequence": "unreached"})
    assert house.as_lea.post("/enrolments", asked).json()["why_not"]
    assert made.status_code == 201 and made.json()["state"] == "active"
    again = house.as_lea.post("/enrolments", {"lead": str(lead.pk), "sequence": "unreached"})
    assert (again.status_code, again.json()["reason"]) == (422, "busy")
    at = f"/enrolments/{made.json()['id']}"
    for verb, state in (("pause", "paused"), ("resume", "active"), ("exit", "exited")):
        assert house.as_lea.post(f"{at}/{verb}").json()["state"] == state
    assert house.as_lea.post(f"{at}/pause").status_code == 409
    assert house.as_lea.get("/enrolments?state=exited").json()["results"][0]["explanation"]
    assert house.as_karim.get(at).status_code == 404 and house.as_karim.post(f"{at}/exit").status_code == 404


def test_messages_say_where_a_letter_stands_and_never_what_it_said(house):
    lead = prospect("Anna Roux", owner=house.lea)
    house.as_lea.post("/enrolments", {"lead": str(lead.pk), "sequence": "unreached"})
    Enrolment.objects.update(next_at=MONDAY)
    live(MONDAY)
    (row,) = house.as_lea.get("/messages").json()["results"]
    assert (row["state"], row["sequence"], row["step"]) == ("sent", "unreached", 0)
    assert "Anna" not in str(row) and house.as_karim.get("/messages").json()["results"] == []
    assert Effect.objects.count() == 1


def test_suppressions_are_listed_asked_added_and_removed_with_a_reason(house):
    made = house.marketing.post("/suppressions", {"address": "Anna@Roux.example", "why": "asked by phone"})
    assert (made.status_code, made.json()["why"], made.json()["reason"]) == (201, "asked by phone", "by_hand")
    assert "anna" not in str(made.json()).lower()
    asked = house.marketing.get("/suppressions?address=anna@roux.example").json()["results"]
    assert [row["id"] for row in asked] == [made.json()["id"]]
    assert house.marketing.get("/suppressions?address=nobody").status_code in (400, 422)
    at = f"/suppressions/{made.json()['id']}/remove"
    assert house.marketing.post(at, {"why": ""}).status_code == 422
    assert house.marketing.post(at, {"why": "asked to hear again"}).status_code == 200
    assert house.marketing.get("/suppressions").json()["results"] == []
    assert house.marketing.post(at, {"why": "again"}).status_code == 404
    again = house.marketing.post("/suppressions", {"address": "anna@roux.example", "why": "asked again"})
    assert again.status_code == 201 and again.json()["id"] != made.json()["id"]
    assert house.as_lea.get("/suppressions").status_code == 403
    assert JournalEntry.objects.filter(data__what="suppression").count() == 3
