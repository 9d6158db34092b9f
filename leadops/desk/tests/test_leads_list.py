"""The list of leads: cut to the reader's rights, filtered by its address, paged without gap."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from capture.tests.batch import run, submit
from leadops import moment
from leadops.access import actor_of
from leadops.desk import leads, selectors
from leadops.desk.tests.desk_cast import Desk, client_of
from leadops.journal import Kind
from leadops.models import MatchKey, Suppression
from leadops.testing import SourceFactory
from leadops.unit import in_unit

pytestmark = pytest.mark.django_db
BUDGET = 14


@pytest.fixture
def desk() -> Desk:
    return Desk()


def names(answer: Any) -> list[str]:
    return [name for _lead, name, *_rest in answer.context["leads"]]


@pytest.mark.parametrize(
    ("who", "seen"),
    [("lea", {"Anna Roux"}), ("manager", {"Anna Roux"}), ("revenue", {"Anna Roux", "Bruno Faure"}), ("executive", {"A. R.", "B. F."})],
)  # fmt: skip
def test_one_address_shows_each_reader_what_is_theirs(desk: Desk, who: str, seen: set[str]) -> None:
    desk.lead("Anna Roux"), desk.lead("Bruno Faure", owner=desk.karim)
    person = getattr(desk, who)
    answer = client_of(getattr(person, "user", person)).get("/leads")
    assert set(names(answer)) == seen and answer.context["total"] == len(seen)


@pytest.mark.parametrize(
    ("query", "found"),
    [("q=roux", ["Anna Roux"]), ("q=rou", ["Anna Roux"]), ("q=oux", []), ("q=anna+oux", []), ("q=nna+roux", []), ("q=%C3%82nes", ["Zoé Ânes"]), ("q=anna", ["Anna Roux"]), ("q=ANNA+R", ["Anna Roux"]), ("q=acier", ["Anna Roux", "Zoé Ânes"]), ("open=true", ["Anna Roux", "Zoé Ânes"]), ("q=zoe", ["Zoé Ânes"])],
)  # fmt: skip
@pytest.mark.parametrize("most", [1000, 0])  # so many are named; beyond that the newest are read
def test_the_filter_is_the_address(desk: Desk, query: str, found: list[str], most: int, monkeypatch: Any) -> None:
    monkeypatch.setattr(selectors, "MOST_FOUND", most)
    desk.lead("Anna Roux", company="Acier du Rhône", company_folded="acier du rhone")
    desk.lead("Zoé Ânes", company="Aciérie", company_folded="acierie")
    assert sorted(names(client_of(desk.lea.user).get(f"/leads?{query}"))) == found


@pytest.mark.parametrize(("who", "led"), [("revenue", True), ("lea", False), ("executive", False)])
def test_an_empty_house_leads_to_a_new_source_whoever_may_make_one(desk: Desk, who: str, led: bool) -> None:
    person = getattr(desk, who)
    text = client_of(getattr(person, "user", person)).get("/leads").content.decode()
    assert ("/sources/new" in text) is led


def test_pages_follow_one_another(desk: Desk, monkeypatch: Any) -> None:
    monkeypatch.setattr(leads, "PAGE", 2)
    for n in range(5):
        desk.lead(f"Person {n}")
    client, after, found = client_of(desk.lea.user), "", []
    for _ in range(3):
        answer = client.get(f"/leads?after={after}")
        found += names(answer)
        after = answer.context["after"]
    assert sorted(found) == [f"Person {n}" for n in range(5)] and after == ""


def test_a_filter_that_finds_nothing_offers_the_way_back(desk: Desk) -> None:
    text = client_of(desk.lea.user, "fr").get("/leads?q=nobody").content.decode()
    assert "Aucun lead ne correspond" in text and "Effacer le filtre" in text


@pytest.mark.parametrize(("language", "said"), [("en", "so nothing is shown"), ("fr", "rien n’est donc affiché")])
def test_a_filter_that_cannot_be_read_finds_nothing_and_says_so(desk: Desk, language: str, said: str) -> None:
    """On every list with a page: a wrong filter widens none, whether its field stands there or not."""
    source = SourceFactory(hand_raiser=True)
    asked = {"first_name": "Anna", "last_name": "Roux", "email": "anna@acier.example", "company": "Acier SA"}
    submit(asked, source, at=moment.now())
    assert run(moment.now()).claimed == 1
    Suppression.objects.create(digest=b"1" * 32, channel="email", reason="asked", at=moment.now())
    in_unit(lambda unit: unit.record(Kind.SIGNED_IN, data={}), actor=actor_of(desk.revenue))
    client = client_of(desk.revenue, language)
    wrong = {
        "/leads": "owner=nobody",
        "/submissions": "received_after=yesterday",
        "/audit": "who=nobody",
        "/suppressions": "reason=nonsense",
        "/qualification": "version=nonsense",
        "/qualification/handoffs": "state=nonsense",
        "/routing": "lead=nobody",
    }
    rows = {
        "/leads": "leads",
        "/audit": "acts",
        "/submissions": "rows",
        "/suppressions": "rows",
        "/routing": "decisions",
    }
    for address, query in wrong.items():
        listed = rows.get(address, "handoffs")
        plain = client.get(address)
        assert said not in plain.content.decode() and plain.context[listed], address
        answer = client.get(f"{address}?{query}")
        assert answer.status_code == 200 and said in answer.content.decode(), address
        assert not answer.context[listed], address


def test_the_list_asks_few_questions(desk: Desk) -> None:
    for n in range(10):
        desk.lead(f"Person {n}")
    client = client_of(desk.lea.user)
    client.get("/leads")
    with CaptureQueriesContext(connection) as seen:
        client.get("/leads")
    assert len(seen) <= BUDGET, "\n".join(q["sql"][:120] for q in seen)


def test_each_filter_in_force_is_a_chip_whose_link_takes_it_away(desk: Desk) -> None:
    """In words, not keys; a filter of many values loses the one, and what else was asked stays."""
    desk.lead("Anna Roux")
    client = client_of(desk.lea.user, "en")
    asked = f"/leads?stage=new&stage=engaged&source=website&open=true&owner={desk.lea.pk}&received_after=2020-01-01T00:00:00Z&after="
    answer = client.get(asked)
    shown = {(chip.label, chip.value) for chip in answer.context["chips"]}
    assert {("Stage", "New"), ("Stage", "Engaged"), ("Open", "Yes"), ("Owner", "Léa Martin")} <= shown
    assert ("Received from", "1 Jan 2020") in shown and len(shown) == 6
    (new,) = [chip for chip in answer.context["chips"] if chip.value == "New"]
    assert "stage=new" not in new.without and "stage=engaged" in new.without and "source=website" in new.without
    after = client.get(f"/leads{new.without}")
    assert {chip.value for chip in after.context["chips"]} == {value for _label, value in shown} - {"New"}
    assert client.get("/leads").context["chips"] == []
    assert 'class="chip"' in answer.content.decode()


@pytest.mark.parametrize(
    "typed", ["06 12 34 56 78", "+33 6 12 34 56 78", "0033612345678", "06.12.34.56.78", "(06) 12-34-56-78"]
)
def test_who_calls_is_found_by_the_number(desk: Desk, typed: str) -> None:
    lead = desk.lead("Anna Roux")
    MatchKey.objects.create(person=lead.person, kind="phone", value="+33612345678")
    desk.lead("Zoé Ânes")
    assert names(client_of(desk.lea.user).get("/leads", {"q": typed})) == ["Anna Roux"]
    assert names(client_of(desk.karim.user).get("/leads", {"q": typed})) == []
    assert not client_of(desk.executive).get("/leads", {"q": typed}).context["leads"]
    assert names(client_of(desk.lea.user).get("/leads", {"q": "06 12 34 56 79"})) == []


def test_a_number_is_read_by_the_habits_of_the_sources(desk: Desk) -> None:
    lead = desk.lead("Noé Tremblay")
    MatchKey.objects.create(person=lead.person, kind="phone", value="+15145550199")
    client = client_of(desk.lea.user)
    assert names(client.get("/leads", {"q": "514 555 0199"})) == []
    SourceFactory(slug="quebec", phone_region="CA")
    assert names(client.get("/leads", {"q": "514 555 0199"})) == ["Noé Tremblay"]


def test_two_words_of_a_surname_find_it(desk: Desk) -> None:
    desk.lead("Tom Da Silva")
    desk.lead("Da Silva Roux")
    client = client_of(desk.lea.user)
    assert sorted(names(client.get("/leads?q=da+silva"))) == ["Da Silva Roux", "Tom Da Silva"]
    assert names(client.get("/leads?q=silva")) == ["Tom Da Silva"]
