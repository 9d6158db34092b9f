"""Two who write the same at the same moment: one is first, the other waits or is told so; nobody meets a fault of ours."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections

from leadops import moment
from leadops.desk import availability, people
from leadops.desk.tests.api_cast import House
from leadops.desk.tests.desk_cast import HX, Desk, client_of
from leadops.errors import Conflict
from leadops.models import Absence, User
from leadops.testing import DAWN, rep


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{}, HX])
@pytest.mark.parametrize(
    ("language", "told"),
    [("en", "at the same moment: look at it again"), ("fr", "au même moment\N{NO-BREAK SPACE}: regardez")],
)
def test_on_a_page_who_comes_second_is_told_so(
    house: House, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], language: str, told: str
) -> None:
    """Between the look and the row another one came."""
    monkeypatch.setattr(
        people, "_check_profile", lambda _values: User.objects.create_user("bo@acme.example", created_at=moment.now())
    )
    desk, before = client_of(house.revenue.user, language), User.objects.count()
    given = {"name": "Bo", "email": "bo@acme.example", "role": "executive", "team": "", "language": "en"}
    answer = desk.post("/users/invite", given, headers=headers)
    assert answer.status_code == 409 and told in answer.content.decode()
    assert User.objects.count() == before and desk.get("/users").status_code == 200


@pytest.mark.django_db
def test_another_rule_that_is_broken_is_a_fault_of_ours(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_of: Any, **_values: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO leadops_team (key) VALUES (NULL)")

    monkeypatch.setattr(people, "_check_profile", broken)
    desk = client_of(house.revenue.user)
    desk.raise_request_exception = False
    given = {"name": "Bo", "email": "bo@acme.example", "role": "executive", "team": "", "language": "en"}
    assert desk.post("/users/invite", given).status_code == 500


@pytest.mark.django_db
def test_an_id_twice_is_a_fault_of_ours(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    there = house.revenue.user

    def again(*_of: Any, **_values: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                'INSERT INTO leadops_user SELECT (jsonb_populate_record(u, \'{"email": "other@acme.example"}\')).* '
                "FROM leadops_user u WHERE id = %s",
                [there.pk],
            )

    monkeypatch.setattr(people, "_check_profile", again)
    desk = client_of(there)
    desk.raise_request_exception = False
    given = {"name": "Bo", "email": "bo@acme.example", "role": "executive", "team": "", "language": "en"}
    assert desk.post("/users/invite", given).status_code == 500


@pytest.mark.django_db(transaction=True)
def test_the_switch_of_the_top_bar_pressed_twice_at_once_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second press waits for the first one, which it finds half way through."""
    desk, set_absence = Desk(), availability.routing.set_absence
    half_way, waits = threading.Event(), threading.Event()

    def slowly(*given: Any) -> Absence:
        row = set_absence(*given)
        if not half_way.is_set():
            half_way.set()
            waits.wait(1.0)
        return row

    monkeypatch.setattr(availability.routing, "set_absence", slowly)
    browsers = [client_of(desk.lea.user) for _press in range(2)]

    def press(which: int) -> int:
        try:
            return browsers[which].post("/availability", {"choice": "busy30"}).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(press, 0)
        assert half_way.wait(10)
        second = pool.submit(press, 1)
        assert (first.result(20), second.result(20)) == (302, 302)
    assert Absence.objects.filter(rep=desk.lea).overlapping(moment.now(), None).count() == 1


@pytest.mark.django_db
def test_what_is_known_later_is_not_closed_by_who_began_before() -> None:
    ada, later = rep("Ada"), DAWN + timedelta(hours=1)
    Absence.objects.change(identity={"rep": ada}, values={"kind": "away"}, valid_from=later, known_at=later)
    with pytest.raises(Conflict):
        Absence.objects.change(identity={"rep": ada}, values={"kind": "busy"}, valid_from=DAWN, known_at=DAWN)
    assert Absence.objects.get().known_to is None
