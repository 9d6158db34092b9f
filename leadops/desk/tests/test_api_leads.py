"""Leads through the API: every verb, every refusal, nothing stored that may not be, nothing shown that may not be."""

from __future__ import annotations

import copy
import json
import uuid
from datetime import timedelta
from typing import Any

import pytest

from leadops import moment
from leadops.desk.tests.api_cast import House
from leadops.desk.tests.desk_cast import client_of
from leadops.journal import EntryText, JournalEntry, Kind
from leadops.models import Lead, Task
from leadops.testing import LeadFactory, PersonFactory, put_in_force
from leadops.versions.models import Version
from routing.models import Pool

pytestmark = pytest.mark.django_db


def later(hours: int = 24) -> str:
    return (moment.now() + timedelta(hours=hours)).isoformat()


# verb, body, what the answer then says
VERBS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("accept", {}, {}),
    ("hand-back", {"reason": "wrong_rep", "text": "not mine"}, {}),
    ("attempts", {"channel": "call", "outcome": "voicemail"}, {"status": "attempting"}),
    ("notes", {"text": "Call before noon"}, {}),
    ("snooze", {"until": "LATER"}, {}),
    ("status", {"status": "attempting"}, {"status": "attempting"}),
    ("qualify", {"answers": {"need": "clear", "budget": "allocated"}}, {"stage": "sql"}),
    ("disqualify", {"reason": "REASON"}, {"stage": "disqualified"}),
    ("recycle", {"reason": "REASON", "wake_at": "LATER"}, {"stage": "recycled"}),
    ("move", {"stage": "sql"}, {"stage": "sql"}),
    ("move", {"stage": "engaged"}, {"stage": "engaged"}),
    ("outcome", {"outcome": "won", "amount_minor": 5_000}, {"stage": "won"}),
]


def filled(verb: str, body: dict[str, Any]) -> dict[str, Any]:
    from leadops.models import Reason

    use = "recycle" if verb == "recycle" else "disqualify"
    swaps = {"LATER": later(), "REASON": Reason.objects.filter(use=use, active=True).first().key}
    return {name: swaps.get(value, value) if isinstance(value, str) else value for name, value in body.items()}


@pytest.mark.parametrize(("verb", "body", "says"), VERBS)
def test_an_owner_uses_every_verb_and_gets_the_lead_as_it_is_then(house: House, verb, body, says):
    lead = house.lead(house.lea)
    house.as_lea.post(f"/leads/{lead.pk}/answers", {"answers": {"need": "clear", "timing": "quarter"}})
    answer = house.as_lea.post(f"/leads/{lead.pk}/{verb}", filled(verb, body))
    assert answer.status_code == 200, answer.json()
    assert answer.json()["id"] == str(lead.pk) and says.items() <= answer.json().items()


@pytest.mark.parametrize(("verb", "body", "says"), VERBS)
def test_a_foreign_lead_answers_the_same_bytes_as_none_at_all(house: House, verb, body, says):
    lead = house.lead(house.lea)
    foreign = house.as_karim.post(f"/leads/{lead.pk}/{verb}", filled(verb, body))
    nothing = house.as_karim.post(f"/leads/{uuid.uuid4()}/{verb}", filled(verb, body))
    assert foreign.status_code == nothing.status_code == 404
    assert foreign.content == nothing.content and told_of(foreign) == told_of(nothing)
    before = lead.version
    lead.refresh_from_db()
    assert lead.version == before


def told_of(answer) -> dict[str, str]:
    """The headers, without the number every answer has for itself."""
    return {name: value for name, value in answer.headers.items() if name != "X-Request-ID"}


@pytest.mark.parametrize("path", ["", "/trace", "/timeline"])
def test_reading_a_foreign_lead_answers_the_same_bytes_as_none_at_all(house: House, path):
    lead = house.lead(house.lea)
    foreign, nothing = (house.as_karim.get(f"/leads/{key}{path}") for key in (lead.pk, uuid.uuid4()))
    assert (foreign.status_code, foreign.content) == (404, nothing.content)
    assert house.as_lea.get(f"/leads/{lead.pk}{path}").status_code == 200


@pytest.mark.parametrize(("verb", "body", "says"), VERBS)
def test_an_executive_reads_and_acts_on_nothing(house: House, verb, body, says):
    lead = house.lead(house.lea)
    answer = house.executive.post(f"/leads/{lead.pk}/{verb}", filled(verb, body))
    assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed")


