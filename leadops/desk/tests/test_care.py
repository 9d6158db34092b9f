"""What managers do with a lead: assign it, have it routed again, correct it, reopen it; and the list that waits for them."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from leadops import moment
from leadops.access import actor_of
from leadops.desk.tests.api_cast import Caller
from leadops.desk.tests.desk_cast import Desk, client_of
from leadops.journal import JournalEntry, Kind
from leadops.models import AttributeDef, Lead, Reason
from leadops.testing import ALWAYS_OPEN, LeadFactory, PersonFactory, put_in_force, rep
from leadops.unit import in_unit
from qualification import services as qualification
from routing.models import Assignment, Pool

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    return Desk()


def held(reason: str, name: str = "Bea Held") -> Lead:
    return LeadFactory(person=PersonFactory(name=name), held=reason, held_at=moment.now())


def test_a_manager_assigns_a_lead_with_the_key_a_or_by_the_list(desk: Desk) -> None:
    lead, client = held("no_rule"), client_of(desk.manager, "en")
    page = client.get(lead.get_absolute_url()).content.decode()
    assert 'data-key="a"' in page
    url = reverse("desk:assign", args=[lead.pk])
    assert "Léa Martin · Paris" in client.get(url).content.decode()
    answer = client.post(url, {"rep": desk.lea.pk, "reason": "", "back": "waiting"})
    assert (answer.status_code, answer["Location"]) == (302, "/waiting")
    lead.refresh_from_db()
    assert (lead.owner_id, lead.held) == (desk.lea.pk, "")
    assert Assignment.objects.get(lead=lead, ended_at=None).by_id == desk.manager.pk


def test_taking_a_lead_from_a_rep_needs_a_reason_and_keeps_the_choice(desk: Desk) -> None:
    lead, client = desk.lead(), client_of(desk.manager, "en")
    url = reverse("desk:assign", args=[lead.pk])
    refused = client.post(url, {"rep": desk.karim.pk, "reason": "", "version": lead.version})
    assert refused.status_code == 422 and f'value="{desk.karim.pk}" selected' in refused.content.decode()
    lead.refresh_from_db()
    assert lead.owner_id == desk.lea.pk
    done = client.post(url, {"rep": desk.karim.pk, "reason": "Speaks Dutch", "version": lead.version})
    assert done["Location"] == reverse("desk:list_leads")  # another team's lead now: not this manager's to see
    lead.refresh_from_db()
    assert lead.owner_id == desk.karim.pk


def test_the_form_to_assign_costs_the_same_for_three_reps_as_for_twelve(desk: Desk) -> None:
    client, lead, counted = client_of(desk.manager, "en"), desk.lead(owner=desk.lea), []
    for n in range(12):
        put_in_force("calendar", f"c{n}", ALWAYS_OPEN)
        rep(f"Rep {n}", calendar=f"c{n}")
        if n in (0, 9):  # with Léa and Karim three, and twelve
            client.get(reverse("desk:assign", args=[lead.pk]))
            with CaptureQueriesContext(connection) as queries:
                shown = client.get(reverse("desk:assign", args=[lead.pk])).content.decode()
            counted.append(len(queries))
            assert shown.count(" · in their hours") >= n + 1
    assert counted[0] == counted[1]


@pytest.mark.parametrize("who", ["lea", "marketing", "executive"])
def test_nobody_else_assigns(desk: Desk, who: str) -> None:
    lead, person = desk.lead(), getattr(desk, who)
    client = client_of(getattr(person, "user", person))
    for verb in ("assign", "route_again"):
        assert client.post(reverse(f"desk:{verb}", args=[lead.pk]), {"rep": desk.karim.pk}).status_code == 403
    assert 'data-key="a"' not in client.get(lead.get_absolute_url()).content.decode()
    assert client.get("/waiting").status_code == 403


def test_the_list_holds_exactly_what_waits_for_a_person(desk: Desk) -> None:
    waiting = {held(reason, f"P {reason}").pk for reason in ("no_rule", "handed_back", "by_rule")}
    held("no_capacity"), held("off_hours"), desk.lead()
    LeadFactory(held="no_rule", stage="disqualified", stage_reason="spam")
    client = client_of(desk.manager, "en")
    answer = client.get("/waiting")
    assert {lead.pk for lead, *_rest in answer.context["leads"]} == waiting
    body = answer.content.decode()
    assert body.count("/assign?back=waiting") == 3 and body.count("/route-again") == 3
    assert 'href="/waiting"' in client.get("/leads").content.decode()  # linked from every page of theirs
    rows = Caller(desk.revenue).get("/leads?needs_person=true").json()["results"]
    assert {row["id"] for row in rows} == {str(key) for key in waiting}


def test_who_waits_for_no_person_is_counted_with_the_list_behind_it(desk: Desk) -> None:
    hours = {held("off_hours", f"P {n}").pk for n in range(2)}
    held("no_capacity")
    LeadFactory(held="off_hours", stage="disqualified", stage_reason="spam")
    client = client_of(desk.manager, "en")
    body = client.get("/waiting").content.decode()
    assert "Nobody waits for you" in body
    found = re.findall(r'<a href="(/leads\?[^"]+)">([^<]+)</a>', body[body.index('id="by-itself"') :])
    assert [words for _url, words in found] == ["2 wait for opening hours", "1 waits for a rep with room"]
    listed = client.get(html.unescape(found[0][0]))
    assert {lead.pk for lead, *_rest in listed.context["leads"]} == hours
    assert [chip.value for chip in listed.context["chips"]] == ["Yes", "nobody works at this hour"]


def test_what_was_handed_back_is_routed_again_when_a_manager_asks(desk: Desk) -> None:
    lead = desk.lead()
    client_of(desk.lea.user).post(
        reverse("desk:hand_back", args=[lead.pk]),
        {"reason": Reason.objects.filter(use="hand_back").exclude(key="wrong_rep")[0].key, "text": ""},
    )
    lead.refresh_from_db()
    assert (lead.owner_id, lead.held) == (None, "handed_back")
    answer = client_of(desk.manager).post(reverse("desk:route_again", args=[lead.pk]), {"back": "waiting"})
    assert answer["Location"] == "/waiting"
    lead.refresh_from_db()
    assert lead.owner_id in (desk.lea.pk, desk.karim.pk) and lead.held == ""
    assert Assignment.objects.get(lead=lead, ended_at=None).how == Assignment.How.PUSHED


def test_routed_again_without_anybody_it_stays_held_with_a_reason(desk: Desk) -> None:
    lead = held("handed_back")
    Pool.objects.all().update(active=False)
    assert client_of(desk.manager).post(reverse("desk:route_again", args=[lead.pk])).status_code == 302
    lead.refresh_from_db()
    assert lead.owner_id is None and lead.held in ("no_members", "all_had_it", "all_absent", "handed_back")


def test_the_api_routes_again_too(desk: Desk) -> None:
    lead = held("handed_back")
    assert Caller(desk.lea.user).post(f"/leads/{lead.pk}/route-again").status_code in (403, 404)
    answer = Caller(desk.manager).post(f"/leads/{lead.pk}/route-again")
    assert answer.status_code == 200 and answer.json()["owner"], answer.json()
    owned = Caller(desk.revenue).post(f"/leads/{lead.pk}/route-again")
    assert (owned.status_code, owned.json()["code"]) == (409, "already-owned")


def test_a_rep_corrects_what_is_known_and_only_that_is_journalled(desk: Desk) -> None:
    AttributeDef.objects.create(owner="lead", key="surface", kind="number", labels={"fr": "Surface", "en": "Surface"})
    AttributeDef.objects.create(owner="lead", key="solar", kind="flag", labels={"fr": "Solaire", "en": "Solar"})
    lead, client = desk.lead(city="Lyon"), client_of(desk.lea.user, "en")
    url = reverse("desk:edit_lead", args=[lead.pk])
    page = client.get(url)
    assert 'value="Lyon"' in page.content.decode() and "Solar" in page.content.decode()
    assert '<option value="de">German</option>' in page.content.decode()
    same = {name: page.context["form"].initial.get(name, field.initial) or "" for name, field in page.context["form"].fields.items()}  # fmt: skip
    sent = same | {"city": "Grenoble", "employees": "40", "own_surface": "1 200", "own_solar": "yes"}
    assert client.post(url, sent | {"version": lead.version}).status_code == 302
    lead.refresh_from_db()
    assert (lead.city, lead.employees, lead.company) == ("Grenoble", 40, "Acier SA")
    assert lead.attributes["solar"] is True and float(lead.attributes["surface"]) == 1200
    entry = JournalEntry.objects.get(lead=lead, kind=Kind.EDITED)
    assert set(entry.data["fields"]) == {"city", "employees", "attributes"}
    wrong = client.post(url, same | {"own_surface": "much", "city": "Nice"})
    assert wrong.status_code == 422 and 'value="Nice"' in wrong.content.decode()
    assert client.post(url, same | {"language": "xx"}).status_code == 422
    emptied = client.post(url, sent | {"own_solar": ""})
    lead.refresh_from_db()
    assert emptied.status_code == 302 and "solar" not in lead.attributes


def test_a_lead_that_is_not_ones_own_is_not_edited(desk: Desk) -> None:
    lead = desk.lead()
    assert client_of(desk.karim.user).get(reverse("desk:edit_lead", args=[lead.pk])).status_code == 404
    assert client_of(desk.executive).get(reverse("desk:edit_lead", args=[lead.pk])).status_code == 403


def test_a_recycled_lead_is_reopened_before_its_time(desk: Desk) -> None:
    lead, client = desk.lead(), client_of(desk.lea.user, "en")
    assert reverse("desk:reopen", args=[lead.pk]) not in client.get(lead.get_absolute_url()).content.decode()
    reason = Reason.objects.filter(use="recycle")[0].key
    later = moment.now() + timedelta(days=9)
    in_unit(lambda u: qualification.recycle(u.leads([lead.pk])[0], u, reason, later), actor=actor_of(desk.lea.user))
    assert reverse("desk:reopen", args=[lead.pk]) in client.get(lead.get_absolute_url()).content.decode()
    assert client.post(reverse("desk:reopen", args=[lead.pk])).status_code == 302
    lead.refresh_from_db()
    assert (lead.stage, lead.cycle, lead.owner_id) == ("engaged", 2, desk.lea.pk)
    assert client.post(reverse("desk:reopen", args=[lead.pk])).status_code in (409, 422)
