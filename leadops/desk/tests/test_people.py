"""Who is let in, with which roles, on which terms, and who owns an account: by command and by the admin's forms."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from leadops import moment
from leadops.access import SYSTEM, actor_of
from leadops.desk import people
from leadops.desk.tests.api_cast import Caller, House
from leadops.desk.tests.desk_cast import client_of
from leadops.errors import Refused
from leadops.journal import JournalEntry, Kind
from leadops.models import Account, AccountOwner, Lead, Membership, Rep, RepTerms, Role, Team, User
from leadops.shipped import install_defaults
from leadops.testing import LeadFactory, TeamFactory, member, put_in_force
from leadops.unit import in_unit
from routing import staff
from routing.models import Assignment, PoolMember

pytestmark = pytest.mark.django_db
NEW_PASSWORD = "three words nobody guesses"


def created(*args: str) -> str:
    out = io.StringIO()
    call_command("create_user", *args, stdout=out)
    return out.getvalue().strip().splitlines()[-1]


def changes(table: str) -> list[dict[str, Any]]:
    rows = JournalEntry.objects.filter(kind=Kind.SETTING_CHANGED, data__table=table).order_by("id")
    return list(rows.values_list("data", flat=True))


# -- the command ---------------------------------------------------------------------------------------


def test_on_an_empty_installation_the_operator_lets_the_first_one_in() -> None:
    address = created("Rita@Firm.example", "--role", "revenue_ops", "--house", "--name", "Rita")
    assert address.startswith("http://127.0.0.1")
    path, client = re.sub(r"^http://[^/]+", "", address), Client()
    assert client.get(path).status_code == 200
    assert client.post("/sign-in", {"email": "rita@firm.example", "password": ""}).status_code == 422
    sent = {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    assert client.post(path, sent)["Location"] == "/sign-in"
    answer = client.post("/sign-in", {"email": "rita@firm.example", "password": NEW_PASSWORD})
    assert (answer.status_code, client.get("/admin/").status_code) == (302, 200)
    assert client.get(path).status_code == 404  # once, and never again
    assert [data["table"] for data in (*changes("user"), *changes("membership"))] == ["user", "membership"]


def test_a_weak_password_is_refused_and_the_link_stays_good() -> None:
    path = re.sub(r"^http://[^/]+", "", created("rita@firm.example", "--role", "executive", "--house"))
    answer = Client().post(path, {"new_password1": "12345", "new_password2": "12345"})
    assert (answer.status_code, Client().get(path).status_code) == (422, 200)
    assert Client().get(path[:-3] + "zzz").status_code == 404


def test_a_second_creation_says_so_and_changes_nothing() -> None:
    created("rita@firm.example", "--role", "revenue_ops", "--house")
    before = list(User.objects.values()), list(Membership.objects.values())
    with pytest.raises(CommandError, match="already"):
        created("RITA@firm.example", "--role", "manager", "--house")
    assert (list(User.objects.values()), list(Membership.objects.values())) == before


def test_a_rep_needs_a_team_and_is_ready_to_receive_leads() -> None:
    with pytest.raises(CommandError, match="team"):
        created("ada@firm.example", "--role", "rep", "--house")
    with pytest.raises(CommandError, match="no team has the key"):
        created("ada@firm.example", "--role", "rep", "--team", "nowhere")
    assert not User.objects.exists()
    TeamFactory(key="paris", calendar="always")
    put_in_force("calendar", "always", {"zone": "Europe/Paris", "week": {"mon": [["00:00", "24:00"]]}})
    created("ada@firm.example", "--role", "rep", "--team", "paris")
    rep = Rep.objects.get(user__email="ada@firm.example")
    terms = staff.terms_at(rep, moment.now())
    assert (rep.active, rep.team.key, terms and terms.calendar) == (True, "paris", "always")


# -- the admin's forms ---------------------------------------------------------------------------------


@pytest.fixture
def ops(house: House) -> Client:
    return client_of(house.revenue.user, "en")


def test_revenue_ops_lets_somebody_in_and_passes_the_link_on(house: House, ops: Client) -> None:
    sent = {"email": "Ada@firm.example", "name": "Ada", "language": "en", "role": "manager", "team": house.lea.team.pk}
    answer = ops.post("/admin/leadops/user/add/", sent, follow=True)
    user = User.objects.get(email="ada@firm.example")
    assert Membership.objects.filter(user=user, role="manager", team=house.lea.team).exists()
    link = re.search(r"/set-password/[0-9a-f-]+/[0-9a-z-]+", answer.content.decode())
    assert link and Client().get(link.group()).status_code == 200
    again = ops.post("/admin/leadops/user/add/", sent)
    assert again.status_code == 200 and "already" in again.content.decode()
    assert actor_of(user).has(Role.MANAGER)


def changed(user: User, **values: str) -> dict[str, str]:
    return {"name": user.name, "language": user.language, "zone": user.zone, "active": "on"} | values


def test_a_reset_ends_the_old_password_and_its_sessions(house: House, ops: Client) -> None:
    user, theirs = house.manager.user, client_of(house.manager.user)
    assert theirs.get("/leads").status_code == 200
    answer = ops.post(f"/admin/leadops/user/{user.pk}/change/", changed(user, reset="on"), follow=True)
    assert "/set-password/" in answer.content.decode()
    user.refresh_from_db()
    assert not user.has_usable_password() and theirs.get("/leads").status_code == 302


def test_who_is_deactivated_has_no_door_and_their_leads_move_on(house: House, ops: Client) -> None:
    lead, user = house.lead(house.lea), house.lea.user
    caller = house.as_lea
    sent = changed(user) | {"zone": "Europe/Paris"}
    sent.pop("active")
    assert ops.post(f"/admin/leadops/user/{user.pk}/change/", sent).status_code == 302
    assert caller.get("/leads").status_code == 401
    assert not Rep.objects.get(pk=user.pk).active
    assert JournalEntry.objects.filter(kind=Kind.REP_DEACTIVATED).count() == 1
    assert lead.pk in set(Lead.objects.filter(owner__active=False).values_list("pk", flat=True))  # the ticker moves it
    assert ops.post(f"/admin/leadops/user/{user.pk}/change/", changed(user)).status_code == 302
    user.refresh_from_db()
    assert user.is_active


def test_a_zone_that_is_none_stands_in_the_form(house: House, ops: Client) -> None:
    user = house.manager.user
    answer = ops.post(f"/admin/leadops/user/{user.pk}/change/", changed(user, zone="Mars/Base", name="Marcel"))
    body = answer.content.decode()
    assert answer.status_code == 200 and "no such time zone" in body and "Mars/Base" in body
    user.refresh_from_db()
    assert user.name != "Marcel"


def test_the_last_revenue_ops_cannot_be_locked_out(house: House, ops: Client) -> None:
    row = Membership.objects.get(user=house.revenue.user)
    answer = ops.post(f"/admin/leadops/membership/{row.pk}/change/", {"end": "on"})
    assert answer.status_code == 200 and "last active revenue ops" in answer.content.decode()
    assert Membership.objects.filter(pk=row.pk).exists()
    member("Second", Role.REVENUE_OPS)
    assert ops.post(f"/admin/leadops/membership/{row.pk}/change/", {"end": "on"}).status_code == 302
    assert not Membership.objects.filter(pk=row.pk).exists()


def test_memberships_are_given_and_ended(house: House, ops: Client) -> None:
    user, lyon = house.manager.user, Team.objects.get(key="lyon")
    sent = {"user": user.pk, "role": "manager", "team": lyon.pk}
    assert ops.post("/admin/leadops/membership/add/", sent).status_code == 302
    assert actor_of(user).teams(Role.MANAGER) == {lyon.pk, house.lea.team_id}
    without = ops.post("/admin/leadops/membership/add/", {"user": user.pk, "role": "rep", "team": ""})
    assert without.status_code == 200 and "belongs to a team" in without.content.decode()
    of_rep = Membership.objects.get(user=house.lea.user)
    refused = ops.post(f"/admin/leadops/membership/{of_rep.pk}/change/", {"end": "on"})
    assert "deactivate the rep first" in refused.content.decode()


TERMS = {
    "capacity": "12", "cap_hour": "", "cap_day": "30", "cap_month": "", "skills": "solar | 3\nheat",
    "languages": "fr, DE", "calendar": "always",
}  # fmt: skip


def test_a_new_rep_has_membership_and_terms(house: House, ops: Client) -> None:
    user = member("Ada", Role.MANAGER, "paris")
    sent = TERMS | {"user": str(user.pk), "team": str(house.lea.team_id)}
    assert ops.post("/admin/leadops/rep/add/", sent).status_code == 302
    terms = staff.terms_at(Rep.objects.get(pk=user.pk), moment.now())
    assert terms and (terms.capacity, terms.cap_day, terms.skills) == (12, 30, {"solar": 3, "heat": 1})
    assert terms.languages == ["fr", "de"] and actor_of(user).has(Role.REP)


def test_terms_change_from_now_on_and_the_past_stays_known(house: House, ops: Client) -> None:
    before = moment.now() - timedelta(hours=1)
    assert ops.post(f"/admin/leadops/rep/{house.lea.pk}/change/", TERMS).status_code == 302
    now, then = staff.terms_at(house.lea, moment.now()), staff.terms_at(house.lea, before)
    assert now and then and (now.capacity, then.capacity, then.languages) == (12, None, ["fr", "en"])
    assert set(changes("repterms")[-1]["fields"]) == {"capacity", "cap_day", "skills", "languages"}
    rows = RepTerms.objects.count()
    ops.post(f"/admin/leadops/rep/{house.lea.pk}/change/", TERMS)
    assert RepTerms.objects.count() == rows  # nothing changed, nothing written


@pytest.mark.parametrize(
    ("field", "value"),
    [("skills", "solar | 99"), ("languages", "french"), ("calendar", "moon"), ("capacity", "-1"), ("skills", "a | b")],
)
def test_terms_nobody_can_hold_are_refused_and_kept_on_screen(
    house: House, ops: Client, field: str, value: str
) -> None:
    rows = RepTerms.objects.count()
    answer = ops.post(f"/admin/leadops/rep/{house.lea.pk}/change/", TERMS | {field: value})
    assert (answer.status_code, RepTerms.objects.count()) == (200, rows)
    assert "errornote" in answer.content.decode()


def test_terms_planned_for_later_hold_from_then_on(house: House) -> None:
    at = moment.now()
    later = at + timedelta(days=3)
    in_unit(lambda unit: staff.set_terms(house.lea, {"capacity": 5}, unit, later), actor=SYSTEM, at=at)
    held = [staff.terms_at(house.lea, when) for when in (at, later)]
    known = RepTerms.objects.filter(rep=house.lea).state_at(later, known_at=at).get()
    assert (held[0] and held[0].capacity, known.capacity, known.languages) == (None, 5, ["fr", "en"])
    with pytest.raises(Refused, match="bad-span"):
        in_unit(lambda unit: staff.set_terms(house.lea, {"capacity": 5}, unit, at - timedelta(1)), actor=SYSTEM, at=at)


def test_more_capacity_lets_held_leads_be_looked_at_again(house: House) -> None:
    lead = house.lead(held="no_capacity", pool="everyone", held_until=moment.now() + timedelta(hours=9))
    in_unit(lambda unit: staff.set_terms(house.lea, {"capacity": 50}, unit), actor=actor_of(house.manager.user))
    lead.refresh_from_db()
    assert lead.held_until and lead.held_until <= moment.now()


@pytest.mark.parametrize("who", ["marketing", "manager", "executive"])
@pytest.mark.parametrize("page", ["user", "membership", "rep", "account"])
def test_nobody_else_opens_these_pages(house: House, who: str, page: str) -> None:
    assert client_of(getattr(house, who).user).get(f"/admin/leadops/{page}/").status_code in (302, 403)
    assert client_of(getattr(house, who).user).get(f"/admin/leadops/{page}/add/").status_code in (302, 403)


@pytest.mark.parametrize("page", ["user", "membership", "rep", "repterms", "account"])
def test_every_page_of_people_opens(house: House, ops: Client, page: str) -> None:
    assert ops.get(f"/admin/leadops/{page}/").status_code == 200


def test_a_manager_sets_terms_of_the_own_team_only(house: House) -> None:
    marc = actor_of(house.manager.user)
    in_unit(lambda unit: staff.set_terms(house.lea, {"capacity": 3}, unit), actor=marc)
    for act in (
        lambda unit: staff.set_terms(house.karim, {"capacity": 3}, unit),
        lambda unit: staff.create_rep(house.manager.user, house.lea.team, unit),
        lambda unit: people.create_user("x@firm.example", "X", "rep", house.lea.team, unit),
    ):
        with pytest.raises(Refused, match="not-allowed"):
            in_unit(act, actor=marc)


def test_an_invited_rep_takes_turns_with_everyone_and_gets_what_waited_for_somebody(house: House) -> None:
    install_defaults()
    later = moment.now() + timedelta(days=1)
    waiting = LeadFactory(held="no_rule", held_at=moment.now(), held_until=later, pool="everyone")
    actor = actor_of(house.revenue.user)
    made = in_unit(lambda unit: people.create_user("new@firm.example", "New", "rep", house.lea.team, unit), actor=actor)
    members = PoolMember.objects.filter(pool__key="everyone").overlapping(moment.now(), None)
    assert list(members.filter(rep=made.pk).values_list("weight", flat=True)) == [1]
    waiting.refresh_from_db()
    assert waiting.held_until < later, "it is looked at again at once"
    in_unit(lambda unit: people.deactivate_user(made, unit), actor=actor)
    assert not PoolMember.objects.filter(pool__key="everyone", rep=made.pk).overlapping(moment.now(), None).exists()


# -- account owners and sticky routing -----------------------------------------------------------------

STICKY = {
    "triggers": {"capture": "hand_raiser", "mql": True},
    "rules": [{
        "key": "known", "label": {"fr": "Compte suivi", "en": "Known account"},
        "when": {"all": [{"field": "account_owner_known", "op": "is_true"}]},
        "to": {"account_owner": True}, "else": ["everyone"], "nobody": "hold_until_open",
    }],
    "fallback": {"pool": "everyone", "watcher": "revenue_ops", "nobody": "hold_until_open"},
}  # fmt: skip


def asks(caller: Caller, email: str) -> Any:
    return caller.post("/leads", {"email": email, "name": email.partition("@")[0], "company": "Acier"}).json()


def test_who_is_set_as_owner_gets_the_next_lead_of_that_account(house: House, ops: Client) -> None:
    put_in_force("ruleset", "house", STICKY)
    asks(house.revenue, "anna@acier.example")
    account = Account.objects.get(domain="acier.example")
    for owner, email in ((house.karim, "bruno@acier.example"), (house.lea, "chloe@acier.example")):
        url = f"/admin/leadops/account/{account.pk}/change/"
        assert ops.post(url, {"owner": owner.pk}).status_code == 302
        made = asks(house.revenue, email)
        assert made["owner"]["id"] == str(owner.pk)
        assert Assignment.objects.get(lead=made["id"], ended_at=None).how == Assignment.How.STICKY
    assert ops.post(url, {"owner": ""}).status_code == 302
    assert not AccountOwner.objects.filter(account=account).state_at(moment.now()).exists()
    assert Assignment.objects.get(lead=asks(house.revenue, "dan@acier.example")["id"], ended_at=None).how != "sticky"
    assert [data["rep"] for data in changes("accountowner")] == [str(house.karim.pk), str(house.lea.pk), None]
