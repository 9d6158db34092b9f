"""While the database is away everybody gets the same refusal, signed in or not, and it carries the page policy."""

from __future__ import annotations

from typing import NoReturn

import pytest
from django.db import OperationalError
from django.http import HttpRequest
from django.test import Client

from leadops import access
from leadops.desk import errors
from leadops.desk.tests.desk_cast import Desk, client_of
from leadops.models import User

PAGES = ("/", "/leads", "/inbox", "/settings", "/admin/", "/f/demo", "/api/v1/docs")


def gone(*_given: object, **_named: object) -> NoReturn:
    raise OperationalError("the connection is lost")


@pytest.fixture
def signed_in(db: None, monkeypatch: pytest.MonkeyPatch) -> Client:
    client = client_of(Desk().revenue)
    client.raise_request_exception = False
    monkeypatch.setattr(errors.connection, "close", lambda: None)  # the test's own transaction stays
    return client


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("broken", [(User, "from_db"), (access, "actor_of")])
def test_who_is_signed_in_is_asked_to_come_back(
    signed_in: Client, monkeypatch: pytest.MonkeyPatch, path: str, broken: tuple[object, str]
):
    monkeypatch.setattr(*broken, gone)
    answer = signed_in.get(path)
    if "docs" in path:
        assert answer.json()["code"] == "database-away"
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "default-src 'self'" in answer["Content-Security-Policy"]


def test_the_api_says_so_in_its_own_document(signed_in: Client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(User, "from_db", gone)
    answer = signed_in.get("/api/v1/leads")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer["Content-Type"].startswith("application/problem+json")
    assert answer.json()["code"] == "database-away"


def test_an_outage_in_any_other_middleware_is_no_fault_of_ours(signed_in: Client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("django.contrib.sessions.middleware.SessionMiddleware.process_response", gone)
    answer = signed_in.get("/leads")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "default-src 'self'" in answer["Content-Security-Policy"]


def test_another_fault_stays_a_fault(signed_in: Client, monkeypatch: pytest.MonkeyPatch):
    def broken(request: HttpRequest) -> NoReturn:
        raise RuntimeError("ours")

    monkeypatch.setattr("django.contrib.sessions.middleware.SessionMiddleware.process_request", lambda s, r: broken(r))
    assert signed_in.get("/leads").status_code == 500


@pytest.mark.parametrize("path", ["/sign-in", "/f/demo"])
def test_an_unknown_host_is_refused_on_a_page_with_the_policy(path: str):
    answer = Client().get(path, HTTP_HOST="evil.example")
    assert answer.status_code == 400
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    assert b"<main" in answer.content


def test_an_unknown_host_is_refused_as_a_document_in_the_api():
    answer = Client().get("/api/v1/leads", HTTP_HOST="evil.example")
    assert answer.status_code == 400
    assert answer["Content-Type"].startswith("application/problem+json")
    assert answer.json()["code"] == "bad-request"
    assert "default-src 'self'" in answer["Content-Security-Policy"]
