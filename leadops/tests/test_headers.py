"""Behind a TLS proxy: what the settings of LEADOPS_HTTPS=1 make of cookies, redirects and headers; the matrix asks every route the rest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings as house
from django.test import Client

from leadops import moment
from leadops.desk.tokens import make_token
from leadops.models import Role
from leadops.testing import PASSWORD, member
from leadops.tests import headers

pytestmark = pytest.mark.django_db


@pytest.fixture
def encrypted(settings: Any) -> None:
    """The settings as the file makes them for a house behind a proxy."""
    asked = (
        "import json, leadops.settings as s; print(json.dumps({k: v for k, v in vars(s).items() "
        "if k.startswith(('HTTPS', 'SECURE_', 'SESSION_COOKIE_', 'CSRF_'))}))"
    )
    env = {**os.environ, "LEADOPS_HTTPS": "1", "LEADOPS_MODE": "serve", "ALLOWED_HOSTS": "testserver"}
    told = subprocess.run([sys.executable, "-c", asked], env=env, cwd=house.BASE_DIR, capture_output=True, check=True)
    for name, value in json.loads(told.stdout).items():
        setattr(settings, name, value)


def test_behind_a_proxy_cookies_are_the_hosts_own_and_pages_are_never_plain(encrypted: None) -> None:
    user, client = member("Inès", Role.REVENUE_OPS), Client()
    for path in ("/sign-in", "/leads", "/admin/", "/f/nowhere", "/u/nowhere"):
        plain = client.get(path)
        assert (plain.status_code, plain["Location"]) == (301, f"https://testserver{path}"), path
    said = client.post("/sign-in", {"email": user.email, "password": PASSWORD}, secure=True)
    client.get("/settings", secure=True)
    profile = {"language": "en", "zone": "Europe/Paris", "theme": "dark", "shortcuts": "on"}
    assert client.post("/settings", profile, secure=True).status_code == 302
    assert said.status_code == 302 and {"__Host-sessionid", "__Host-csrftoken"} <= set(client.cookies)
    for name, cookie in client.cookies.items():
        assert (cookie["secure"], cookie["path"], cookie["domain"], cookie["samesite"]) == (True, "/", "", "Lax"), name
    assert client.cookies["__Host-sessionid"]["httponly"]
    for path in (
        "/leads",
        "/nothing-here",
        "/api/v1/leads",
        "/api/v1/docs",
        "/admin/",
        "/static/css/base.css",
        "/healthz",
    ):
        answer = client.get(path, secure=True)
        assert answer["Strict-Transport-Security"].startswith("max-age=31536000; includeSubDomains"), path
        assert not headers.faults(path, answer, signed_in="/static/" not in path), path


def test_a_program_that_comes_unencrypted_is_refused_and_not_sent_on(encrypted: None) -> None:
    token = make_token(member("Inès", Role.REVENUE_OPS), "reads", ["all"], moment.now())
    program = Client(headers={"authorization": f"Bearer {token}"})
    refused = program.get("/api/v1/leads")
    assert (refused.status_code, refused.json()["code"]) == (403, "not-encrypted")
    assert program.post("/api/v1/leads", {}, "application/json").status_code == 403
    assert program.get("/api/v1/leads", secure=True).status_code == 200
    assert Client().get("/healthz").status_code == 200, "a balancer asks without TLS"


def test_without_a_proxy_the_same_addresses_are_served_plain() -> None:
    assert Client().get("/sign-in").status_code == 200
    assert "Strict-Transport-Security" not in Client().get("/sign-in")
