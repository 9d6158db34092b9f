"""The second factor from set-up to loss: what opens, what opens once only, who needs one, who may take one away."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from leadops.access import actor_of
from leadops.audited import EntryOrigin
from leadops.desk import factor_policy, second_factor, signin
from leadops.desk.tests.desk_cast import HX, client_of
from leadops.desk.tokens import make_token
from leadops.journal import JournalEntry
from leadops.limit import Limit
from leadops.models import Role, User
from leadops.testing import DAWN, PASSWORD, member
from leadops.unit import in_unit

pytestmark = pytest.mark.django_db
STEP = 30


class Phone:
    """An authenticator app, and the clock both sides look at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.secret = 1_800_000_015.0, ""
        monkeypatch.setattr(totp, "time", SimpleNamespace(time=lambda: self.now))

    def code(self, late: int = 0) -> str:
        return totp.format_hotp_value(totp.hotp_value(self.secret, int(self.now) // STEP - late))

    def wait(self) -> None:
        self.now += STEP

    def set_up(self, client: Client) -> list[str]:
        """Reads the key off the page and sets it up; the recovery codes."""
        page = client.get("/account/security").content.decode()
        self.secret = re.search(r'id="factor-key"[^>]*><code>([A-Z2-7]{32})<', page).group(1)
        made = client.post("/account/security/set-up", {"code": self.code(), "password": PASSWORD})
        assert made.status_code == 201, made.content.decode()
        self.wait()
        return re.findall(
            r"\b\d{8}\b", re.search(r'id="recovery-codes".*?</pre>', made.content.decode(), re.S).group(0)
        )


@pytest.fixture(autouse=True)
def _one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signin, "PER_ACCOUNT", Limit(5, 900, share=False))
    monkeypatch.setattr(signin, "PER_SENDER", Limit(50, 900, share=False))


@pytest.fixture
def phone(monkeypatch: pytest.MonkeyPatch) -> Phone:
    return Phone(monkeypatch)


def password_of(client: Client, user: User, **more: Any) -> Any:
    return client.post("/sign-in", {"email": user.email, "password": PASSWORD, **more})


def inside(client: Client) -> bool:
    return "_auth_user_id" in client.session


def require(*roles: str) -> None:
    boss = actor_of(member("Chief", Role.REVENUE_OPS))
    in_unit(lambda unit: factor_policy.put_in_force(list(roles), "the insurer asks for it", unit), actor=boss)
    factor_policy.forget()


def test_from_set_up_to_the_next_sign_in(phone: Phone, client: Client) -> None:
    user = member("Inès", Role.REVENUE_OPS, language="en")
    assert password_of(client, user).status_code == 302 and inside(client), "without one the password alone opens"
    page = client.get("/account/security")
    assert "data:image/svg+xml;base64," in page.content.decode() and "no-store" in page["Cache-Control"]
    wrong = client.post("/account/security/set-up", {"code": "000000", "password": PASSWORD})
    assert wrong.status_code == 422 and not second_factor.has(user)
    phone.secret = re.search(r"<code>([A-Z2-7]{32})<", wrong.content.decode()).group(1)
    unproved = client.post("/account/security/set-up", {"code": phone.code(), "password": "a wrong password"})
    assert unproved.status_code == 422 and not second_factor.has(user), "a screen left open is not enough"
    codes = phone.set_up(client)
    assert len(set(codes)) == 10
    assert not set(codes) & set(re.findall(r"\d{8}", client.get("/account/security").content.decode())), "shown once"
    client.post("/sign-out")

    asked = password_of(client, user, next="/leads?open=true")
    assert (asked.status_code, asked["Location"], inside(client)) == (302, "/sign-in/code", False)
    assert client.get("/leads")["Location"].startswith("/sign-in"), "the password alone opens nothing"
    assert client.post("/sign-in/code", {"code": "123456"}).status_code == 422
    assert client.post("/sign-in/code", {"code": phone.code(late=1)}).status_code == 422, "used when it was set up"
    opened = client.post("/sign-in/code", {"code": f" {phone.code()[:3]} {phone.code()[3:]} "})
    assert (opened.status_code, opened["Location"], inside(client)) == (302, "/leads?open=true", True)
    assert client.get("/sign-in/code")["Location"] == "/sign-in"


def test_a_code_opens_once_in_the_whole_house(phone: Phone, client: Client) -> None:
    user = member("Inès", Role.REVENUE_OPS)
    phone.set_up(client_of(user))
    assert second_factor.accepts(user, phone.code()) == "totp"
    cache.clear()  # what this process remembers: another one never knew it
    assert second_factor.accepts(user, phone.code()) == ""
    phone.wait()
    assert second_factor.accepts(user, phone.code(late=1)) == "", "nor one of a half minute before the last used"
    assert second_factor.accepts(user, phone.code()) == "totp"
    phone.now += 10 * STEP
    assert second_factor.accepts(user, phone.code(late=2)) == "", "too old"


def test_a_recovery_code_opens_once_and_new_ones_end_the_old(phone: Phone, client: Client) -> None:
    user = member("Inès", Role.REVENUE_OPS, language="en")
    mine = client_of(user)
    first, second, *_rest = phone.set_up(mine)
    password_of(client, user)
    landed = client.post("/sign-in/code", {"code": first}, follow=True)
    assert inside(client) and "Codes left: 9" in landed.content.decode()
    again = Client()
    password_of(again, user)
    assert again.post("/sign-in/code", {"code": first}).status_code == 422 and not inside(again)
    made = mine.post("/account/security/codes", {"codes-password": PASSWORD})
    assert made.status_code == 201
    assert again.post("/sign-in/code", {"code": second}).status_code == 422
    fresh = re.search(r'id="recovery-codes"[^>]*><code>(\d{8})', made.content.decode()).group(1)
    assert again.post("/sign-in/code", {"code": fresh}).status_code == 302 and inside(again)


def test_guessing_codes_waits_like_guessing_passwords(phone: Phone, client: Client) -> None:
    user = member("Inès", Role.REVENUE_OPS)
    phone.set_up(client_of(user))
    password_of(client, user)
    tries = [client.post("/sign-in/code", {"code": f"00000{n}"}) for n in range(6)]
    assert [each.status_code for each in tries] == [422] * 5 + [429] and int(tries[-1]["Retry-After"]) > 0
    assert client.post("/sign-in/code", {"code": phone.code()}).status_code == 429 and not inside(client)
    why = [entry.data["why"] for entry in JournalEntry.objects.filter(kind="sign_in_refused")]
    assert why == ["code"] * 5


def test_who_took_the_password_has_five_minutes_for_the_code(phone: Phone, client: Client, settings: Any) -> None:
    user = member("Inès", Role.REVENUE_OPS)
    phone.set_up(client_of(user))
    password_of(client, user)
    settings.ACCOUNT_LOGIN_TIMEOUT = -1
    assert client.post("/sign-in/code", {"code": phone.code()})["Location"] == "/sign-in" and not inside(client)


def test_roles_that_need_one_get_no_further_without(phone: Phone) -> None:
    require("revenue_ops", "manager")
    user, manager = member("Inès", Role.REVENUE_OPS, language="en"), member("Nadia", Role.MANAGER, "paris")
    executive, client = member("Paul", Role.EXECUTIVE), client_of(user)
    for path in ("/leads", "/users", "/admin/", "/settings", "/"):
        assert client.get(path)["Location"] == "/account/security", path
    assert client.get("/leads", headers=HX).status_code == 403
    assert client.post("/settings", {"language": "en"}).status_code == 403
    refused = client.get("/api/v1/leads")
    assert (refused.status_code, refused.json()["code"]) == (403, "second-factor-needed")
    assert client_of(manager).get("/leads")["Location"] == "/account/security"
    assert client_of(executive).get("/reports/executive").status_code == 200
    token = make_token(user, "reads", ["leads:read"], DAWN)
    assert Client(headers={"authorization": f"Bearer {token}"}).get("/api/v1/leads").status_code == 200
    elsewhere = client_of(user)
    phone.set_up(client)
    assert client.get("/leads").status_code == 200
    assert elsewhere.get("/leads")["Location"].startswith("/sign-in"), "opened by the password alone"
    assert not inside(elsewhere)
    client.post("/account/security/remove", {"remove-password": PASSWORD})
    assert not second_factor.has(user) and client.get("/leads")["Location"] == "/account/security"


def test_the_policy_is_put_in_force_by_who_runs_the_house_and_told_in_the_journal(client: Client) -> None:
    boss, manager = member("Inès", Role.REVENUE_OPS, language="en"), member("Nadia", Role.MANAGER, "paris")
    given = {"roles": ["executive"], "reason": "Board papers"}
    assert client_of(manager).post("/settings/sign-in", given).status_code == 403
    assert client_of(boss).post("/settings/sign-in", given).status_code == 302
    page = client_of(boss).get("/settings/sign-in").content.decode()
    assert "A second factor is needed by: Executive." in page and "Board papers" in page
    assert JournalEntry.objects.get(kind="version_published").data["kind"] == "sign_in"
    assert client_of(boss).post("/settings/sign-in", {"roles": ["emperor"], "reason": "x"}).status_code == 422


def test_a_lost_phone_is_helped_by_who_lets_people_in_and_by_the_operator(phone: Phone) -> None:
    user, boss = member("Léa", Role.MANAGER, "paris"), member("Inès", Role.REVENUE_OPS)
    open_session = client_of(user)
    phone.set_up(open_session)
    address = f"/users/{user.pk}/second-factor"
    assert client_of(member("Nadia", Role.MANAGER, "paris")).post(address).status_code == 403
    assert second_factor.has(user)
    assert client_of(boss).post(address).status_code == 302
    assert not second_factor.has(user) and open_session.get("/leads").status_code == 302, "whoever has the phone is out"
    phone.set_up(client_of(User.objects.get(pk=user.pk)))
    call_command("remove_second_factor", user.email)
    assert not Authenticator.objects.exists()
    acts = [entry.data["act"] for entry in JournalEntry.objects.filter(kind="second_factor").order_by("pk")]
    assert acts == ["set_up", "removed"] * 2


def test_who_removes_it_here_is_out_everywhere_else(phone: Phone, client: Client) -> None:
    """A session that a code opened is none of a password alone."""
    user = member("Paul", Role.EXECUTIVE, language="en")
    password_of(client, user)
    phone.set_up(client)
    other = Client()
    password_of(other, user)
    other.post("/sign-in/code", {"code": phone.code()})
    assert inside(other)
    assert other.get("/account/security").status_code == 200
    gone = client.post("/account/security/remove", {"remove-password": PASSWORD})
    assert gone.status_code == 302 and not second_factor.has(user)
    assert client.get("/account/security").status_code == 200, "this one goes on"
    assert other.get("/account/security")["Location"].startswith("/sign-in")


def test_no_table_and_no_session_holds_a_key_in_clear(phone: Phone, client: Client) -> None:
    user = member("Inès", Role.REVENUE_OPS)
    password_of(client, user)
    page = client.get("/account/security").content.decode()
    secret = re.search(r"<code>([A-Z2-7]{32})<", page).group(1)
    assert secret not in json.dumps([row.get_decoded() for row in Session.objects.all()])
    codes = phone.set_up(client)
    kept = json.dumps(list(Authenticator.objects.values_list("data", flat=True)), default=str)
    assert secret not in kept and not any(code in kept for code in codes)


def test_the_button_of_the_demo_asks_for_the_code_too(phone: Phone, client: Client, settings: Any) -> None:
    user = member("Léa Démo", Role.MANAGER, "paris")
    User.objects.filter(pk=user.pk).update(email="lea@demo.example")
    phone.set_up(client_of(user))
    settings.MODE = "demo"
    assert client.post("/sign-in/demo", {"email": "lea@demo.example"})["Location"] == "/sign-in/code"
    assert not inside(client)


def test_a_sign_in_and_its_failures_are_told_with_where_they_came_from(client: Client) -> None:
    user = member("Inès", Role.REVENUE_OPS)
    client.post("/sign-in", {"email": user.email, "password": "wrong"}, REMOTE_ADDR="192.0.2.7")
    client.post("/sign-in", {"email": "who@firm.example", "password": "wrong"}, REMOTE_ADDR="192.0.2.7")
    client.post("/sign-in", {"email": user.email, "password": PASSWORD}, REMOTE_ADDR="192.0.2.8")
    rows = list(JournalEntry.objects.order_by("pk"))
    assert [(row.kind, row.actor_id, row.data.get("user")) for row in rows] == [
        ("sign_in_refused", None, str(user.pk)),
        ("sign_in_refused", None, ""),
        ("signed_in", user.pk, None),
    ]
    assert "who@firm" not in json.dumps([row.data for row in rows]), "what a stranger typed is kept nowhere"
    origins = dict(EntryOrigin.objects.values_list("entry", "address"))
    assert [origins[row.pk] for row in rows] == ["192.0.2.7", "192.0.2.7", "192.0.2.8"]


def test_a_house_with_another_key_says_so_instead_of_failing(phone: Phone, client: Client, settings: Any) -> None:
    user = member("Inès", Role.REVENUE_OPS)
    phone.set_up(client_of(user))
    settings.SECRET_KEY = "another key of this house, as after a restore without the old one"
    password_of(client, user)
    assert client.post("/sign-in/code", {"code": phone.code()}).status_code == 409
    call_command("remove_second_factor", user.email)
    assert password_of(client, user)["Location"] == "/"
