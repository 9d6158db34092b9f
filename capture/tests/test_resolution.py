"""Who comes back, who is new, what is filled and what is kept: resolve as a batch."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from capture import pipeline
from capture.defaults import CHANNELS
from capture.models import Submission
from capture.tests.batch import NOON, journal_of, run, submit
from leadops.access import system
from leadops.journal import JournalEntry, Kind
from leadops.models import Account, AttributeDef, Consent, Lead, MatchKey, Person, PersonEmail, Touch, TouchDetail
from leadops.testing import CampaignFactory, LeadFactory, PersonFactory, SourceFactory, put_in_force
from leadops.unit import in_unit, phases, set_phases

pytestmark = pytest.mark.django_db
ANNA = {
    "email": "Anna@Dupont.fr",
    "given_name": "Anna",
    "family_name": "Roux",
    "company": "Dupont SAS",
    "country": "FR",
}


@pytest.fixture(autouse=True)
def resolve_alone() -> Iterator[None]:
    """What the later phases do is their own tests' business."""
    before = phases()
    set_phases(())
    yield
    set_phases(before)


def test_a_submission_becomes_one_person_account_lead_and_touch_with_its_end() -> None:
    sent = submit({**ANNA, "message": "Une démo ?", "phone": "06 12 34 56 78", "employees": "120"})
    run()
    sent.refresh_from_db()
    lead = Lead.objects.get()
    assert (sent.end, sent.lead, sent.person) == ("created", lead, lead.person)
    assert (lead.company, lead.company_folded, lead.country, lead.employees) == ("Dupont SAS", "dupont sas", "FR", 120)
    assert (lead.free_mail, lead.stage, lead.source, lead.hand_raiser) == (False, "new", "website", True)
    assert lead.account == Account.objects.get(domain="dupont.fr", name="Dupont SAS")
    assert PersonEmail.objects.get().folded == "anna@dupont.fr"
    assert MatchKey.objects.get().value == "+33612345678"
    touch = Touch.objects.get()
    assert (touch.lead, touch.person, touch.submission) == (lead, lead.person, sent.pk)
    assert TouchDetail.objects.get(touch=touch.pk).message == "Une démo ?"
    entry = JournalEntry.objects.get(kind=Kind.CAPTURED)
    assert entry.data == {
        "source": "website", "channel": "organic", "campaign": "", "hand_raiser": True, "trigger": "rules",
        "submission": str(sent.pk),
    }  # fmt: skip


def test_the_same_new_address_twice_in_one_batch_is_one_person_one_lead_and_two_touches() -> None:
    first, second = submit(ANNA), submit({**ANNA, "email": "ANNA@dupont.fr", "title": "DSI"})
    run()
    lead = Lead.objects.get()
    assert Person.objects.count() == 1
    assert list(Touch.objects.values_list("submission", flat=True).order_by("id")) == [first.pk, second.pk]
    assert [Submission.objects.get(pk=s.pk).end for s in (first, second)] == ["created", "touched"]
    assert journal_of(lead) == ["captured", "came_back", "edited"]
    assert lead.title == "DSI"


def test_a_later_submission_fills_what_is_empty_and_overwrites_nothing() -> None:
    submit(ANNA)
    run()
    submit(
        {"email": "anna@dupont.fr", "company": "Autre", "city": "Lyon", "family_name": "Martin", "phone": "0612345678"}
    )
    run()
    lead = Lead.objects.get()
    assert (lead.company, lead.city, lead.city_folded) == ("Dupont SAS", "Lyon", "lyon")
    assert (lead.person.family_name, lead.person.phone) == ("Roux", "+33612345678")
    edited = JournalEntry.objects.get(kind=Kind.EDITED)
    assert edited.data == {"fields": ["city"]}
    assert lead.version == 2


def test_a_phone_attaches_only_without_an_address_and_without_another_name() -> None:
    submit({**ANNA, "phone": "0612345678"})
    run()
    submit({"phone": "+33 6 12 34 56 78", "given_name": "Anna", "family_name": "Roux"})
    submit({"phone": "0612345678", "given_name": "Paul", "family_name": "Leroy"})
    submit({"phone": "0612345678", "email": "x@autre.fr", "family_name": "Roux"})
    run()
    assert list(Submission.objects.order_by("id").values_list("end", flat=True)) == [
        "created", "touched", "created", "created",
    ]  # fmt: skip


def test_a_number_two_people_share_attaches_to_neither() -> None:
    for email in ("a@dupont.fr", "b@dupont.fr"):
        submit({"email": email, "phone": "0612345678"})
    submit({"phone": "0612345678"})
    run()
    assert Person.objects.count() == 3


