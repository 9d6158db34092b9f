"""Pools and territories are set in the admin; what held before stays known."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from leadops import moment
from leadops.models import Role
from leadops.testing import DAWN, member, rep
from routing import territories
from routing.models import Pool, PoolMember, Territory
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