def test_assigning_is_for_those_who_lead_and_claiming_for_those_in_the_pool(house: House):
    lead = house.lead()
    rep = {"rep": str(house.lea.pk)}
    assert house.as_lea.post(f"/leads/{lead.pk}/assign", rep).status_code == 404
    given = house.manager.post(f"/leads/{lead.pk}/assign", rep)
    assert (given.status_code, given.json()["owner"]["name"]) == (200, "Léa")
    Pool.objects.filter(key="everyone").update(claimable=True)
    free = LeadFactory(pool="everyone")
    taken = house.as_karim.post(f"/leads/{free.pk}/claim")
    assert (taken.status_code, taken.json()["owner"]["id"]) == (200, str(house.karim.pk))
    late = house.as_lea.post(f"/leads/{free.pk}/claim")
    assert (late.status_code, late.json()["code"]) == (409, "already-claimed")
    elsewhere = LeadFactory(pool="another")
    assert (
        house.as_lea.post(f"/leads/{elsewhere.pk}/claim").content
        == house.as_lea.post(f"/leads/{uuid.uuid4()}/claim").content
    )


def test_notes_and_attempts_leave_what_was_said(house: House):
    lead = house.lead(house.lea)
    house.as_lea.post(f"/leads/{lead.pk}/notes", {"text": "Call before noon"})
    house.as_lea.post(f"/leads/{lead.pk}/attempts", {"channel": "mail", "outcome": "callback", "callback_at": later()})
    assert EntryText.objects.get(lead=lead).text == "Call before noon"
    assert JournalEntry.objects.filter(lead=lead, kind=Kind.ATTEMPTED, actor=house.lea.user).count() == 1
    assert Task.objects.get(lead=lead, kind="callback").done_at is None
    titles = [row["title"] for row in house.as_lea.get(f"/leads/{lead.pk}/timeline").json()["results"]]
    assert any("E-mail" in title for title in titles)


def test_an_act_on_a_lead_that_changed_meanwhile_does_nothing(house: House):
    lead = house.lead(house.lea)
    house.as_lea.patch(f"/leads/{lead.pk}", {"city": "Lyon"})
    answer = house.as_lea.post(f"/leads/{lead.pk}/qualify", {"version": lead.version})
    assert (answer.status_code, answer.json()["code"]) == (409, "changed")
    lead.refresh_from_db()
    assert (lead.stage, lead.city, lead.city_folded) == ("new", "Lyon", "lyon")


@pytest.mark.parametrize("stage", ["new", "mql", "sal", "opportunity", "won", "lost"])
def test_stages_that_belong_to_another_verb_are_not_reached_by_move(house: House, stage):
    lead = house.lead(house.lea)
    answer = house.as_lea.post(f"/leads/{lead.pk}/move", {"stage": stage})
    assert (answer.status_code, answer.json()["code"]) == (422, "not-by-hand")


def test_sending_every_column_of_a_lead_stores_none_that_may_not_be_written(house: House):
    lead = house.lead(house.lea, city="Paris")
    before = Lead.objects.filter(pk=lead.pk).values().get()
    fields = [f.name for f in Lead._meta.concrete_fields]
    for name in fields:
        answer = house.as_lea.patch(f"/leads/{lead.pk}", {name: "XX"})
        if name in ("version",):
            assert answer.status_code == 422
            continue
        assert answer.status_code in (200, 422), name
        if answer.status_code == 422:
            assert name in {fault["path"].split(".")[0] for fault in answer.json().get("faults", [])}, answer.json()
    after = Lead.objects.filter(pk=lead.pk).values().get()
    changed = {name for name in before if before[name] != after[name]} - {"version"}
    facts = {"company", "title", "industry", "region", "postcode", "city"}
    assert changed <= facts | {f"{name}_folded" for name in facts} | {"score", "fit", "engagement", "grade", "band"}
    all_at_once = house.as_lea.patch(f"/leads/{lead.pk}", dict.fromkeys(fields, "XX"))
    assert all_at_once.status_code == 422
    named = {fault["path"] for fault in all_at_once.json()["faults"] if fault["code"] == "unknown-field"}
    assert {"id", "owner", "stage", "score", "source", "person", "absorbed_by", "team", "held"} <= named


