"""Signing in, where each role lands, the language switch and the doors that demo mode alone opens."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from leadops import moment
from leadops.desk.tests.desk_cast import Desk, client_of
from leadops.models import Role, User
from leadops.platform import brief
from leadops.testing import PASSWORD, LeadFactory, member

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_right_password_opens_and_goes_where_one_wanted(desk: Desk, client: Client) -> None:
    data = {"email": desk.lea.user.email.upper(), "password": PASSWORD, "next": "/leads?open=true"}
    answer = client.post("/sign-in", data)
    assert (answer.status_code, answer["Location"]) == (302, "/leads?open=true")
    assert client.get("/inbox").status_code == 200


@pytest.mark.parametrize("email", ["lea.martin@example.com", "nobody@example.com"])
def test_a_wrong_password_and_an_unknown_address_read_the_same(desk: Desk, client: Client, email: str) -> None:
    answer = client.post("/sign-in", {"email": email, "password": "wrong"}, headers={"accept-language": "en"})
    assert answer.status_code == 422
    assert "do not match an active account" in answer.content.decode()


def test_who_left_does_not_come_in(desk: Desk, client: Client) -> None:
    User.objects.filter(pk=desk.lea.pk).update(is_active=False)
    assert client.post("/sign-in", {"email": desk.lea.user.email, "password": PASSWORD}).status_code == 422


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "javascript:alert(1)",
        "\\\\evil.example",
        "%0d%0aX:1",
        "/a\r\nX:1",
        "admin:index",
    ],
)
def test_nobody_is_sent_to_another_house(desk: Desk, client: Client, elsewhere: str) -> None:
    answer = client.post("/sign-in", {"email": desk.lea.user.email, "password": PASSWORD, "next": elsewhere})
    assert answer["Location"] == "/"
    assert client.post("/language", {"language": "en", "next": elsewhere})["Location"] == "/"


def test_demo_buttons_exist_in_demo_mode_only(desk: Desk, client: Client, settings: Any) -> None:
    lea = member("Léa Démo", "rep", "paris")
    User.objects.filter(pk=lea.pk).update(email="lea@demo.example")
    assert "sign-in/demo" not in client.get("/sign-in").content.decode()
    client.post("/sign-in/demo", {"email": "lea@demo.example"})
    assert "_auth_user_id" not in client.session
    settings.MODE = "demo"
    assert "sign-in/demo" in client.get("/sign-in").content.decode()
    client.post("/sign-in/demo", {"email": desk.lea.user.email})
    assert "_auth_user_id" not in client.session, "only people of the demo company have a button"
    client.post("/sign-in/demo", {"email": "lea@demo.example"})
    assert client.session["_auth_user_id"] == str(lea.pk)


@pytest.mark.parametrize(
    ("who", "page"),
    [("lea", "/inbox"), ("manager", "/leads"), ("executive", "/reports/executive"), ("marketing", "/sources"), ("revenue", "/leads")],
)  # fmt: skip
def test_each_role_lands_on_its_own_screen(desk: Desk, who: str, page: str) -> None:
    person = getattr(desk, who)
    assert client_of(getattr(person, "user", person)).get("/")["Location"] == page


def test_the_language_switch_keeps_the_page_and_lasts(desk: Desk) -> None:
    client = client_of(desk.lea.user, "en")
    answer = client.post("/language", {"language": "fr", "next": "/leads?q=roux"})
    assert answer["Location"] == "/leads?q=roux"
    assert User.objects.get(pk=desk.lea.pk).language == "fr"
    text = client.get("/leads?q=roux").content.decode()
    assert '<html lang="fr"' in text and 'value="roux"' in text
    client.post("/language", {"language": "xx", "next": "/leads"})
    assert User.objects.get(pk=desk.lea.pk).language == "fr"


def test_signing_out_is_a_post(desk: Desk) -> None:
    client = client_of(desk.lea.user)
    assert client.get("/sign-out").status_code == 405
    client.post("/sign-out")
    assert client.get("/inbox").status_code == 302


def test_a_language_chosen_at_the_door_is_the_persons_own_from_then_on(desk: Desk, client: Client) -> None:
    User.objects.filter(pk=desk.lea.pk).update(language="fr")
    client.post("/language", {"language": "en", "next": "/sign-in"})
    client.post("/sign-in", {"email": desk.lea.user.email, "password": PASSWORD})
    assert '<html lang="en"' in client.get("/inbox").content.decode()
    assert User.objects.get(pk=desk.lea.pk).language == "en"
    client.post("/sign-out")
    client.post("/sign-in", {"email": desk.karim.user.email, "password": PASSWORD})
    assert '<html lang="fr"' in client.get("/inbox").content.decode(), "another person's language is their own"


def test_a_page_that_is_not_there_keeps_the_navigation_of_who_is_signed_in(desk: Desk, client: Client) -> None:
    lost = client_of(desk.lea.user).get("/nothing-here")
    assert lost.status_code == 404 and 'class="nav-item"' in lost.content.decode()
    assert 'class="nav-item"' not in client.get("/nothing-here").content.decode()


def test_a_token_offers_what_the_persons_roles_can_use_in_words(desk: Desk) -> None:
    client = client_of(desk.lea.user, "en")
    text = client.get("/settings").content.decode()
    assert "Change leads (leads:write)" in text and "users:write" not in text
    refused = client.post("/settings/tokens", {"name": "x"})
    assert refused.status_code == 422 and "Tick what the token may do" in refused.content.decode()


def test_the_form_to_assign_says_who_has_room(desk: Desk) -> None:
    desk.lead()
    held = LeadFactory(held="no_rule", held_at=moment.now())
    text = client_of(desk.manager, "en").get(f"/leads/{held.pk}/assign?back=waiting").content.decode()
    assert "Choose a rep" in text and "load 1" in text and "in their hours" in text and "Why it waits" in text
    assert "---------" not in text


def test_a_session_that_another_process_ended_is_over_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table is the truth; what this process remembers of a session is asked for again after five seconds."""
    client = Client()
    client.force_login(member("Nadia", Role.MANAGER), backend="leadops.desk.signin.EmailBackend")
    assert client.get("/team").status_code == 200
    Session.objects.all().delete()  # as the process where they signed out did
    assert client.get("/team").status_code == 200, "remembered"
    later = time.time() + brief.SECONDS
    monkeypatch.setattr(time, "time", lambda: later)
    assert client.get("/team").status_code == 302
