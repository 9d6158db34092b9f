"""Verbs of the screens in the API: users, reps, pools, territories, notices, availability, handoffs, what prospects did."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from capture.models import Form
from leadops import moment
from leadops.access import SYSTEM
from leadops.desk.tests.api_cast import Caller, House
from leadops.effects.models import Notice
from leadops.models import Absence, AccountOwner, Lead, Membership, Person, Reason, Rep, Role, User
from leadops.testing import AccountFactory, SourceFactory, TouchFactory, member
from leadops.unit import in_unit
from leadops.versions import services as versions
from qualification.models import Handoff
from routing import staff
from routing.models import Assignment, Pool, PoolMember, Territory, TerritoryPlace

pytestmark = pytest.mark.django_db


def ids(answer: Any) -> set[str]:
    assert answer.status_code == 200, answer.content
    return {str(row["id"]) for row in answer.json()["results"]}


# -- users ---------------------------------------------------------------------------------------------


def test_a_user_is_let_in_by_api_alone_and_signs_in(house: House) -> None:
    said = {"email": "Ada@firm.example", "name": "Ada", "role": "rep", "team": "paris", "language": "en"}
    made = house.revenue.post("/users", said)
    assert made.status_code == 201, made.json()
    body = made.json()
    assert [(m["role"], m["team"]) for m in body["memberships"]] == [("rep", "paris")]
    password = {"new_password1": "three words nobody guesses", "new_password2": "three words nobody guesses"}
    assert Client().post(body["set_password"], password).status_code == 302
    client = Client()
    sign_in = {"email": "ada@firm.example", "password": "three words nobody guesses"}
    assert client.post("/sign-in", sign_in).status_code == 302
    assert Rep.objects.filter(pk=body["id"], active=True).exists()
    again = house.revenue.post("/users", said)
    assert (again.status_code, again.json()["code"]) == (409, "user-exists")
    assert body["id"] in ids(house.revenue.get("/users?role=rep&active=true"))
    assert "set_password" not in house.revenue.get(f"/users/{body['id']}").json()


def test_a_user_is_changed_reset_deactivated_and_let_in_again(house: House) -> None:
    user = house.manager.user
    assert house.revenue.patch(f"/users/{user.pk}", {"name": "Marcel"}).json()["name"] == "Marcel"
    assert house.revenue.patch(f"/users/{user.pk}", {"zone": "Mars"}).json()["code"] == "unknown-zone"
    assert house.revenue.post(f"/users/{user.pk}/reset-password").json()["set_password"].startswith("/set-password/")
    assert not User.objects.get(pk=user.pk).has_usable_password()
    assert house.revenue.post(f"/users/{user.pk}/deactivate").json()["active"] is False
    assert house.manager.get("/leads").status_code == 401
    assert house.revenue.post(f"/users/{user.pk}/reactivate").json()["active"] is True
    assert house.manager.get("/leads").status_code == 401, "a token that ended stays ended"
    last = house.revenue.post(f"/users/{house.revenue.user.pk}/deactivate")
    assert (last.status_code, last.json()["code"]) == (409, "last-revenue-ops")


def test_roles_are_given_and_ended(house: House) -> None:
    user = house.manager.user
    made = house.revenue.post("/memberships", {"user": str(user.pk), "role": "manager", "team": "lyon"})
    assert made.status_code == 201 and made.json()["team"] == "lyon"
    assert house.revenue.post(f"/memberships/{made.json()['id']}/end").status_code == 204
    assert not Membership.objects.filter(user=user, team__key="lyon").exists()


@pytest.mark.parametrize("path", ["/users", "/memberships"])
def test_users_are_revenue_ops_business(house: House, path: str) -> None:
    for caller in (house.manager, house.marketing, house.executive, house.as_lea):
        assert caller.get(path).status_code == 403
        assert caller.post(path, {}).status_code == 403
    assert Caller(house.revenue.user, ("leads:read",)).get("/users").status_code == 403


def test_who_has_revenue_ops_in_a_team_does_not_give_themselves_the_house(house: House) -> None:
    local = Caller(member("Tom", Role.REVENUE_OPS, "paris"))
    wish = {"user": str(local.user.pk), "role": "revenue_ops", "team": ""}
    assert local.post("/memberships", wish).status_code == 403
    assert local.post(f"/users/{house.revenue.user.pk}/reset-password").status_code == 403
    for path in ("/users", "/audit"):
        assert local.get(path).status_code == 403, path
    assert local.get("/leads").status_code == 200


# -- reps ----------------------------------------------------------------------------------------------


def test_a_rep_starts_and_gets_other_terms(house: House) -> None:
    user = member("Ada", Role.MANAGER, "paris")
    said = {"user": str(user.pk), "team": "paris", "capacity": 9, "calendar": "always"}
    assert house.revenue.post("/reps", said).json()["code"] == "no-membership"
    house.revenue.post("/memberships", {"user": str(user.pk), "role": "rep", "team": "paris"})
    made = house.revenue.post("/reps", said)
    assert made.status_code == 201 and made.json()["terms"]["capacity"] == 9, made.json()
    answer = house.manager.patch(f"/reps/{user.pk}", {"cap_day": 4, "skills": {"solar": 2}, "languages": ["fr"]})
    assert answer.json()["terms"] | {"from_at": ""} == {
        "capacity": 9, "cap_hour": None, "cap_day": 4, "cap_month": None, "skills": {"solar": 2}, "languages": ["fr"],
        "calendar": "always", "from_at": "",
    }  # fmt: skip
    assert house.manager.patch(f"/reps/{user.pk}", {"skills": {"solar": 99}}).json()["code"] == "bad-skill"
    assert house.manager.patch(f"/reps/{user.pk}", {"calendar": "moon"}).json()["code"] == "unknown-calendar"
    assert house.manager.patch(f"/reps/{house.karim.pk}", {"cap_day": 4}).status_code == 404  # another team
    later = (moment.now() + timedelta(days=2)).isoformat()
    assert house.manager.patch(f"/reps/{user.pk}", {"cap_day": 1, "from_at": later}).json()["terms"]["cap_day"] == 4


def test_a_rep_is_deactivated_and_the_leads_move_on(house: House) -> None:
    lead = house.lead(house.lea)
    assert house.as_lea.post(f"/reps/{house.lea.pk}/deactivate").status_code == 404
    dry = house.manager.post(f"/reps/{house.lea.pk}/deactivate", {"dry_run": True}).json()
    assert dry["active"] and dry["leads"] == [{"lead": str(lead.pk), "foreseen": str(house.karim.pk), "note": ""}]
    answer = house.manager.post(f"/reps/{house.lea.pk}/deactivate").json()
    told = {name: answer[name] for name in ("rep", "active", "moved", "accounts", "leads")}
    assert told == {"rep": str(house.lea.pk), "active": False, "moved": 1, "accounts": 0, "leads": []}
    assert answer["pools"] == dry["pools"] and answer["plan"]
    lead.refresh_from_db()
    assert lead.owner_id == house.karim.pk
    assert house.manager.post(f"/reps/{house.lea.pk}/deactivate").json()["code"] == "rep-inactive"
    assert house.manager.post(f"/reps/{house.lea.pk}/take-back").json()["active"] is True
    lead.refresh_from_db()
    assert lead.owner_id == house.lea.pk
    assert house.manager.post(f"/reps/{house.lea.pk}/take-back").json()["code"] == "no-departure"


def test_a_rep_is_back(house: House) -> None:
    now = moment.now()
    house.as_lea.post("/absences", {"from_at": now.isoformat(), "kind": "sick"})
    at = moment.now() + timedelta(seconds=1)
    assert Absence.objects.filter(rep=house.lea).state_at(at).exists()
    assert house.as_karim.post(f"/reps/{house.lea.pk}/back").status_code == 404
    assert house.manager.post(f"/reps/{house.lea.pk}/back").status_code == 204
    assert not Absence.objects.filter(rep=house.lea).state_at(moment.now() + timedelta(seconds=1)).exists()


def test_the_availability_switch(house: House) -> None:
    assert house.as_lea.get("/availability").json() == {"state": "available", "until": None}
    busy = house.as_lea.post("/availability", {"choice": "busy60"}).json()
    assert busy["state"] == "busy" and busy["until"]
    assert house.as_lea.post("/availability", {"choice": "away"}).json() == {"state": "away", "until": None}
    assert house.as_lea.post("/availability", {"choice": "available"}).json()["state"] == "available"
    assert house.as_lea.post("/availability", {"choice": "asleep"}).status_code == 422
    assert house.manager.get("/availability").status_code == 404


# -- pools, territories, policies ----------------------------------------------------------------------


def test_a_pool_and_its_members_are_written(house: House) -> None:
    said = {"key": "north", "name": {"fr": "Nord", "en": "North"}, "team": "paris", "claimable": True}
    made = house.revenue.post("/pools", said)
    assert made.status_code == 201 and made.json()["team"] == "paris", made.json()
    url = f"/pools/{made.json()['id']}"
    members = {"members": [{"rep": str(house.lea.pk), "weight": "2.50"}]}
    shown = house.manager.post(f"{url}/members", members).json()
    assert [(row["rep"], row["weight"]) for row in shown["members"]] == [(str(house.lea.pk), "2.50")]
    assert house.revenue.patch(url, {"claim_limit": 3, "team": ""}).json()["claim_limit"] == 3
    assert Pool.objects.get(key="north").team is None
    assert house.manager.patch(url, {"claim_limit": 4}).status_code == 403
    assert house.revenue.post("/pools", said).json()["code"] == "key-taken"
    ghost = {"members": [{"rep": str(house.manager.user.pk), "weight": 1}]}
    assert house.revenue.post(f"{url}/members", ghost).json()["code"] == "no-such-rep"
    assert house.revenue.post(f"{url}/members", {"members": []}).json()["members"] == []
    assert PoolMember.objects.filter(pool__key="north").count() >= 1  # what held before stays known


def test_a_territory_is_written_and_a_place_belongs_to_one(house: House) -> None:
    said = {"key": "rhone", "name": {"fr": "Rhône", "en": "Rhone"}}
    places = [{"kind": "country", "country": "BE"}, {"kind": "postcode", "country": "fr", "value": "69"}]
    made = house.revenue.post("/territories", said | {"places": places})
    assert made.status_code == 201, made.json()
    assert {(p["kind"], p["country"], p["value"]) for p in made.json()["places"]} == {
        ("country", "BE", ""), ("postcode", "FR", "69"),
    }  # fmt: skip
    other = house.revenue.post("/territories", {"key": "belgium", "name": said["name"], "places": places[:1]})
    assert (other.status_code, other.json()["code"]) == (409, "place-taken")
    assert not Territory.objects.filter(key="belgium").exists()
    url = f"/territories/{made.json()['id']}"
    assert [p["country"] for p in house.revenue.patch(url, {"places": places[:1]}).json()["places"]] == ["BE"]
    assert house.manager.patch(url, {"active": False}).status_code == 403
    assert house.as_lea.get("/territories").json()["results"][0]["key"] == "rhone"
    assert TerritoryPlace.objects.filter(value="69").exists()


def test_the_take_away_step_is_switched(house: House) -> None:
    live = versions.version_at("sla", "house", moment.now())
    assert live
    policy = live.body["policies"][0]["key"]
    said = {"policy": policy, "on": True, "reason": "We want it"}
    made = house.revenue.post("/sla-policies/take-away", said)
    assert made.status_code == 200 and made.json()["in_force"], made.json()
    rungs = [r for c in made.json()["body"]["policies"][0]["clocks"] for r in c.get("ladder", [])]
    assert all(r["on"] for r in rungs if r["do"] == "take_away")
    assert house.as_lea.post("/sla-policies/take-away", said).status_code == 403


def test_the_channel_table_is_a_version_like_the_others(house: House) -> None:
    rows = house.marketing.get("/channel-tables").json()["results"]
    live = next(row for row in rows if row["in_force"])
    made = house.marketing.post("/channel-tables", {"key": live["key"], "body": live["body"]}).json()
    answer = house.marketing.post(f"/channel-tables/{made['id']}/publish", {"reason": "the same again"})
    assert answer.status_code == 200 and answer.json()["in_force"], answer.json()
    assert house.as_lea.post("/channel-tables", {"key": live["key"], "body": live["body"]}).status_code == 403


def test_a_hosted_form_is_written(house: House, client: Client) -> None:
    SourceFactory(slug="page", adapter="hosted")
    said = {
        "slug": "ask", "source": "page", "title": {"fr": "Demande", "en": "Request"},
        "fields": [{"name": "email", "required": True}, {"name": "budget"}],
    }  # fmt: skip
    made = house.marketing.post("/forms", said)
    assert made.status_code == 201 and made.json()["address"] == "/f/ask", made.json()
    assert client.get("/f/ask").status_code == 200
    url = f"/forms/{made.json()['id']}"
    refused = house.marketing.patch(url, {"fields": [{"name": "budget"}]})
    assert (refused.status_code, refused.json()["code"]) == (422, "bad-questions")
    assert house.marketing.patch(url, {"title": {"fr": "A", "en": "B"}}).json()["title"] == {"fr": "A", "en": "B"}
    assert house.marketing.post("/forms", said).json()["code"] == "form-exists"
    assert house.as_lea.post("/forms", said).status_code == 403
    assert Form.objects.get(slug="ask").fields[0]["name"] == "email"


# -- notices and handoffs ------------------------------------------------------------------------------


def test_notices_are_read_and_seen(house: House) -> None:
    lead = house.lead(house.lea, name="Anna Roux")
    Notice.objects.all().delete()
    for n in range(3):
        Notice.objects.create(user=house.lea.user, key=f"k{n}", kind="lead_assigned", lead=lead, at=moment.now())
    rows = house.as_lea.get("/notices?unseen=true").json()["results"]
    assert len(rows) == 3 and "Anna Roux" in rows[0]["text"]
    assert house.as_karim.get("/notices").json()["results"] == []
    assert house.as_karim.post(f"/notices/{rows[0]['id']}/seen").status_code == 404
    assert house.as_lea.post(f"/notices/{rows[0]['id']}/seen").json()["seen_at"]
    assert house.as_lea.post("/notices/seen").json() == {"seen": 2}
    assert not Notice.objects.filter(seen_at=None).exists()


def handed(house: House) -> Handoff:
    version = versions.version_at("mql", "house", moment.now())
    assert version
    lead = house.lead(house.lea, stage="mql")
    return Handoff.objects.create(lead=lead, cycle=1, definition=version, rep=house.lea, offered_at=moment.now())


def test_a_handoff_is_accepted_once(house: House) -> None:
    row = handed(house)
    assert house.as_karim.post(f"/handoffs/{row.pk}/accept").status_code == 404
    answer = house.as_lea.post(f"/handoffs/{row.pk}/accept")
    assert answer.status_code == 200 and answer.json()["state"] == "accepted", answer.json()
    assert Lead.objects.get(pk=row.lead_id).stage == "sal"
    assert Assignment.objects.get(lead=row.lead_id, ended_at=None).accepted_at
    assert house.as_lea.post(f"/handoffs/{row.pk}/accept").json()["code"] == "handoff-over"


def test_a_handoff_is_handed_back_with_a_reason(house: House) -> None:
    row = handed(house)
    assert house.as_lea.post(f"/handoffs/{row.pk}/hand-back", {}).status_code == 422
    answer = house.as_lea.post(
        f"/handoffs/{row.pk}/hand-back", {"reason": Reason.objects.filter(use="hand_back")[0].key, "text": "Too early"}
    )
    assert answer.status_code == 200 and answer.json()["state"] == "handed_back", answer.json()
    lead = Lead.objects.get(pk=row.lead_id)
    assert (lead.stage, lead.owner_id) == ("engaged", None)


# -- prospects -----------------------------------------------------------------------------------------


def test_people_accounts_and_touches_are_those_of_the_leads_one_sees(house: House) -> None:
    hers, his = house.lead(house.lea, account=AccountFactory()), house.lead(house.karim, account=AccountFactory())
    touches = [TouchFactory(lead=lead) for lead in (hers, his)]
    assert ids(house.as_lea.get("/persons")) == {str(hers.person_id)}
    assert ids(house.as_lea.get("/accounts")) == {str(hers.account_id)}
    assert ids(house.as_lea.get("/touches")) == {str(touches[0].pk)}
    for path, row in (("persons", his.person_id), ("accounts", his.account_id), ("touches", touches[1].pk)):
        assert house.as_lea.get(f"/{path}/{row}").status_code == 404
        assert house.revenue.get(f"/{path}/{row}").status_code == 200
    assert ids(house.revenue.get(f"/touches?lead={his.pk}")) == {str(touches[1].pk)}
    person = Person.objects.get(pk=hers.person_id)
    assert ids(house.as_lea.get(f"/persons?email={person.email}")) == {str(person.pk)}


def test_who_may_not_read_contacts_sees_initials_and_finds_nobody_by_mail(house: House) -> None:
    lead = house.lead(house.lea, name="Anna Roux")
    shown = house.executive.get(f"/persons/{lead.person_id}").json()
    assert (shown["name"], shown["email"], shown["phone"]) == ("A. R.", None, None)
    assert ids(house.executive.get(f"/persons?email={lead.person.email}")) == set()


def test_an_account_gets_its_owner(house: House) -> None:
    lead = house.lead(house.lea, account=AccountFactory())
    url = f"/accounts/{lead.account_id}"
    assert house.as_lea.post(f"{url}/owner", {"rep": str(house.lea.pk)}).status_code == 403
    assert house.manager.post(f"{url}/owner", {"rep": str(house.karim.pk)}).status_code == 403  # another team's rep
    assert house.manager.post(f"{url}/owner", {"rep": str(house.lea.pk)}).json()["owner"]["id"] == str(house.lea.pk)
    assert house.as_lea.get(url).json()["owner"]["name"] == house.lea.user.name
    assert house.manager.post(f"{url}/owner", {"rep": None}).json()["owner"] is None
    at = moment.now() + timedelta(seconds=1)
    assert not AccountOwner.objects.filter(account=lead.account_id).state_at(at).exists()


def test_terms_are_written_in_one_place_for_system_and_people(house: House) -> None:
    before = staff.terms_at(house.lea, moment.now())
    row = in_unit(lambda unit: staff.set_terms(house.lea, {}, unit), actor=SYSTEM)
    assert before and row.pk == before.pk
