"""Pools and territories are set in the admin; what held before stays known."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from leadops import access, moment
from leadops.access import actor_of
from leadops.errors import Refused
from leadops.models import Rep, Role
from leadops.shipped import install_defaults
from leadops.testing import DAWN, member, rep
from leadops.unit import in_unit
from leadops.versions.models import Version
from leadops.versions.services import version_at
from routing import memberships, territories
from routing.models import Pool, PoolMember, Territory, TerritoryPlace
from routing.tests import a_house as house

pytestmark = pytest.mark.django_db


def ops() -> Client:
    client = Client()
    client.force_login(member("Rita", Role.REVENUE_OPS))
    return client


def test_members_and_weights_change_from_now_on() -> None:
    ada, bob = rep("Ada"), rep("Bob")
    pool = house.pool("north", ada)
    sent = {
        "name_fr": "Nord", "name_en": "North", "method": "credit", "absence": "none", "claim_limit": 5, "active": "on",
        "team": "", "members": f"{ada.user.email} | 2\n{bob.user.email}",
    }  # fmt: skip
    answer = ops().post(f"/admin/routing/pool/{pool.pk}/change/", sent)
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    now = PoolMember.objects.state_at(moment.now() + timedelta(seconds=1)).values_list("rep", "weight")
    assert dict(now) == {ada.pk: 2, bob.pk: 1}
    before = PoolMember.objects.state_at(DAWN + timedelta(days=1)).values_list("rep", "weight")
    assert dict(before) == {ada.pk: 1}
    assert Pool.objects.get(pk=pool.pk).name == {"fr": "Nord", "en": "North"}


def test_a_manager_puts_reps_of_their_own_team_into_its_pool_and_of_no_other() -> None:
    ada, bob, far = rep("Ada"), rep("Bob"), rep("Far", team="lyon")
    pool = house.pool("north", ada)
    Pool.objects.filter(pk=pool.pk).update(team=ada.team)
    pool.refresh_from_db()
    manager, one = actor_of(member("Max", Role.MANAGER, "paris")), Decimal(1)

    def put(*reps: Rep) -> None:
        in_unit(lambda unit: memberships.set_members(pool, {each.pk: one for each in reps}, unit), actor=manager)

    put(ada, bob)
    with pytest.raises(Refused, match="another team"):
        put(ada, bob, far)
    assert set(PoolMember.objects.filter(known_to=None, valid_to=None).values_list("rep", flat=True)) == {
        ada.pk,
        bob.pk,
    }
    in_unit(lambda unit: memberships.set_members(pool, {ada.pk: one, far.pk: one}, unit), actor=access.SYSTEM)
    put(bob, far)  # who is in it already may stay, and go
    put(bob)


@pytest.mark.parametrize("line", ["ghost@example.com | 1", "{ada} | none", "{ada} | 0"])
def test_a_line_that_is_no_member_is_refused(line: str) -> None:
    ada = rep("Ada")
    pool = house.pool("north", ada)
    sent = {"name_fr": "N", "name_en": "N", "method": "credit", "absence": "none", "claim_limit": 5}
    answer = ops().post(
        f"/admin/routing/pool/{pool.pk}/change/", sent | {"members": line.replace("{ada}", ada.user.email)}
    )
    assert answer.status_code == 200
    assert PoolMember.objects.filter(known_to=None).count() == 1


def test_a_place_belongs_to_one_territory() -> None:
    house.territory("france", ("country", "FR", ""))
    rhone = Territory.objects.create(key="rhone", name={})
    url, sent = f"/admin/routing/territory/{rhone.pk}/change/", {"name_fr": "R", "name_en": "R", "active": "on"}
    client = ops()
    assert client.post(url, sent | {"places": "fr"}).status_code == 200
    assert client.post(url, sent | {"places": "fr | postcode | 69\nBE"}).status_code == 302
    at = moment.now() + timedelta(seconds=1)
    found = territories.places_at(at)
    assert territories.territory_of("FR", "", "69003", found) == "rhone"
    assert territories.territory_of("BE", "", "", found) == "rhone"


def test_territories_hold_for_the_whole_house_and_a_team_manager_leaves_them_alone() -> None:
    rhone, place = Territory.objects.create(key="rhone", name={}), ("postcode", "FR", "69")
    marc, wanda = actor_of(member("Marc", Role.MANAGER, "paris")), actor_of(member("Wanda", Role.MANAGER))
    with pytest.raises(Refused):
        house.do(lambda unit: memberships.set_places(rhone, [place], unit), marc)
    assert not TerritoryPlace.objects.exists()
    house.do(lambda unit: memberships.set_places(rhone, [place], unit), wanda)
    assert TerritoryPlace.objects.count() == 1


def taken_away(body: dict[str, Any]) -> list[bool]:
    clocks = [clock for policy in body["policies"] for clock in policy["clocks"]]
    return [rung["on"] for clock in clocks for rung in clock.get("ladder", ()) if rung["do"] == "take_away"]


@pytest.mark.parametrize(
    ("team", "says", "hides"), [("paris", "Propose to switch", ">Switch o"), (None, ">Switch o", "Propose")]
)
def test_who_leads_one_team_proposes_the_take_away_step_and_the_house_switches_it(team, says, hides) -> None:
    install_defaults()
    live = Version.objects.get(kind="sla", key="house")
    policy = next(p["key"] for p in live.body["policies"] if taken_away({"policies": [p]}))
    client = Client()
    client.force_login(member("Marc", Role.MANAGER, team, language="en"))
    page = client.get("/sla").content.decode()
    assert says in page and hides not in page
    beyond = client.get("/sla", {"calendar": "house", "start": "9999-12-31T23:59", "minutes": "60"})
    assert beyond.status_code == 200 and "9000" in beyond.content.decode()  # said beside the field
    assert client.post(f"/sla/policies/{policy}/take-away", {"on": "1", "reason": " "}).status_code == 422
    assert client.post(f"/sla/policies/{policy}/take-away", {"on": "1", "reason": "x" * 501}).status_code == 422
    assert client.post(f"/sla/policies/{policy}/take-away", {"on": "1", "reason": "\0"}).status_code == 422
    client.post(f"/sla/policies/{policy}/take-away", {"on": "1", "reason": "leads wait \0too long"})
    made, now = Version.objects.get(kind="sla", number=2), version_at("sla", "house", moment.now())
    assert True in taken_away(made.body) and made.reason == "leads wait too long"
    assert (made.state, now) == (("draft", live) if team else ("published", made))
    assert "leads wait too long" in client.get("/sla").content.decode()


def test_a_proposal_reaches_who_may_answer_and_its_maker_hears_the_answer() -> None:
    install_defaults()
    live = Version.objects.get(kind="sla", key="house")
    policy = next(p["key"] for p in live.body["policies"] if taken_away({"policies": [p]}))
    marc, ines = member("Marc", Role.MANAGER, "paris", language="en"), member("Inès", Role.REVENUE_OPS, language="en")
    manager, house = Client(), Client()
    manager.force_login(marc)
    house.force_login(ines)
    for why in ("leads wait too long", "once more"):
        manager.post(f"/sla/policies/{policy}/take-away", {"on": "1", "reason": why})
    assert "Marc proposes SLA version 2: leads wait too long" in house.get("/notices").content.decode()
    first, second = Version.objects.filter(kind="sla", state="draft").order_by("number")
    mine = manager.get("/sla").content.decode()
    assert "Proposed, not in force" in mine and 'value="publish"' not in mine
    assert "— off</del>" in mine and "— on</ins>" in mine
    theirs = {"answer": "publish", "reason": "agreed"}
    assert manager.post(f"/sla/proposals/{first.pk}", theirs).status_code == 403
    assert 'value="publish"' in house.get("/sla").content.decode()
    assert house.post(f"/sla/proposals/{second.pk}", {"answer": "decline", "reason": " "}).status_code == 422
    house.post(f"/sla/proposals/{second.pk}", {"answer": "decline", "reason": "one is enough"})
    house.post(f"/sla/proposals/{first.pk}", theirs)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state, second.answer) == ("published", "declined", "one is enough")
    assert version_at("sla", "house", moment.now()) == first
    assert house.post(f"/sla/proposals/{second.pk}", theirs).status_code == 404
    told = manager.get("/notices").content.decode()
    assert "put your SLA version 2 in force: agreed" in told
    assert "declined your SLA version 3: one is enough" in told
    again = {"reason": "back", "on": "1"}
    assert house.post(f"/api/v1/sla-policies/{second.pk}/rollback", again, "application/json").status_code in (
        400,
        404,
        422,
    )
