"""Leads enrolled together: the preview tells who enters and who not and why, they enter in the background, and leave again."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from leadops import access, moment
from leadops.access import actor_of
from leadops.desk.tests.api_cast import House
from leadops.effects import runner, suppression
from leadops.effects.models import Notice
from leadops.errors import Conflict, NotFound, Refused
from leadops.models import Lead, Membership, Person, Rep, Role
from leadops.stalled import Stalled
from leadops.testing import member, rep
from leadops.unit import in_unit
from nurture import groups, services, tasks
from nurture.models import Enrolment, GroupEnrolment, GroupMember
from nurture.tests.running import MONDAY, enrolled, house, live, prospect

pytestmark = pytest.mark.django_db


@pytest.fixture
def hugo(db):
    house()
    rep("Léa")
    return member("Hugo", Role.MARKETING_OPS)


def planned(leads, by, key="unreached", **how):
    rows = list(Lead.objects.filter(pk__in=[lead.pk for lead in leads]).select_related("person", "owner__user"))
    made, _members = in_unit(lambda u: groups.plan(rows, key, u, **how), actor=actor_of(by), at=MONDAY)
    return made


def confirmed(made, by):
    in_unit(lambda u: groups.confirm(made.pk, u), actor=actor_of(by), at=MONDAY)
    background(MONDAY)


def background(at):
    with moment.at(at):
        tasks.carry_out_groups()


def outcome(made):
    return dict(GroupMember.objects.filter(group=made).values_list("lead__person__name", "result"))


def reasons(made):
    return {name: why for name, why in made.members.values_list("lead__person__name", "why") if why}


def mixed():
    """One who may be written to, and one for every reason not to."""
    good, gone, silent, busy, closed = (prospect(f"Anna {n}") for n in ("Good", "Gone", "Silent", "Busy", "Closed"))
    in_unit(lambda u: suppression.suppress_person(gone.person, suppression.UNSUBSCRIBED, u), actor=access.SYSTEM)
    Person.objects.filter(pk=silent.person_id).update(email="")
    enrolled(busy)
    Lead.objects.filter(pk=closed.pk).update(stage="won")
    return [good, gone, silent, busy, closed]


def test_the_preview_names_who_enters_and_who_not_and_why_and_nobody_enters(hugo):
    made = planned(mixed(), hugo)
    assert reasons(made) == {
        "Anna Gone": "suppressed", "Anna Silent": "no_address", "Anna Busy": "busy", "Anna Closed": "closed",
    }  # fmt: skip
    background(MONDAY)
    assert Enrolment.objects.count() == 1, "the one that was busy before"


def test_confirmed_they_enter_in_the_background_and_their_maker_is_told_once(hugo):
    made = planned(mixed(), hugo)
    confirmed(made, hugo)
    confirmed(made, hugo)
    made.refresh_from_db()
    assert made.done_at and outcome(made)["Anna Good"] == "entered"
    assert sorted(outcome(made).values()) == ["entered", *["kept_out"] * 4]
    row = made.members.get(result="entered").enrolment
    assert (row.how, row.by, row.state) == ("hand", hugo, "active")
    assert Notice.objects.get(user=hugo).data == {"count": 1, "bad": 4, "group": str(made.pk)}


def test_what_changed_between_preview_and_entry_counts(hugo):
    leads = [prospect("Anna One"), prospect("Anna Two")]
    made = planned(leads, hugo)
    in_unit(lambda u: suppression.suppress_person(leads[0].person, suppression.BOUNCED, u), actor=access.SYSTEM)
    confirmed(made, hugo)
    assert outcome(made) == {"Anna One": "kept_out", "Anna Two": "entered"} and reasons(made) == {
        "Anna One": "suppressed"
    }


def test_whoever_lost_the_right_meanwhile_enters_nobody(hugo):
    made = planned([prospect("Anna One")], hugo)
    in_unit(lambda u: groups.confirm(made.pk, u), actor=actor_of(hugo), at=MONDAY)
    Membership.objects.filter(user=hugo).delete()
    background(MONDAY)
    assert reasons(made) == {"Anna One": "not_yours"} and not Enrolment.objects.exists()


def test_taken_back_before_a_mail_left_nothing_leaves_and_after_it_the_rest_stops(hugo):
    made = planned([prospect("Anna One"), prospect("Anna Two", zone="America/Montreal"), prospect("Anna Three")], hugo)
    confirmed(made, hugo)
    live(MONDAY)  # 11:00 in Paris, 5:00 in Montreal
    assert len(mail.outbox) == 2
    three = made.members.get(lead__person__name="Anna Three").enrolment
    in_unit(lambda u: services.leave(three.pk, u), actor=access.SYSTEM, at=MONDAY)
    in_unit(lambda u: groups.undo(made.pk, u), actor=actor_of(hugo), at=MONDAY + timedelta(hours=1))
    background(MONDAY + timedelta(hours=1))
    assert outcome(made) == {"Anna One": "stopped", "Anna Two": "undone", "Anna Three": "ended"}
    made.refresh_from_db()
    assert made.undone_at and set(Enrolment.objects.values_list("state", flat=True)) == {"exited"}
    live(MONDAY + timedelta(hours=8))
    assert len(mail.outbox) == 2, "Montreal is awake, and nothing was sent"


def test_a_group_is_taken_back_once_and_within_seven_days(hugo):
    made = planned([prospect("Anna One")], hugo)
    with pytest.raises(Conflict):
        in_unit(lambda u: groups.undo(made.pk, u), actor=actor_of(hugo), at=MONDAY)
    confirmed(made, hugo)
    late = MONDAY + groups.UNDO + timedelta(seconds=1)
    with pytest.raises(Conflict):
        in_unit(lambda u: groups.undo(made.pk, u), actor=actor_of(hugo), at=late)
    in_unit(lambda u: groups.undo(made.pk, u), actor=actor_of(hugo), at=MONDAY + groups.UNDO)
    with pytest.raises(Conflict):
        in_unit(lambda u: groups.undo(made.pk, u), actor=actor_of(hugo), at=MONDAY + groups.UNDO)


def test_a_rep_enrols_own_leads_only_and_sees_own_groups_only(hugo):
    lea, karim = Rep.objects.get(), rep("Karim", team="lyon")
    mine, theirs = prospect("Anna Mine", owner=lea), prospect("Anna Theirs", owner=karim)
    made = planned([mine, theirs], lea.user)
    assert reasons(made) == {"Anna Theirs": "not_yours"}
    assert groups.visible_to(actor_of(hugo)).count() == 1 and not groups.visible_to(actor_of(karim.user)).exists()
    with pytest.raises(NotFound):
        in_unit(lambda u: groups.confirm(made.pk, u), actor=actor_of(karim.user))
    with pytest.raises(Refused):
        in_unit(lambda u: groups.confirm(made.pk, u), actor=actor_of(hugo))


def test_one_lead_that_breaks_is_set_apart_and_the_others_enter(hugo, monkeypatch):
    bad = prospect("Anna Bad")
    real = services._row

    def breaks(lead, *args, **kwargs):
        if lead.pk == bad.pk:
            raise ZeroDivisionError
        return real(lead, *args, **kwargs)

    monkeypatch.setattr(services, "_row", breaks)
    made = planned([bad, *(prospect(f"Anna {n}") for n in range(3))], hugo)
    confirmed(made, hugo)
    assert sorted(outcome(made).values()) == ["", "entered", "entered", "entered"]
    assert Stalled.objects.get().lead_id == bad.pk


def test_a_group_costs_as_many_statements_with_forty_leads_as_with_four(hugo, django_assert_max_num_queries):
    leads = [prospect(f"Anna {n}") for n in range(40)]
    with django_assert_max_num_queries(30):
        made = planned(leads, hugo)
    in_unit(lambda u: groups.confirm(made.pk, u), actor=actor_of(hugo), at=MONDAY)
    with django_assert_max_num_queries(60):
        background(MONDAY)
    assert Enrolment.objects.count() == 40


def test_from_the_list_to_the_preview_to_the_end_without_javascript(hugo, django_assert_max_num_queries):
    client = Client()
    client.force_login(hugo)
    one, two = prospect("Anna One", stage="new"), prospect("Anna Two", stage="engaged")
    assert reverse("desk:enrol_many") + "?stage=new" in client.get("/leads?stage=new").content.decode()
    page = client.get("/leads/enrol?stage=new").content.decode()
    assert "Anna One" in page and "Anna Two" not in page
    assert client.post("/leads/enrol", {"sequence": "unreached"}).status_code == 422, "nobody chosen"
    client.post("/leads/enrol", {"sequence": "unreached", "lead": [str(two.pk), "x"]})
    assert list(GroupMember.objects.values_list("lead", flat=True)) == [two.pk]
    found = client.post("/leads/enrol?stage=new", {"sequence": "unreached", "everything": "on"})
    made = GroupEnrolment.objects.latest("pk")
    assert list(made.members.values_list("lead", flat=True)) == [one.pk]
    with django_assert_max_num_queries(25):
        page = client.get(found.url).content.decode()
    assert "Anna One" in page and f"{made.pk}/confirm" in page
    client.post(f"{found.url}/confirm")
    assert "group-progress" in client.get(f"{found.url}/progress").content.decode()
    tasks.carry_out_groups()
    page = client.get(found.url).content.decode()
    assert f"{made.pk}/undo" in page and client.get(f"{found.url}/progress").headers["HX-Refresh"] == "true"
    client.post(f"{found.url}/undo")
    tasks.carry_out_groups()
    assert Enrolment.objects.get().reason == "undone"
    assert len(re.findall("enrolments/groups/", client.get("/enrolments/groups").content.decode())) == 2


def test_a_filter_that_cannot_be_read_enrols_nobody(hugo):
    client = Client()
    client.force_login(hugo)
    prospect("Anna One")
    answer = client.post("/leads/enrol?stage=nonsense", {"sequence": "unreached", "everything": "on"})
    assert answer.status_code == 422 and not GroupEnrolment.objects.exists()


def test_executives_enrol_nobody(hugo):
    client = Client()
    client.force_login(member("Eve", Role.EXECUTIVE))
    assert client.get("/leads/enrol").status_code == 403
    assert "/leads/enrol" not in client.get("/leads").content.decode()


def test_the_api_plans_tells_confirms_and_takes_back(db):
    house()
    cast = House()
    lead, other = prospect("Anna One", owner=cast.lea), prospect("Anna Two", owner=cast.karim)
    body = {"sequence": "unreached", "leads": [str(lead.pk), str(other.pk)]}
    dry = cast.as_lea.post("/enrolment-groups", {**body, "dry_run": True})
    assert dry.status_code == 200 and not GroupEnrolment.objects.exists()
    assert [row["why"] for row in dry.json()["members"]] == [""], "the other is not hers to see"
    by_filter = cast.marketing.post("/enrolment-groups", {"sequence": "unreached", "filter": f"owner={cast.lea.pk}"})
    assert [row["lead"] for row in by_filter.json()["members"]] == [str(lead.pk)]
    for wrong in ({"filter": "stages=new"}, {"filter": "stage=nonsense"}, {}, {"filter": "", "leads": []}):
        assert cast.marketing.post("/enrolment-groups", {"sequence": "unreached", **wrong}).status_code == 422
    at = f"/enrolment-groups/{by_filter.json()['id']}"
    assert cast.as_lea.get(at).status_code == 404 and cast.as_lea.post(f"{at}/confirm").status_code == 404
    assert cast.marketing.post(f"{at}/undo").status_code == 409
    assert cast.marketing.post(f"{at}/confirm").json()["state"] == "entering"
    tasks.carry_out_groups()
    shown = cast.marketing.get(at).json()
    assert (shown["state"], shown["members"][0]["result"]) == ("entered", "entered")
    assert cast.marketing.post(f"{at}/undo").json()["state"] == "leaving"
    tasks.carry_out_groups()
    runner.run()
    assert cast.marketing.get(at).json()["members"][0]["result"] == "undone" and not mail.outbox
    assert len(cast.marketing.get("/enrolment-groups").json()["results"]) == 1
