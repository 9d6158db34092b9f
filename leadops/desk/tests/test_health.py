"""What probes are told: alive without a database, ready only while every part makes progress."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from leadops import moment
from leadops.desk import health
from leadops.effects import stop
from leadops.platform import heartbeats


def beat_all() -> None:
    for name in health.STALE:
        heartbeats.beat(name)


def age(name: str, seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE leadops_heartbeat SET at = clock_timestamp() - make_interval(secs => %s) WHERE name = %s",
            [seconds, name],
        )


def test_healthz_needs_no_database(client: Client):
    answer = client.get("/healthz")  # no mark: any query would fail the test
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_readyz_is_green_when_every_part_makes_progress(client: Client):
    beat_all()
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["parts"] == dict.fromkeys(["database", "migrations", *health.STALE], True)


@pytest.mark.django_db
def test_readyz_says_that_mail_is_stopped_or_not_set_up_and_stays_green(client: Client, settings: Any):
    beat_all()
    assert client.get("/readyz").json()["mail"] == "unset"
    settings.EMAIL_URL = "smtp://mail.example"
    assert client.get("/readyz").json()["mail"] == "leaves"
    settings.MODE = "demo"
    assert client.get("/readyz").json()["mail"] == "kept"
    stop.begin("restored", moment.now())
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["mail"]) == (200, "stopped")


@pytest.mark.django_db
@pytest.mark.parametrize("name", list(health.STALE))
def test_readyz_is_red_and_names_the_part_whose_heartbeat_is_old(client: Client, name: str):
    beat_all()
    age(name, health.STALE[name] - 5)
    assert client.get("/readyz").status_code == 200
    age(name, health.STALE[name] + 1)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert [part for part, well in answer.json()["parts"].items() if not well] == [name]


@pytest.mark.django_db
def test_readyz_is_red_where_a_part_never_gave_a_sign(client: Client):
    beat_all()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM leadops_heartbeat WHERE name = 'cluster:long'")
    assert client.get("/readyz").json()["parts"]["cluster:long"] is False


@pytest.mark.django_db
def test_readyz_is_red_while_migrations_are_missing(client: Client, monkeypatch: pytest.MonkeyPatch):
    beat_all()
    monkeypatch.setattr(health, "_migrated", lambda: False)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"] == {"database": True, "migrations": False}


@pytest.mark.django_db
def test_readyz_is_red_while_the_database_is_away(client: Client, monkeypatch: pytest.MonkeyPatch):
    def away() -> dict[str, float]:
        raise OperationalError("gone")

    monkeypatch.setattr(heartbeats, "ages", away)
    monkeypatch.setattr(health.connection, "close", lambda: None)  # the test's own transaction stays
    answer = client.get("/readyz")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer.json()["parts"] == {"database": False}