def test_creating_with_every_column_creates_nothing(house: House):
    names = [f.name for f in Lead._meta.concrete_fields if f.name not in ("company", "title", "city", "owner")]
    for name in names:
        answer = house.as_lea.post("/leads", {"email": "eve@acme.example", name: "XX"})
        if name in ("industry", "region", "postcode"):
            continue
        assert answer.status_code == 422, name
    assert not Lead.objects.exclude(industry="XX").exclude(region="XX").exclude(postcode="XX").exists()


def test_a_correction_is_journalled_once_and_the_score_follows(house: House):
    lead = house.lead(house.lea, employees=None)
    said = {"employees": 400, "country": "be", "company": "Énergie SA"}
    answer = house.as_lea.patch(f"/leads/{lead.pk}", said)
    assert answer.status_code == 200, answer.json()
    assert (answer.json()["country"], answer.json()["employees"]) == ("BE", 400)
    house.as_lea.patch(f"/leads/{lead.pk}", said)
    rows = JournalEntry.objects.filter(lead=lead, kind=Kind.EDITED)
    assert [row.data["fields"] for row in rows] == [["company", "country", "employees"]]
    lead.refresh_from_db()
    assert lead.company_folded == "energie sa"
    assert JournalEntry.objects.filter(lead=lead, kind=Kind.SCORED).exists()


def test_a_new_lead_is_answered_at_once_and_the_same_person_is_touched(house: House):
    made = house.revenue.post("/leads", {"email": "bo@acme.example", "name": "Bo Lind", "owner": "route"})
    assert made.status_code == 201, made.json()
    assert made.json()["source"] == "api" and made.json()["owner"] is not None
    again = house.revenue.post("/leads", {"email": "bo@acme.example", "message": "And another thing"})
    assert (again.status_code, again.json()["id"]) == (200, made.json()["id"])
    assert Lead.objects.count() == 1


def test_a_lead_routed_to_somebody_else_is_not_shown_to_its_maker(house: House):
    made = house.as_lea.post("/leads", {"email": "bo@acme.example", "owner": "me"})
    assert (made.status_code, made.json()["owner"]["id"]) == (201, str(house.lea.pk))
    again = house.as_karim.post("/leads", {"email": "bo@acme.example"})
    assert again.status_code == 202 and set(again.json()) == {"submission", "state", "reason"}


def test_contacts_are_masked_for_an_executive_in_every_answer(house: House):
    person = {"email": "canary.mail@acme.example", "phone": "+33142000000"}
    lead = house.lead(house.lea, name="Canary Surname", person=person, title="Canary Title", postcode="99999")
    house.as_lea.post(f"/leads/{lead.pk}/notes", {"text": "canary note"})
    for path in ("/leads", f"/leads/{lead.pk}", f"/leads/{lead.pk}/trace", f"/leads/{lead.pk}/timeline"):
        answer = house.executive.get(path)
        assert answer.status_code == 200
        text = answer.content.decode().lower()
        for canary in ("canary", "surname", "33142000000", "99999"):
            assert canary not in text, (path, canary)
    shown = house.executive.get(f"/leads/{lead.pk}").json()["person"]
    assert (shown["name"], shown["email"], shown["phone"]) == ("C. S.", None, None)
    assert "Canary Surname" in house.as_lea.get(f"/leads/{lead.pk}").content.decode()


def test_an_executive_reads_why_a_lead_was_routed_without_what_was_met_of_the_person(house: House):
    body = copy.deepcopy(Version.objects.get(kind="ruleset", key="house").body)
    rule = {"label": {"fr": "x", "en": "x"}, "to": {"pool": "everyone"}}
    town, title = ({"field": key, "op": "eq", "value": value} for key, value in (("postcode", "1"), ("title", "CEO")))
    said = {"field": "country", "op": "eq", "value": "FR"}
    body["rules"] = [
        {**rule, "key": "town", "when": {"all": [town]}},
        {**rule, "key": "us", "when": {"all": [said, title]}},
    ]
    put_in_force("ruleset", "house", body)
    sent = {"email": "ceo@acme.example", "title": "CEO", "country": "FR", "postcode": "75001"}
    posted = house.as_lea.post("/leads", sent)
    # 202: the turn fell on a colleague whose leads she cannot see
    assert posted.status_code in (201, 202), posted.content
    made = Lead.objects.get(person__email="ceo@acme.example").pk
    answer = house.executive.get(f"/leads/{made}/trace")
    assert answer.status_code == 200, answer.content
    (why,) = [row["why"] for row in answer.json()["decisions"] if row["kind"] == "routing"]
    met = {leaf["field"]: (leaf.get("value"), leaf["fact"], leaf["result"]) for leaf in why["matched"]}
    assert met == {"country": ("FR", "FR", True), "title": (None, None, True)}
    assert [(row["rule"], row["leaf"]["field"], row["leaf"]["fact"]) for row in why["skipped"]] == [
        ("town", "postcode", None)
    ]
    assert "ceo" not in answer.content.decode() and "75001" not in answer.content.decode()