@pytest.mark.parametrize(
    ("stage", "reason", "end", "cycle", "leads"),
    [
        ("engaged", "", "touched", 1, 1),
        ("recycled", "no_timing", "touched", 2, 1),
        ("lost", "price", "created", 1, 2),
        ("disqualified", "no_fit", "created", 1, 2),
        ("won", "", "created", 1, 2),
    ],
)
def test_who_comes_back_meets_the_open_lead_its_next_cycle_or_a_new_one(
    stage: str, reason: str, end: str, cycle: int, leads: int
) -> None:
    person = PersonFactory(email="anna@dupont.fr")
    old = LeadFactory(person=person, stage=stage, stage_reason=reason, first_source="fair", first_channel="event")
    sent = submit({"email": "anna@dupont.fr"})
    run()
    sent.refresh_from_db()
    old.refresh_from_db()
    assert (sent.end, Lead.objects.count(), old.cycle) == (end, leads, cycle)
    assert (sent.lead.first_source, sent.lead.first_channel) == ("fair", "event")
    assert sent.lead.is_open
    if stage == "recycled":
        assert journal_of(old)[:2] == ["stage_moved", "came_back"]
        assert JournalEntry.objects.get(kind=Kind.CAME_BACK).data["new_cycle"] is True
        assert JournalEntry.objects.get(kind=Kind.CAME_BACK).cycle == 2


def test_a_merged_person_comes_back_to_the_lead_of_the_winner_under_the_own_name() -> None:
    winner = PersonFactory(email="anna@dupont.fr")
    loser = PersonFactory(email="a.roux@dupont.fr", canonical=winner)
    lead = LeadFactory(person=winner, stage="engaged")
    sent = submit({"email": "a.roux@dupont.fr"})
    run()
    sent.refresh_from_db()
    assert (sent.end, sent.lead, sent.person) == ("touched", lead, loser)
    assert Touch.objects.get().person == loser  # un-merging gives it back


def test_two_product_lines_are_two_open_leads_of_one_person() -> None:
    submit(ANNA)
    submit(ANNA, source=SourceFactory(slug="training", product_line="training"))
    run()
    assert (Person.objects.count(), Lead.objects.count()) == (1, 2)


@pytest.mark.parametrize(
    ("body", "end", "reason"),
    [
        ({"name": "Anna Roux"}, "created", ""),
        ({"foo": "bar"}, "quarantined", "empty"),
        ({"email": "not an address"}, "quarantined", "empty"),
        ({**ANNA, "is_test": True}, "test", ""),
    ],
)
def test_a_name_is_enough_for_a_lead_and_nothing_readable_is_kept_aside(body: Any, end: str, reason: str) -> None:
    sent = submit(body)
    run()
    sent.refresh_from_db()
    assert (sent.end, sent.reason) == (end, reason)
    assert Lead.objects.count() == (1 if end == "created" else 0)


def test_what_cannot_be_parsed_is_quarantined_with_its_reason_and_the_rest_goes_on() -> None:
    bad, good = submit("{broken"), submit(ANNA)
    run()
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.end, good.end) == ("quarantined", "created")
    assert bad.reason
    assert bytes(bad.body) == b"{broken"


@pytest.mark.parametrize(
    ("told", "expected", "warned"),
    [
        ("2099-01-01T00:00:00Z", NOON, True),
        ("2009-01-01T00:00:00Z", NOON - timedelta(days=3653), True),
        ("2026-03-09T08:00:00Z", NOON - timedelta(hours=28), False),
    ],
)
def test_a_clock_that_is_wrong_at_the_source_is_bent_with_a_warning(told: str, expected: Any, warned: bool) -> None:
    """C20."""
    sent = submit({**ANNA, "occurred_at": told})
    run()
    sent.refresh_from_db()
    lead = Lead.objects.get()
    assert (lead.occurred_at, lead.received_at) == (expected, NOON)
    assert ("occurred-clamped" in sent.warnings) is warned


def test_accounts_are_found_by_own_domain_then_by_name_and_free_mail_says_nothing() -> None:
    for email, company in (
        ("a@dupont.fr", "Dupont SAS"), ("b@dupont.fr", ""), ("c@gmail.com", "DUPONT"), ("d@gmail.com", ""),
    ):  # fmt: skip
        submit({"email": email, "company": company})
    run()
    account = Account.objects.get()
    assert list(Lead.objects.order_by("id").values_list("account", flat=True)) == [account.pk] * 3 + [None]
    assert list(Lead.objects.order_by("id").values_list("free_mail", flat=True)) == [False, False, True, True]


