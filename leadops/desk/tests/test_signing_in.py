"""How often somebody may try, and how long a session lasts."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.test import Client

from leadops.desk import signin
from leadops.desk.middleware import IDLE, LONGEST, SEEN, SINCE
from leadops.limit import Limit
from leadops.models import Role
from leadops.testing import PASSWORD, member

pytestmark = pytest.mark.django_db


def tries(client: Client, email: str, password: str = "wrong", sender: str = "192.0.2.1") -> Any:
    return client.post("/sign-in", {"email": email, "password": password}, REMOTE_ADDR=sender)


@pytest.fixture(autouse=True)
def _one_process(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole limit in this process, as if there were no other."""
    settings.WEB_WORKERS = 1
    monkeypatch.setattr(signin, "PER_ACCOUNT", Limit(5, 900))
    monkeypatch.setattr(signin, "PER_SENDER", Limit(50, 900))


def test_after_five_failures_an_account_waits_known_or_not() -> None:
    user = member("Paul", Role.EXECUTIVE)
    for email in (user.email, "nobody@firm.example"):
        answers = [tries(Client(), email) for _ in range(6)]
        assert [each.status_code for each in answers] == [422] * 5 + [429]
        assert int(answers[-1]["Retry-After"]) > 0
    assert tries(Client(), user.email, PASSWORD, sender="192.0.2.9").status_code == 429, (
        "whoever asks, and however right"
    )
    other = member("Claire", Role.EXECUTIVE)
    assert tries(Client(), other.email, PASSWORD).status_code == 302, "nobody else of the same office"


def test_after_fifty_failures_an_address_waits_and_others_do_not() -> None:
    user = member("Paul", Role.EXECUTIVE)
    for n in range(50):
        assert tries(Client(), f"guess{n}@firm.example").status_code == 422
    spoofed = Client(headers={"x-forwarded-for": "203.0.113.7"})  # no proxy is trusted: the header says nothing
    assert tries(spoofed, user.email, PASSWORD).status_code == 429
    assert tries(Client(), user.email, PASSWORD, sender="192.0.2.2").status_code == 302


@pytest.mark.parametrize(
    ("since", "seen", "open_"), [(0, 0, True), (0, IDLE + 5, False), (LONGEST + 5, 0, False), (LONGEST - 60, 60, True)]
)
def test_a_session_ends_idle_after_eight_hours_and_always_after_seven_days(since: int, seen: int, open_: bool) -> None:
    user, client = member("Paul", Role.EXECUTIVE), Client()
    assert tries(client, user.email, PASSWORD).status_code == 302
    session, now = client.session, int(time.time())
    session[SINCE], session[SEEN] = now - since, now - seen
    session.save()
    assert (client.get("/settings").status_code == 200) is open_


def test_an_open_page_that_asks_by_itself_keeps_nobody_signed_in() -> None:
    user, client = member("Paul", Role.EXECUTIVE), Client()
    tries(client, user.email, PASSWORD)
    session, then = client.session, int(time.time()) - 3600
    session[SEEN] = then
    session.save()
    client.get("/inbox/state")
    assert client.session[SEEN] == then
    client.get("/settings")
    assert client.session[SEEN] > then
