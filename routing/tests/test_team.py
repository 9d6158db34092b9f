"""The team board tells who holds what, what is late, how fast and how fairly; its cost does not grow with the team."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from leadops import access, moment
from leadops.desk import selectors as desk
from leadops.desk.filters import LeadFilter
from leadops.journal import Kind
from leadops.models import Lead, Rep, Role, User
from leadops.shipped import install_defaults
from leadops.testing import TeamFactory, member, rep
from routing import board, reps, services
from routing.models import Clock, PoolCredit
from routing.tests import a_house as house

pytestmark = pytest.mark.django_db
BUDGET = 30


def client_of(user: object) -> Client:
    client = Client()
    client.force_login(user)
    return client


def given(to: Rep, n: int = 1) -> list[Lead]:
    leads = house.new_leads(n)
    for lead in leads:
        house.do(lambda unit, lead=lead: services.assign(lead, to, unit))
    return leads


def shown(user: object, at: object = None) -> board.Board:
    return board.board(access.actor_of(user), at or moment.now())  # type: ignore[arg-type]


def line_of(found: board.Board, name: str) -> board.Line:
    return next(line for line in found.lines if line.rep.user.name == name)


@pytest.fixture
def noon() -> Iterator[None]:
    """What happened today is still today ten minutes later."""
    with moment.at(datetime(2026, 3, 10, 12, tzinfo=UTC)):
        yield


def test_each_rep_has_load_new_due_and_overdue(noon: None) -> None:
    install_defaults()
    ada, _bob = rep("Ada", capacity=2), rep("Bob")
    given(ada, 3)
    chief = member("Max", Role.MANAGER, "paris")
    now = line_of(shown(chief), "Ada")
    assert (now.load, now.capacity, now.over, now.new, now.breached) == (3, 2, True, 3, 0)
    assert now.due == 3 and now.state == "available"
    later = shown(chief, moment.now() + timedelta(minutes=10))
    assert line_of(later, "Ada").breached == 3 and later.breached == 3
    assert line_of(later, "Bob").load == 0


def opened(user: User, url: str) -> int:
    """How many leads the list behind a link of the board shows to this reader."""
    actor = access.actor_of(user)
    given = QueryDict(urlsplit(html.unescape(url)).query)
    found = LeadFilter(given, queryset=desk.leads_list(actor), request=SimpleNamespace(actor=actor))  # type: ignore[arg-type]
    assert found.form.is_valid() and set(given) <= set(found.filters), given
    return int(found.qs.count())


@pytest.mark.parametrize("minutes", [0, 10])
def test_each_number_of_the_board_opens_as_many_leads(minutes: int, noon: None) -> None:
    install_defaults()
    ada, bob = rep("Ada"), rep("Bob", "lyon")
    moved = given(ada, 3)[0]
    given(bob, 2)
    house.do(lambda unit: services.assign(moved, bob, unit, "a change"))
    for chief in (member("Max", Role.MANAGER, "paris"), member("Rita", Role.REVENUE_OPS)):
        with moment.at(moment.now() + timedelta(minutes=minutes)):
            text = client_of(chief).get("/team").content.decode()
            links = re.findall(r'<a(?: class="[^"]*")? href="(/leads\?[^"]+)">(?:<strong>)?\+?(\d+)', text)
            assert len(links) >= 3, text
            for url, n in links:
                assert opened(chief, url) == int(n), url


def test_speed_and_acceptance_say_over_how_many() -> None:
    install_defaults()
    ada = rep("Ada")
    first, second = given(ada, 2)

    def answer(unit: object) -> None:
        (lead,) = unit.leads([first.pk])  # type: ignore[attr-defined]
        services.acknowledge_many([lead], unit)  # type: ignore[arg-type]
        unit.record(Kind.ATTEMPTED, lead, data={"channel": "call", "outcome": "reached"})  # type: ignore[attr-defined]

    house.do(answer)
    house.do(lambda unit: services.let_go(second, unit, "handed_back"))
    Clock.objects.filter(lead=first, kind="first_attempt").update(ended_at=first.received_at + timedelta(seconds=90))
    line = line_of(shown(member("Max", Role.MANAGER, "paris")), "Ada")
    assert (line.answered, line.median, line.p90) == (1, 90.0, 90.0)
    assert (line.accepted, line.judged, line.acceptance) == (1, 2, 0.5)


def test_turns_beyond_the_share_are_shown_with_their_number() -> None:
    ada, bob = rep("Ada"), rep("Bob")
    house.pool("everyone", ada, bob)
    house.rules()
    house.arrive(house.new_leads(3))
    found = shown(member("Max", Role.MANAGER, "paris"))
    ahead = sorted((line.ahead, line.turns) for line in found.lines)
    assert ahead == [(-0.5, 1), (0.5, 2)]


def test_what_somebody_who_left_was_owed_makes_nobody_who_stayed_look_ahead() -> None:
    ada, bob, eve = rep("Ada"), rep("Bob"), rep("Eve")
    pool = house.pool("everyone", ada, bob, eve)
    PoolCredit.objects.bulk_create(
        PoolCredit(pool=pool, rep=who, credit=credit, taken=9) for who, credit in ((ada, -11), (bob, -9), (eve, 20))
    )
    house.do(lambda unit: reps.deactivate_rep(eve, unit), access.actor_of(member("Ops", Role.REVENUE_OPS)))
    found = {line.rep.user.name: line.ahead for line in shown(member("Max", Role.MANAGER, "paris")).lines}
    assert found == {"Ada": 1, "Bob": -1}


def test_a_manager_sees_the_own_team_and_who_runs_the_house_everybody() -> None:
    rep("Ada"), rep("Zoe", team="lyon")
    paris, house_wide = member("Max", Role.MANAGER, "paris"), member("Ops", Role.REVENUE_OPS)
    assert {line.rep.user.name for line in shown(paris).lines} == {"Ada"}
    assert {line.rep.user.name for line in shown(house_wide).lines} == {"Ada", "Zoe"}
    assert client_of(rep("Bob").user).get("/team").status_code == 403


def test_what_waits_for_an_owner_is_counted_with_its_reasons() -> None:
    ada = rep("Ada", capacity=0)
    house.pool("everyone", ada)
    house.rules()
    house.arrive(house.new_leads(2))
    found = shown(member("Max", Role.MANAGER, "paris"))
    assert (found.held, found.reasons) == (2, [("no_capacity", 2)])


def test_absences_stand_in_the_calendar_and_as_a_warning() -> None:
    ada, at = rep("Ada"), moment.now()
    start, end = at + timedelta(days=2), at + timedelta(days=4)
    house.do(lambda unit: services.set_absence(ada, start, end, "leave", unit))
    found = shown(member("Max", Role.MANAGER, "paris"))
    assert [row.rep.user.name for row in found.leaving] == ["Ada"]
    ((who, cells),) = found.calendar
    assert who.pk == ada.pk and [bool(cell.kind) for cell in cells[:6]] == [False, False, True, True, True, False]


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ["Without owner", "Reassign…", "3 / 2"]), ("fr", ["Sans responsable", "Réattribuer…", "3 / 2"])],
)
def test_the_page_says_it_in_both_languages_within_its_budget(language: str, words: list[str]) -> None:
    install_defaults()
    ada = rep("Ada", capacity=2)
    given(ada, 3)
    chief = client_of(member("Max", Role.MANAGER, "paris", language))
    with CaptureQueriesContext(connection) as few:
        text = chief.get("/team").content.decode()
    assert all(word in text for word in words)
    for n in range(8):
        given(rep(f"Rep {n}"), 2)
    with CaptureQueriesContext(connection) as many:
        assert chief.get("/team").status_code == 200
    assert len(many) <= len(few) <= BUDGET


def test_only_those_at_risk() -> None:
    install_defaults()
    given(rep("Ada", capacity=0), 1), rep("Bob")
    text = client_of(member("Max", Role.MANAGER, "paris", "en")).get("/team?risk=1").content.decode()
    assert "Ada" in text and "Bob" not in text


def test_a_team_without_reps_is_told_so() -> None:
    TeamFactory(key="lyon")
    text = client_of(member("Lou", Role.MANAGER, "lyon", "en")).get("/team").content.decode()
    assert "No rep in your teams yet" in text
