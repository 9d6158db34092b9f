"""/settings: one's own preferences and tokens, in both languages; a token is shown once."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from leadops.apitables import ApiToken
from leadops.desk.tests.api_cast import API, House
from leadops.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(house: House) -> Client:
    client = Client()
    client.force_login(house.lea.user)
    return client


def test_a_person_sets_language_zone_theme_and_shortcuts(desk, house: House):
    said = {"language": "en", "zone": "America/New_York", "theme": "dark"}
    assert desk.post(reverse("desk:settings"), said).status_code == 302
    user = User.objects.get(pk=house.lea.pk)
    assert (user.language, user.zone, user.theme, user.shortcuts) == ("en", "America/New_York", "dark", False)
    page = desk.get(reverse("desk:settings"))
    assert "My settings" in page.content.decode() and 'data-theme="dark"' in page.content.decode()


@pytest.mark.parametrize("wrong", [{"zone": "Mars/Olympus"}, {"language": "xx"}, {"theme": "pink"}])
def test_what_does_not_exist_is_refused(desk, house: House, wrong):
    said = {"language": "en", "zone": "Europe/Paris", "theme": "dark", **wrong}
    assert desk.post(reverse("desk:settings"), said).status_code == 422
    assert User.objects.get(pk=house.lea.pk).theme == "auto"


def test_a_token_is_made_shown_once_used_and_revoked(desk, house: House):
    made = desk.post(reverse("desk:make_token"), {"name": "CRM", "scopes": ["leads:read"], "days": "30"})
    (text,) = set(re.findall(r"lo_[A-Za-z0-9_-]{20,}", made.content.decode()))
    assert made.status_code == 201 and "no-store" in made["Cache-Control"]
    page = desk.get(reverse("desk:settings")).content.decode()
    assert text not in page and "CRM" in page and "Mes réglages" in page
    api = Client(headers={"authorization": f"Bearer {text}"})
    assert api.get(f"{API}/leads").status_code == 200
    row = ApiToken.objects.get(name="CRM")
    assert desk.post(reverse("desk:revoke_token", args=[row.pk])).status_code == 302
    assert api.get(f"{API}/leads").status_code == 401


def test_nobody_revokes_the_token_of_somebody_else(desk, house: House):
    assert house.as_karim.get("/leads").status_code == 200
    row = ApiToken.objects.get(user=house.karim.user)
    assert desk.post(reverse("desk:revoke_token", args=[row.pk])).status_code == 404
    assert house.as_karim.get("/leads").status_code == 200


def test_a_token_without_a_name_or_scope_is_not_made(desk, house: House):
    assert desk.post(reverse("desk:make_token"), {"name": "", "scopes": []}).status_code == 422
    assert desk.post(reverse("desk:make_token"), {"name": "x", "scopes": ["world:write"]}).status_code == 422
    assert not ApiToken.objects.filter(user=house.lea.user).exists()
    assert Client().get(reverse("desk:settings")).status_code == 302