def test_custom_attributes_are_canonical_and_what_cannot_be_coerced_is_absent_and_named() -> None:
    for key, kind in (("budget", "number"), ("start", "day"), ("usage", "choice"), ("pitch", "text"), ("vip", "flag")):
        choices = [{"code": "it", "labels": {"fr": "Informatique", "en": "IT"}}]
        AttributeDef.objects.create(owner="lead", key=key, kind=kind, choices=choices if kind == "choice" else [])
    sent = submit(
        {**ANNA, "Budget": "12 500,50", "start": "soon", "usage": "informatique", "pitch": "Très Bien", "vip": "oui"}
    )
    run()
    sent.refresh_from_db()
    lead = Lead.objects.get()
    assert lead.attributes == {"budget": 12500.5, "usage": "it", "pitch": "Très Bien", "vip": True}
    assert lead.attributes_folded == {"pitch": "tres bien"}
    assert "attribute-start-not-a-day" in sent.warnings
    assert TouchDetail.objects.get().fields == {"start": "soon"}


def test_a_visit_gives_channel_campaign_and_the_rule_that_said_so() -> None:
    put_in_force("channels", "house", CHANNELS)
    CampaignFactory(key="spring", utm_campaign="Printemps_2026")
    submit({**ANNA, "utm_source": "google", "utm_medium": "CPC", "utm_campaign": "printemps_2026"})
    submit({"email": "b@x.fr", "landing_url": "https://us.example/p?gclid=abc"})
    submit({"email": "c@x.fr"})
    run()
    shown = [(t.channel, t.channel_rule, t.campaign) for t in Touch.objects.order_by("id")]
    assert shown == [("paid_search", "medium_paid", "spring"), ("paid_search", "click_search", ""), ("organic", "", "")]
    assert Lead.objects.order_by("id").first().campaign == "spring"


def test_consent_is_kept_with_its_proof() -> None:
    consent = {"given": True, "text": "J’accepte", "language": "fr"}
    sent = submit({"fields": ANNA, "consent": consent}, source=SourceFactory(slug="demo-form", adapter="hosted"))
    run()
    row = Consent.objects.get()
    assert (row.state, row.submission, row.collected_from, len(row.notice)) == ("given", sent.pk, "demo-form", 64)


def test_an_owner_named_from_outside_is_no_owner() -> None:
    submit({**ANNA, "owner": "someone"}, headers={"owner": "11111111-1111-1111-1111-111111111111"})
    run()
    assert "owner" not in JournalEntry.objects.get(kind=Kind.CAPTURED).data


def test_what_arrives_late_does_not_become_the_last_touch() -> None:
    submit({**ANNA, "occurred_at": "2026-03-10T10:00:00Z"})
    run()
    submit({**ANNA, "occurred_at": "2026-03-01T10:00:00Z"}, source=SourceFactory(slug="fair", channel="event"))
    run()
    assert Lead.objects.get().last_source == "website"


def _statements(n: int, tag: str, number: int) -> int:
    rows = [
        submit({"email": f"p{i}@c{i}{tag}.fr", "phone": f"+336{number + i}", "company": f"C {i}{tag}", "message": "x"})
        for i in range(n)
    ]
    with CaptureQueriesContext(connection) as seen:
        in_unit(lambda unit: pipeline._resolve([r.pk for r in rows], unit), actor=system("pipeline"), at=NOON)
    return len(seen)


def test_the_number_of_statements_does_not_depend_on_the_number_of_submissions() -> None:
    few, many = _statements(2, "a", 12345600), _statements(60, "b", 22345600)
    assert few == many
    assert many <= 16  # savepoints, journal and phases included


def test_a_batch_of_people_who_came_back_takes_no_statement_each() -> None:
    counts = []
    for n in (2, 30):
        for i in range(n):
            person = PersonFactory(email=f"r{i}-{n}@gmail.com")
            LeadFactory(person=person, stage="recycled", stage_reason="no_timing")
        rows = [submit({"email": f"r{i}-{n}@gmail.com", "city": "Lyon"}) for i in range(n)]
        with CaptureQueriesContext(connection) as seen:
            in_unit(
                lambda unit, rows=rows: pipeline._resolve([r.pk for r in rows], unit), actor=system("pipeline"), at=NOON
            )
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert set(Lead.objects.values_list("cycle", "stage", "city")) == {(2, "engaged", "Lyon")}