@pytest.mark.parametrize("query", ["q=canary.mail@acme.example", "q=Canary", "q=canary surname", "external_key=crm-7"])
def test_who_sees_masked_contacts_cannot_find_them_by_search(house: House, query: str):
    person = {"email": "canary.mail@acme.example"}
    house.lead(house.lea, name="Canary Surname", company="Acme SAS", external_key="crm-7", person=person)
    page = client_of(house.executive.user)
    assert len(house.as_lea.get(f"/leads?{query}").json()["results"]) == 1
    assert house.executive.get(f"/leads?{query}").json()["results"] == []
    assert page.get(f"/leads?{query}").context["leads"] == []
    assert len(house.executive.get("/leads?q=acme").json()["results"]) == 1


def test_a_foreign_lead_is_in_no_list(house: House):
    house.lead(house.lea, company="Canary SAS")
    for path in ("/leads", "/clocks", "/decisions", "/handoffs", "/opportunities"):
        answer = house.as_karim.get(path)
        assert answer.json()["results"] == [] and "anary" not in answer.content.decode()


def test_pages_neither_repeat_nor_lose_rows_while_others_arrive(house: House):
    made = [LeadFactory(person=PersonFactory()) for _ in range(7)]
    seen, path = [], "/leads?limit=3"
    for turn in range(4):
        page = house.revenue.get(path).json()
        seen += [row["id"] for row in page["results"]]
        LeadFactory(person=PersonFactory())
        if page["next"] is None:
            break
        path = page["next"].split("/api/v1", 1)[1]
        assert turn < 3
    assert seen == [str(lead.pk) for lead in reversed(made)]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("?owner__user__password__startswith=a", 400, "unknown-filter"),
        ("?stage=gone", 422, "invalid"),
        ("?received_after=never", 422, "invalid"),
        ("?cursor=%00", 422, "invalid-cursor"),
        ("?cursor=cD1ub3QtYS11dWlk", 422, "invalid-cursor"),
    ],
)
def test_a_wrong_query_string_is_refused_and_never_widens_the_list(house: House, query, status, code):
    answer = house.revenue.get(f"/leads{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.json()


def test_the_query_string_filters_as_on_the_page(house: House):
    mine = house.lead(house.lea, company="Acme")
    LeadFactory(person=PersonFactory(), company="Other")
    for query in ("?q=acm", f"?owner={house.lea.pk}", "?stage=new&q=acme", "?open=true&q=Acme"):
        assert [row["id"] for row in house.revenue.get(f"/leads{query}").json()["results"]] == [str(mine.pk)]


def test_a_list_costs_the_same_statements_whatever_its_length(house: House, django_assert_max_num_queries):
    for _ in range(12):
        house.lead(house.lea)
    house.revenue.get("/leads")
    with django_assert_max_num_queries(4):
        assert len(house.revenue.get("/leads?limit=12").json()["results"]) == 12


def test_unreadable_bodies_are_refused_in_words_not_crashes(house: House):
    lead, call = house.lead(house.lea), house.as_lea.http
    path = f"/api/v1/leads/{lead.pk}/notes"
    for body, kind, status, code in [
        (b"{", "application/json", 400, "unreadable-body"),
        (b"[" * 200_000, "application/json", 400, "unreadable-body"),
        (b'{"text": "%s"}' % (b"x" * 1_100_000), "application/json", 413, "too-large"),
        (b"text=a", "application/x-www-form-urlencoded", 415, "unsupported-media-type"),
        (b'{"text": "a\\u0000b"}', "application/json", 422, "invalid"),
        (b'{"text": "\\ud800"}', "application/json", 400, "unreadable-body"),
        (b'["text"]', "application/json", 422, "invalid"),
        (b"{}", "application/json", 422, "invalid"),
    ]:
        answer = call.post(path, body, kind)
        assert (answer.status_code, answer.json()["code"]) == (status, code), body[:40]
        assert answer["Content-Type"] == "application/problem+json"
    assert json.loads(answer.content)["faults"] == [
        {"path": "text", "code": "required", "message": "This field is required."}
    ]
