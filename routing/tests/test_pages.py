"""Routing's pages say who got what and why, in both languages, and their verbs work without JavaScript."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import translation

from leadops import access, moment
from leadops.desk.tests.desk_cast import client_of as desk_client
from leadops.models import Absence, Lead, Rep, Role
from leadops.testing import LeadFactory, PersonFactory, TeamFactory, member, rep
from leadops.tests.scale import sized
from leadops.versions.models import Version
from routing import decision_list, panels, reps, selectors, services
from routing.models import Assignment, PoolCredit
from routing.tests import a_house as house


@pytest.fixture(autouse=True)
def _flow() -> Iterator[None]:
    with house.only_routing():
        yield


def client_of(user: object) -> Client:
    client = Client()
    client.force_login(user)
    return client


def a_decision() -> tuple[Lead, Rep]:
    ada, karim, sofia = rep("Ada"), rep("Karim"), rep("Sofia", capacity=0)
    house.pool("everyone", ada, karim, sofia)
    house.do(lambda unit: services.set_absence(karim, unit.at, moment.now() + timedelta(days=12), "leave", unit))
    house.rules(
        house.rule("swiss", {"pool": "everyone"}, house.is_in("country", "CH")),
        house.rule("french", {"pool": "everyone"}, house.is_in("country", "FR")),
    )
    (lead,) = house.arrive([LeadFactory(country="FR")])
    return lead, ada


@pytest.mark.django_db
def test_a_condition_of_the_rule_that_was_not_true_has_no_check_mark() -> None:
    house.pool("everyone", rep("Ada"))
    either = [{"field": "country", "op": "eq", "value": code} for code in ("CH", "FR")]
    house.rules(
        house.rule("near", {"pool": "everyone"}, {"any": [*either, {"field": "region", "op": "eq", "value": "75"}]})
    )
    (lead,) = house.arrive([LeadFactory(country="FR", region="")])
    card = panels.panel(lead, access.system("test"))
    shown = render_to_string(card.template, {"panel": card.context})
    lines = re.findall(r"<li><svg.*?#([a-z-]+)\"></use></svg><p><span class=\"vh\">(\w+)", shown)
    assert lines == [("x", "false"), ("check", "true"), ("circle-help", "unknown")]


@pytest.mark.django_db
def test_after_a_departure_the_shares_of_those_who_stayed_are_words_and_no_raw_credits() -> None:
    ada, bob, eve = rep("Ada"), rep("Bob"), rep("Eve")
    pool = house.pool("everyone", ada, bob, eve)
    PoolCredit.objects.bulk_create(
        PoolCredit(pool=pool, rep=who, credit=credit, taken=9) for who, credit in ((ada, -13), (bob, -9), (eve, 22))
    )
    ops = member("Ops", Role.REVENUE_OPS)
    house.do(lambda unit: reps.deactivate_rep(eve, unit), access.actor_of(ops))
    for language, above, below in (
        ("en", "2.0 above the share", "2.0 below the share"),
        ("fr", "2,0 au-dessus de la part", "2,0 au-dessous de la part"),
    ):
        page = desk_client(ops, language).get("/routing").content.decode()
        assert above in page and below in page and "Eve" not in page.split("pool-everyone")[1]
        assert "-13" not in page and "−13" not in page
    assert [panels.share_words(each) for each in (0.9, -0.9)] == ["even", "even"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["Assigned to Ada in", "Rule “french” v", "Karim (absent until", "Sofia (load 0 of 0)", "Fair share: with this lead, Ada has had 1 turn in this pool"]),
        ("fr", ["Attribué à Ada en", "Règle «\u00a0french\u00a0» v", "Karim (absent jusqu", "Sofia (charge 0 sur 0)", "Équité\u00a0: avec ce lead, Ada a eu 1 tour dans ce vivier"]),
    ],
)  # fmt: skip
def test_the_card_tells_the_decision_from_its_codes(language: str, said: list[str]) -> None:
    lead, _ada = a_decision()
    viewer = member("Max", Role.MANAGER, "paris", language)
    page = client_of(viewer).get(f"/leads/{lead.pk}/why").content.decode()
    for words in said:
        assert words in page
    with translation.override(language):
        assert panels.why_line(lead).startswith(said[0])


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_rules_page_shows_sentences_pools_and_decisions(language: str) -> None:
    lead, _ada = a_decision()
    page = client_of(member("Max", Role.MANAGER, "paris", language)).get("/routing")
    text = page.content.decode()
    assert page.status_code == 200
    for words in {
        "en": ["If the country is", "Every other lead: to the pool", "can take leads", "Weighted round robin"],
        "fr": ["Tout autre lead\u00a0: vers le vivier", "peut prendre des leads"],
    }[language]:
        assert words in text
    assert f"/leads/{lead.pk}/why" in text
    assert text.count('class="phone-fold">') >= 3 and 'class="phone-fold" open' not in text  # rule, pool, decisions
    held = client_of(member("Mia", Role.MANAGER, "paris")).get("/routing?kind=held").content.decode()
    assert held.count('class="phone-fold" open') == 1  # who asks for decisions sees them
    assert f"/leads/{lead.pk}/why" not in held


@pytest.mark.django_db
def test_an_earlier_version_shows_its_rules_and_the_decisions_made_by_them(monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ada = a_decision()
    old = Version.objects.get(kind="ruleset", key="house", state="published")
    house.rules(house.rule("belgian", {"pool": "everyone"}, house.is_in("country", "BE")))
    later = house.arrive([LeadFactory(country="BE") for _number in range(3)])
    client = client_of(member("Max", Role.MANAGER, "paris", "en"))
    now = client.get("/routing").content.decode()
    assert f"/routing?version={old.pk}" in now and "belgian" in now and 'id="rule-french"' not in now
    then = client.get(f"/routing?version={old.pk}").content.decode()
    assert 'id="rule-french"' in then and 'id="rule-belgian"' not in then and "The rules in force" in then
    assert f"/leads/{first.pk}/why" in then and not any(f"/leads/{lead.pk}/why" in then for lead in later)
    monkeypatch.setattr(decision_list, "DECISIONS", 3)
    newest = client.get("/routing").content.decode()
    older = re.search(r'href="(/routing\?before=[^"]+)#decisions"', newest)
    assert older and f"/leads/{first.pk}/why" not in newest
    last = client.get(older[1].replace("&amp;", "&")).content.decode()
    assert f"/leads/{first.pk}/why" in last and "Older decisions" not in last
    assert client.get("/routing?version=none&before=none").status_code == 200


@pytest.mark.django_db
def test_a_rep_does_not_see_the_decision_on_anothers_lead() -> None:
    lead, _ada = a_decision()
    assert client_of(rep("Nosy").user).get(f"/leads/{lead.pk}/why").status_code == 404


@pytest.mark.django_db
def test_the_pool_hides_contacts_until_one_is_taken() -> None:
    ada = rep("Ada")
    house.pool("shared", ada, claimable=True)
    house.rules(house.rule("pull", {"claim": "shared"}))
    person = PersonFactory(name="Jeanne Secret", email="jeanne@secret.example")
    (lead,) = house.arrive([LeadFactory(person=person, company="Acme SAS")])
    client = client_of(ada.user)
    page = client.get("/pool").content.decode()
    assert "Acme SAS" in page
    assert "Jeanne" not in page and "secret.example" not in page
    taken = client.post(f"/pool/{lead.pk}/claim")
    assert (taken.status_code, taken["Location"]) == (302, f"/leads/{lead.pk}")
    lead.refresh_from_db()
    assert lead.owner_id == ada.pk
    late = rep("Bob")
    house.pool("shared", late)
    lost = client_of(late.user).post(f"/pool/{lead.pk}/claim", headers={"HX-Request": "true"})
    assert lost.status_code == 409
    assert "Ada" in lost.content.decode()
    assert "<html" not in lost.content.decode()


@pytest.mark.django_db
def test_a_lead_outside_ones_pools_does_not_exist() -> None:
    ada, zoe = rep("Ada"), rep("Zoe")
    house.pool("shared", ada, claimable=True)
    house.rules(fallback="shared")
    lead = LeadFactory(pool="shared")
    assert client_of(zoe.user).post(f"/pool/{lead.pk}/claim").status_code == 404


@pytest.mark.django_db
def test_deactivating_shows_what_it_touches_and_does_it() -> None:
    lead, ada = a_decision()
    chief = client_of(member("Max", Role.MANAGER, "paris", "en"))
    page = chief.get(f"/team/{ada.pk}/deactivate").content.decode()
    assert lead.company in page and 'Open leads <span class="count">1</span>' in page
    assert chief.post(f"/team/{ada.pk}/deactivate", {"leads_to": "rules"}).status_code == 302
    lead.refresh_from_db()
    assert lead.owner_id is None and lead.held == "no_capacity"
    TeamFactory(key="lyon")
    other = client_of(member("Lou", Role.MANAGER, "lyon"))
    assert other.get(f"/team/{ada.pk}/deactivate").status_code == 404


@pytest.mark.django_db
def test_a_rep_sets_an_absence_and_comes_back() -> None:
    ada = rep("Ada")
    client = client_of(ada.user)
    assert client.get(f"/team/{ada.pk}/absence").status_code == 200
    sent = {"kind": "leave", "start": "2026-01-05T09:00", "end": "2026-01-04T09:00"}
    assert client.post(f"/team/{ada.pk}/absence", sent).status_code == 422
    assert client.post(f"/team/{ada.pk}/absence", sent | {"end": ""}).status_code == 302
    assert Absence.objects.state_at(moment.now()).count() == 1
    assert client.post(f"/team/{ada.pk}/back").status_code == 302
    assert not Absence.objects.state_at(moment.now() + timedelta(seconds=1)).exists()
    assert client_of(rep("Nosy").user).get(f"/team/{ada.pk}/absence").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_two_who_click_take_at_once_one_gets_it_the_other_a_409() -> None:
    """R2, through HTTP: 30 races, 200 in the proof."""
    ada, bob = rep("Ada"), rep("Bob")
    house.pool("shared", ada, bob, claimable=True, claim_limit=1000)
    house.rules(fallback="shared")
    leads = [LeadFactory(pool="shared") for _ in range(sized(30, 200))]
    answers: dict[str, list[int]] = {}
    gate = threading.Barrier(2)

    def click(who: Rep) -> None:
        client = client_of(who.user)
        answers[who.user.name] = []
        for lead in leads:
            gate.wait(60)  # both at the same instant, each time
            answers[who.user.name].append(client.post(f"/pool/{lead.pk}/claim").status_code)
        connection.close()

    threads = [threading.Thread(target=click, args=(who,)) for who in (ada, bob)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(600)
    pairs = Counter(tuple(sorted(pair)) for pair in zip(*answers.values(), strict=True))
    assert pairs == {(302, 409): len(leads)}


@pytest.mark.django_db
def test_the_page_of_rules_offers_a_manager_only_doors_that_open() -> None:
    mine, other = rep("Ada", "paris"), rep("Bo", "lyon")
    house.pool("everyone", mine, other)
    client = client_of(member("Max", Role.MANAGER, "paris"))
    page = client.get("/routing").content.decode()
    for one, opens in ((mine, True), (other, False)):
        address = reverse("routing:deactivate", args=[one.pk])
        assert (address in page, client.get(address).status_code == 200) == (opens, opens)


@pytest.mark.django_db
def test_a_lead_taken_by_mistake_goes_back_within_the_grace_time_and_still_counts() -> None:
    ada = rep("Ada")
    shared = house.pool("shared", ada, claimable=True)
    house.rules(house.rule("pull", {"claim": "shared"}))
    (lead,) = house.arrive([LeadFactory(company="Acme SAS")])
    client = client_of(ada.user)
    client.post(f"/pool/{lead.pk}/claim")
    assert f"/pool/{lead.pk}/give-back" in client.get("/pool").content.decode()
    assert client.post(f"/pool/{lead.pk}/give-back").status_code == 302
    lead.refresh_from_db()
    assert (lead.owner_id, lead.pool, lead.held) == (None, "shared", "")
    assert selectors.claims_since(ada.pk, shared, moment.now()) == 1
    client.post(f"/pool/{lead.pk}/claim")
    Assignment.objects.filter(lead=lead, ended_at=None).update(started_at=moment.now() - timedelta(minutes=16))
    assert client.post(f"/pool/{lead.pk}/give-back").status_code == 409
    lead.refresh_from_db()
    assert lead.owner_id == ada.pk


@pytest.mark.django_db
def test_leads_that_wait_long_stand_first_and_a_pool_can_be_picked() -> None:
    ada = rep("Ada")
    house.pool("shared", ada, claimable=True, claim_limit=3)
    house.pool("other", ada, claimable=True, claim_limit=2)
    old, new = LeadFactory(pool="shared", company="Old SA"), LeadFactory(pool="other", company="New SA")
    Lead.objects.filter(pk=old.pk).update(received_at=moment.now() - timedelta(hours=5))
    client = client_of(ada.user)
    every = client.get("/pool")
    assert [[card["company"] for card in cards] for _shelf, cards in every.context["shelves"]] == [
        ["Old SA"],
        ["New SA"],
    ]
    assert every.context["allowance"] == 5
    one = client.get("/pool?pool=other")
    assert (one.context["allowance"], [card["id"] for card in one.context["cards"]]) == (2, [new.pk])
