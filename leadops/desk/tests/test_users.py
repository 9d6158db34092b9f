"""/users: somebody is invited, given a role, put out and let back in; nothing that was open before opens again."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.template import engines
from django.test import Client
from django.test.utils import CaptureQueriesContext

from leadops import access, moment
from leadops.desk.passwords import path_for
from leadops.desk.tests.api_cast import House
from leadops.desk.tests.desk_cast import Desk, client_of
from leadops.desk.tokens import make_token
from leadops.effects import runner, stop
from leadops.effects.models import Effect
from leadops.models import Membership, Person, Role, User
from leadops.testing import LeadFactory, MembershipFactory, TeamFactory, member

pytestmark = pytest.mark.django_db
GIVEN = {"name": "Rita", "email": "rita@firm.example", "role": Role.EXECUTIVE, "team": "", "language": "en"}


def path_in(text: str) -> str:
    return re.search(r"/set-password/[^\s\"<]+", text).group(0)


def test_an_invitation_leaves_by_mail_and_opens_once(house: House, settings: Any) -> None:
    settings.EMAIL_URL = "smtp://mail.example"
    desk = client_of(house.revenue.user)
    answer = desk.post("/users/invite", GIVEN)
    assert (answer.status_code, answer["Location"]) == (302, "/users")
    assert "set-password" not in str(Effect.objects.get(purpose="invited").body), "no link is stored"
    runner.run()
    (letter,) = [each for each in mail.outbox if each.to == [GIVEN["email"]]]
    path, browser = path_in(letter.body), Client(enforce_csrf_checks=False)
    words = {"new_password1": "four words chosen well", "new_password2": "four words chosen well"}
    assert browser.post(path, words).status_code == 302
    assert browser.post(path, words).status_code == 404
    assert browser.post("/sign-in", {"email": GIVEN["email"], "password": words["new_password1"]}).status_code == 302


def test_where_no_mail_leaves_the_link_is_shown_once(house: House) -> None:
    desk = client_of(house.revenue.user)
    answer = desk.post("/users/invite", GIVEN)
    assert answer.status_code == 201 and not Effect.objects.filter(purpose="invited").exists()
    assert Client().get(path_in(answer.content.decode())).status_code == 200
    page = desk.get(f"/users/{User.objects.get(email=GIVEN['email']).pk}")
    assert page.status_code == 200 and "set-password" not in page.content.decode()
    assert desk.post("/users/invite", GIVEN).status_code == 422, "once is enough"


@pytest.mark.parametrize("address", ["", "smtp://mail.example"])
def test_while_mail_is_stopped_the_link_is_shown_and_the_pages_say_so(
    house: House, settings: Any, address: str
) -> None:
    settings.EMAIL_URL = address
    stop.begin("restored", moment.now())
    desk = client_of(house.revenue.user, "en")
    answer = desk.post("/users/invite", GIVEN)
    assert answer.status_code == 201 and not Effect.objects.filter(purpose="invited").exists()
    assert "Nothing was sent" in answer.content.decode() and path_in(answer.content.decode())
    for path in ("/users", f"/users/{house.lea.pk}", "/sequences", "/admin/", "/admin/leadops/effect/"):
        page = desk.get(path).content.decode()
        assert "Mail is stopped: nothing leaves" in page and "manage.py release_mail" in page, path
    stop.end(moment.now())
    settings.EMAIL_URL = "smtp://mail.example"
    assert all("mail-silence" not in desk.get(path).content.decode() for path in ("/users", "/sequences", "/admin/"))
    marketing = client_of(house.marketing.user, "en")
    settings.EMAIL_URL = ""
    assert "No mail server is set up" in desk.get("/admin/").content.decode()
    assert "No mail server is set up" in marketing.get("/sequences").content.decode()


def test_the_api_says_whether_an_invitation_leaves(house: House, settings: Any) -> None:
    new = {"email": "rita@firm.example", "name": "Rita", "role": Role.EXECUTIVE, "invite": True}
    made = house.revenue.post("/users", new).json()
    assert made["invited"] is False and made["set_password"] and not Effect.objects.filter(purpose="invited").exists()
    settings.EMAIL_URL = "smtp://mail.example"
    made = house.revenue.post("/users", {**new, "email": "nils@firm.example"}).json()
    assert made["invited"] is True and Effect.objects.filter(purpose="invited").count() == 1


def test_who_posts_a_link_waits_for_whoever_posts_it_at_the_same_moment(house: House) -> None:
    """The row is held from before the link is judged: the second of two finds it spent."""
    user = house.revenue.user
    words = {"new_password1": "four words chosen well", "new_password2": "four words chosen well"}
    with CaptureQueriesContext(connection) as said:
        assert Client().post(path_for(user), words).status_code == 302
    held = [
        n
        for n, each in enumerate(said.captured_queries)
        if "FOR UPDATE" in each["sql"] and "leadops_user" in each["sql"]
    ]
    written = [n for n, each in enumerate(said.captured_queries) if each["sql"].startswith('UPDATE "leadops_user"')]
    assert held and written and held[0] < written[0]


@pytest.mark.parametrize(
    ("roles", "masked"),
    [
        ([(Role.EXECUTIVE, None)], True),
        ([(Role.EXECUTIVE, None), (Role.REP, "lyon")], True),
        ([(Role.EXECUTIVE, None), (Role.MANAGER, "lyon")], True),
        ([(Role.EXECUTIVE, None), (Role.MANAGER, None)], False),
        ([(Role.EXECUTIVE, None), (Role.REVENUE_OPS, None)], False),
        ([(Role.REP, "lyon")], False),
        ([(Role.MANAGER, "lyon"), (Role.REP, "lyon")], False),
    ],
)
def test_a_small_role_shows_no_contacts_of_the_whole_house(roles: list[tuple[str, str | None]], masked: bool) -> None:
    """What lets an executive see every lead is not what lets a rep write to their own."""
    (first, team), *others = roles
    user = member("Paul", first, team)
    for role, of in others:
        MembershipFactory(user=user, role=role, team=TeamFactory(key=of) if of else None)
    lead = LeadFactory(person__name="Ada Lovelace", person__email="ada@mask.example") if masked else LeadFactory()
    assert access.masks_contacts(access.actor_of(user)) is masked
    if masked:
        page = client_of(user).get(f"/leads/{lead.pk}").content.decode()
        assert "Lovelace" not in page and "ada@mask.example" not in page


@pytest.mark.parametrize(
    ("context", "said"), [({"masked": False}, "Ada Lovelace"), ({"masked": True}, "AL"), ({"masked": ""}, "AL")]
)
def test_a_page_that_does_not_know_its_reader_names_nobody(context: dict[str, Any], said: str) -> None:
    page = engines["django"].from_string("{{ person|named:masked }}")
    assert page.render({"person": Person(name="Ada Lovelace", email="ada@mask.example"), **context}) == said


def test_who_leads_one_team_and_reads_all_figures_sees_no_name_on_the_pages_of_teams() -> None:
    desk = Desk()
    user = member("Pia", Role.EXECUTIVE)
    MembershipFactory(user=user, role=Role.MANAGER, team=desk.lea.team)
    own, foreign = desk.lead("Ada Lovelace"), desk.lead("Grace Hopper", owner=desk.karim)
    held = LeadFactory(person__name="Mary Somerville", held="no_rule", held_at=moment.now())
    client = client_of(user)
    listed = client.get("/team/reassign").content.decode()
    assert f"lead-{own.pk}" in listed and f"lead-{foreign.pk}" not in listed, "what would be refused is not offered"
    answer = client.post("/team/reassign", {"lead": [str(own.pk)], "to": "rules", "reason": "Leave"})
    assert answer.status_code == 302, answer.content.decode()
    pages = [listed, *(client.get(path).content.decode() for path in (answer["Location"], "/team"))]
    for page in pages:
        assert not any(name in page for name in ("Lovelace", "Hopper", "Somerville"))
    assert ">AL<" in pages[1] and str(held.pk) in pages[2]
    named = client_of(desk.manager).get("/team/reassign").content.decode()
    assert "Ada Lovelace" in named


def test_roles_are_given_and_ended(house: House) -> None:
    desk, user = client_of(house.revenue.user), house.executive.user
    assert desk.post(f"/users/{user.pk}/roles", {"role": Role.REP, "team": ""}).status_code == 422
    assert desk.post(f"/users/{user.pk}/roles", {"role": Role.MARKETING_OPS, "team": ""}).status_code == 302
    row = Membership.objects.get(user=user, role=Role.MARKETING_OPS)
    assert desk.post(f"/users/{house.lea.pk}/roles/{row.pk}/end").status_code == 404, "it is not theirs"
    assert desk.post(f"/users/{user.pk}/roles/{row.pk}/end").status_code == 302
    assert not Membership.objects.filter(pk=row.pk).exists()


def test_who_was_put_out_and_let_back_in_starts_anew(house: House) -> None:
    desk, user = client_of(house.revenue.user), house.executive.user
    theirs, token = client_of(user), make_token(user, "old", ["all"], moment.now())
    program = Client(headers={"authorization": f"Bearer {token}"})
    assert theirs.get("/leads").status_code == program.get("/api/v1/leads").status_code == 200
    desk.post(f"/users/{user.pk}/active", {"on": "0"})
    assert theirs.get("/leads").status_code == 302 and program.get("/api/v1/leads").status_code == 401
    desk.post(f"/users/{user.pk}/active", {"on": "1"})
    assert theirs.get("/leads").status_code == 302 and program.get("/api/v1/leads").status_code == 401
    assert client_of(User.objects.get(pk=user.pk)).get("/leads").status_code == 200


def test_the_last_head_of_the_house_stays(house: House) -> None:
    desk = client_of(house.revenue.user)
    assert desk.post(f"/users/{house.revenue.user.pk}/active", {"on": "0"}).status_code == 409
    assert User.objects.get(pk=house.revenue.user.pk).is_active
