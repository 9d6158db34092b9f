"""The pages and the API of a person's data: preview, copy, erasure with its typed word, the policy of retention."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.test import Client

from leadops import moment
from leadops.desk.tests.api_cast import House
from leadops.desk.tests.desk_cast import client_of
from leadops.journal import JournalEntry
from leadops.models import Lead, Person
from leadops.privacy import copying, policy, retention
from leadops.privacy.holdings import HOLDINGS
from leadops.privacy.models import Erasure
from leadops.privacy.words import COLUMNS
from leadops.testing import LeadFactory, PersonFactory, SourceFactory, TouchFactory

pytestmark = pytest.mark.django_db


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def known(house: House, name: str = "Nora Blum", email: str = "nora@acme.example") -> Lead:
    return house.lead(house.lea, name=name, person={"email": email, "phone": "+33612345678"})


def test_every_column_of_the_copy_to_read_has_a_word() -> None:
    kept = {
        (holding.model.__name__, column.name)
        for holding in HOLDINGS
        for column in holding.model._meta.concrete_fields
        if column.name not in copying.OURS | COLUMNS.keys()
        and not column.name.endswith("folded")
        and not copying.is_reference(holding.model, column.name)
    }
    assert kept == set()


@pytest.mark.parametrize(("language", "words"), [
    ("fr", {"Première source": "Site vitrine", "A demandé un contact": "Oui", "Statut": "Non traité", "Pays": "France"}),
    ("en", {"First source": "Site vitrine", "Asked to be contacted": "Yes", "Status": "Untouched", "Country": "France"}),
])  # fmt: skip
def test_the_copy_to_read_says_no_code_and_no_name_of_a_column(language: str, words: dict[str, str]) -> None:
    house = House()
    SourceFactory(slug="vitrine", name="Site vitrine")
    lead = known(house)
    Lead.objects.filter(pk=lead.pk).update(first_source="vitrine", hand_raiser=True, country="FR", status="untouched")
    client = client_of(house.revenue.user, language)
    page = client.post(f"/people/{lead.person_id}/copy", {"form": "html"}).content.decode()
    table = page[page.index("<h2>Leads</h2>") :].partition("</section>")[0]
    found = dict(re.findall(r"<th[^>]*>([^<]*)</th><td>([^<]*)</td>", table))
    assert {name: found.get(name) for name in words} == words
    assert not {"True", "False", "untouched", "pipeline"} & set(re.findall(r"<td>([^<]*)</td>", page))


def test_the_page_shows_what_is_there_gives_a_copy_and_erases_after_the_word_was_typed():
    house = House()
    lead = known(house)
    desk, page = signed_in(house.revenue.user), f"/people/{lead.person_id}"
    shown = desk.get(f"{page}/personal-data")
    assert shown.status_code == 200 and b"nora@acme.example" in shown.content and b'name="confirm"' in shown.content
    assert f"{page}/personal-data" in desk.get(f"/leads/{lead.pk}").content.decode()

    for form, kind in (("json", "application/json"), ("html", "text/html; charset=utf-8")):
        copy = desk.post(f"{page}/copy", {"form": form})
        assert copy.headers["Content-Type"] == kind and "attachment" in copy.headers["Content-Disposition"]
        assert "nora@acme.example" in copy.content.decode() and "Nora Blum" in copy.content.decode()
    assert JournalEntry.objects.filter(kind="copied", person=lead.person, actor=house.revenue.user).count() == 2

    assert desk.post(f"{page}/erase", {"reason": "asked", "confirm": "yes"}).status_code == 422
    assert Person.objects.get(pk=lead.person_id).email
    done = desk.post(f"{page}/erase", {"reason": "asked", "confirm": "Effacer"}, follow=True)
    assert done.status_code == 200 and b"nora" not in done.content.lower()
    assert b"nora" not in desk.get(f"/leads/{lead.pk}").content.lower()
    assert desk.post(f"{page}/copy", {"form": "json"}).status_code == 409
    entry = JournalEntry.objects.get(kind="erased")
    assert entry.data["reason"] == "asked" and "nora" not in json.dumps(entry.data)


def test_nobody_else_finds_the_pages_and_the_api_asks_for_role_and_scope():
    house = House()
    lead = known(house)
    for one in (house.lea.user, house.manager.user, house.marketing.user, house.executive.user):
        for method, path in (("get", "personal-data"), ("post", "erase"), ("post", "copy")):
            assert getattr(signed_in(one), method)(f"/people/{lead.person_id}/{path}").status_code == 404
    body = {"reason": "asked", "confirm": "erase"}
    assert house.marketing.post(f"/persons/{lead.person_id}/erase", body).status_code == 403
    assert house.marketing.post(f"/persons/{lead.person_id}/export").status_code == 403

    seen = house.revenue.get(f"/persons/{lead.person_id}/erase").json()
    assert seen["leads"] == [str(lead.pk)] and {"goes", "blanked"} <= {row["fate"] for row in seen["tables"]}
    copy = house.revenue.post(f"/persons/{lead.person_id}/export").json()
    assert copy["format"] == "leadops-person-1" and "nora@acme.example" in json.dumps(copy)
    assert house.revenue.post(f"/persons/{lead.person_id}/erase", {**body, "confirm": "no"}).status_code == 422
    done = house.revenue.post(f"/persons/{lead.person_id}/erase", body, key="once")
    assert done.status_code == 200 and done.json()["rows"]["leadops_person"] == 1
    assert house.revenue.post(f"/persons/{lead.person_id}/erase", body, key="once").json() == done.json()
    assert house.revenue.post(f"/persons/{lead.person_id}/erase", body).status_code == 409


def test_who_was_silent_too_long_is_erased_by_a_policy_and_by_none_nobody():
    house, now = House(), moment.now()
    old = now - timedelta(days=3 * 366)
    with_old_id = {"created_at": old}
    people = {}
    for name, last in (("silent", old), ("clicked", now), ("customer", old)):
        person = PersonFactory(name=f"{name} someone", id=_id_of(old), **with_old_id)
        stage = "won" if name == "customer" else "engaged"
        LeadFactory(person=person, received_at=old, last_inbound_at=old, stage=stage, owner=None)
        people[name] = person
        if last == now:
            TouchFactory(person=person, occurred_at=now)
    assert retention.erase_due(now) == 0 and not Erasure.objects.exists()

    desk = signed_in(house.revenue.user)
    looked = desk.get("/settings/retention?months=36").content.decode()
    assert "silent someone" in looked and "clicked someone" not in looked and not Erasure.objects.exists()
    assert desk.post("/settings/retention", {"months": "3", "reason": "too short"}).status_code == 422
    assert desk.post("/settings/retention", {"months": "36", "reason": "CNIL"}).status_code == 302
    assert policy.months_at(moment.now()) == 36
    assert retention.erase_due() == 1 and retention.erase_due() == 0
    assert Erasure.objects.get().person == people["silent"] and Erasure.objects.get().reason == "retention"
    assert signed_in(house.marketing.user).get("/settings/retention").status_code == 403


def _id_of(at):
    from leadops import ids

    return ids.uuid7(at)
