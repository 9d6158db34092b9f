"""The desk side of capture, through its addresses: by hand, quarantine and replay, sources, campaigns, costs."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from capture.models import Campaign, Cost, Source, Submission
from capture.services import ensure_shipped_sources
from capture.tests.batch import run, submit
from leadops import sealed
from leadops.access import system
from leadops.journal import JournalEntry, Kind
from leadops.models import Lead
from leadops.testing import CampaignFactory, LeadFactory, PersonFactory, member, rep
from leadops.unit import in_unit

pytestmark = [pytest.mark.django_db, pytest.mark.urls("capture.tests.desk_urls")]


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="leadops.desk.signin.EmailBackend")
    return client


@pytest.fixture
def ops() -> Client:
    return signed_in(member("Mona", "marketing_ops", language="en"))


@pytest.fixture
def shipped() -> None:
    in_unit(lambda unit: ensure_shipped_sources(unit=unit), actor=system("setup"))


def test_a_new_lead_by_hand_is_a_submission_and_the_same_form_sent_twice_is_one_lead(shipped: None) -> None:
    lea = rep("Lea")
    client = signed_in(lea.user)
    sent = {"nonce": "n1", "email": "anna@dupont.fr", "name": "Anna Roux", "owner": "me"}
    for _time in range(2):
        assert client.post("/leads/new", sent).status_code == 302
    lead = Lead.objects.get()
    assert (lead.source, lead.created_by) == ("manual", lea.pk)
    assert Submission.objects.get().end == "created"
    entry = JournalEntry.objects.get(kind=Kind.CAPTURED)
    assert (entry.data["owner"], entry.actor_id) == (str(lea.pk), lea.pk)


def test_nothing_typed_is_told_and_stores_nothing(shipped: None) -> None:
    answer = signed_in(rep("Lea").user).post("/leads/new", {"nonce": "n", "company": "x", "owner": "route"})
    assert (answer.status_code, Submission.objects.count()) == (422, 0)


def test_a_rep_learns_that_somebody_is_known_but_not_a_colleagues_contact() -> None:
    karim, lea = rep("Karim"), rep("Lea")
    person = PersonFactory(email="anna@dupont.fr", name="Anna Roux", phone="+33612345678")
    LeadFactory(person=person, owner=karim)
    theirs = signed_in(lea.user).get("/leads/new/known?email=ANNA@dupont.fr").content.decode()
    assert "Karim" in theirs
    assert "Anna" not in theirs and "33612345678" not in theirs and "/leads/" not in theirs
    assert "Anna Roux" in signed_in(karim.user).get("/leads/new/known?email=anna@dupont.fr").content.decode()


def test_quarantine_is_replayed_with_corrections_and_the_body_stays(ops: Client) -> None:
    row = submit("{broken <script>alert(1)</script>")
    run()
    shown = ops.get(f"/submissions/{row.pk}").content.decode()
    assert "<script>alert(1)" not in shown and "&lt;script&gt;" in shown
    assert ops.post(f"/submissions/{row.pk}/replay", {"email": "anna@dupont.fr"}).status_code == 302
    row.refresh_from_db()
    assert (row.end, row.edited) == ("created", {"email": "anna@dupont.fr"})
    assert bytes(row.body).startswith(b"{broken")
    assert JournalEntry.objects.get(kind=Kind.SUBMISSION_REPLAYED).data["fields"] == ["email"]


def test_a_dead_submission_is_replayed_by_a_worker_never_in_a_page(ops: Client) -> None:
    row = submit({"email": "a@x.fr"}, end="quarantined", reason="dead", starts=3)
    ops.post(f"/submissions/{row.pk}/replay", {})
    row.refresh_from_db()
    assert (row.end, row.starts) == ("pending", 0)


def test_what_ended_well_is_not_replayed(ops: Client) -> None:
    row = submit({"email": "a@x.fr"})
    run()
    assert ops.post(f"/submissions/{row.pk}/replay", {}).status_code == 409


@pytest.mark.parametrize("path", ["/submissions", "/submissions/ledger", "/sources", "/campaigns"])
def test_lists_open_for_marketing_and_are_closed_to_reps(ops: Client, path: str) -> None:
    submit({"email": "a@x.fr"})
    CampaignFactory()
    assert ops.get(path).status_code == 200
    assert signed_in(rep("Lea").user).get(path).status_code == 403


def test_the_list_names_who_sent_in_one_statement_more(ops: Client) -> None:
    def page() -> tuple[str, int]:
        with CaptureQueriesContext(connection) as seen:
            text = ops.get("/submissions").content.decode()
        return text, len(seen)

    submit({"name": "Anna Roux", "email": "anna@dupont.fr", "company": "Dupont SA"})
    submit({"email": "no address"})
    run()
    page()
    text, asked = page()
    lead = Lead.objects.get()
    assert f'<a href="{lead.get_absolute_url()}">Anna Roux</a>' in text and "Dupont SA" in text
    for n in range(5):
        submit({"name": f"Bo {n}", "email": f"bo{n}@x{n}.example"})
    run()
    text, more = page()
    assert "Bo 4" in text and more == asked


def test_a_signed_source_shows_its_secret_once_and_keeps_it_sealed(ops: Client) -> None:
    data = {"name": "Site café", "adapter": "json", "trigger": "now", "signed": "on"}
    shown = ops.post("/sources/new", data).content.decode()
    source = Source.objects.get()
    (secret,) = sealed.live("source:site-cafe", source.created_at)
    assert secret in shown
    assert secret not in ops.get(f"/sources/{source.pk}").content.decode()
    ops.post(f"/sources/{source.pk}/state", {"state": "paused"})
    source.refresh_from_db()
    assert source.state == "paused"


def test_a_cost_is_read_as_typed_and_its_correction_is_a_new_row() -> None:
    client = signed_in(member("Mona", "marketing_ops", language="fr"))
    campaign: Campaign = CampaignFactory()
    path = f"/campaigns/{campaign.pk}"
    sent = {"from_on": "2026-03-01", "to_on": "2026-03-31", "amount": "1 234,50"}
    assert client.post(path, sent).status_code == 302
    first = Cost.objects.get()
    assert (first.amount_minor, first.currency, first.house_minor) == (123450, "EUR", 123450)
    correction = {**sent, "amount": "1 000", "corrects": str(first.pk)}
    assert client.post(path, correction).status_code == 302
    assert client.post(path, correction).status_code == 422
    assert list(Cost.objects.order_by("id").values_list("amount_minor", flat=True)) == [123450, 100000]
