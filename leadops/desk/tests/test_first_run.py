"""The first administrator comes in once, by the terminal's token; afterwards there is nothing."""

from __future__ import annotations

import threading
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from leadops import access, moment
from leadops.demo.models import Demo
from leadops.desk import first_run, people
from leadops.errors import NotFound
from leadops.models import Membership, Role, Team, User
from leadops.testing import UserFactory
from leadops.unit import in_unit

pytestmark = pytest.mark.django_db
GIVEN = {
    "company": "Acier SA", "name": "Inès", "email": "Ines@Acier.example", "password": "quatre mots bien choisis",
    "again": "quatre mots bien choisis", "language": "fr", "zone": "Europe/Paris",
}  # fmt: skip


def page(token: str | None = None) -> str:
    return f"/first-run?token={first_run.token() if token is None else token}"


def test_who_has_the_token_founds_the_house_once() -> None:
    client = Client()
    assert client.get(page("0" * 40)).status_code == client.post(page(""), GIVEN).status_code == 404
    assert client.post(page(), {**GIVEN, "password": "short", "again": "other"}).status_code == 422
    assert not User.objects.exists() and not Team.objects.exists()
    # with `no-referrer` a browser posts with `Origin: null`, and the form would be refused as forged
    assert client.get(page()).headers["Referrer-Policy"] == "same-origin"
    assert client.post(page(), GIVEN).status_code == 302
    user = User.objects.get()
    assert (user.email, Team.objects.get().key) == ("ines@acier.example", "acier-sa")
    assert Membership.objects.get().role == Role.REVENUE_OPS and access.can(access.actor_of(user), "edit_users")
    assert client.get("/settings").status_code == 200, "they are signed in"
    for other in (Client(), client):
        assert other.get(page()).status_code == other.post(page(), GIVEN).status_code == 404
    assert Client().post("/sign-in", {"email": GIVEN["email"], "password": GIVEN["password"]}).status_code == 302


def test_who_comes_second_is_refused_under_the_lock() -> None:
    in_unit(lambda unit: people.found_house(GIVEN, unit), actor=first_run.SETUP)
    with pytest.raises(NotFound):
        in_unit(lambda unit: people.found_house({**GIVEN, "email": "b@b.example"}, unit), actor=first_run.SETUP)
    assert User.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_found_the_house_at_the_same_moment_one_comes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have seen an empty house before either writes."""
    gate, looked, answers = threading.Barrier(2), threading.local(), list[int]()
    real = people.anybody

    def anybody() -> bool:
        found = real()
        if not getattr(looked, "once", False):
            looked.once = True
            gate.wait(20)
        return found

    def found_it(name: str) -> None:
        try:
            answers.append(Client().post(page(), {**GIVEN, "name": name, "email": f"{name}@b.example"}).status_code)
        finally:
            connection.close()

    monkeypatch.setattr(people, "anybody", anybody)
    pair = [threading.Thread(target=found_it, args=(name,)) for name in ("ada", "bob")]
    for each in pair:
        each.start()
    for each in pair:
        each.join(30)
    assert sorted(answers) == [302, 404]
    assert User.objects.count() == Team.objects.count() == Membership.objects.count() == 1


def test_the_terminal_shows_the_link_while_nobody_is_there(settings: Any) -> None:
    settings.MODE = "serve"
    shown = [_said() for _ in range(2)]
    assert all(first_run.address() in text for text in shown)
    UserFactory()
    assert _said() == ""


def test_a_house_of_the_demo_is_not_opened_to_the_outside(settings: Any) -> None:
    """Its accounts have printed passwords; one that was erased from its menu may be."""
    settings.MODE, now = "serve", moment.now()
    demo = Demo.objects.create(seed=1, leads=1, from_at=now, until=now, played_to=now, state=Demo.State.LIVE)
    with pytest.raises(CommandError, match="demo company"):
        _said()
    demo.state = Demo.State.ERASED
    demo.save()
    assert first_run.address() in _said()


def test_a_house_is_not_opened_with_another_key_unless_that_is_meant(settings: Any) -> None:
    _said()
    settings.SECRET_KEY = "another key, as after var/secret_key was lost or replaced"
    with pytest.raises(CommandError, match="SECRET_KEY or as the file var/secret_key"):
        _said()
    call_command("prepare_house", "--new-key", stdout=StringIO(), skip_checks=True)
    _said()


def _said() -> str:
    out = StringIO()
    call_command("prepare_house", stdout=out, skip_checks=True)
    return out.getvalue()
