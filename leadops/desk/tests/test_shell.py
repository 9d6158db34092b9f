"""What every page has: navigation by role, the availability switch, and answers when something is wrong."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import RequestFactory
from django.utils import translation

from leadops import moment
from leadops.access import actor_of
from leadops.desk import errors
from leadops.desk.context import navigation
from leadops.desk.tests.desk_cast import HX, Desk, client_of
from leadops.models import Absence

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize(
    ("who", "first", "absent"),
    [
        ("lea", ["inbox", "pool", "leads"], {"sources", "submissions", "admin"}),
        ("manager", ["pool", "team", "leads"], {"inbox", "submissions", "admin"}),
        ("executive", ["leads", "reports", "qualification"], {"inbox", "pool", "sources", "admin"}),
        ("marketing", ["leads", "reports", "qualification"], {"inbox", "pool"}),
        ("revenue", ["pool", "team", "leads"], {"inbox"}),
    ],
)
def test_each_role_has_its_pages_in_the_order_of_its_work(
    desk: Desk, who: str, first: list[str], absent: set[str]
) -> None:
    person = getattr(desk, who)
    keys = [item["key"] for item in navigation(actor_of(getattr(person, "user", person)), "/", 0)]
    assert keys[: len(first)] == first
    assert not absent & set(keys)


@pytest.mark.parametrize("who", ["lea", "manager", "executive", "marketing", "revenue"])
def test_no_link_of_the_navigation_is_refused(desk: Desk, who: str) -> None:
    person = getattr(desk, who)
    client = client_of(getattr(person, "user", person))
    for item in navigation(actor_of(getattr(person, "user", person)), "/", 0):
        assert client.get(item["url"], follow=True).status_code == 200, item["url"]


@pytest.mark.parametrize(
    ("choice", "kind", "open_end"), [("busy60", "busy", False), ("off", "away", False), ("away", "away", True)]
)
def test_the_switch_sets_an_absence_and_available_ends_it(desk: Desk, choice: str, kind: str, open_end: bool) -> None:
    client = client_of(desk.lea.user, "en")
    answer = client.post("/availability", {"choice": choice, "next": "/inbox"})
    assert answer["Location"] == "/inbox"
    row = Absence.objects.filter(rep=desk.lea).state_at(moment.now()).get()
    assert (row.kind, row.valid_to is None) == (kind, open_end)
    assert "You receive no new leads" in client.get("/inbox").content.decode()
    client.post("/availability", {"choice": "available"})
    assert not Absence.objects.filter(rep=desk.lea).state_at(moment.now()).exists()


def test_busy_for_a_moment_leaves_planned_leave_alone(desk: Desk) -> None:
    client, now = client_of(desk.lea.user), moment.now()
    leave = {"kind": "leave", "by_id": None}
    start, end = now + timedelta(days=7), now + timedelta(days=14)
    Absence.objects.change(identity={"rep": desk.lea}, values=leave, valid_from=start, valid_to=end, known_at=now)
    for choice in ("busy30", "busy120", "available"):
        client.post("/availability", {"choice": choice})
    assert Absence.objects.filter(rep=desk.lea).state_at(start, known_at=moment.now()).get().valid_to == end


@pytest.mark.parametrize(("who", "choice", "status"), [("manager", "away", 404), ("lea", "gone fishing", 422)])
def test_the_switch_refuses_what_it_does_not_know(desk: Desk, who: str, choice: str, status: int) -> None:
    person = getattr(desk, who)
    client = client_of(getattr(person, "user", person))
    assert client.post("/availability", {"choice": choice}).status_code == status
    assert not Absence.objects.exists()


def test_an_unknown_address_is_a_page_and_a_fragment(desk: Desk) -> None:
    client = client_of(desk.lea.user, "en")
    answer = client.get("/no-such-page")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode() and "<html" in answer.content.decode()


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Whoever sends a lead now is told to try again"), ("fr", "est invité à réessayer")]
)
def test_while_the_database_is_away_pages_say_so_and_ask_it_nothing(
    desk: Desk, monkeypatch: Any, django_assert_num_queries: Any, language: str, words: str
) -> None:
    request = RequestFactory().get("/inbox")
    with django_assert_num_queries(0), translation.override(language):
        answer = errors.database_away(request)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert words in answer.content.decode() and "<html" in answer.content.decode()


def test_an_outage_noticed_deep_inside_a_page_is_a_503(desk: Desk, monkeypatch: Any) -> None:
    def away(*args: Any, **kwargs: Any) -> Any:
        raise OperationalError("gone")

    client = client_of(desk.lea.user)
    monkeypatch.setattr("leadops.desk.selectors.inbox_page", away)
    monkeypatch.setattr("leadops.desk.errors.connection.close", lambda: None)
    answer = client.get("/inbox")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_a_fault_of_ours_is_a_page_without_traceback() -> None:
    answer = errors.server_error(RequestFactory().get("/inbox"))
    assert (
        answer.status_code == 500 and "Traceback" not in answer.content.decode() and "<html" in answer.content.decode()
    )
    assert (
        errors.server_error(RequestFactory().get("/api/v1/leads")).headers["Content-Type"] == "application/problem+json"
    )


def test_a_signed_out_fragment_answers_401_so_that_what_was_typed_stays(client: Any) -> None:
    assert (
        client.post("/leads/01a206c3-716d-770c-a1f3-a2f71648529a/notes", {"text": "x"}, headers=HX).status_code == 401
    )


FORMS = {
    "/users/invite": "/users",
    "/settings/tokens": "/settings",
    "/account/security/set-up": "/account/security",
    "/suppressions/add": "/suppressions",
    "/sources/new": "/sources/new",
}


def test_the_language_is_changed_on_a_form_that_came_back_and_leads_to_its_page(desk: Desk) -> None:
    for sent_to, page in FORMS.items():
        client = client_of(desk.marketing if page == "/sources/new" else desk.revenue, "en")
        client.get(page)
        came_back = client.post(sent_to, {"email": "no address"})
        assert came_back.status_code in (200, 422) and b"data-focus" in came_back.content, sent_to
        (following,) = set(re.findall(r'name="next" value="([^"]*)"', came_back.content.decode()))
        assert following == page
        assert client.get(following).status_code == 200


def test_the_address_of_a_form_opened_in_a_browser_is_a_page_that_says_so(desk: Desk) -> None:
    client = client_of(desk.revenue, "en")
    answer = client.get("/users/invite", headers={"accept": "text/html,*/*"})
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "This address is no page" in answer.content.decode()
    assert client.get("/users/invite").content == b"", "a program is told by the status"
    assert client.post("/users", headers={"accept": "text/html"}).status_code == 405
