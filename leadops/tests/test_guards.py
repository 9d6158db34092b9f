"""What the database itself refuses: append-only rows, frozen versions, closed assignments, two-time rows, emptied tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction

from capture.models import Cost, Submission, Visit, Visitor
from leadops import moment
from leadops.decisions import DecisionFacts
from leadops.desk.tests.api_cast import House
from leadops.journal import EntryText, Seal
from leadops.models import Absence, AccountOwner, Consent, ExchangeRate, Lead, Suppression, Touch, TouchDetail
from leadops.testing import DAWN, AccountFactory
from leadops.versions.models import Version
from qualification.models import FrameworkAnswer
from routing.models import Territory, TerritoryPlace

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Guarded:
    """A table, a change to refuse, the rows it holds for, and what the eraser may do: columns it sets, '-' = delete."""

    table: str
    change: str = "{pk} = {pk}"
    where: str = "true"
    erasable: tuple[str, ...] = ()


TABLES = [
    Guarded("leadops_journalentry"),
    Guarded("leadops_entrytext", erasable=("-",)),
    Guarded("leadops_entryorigin", "address = 'elsewhere'", erasable=("-",)),
    Guarded(
        "leadops_touch", "kind = 'call'", erasable=("content = ''", "term = ''", "utm_source = ''", "utm_campaign = ''")
    ),
    Guarded("leadops_touchdetail", erasable=("-",)),
    Guarded("leadops_decision", "outcome = '{{}}', seed = 1", erasable=("why = '{}'",)),
    Guarded("leadops_decisionbatch"),
    Guarded("leadops_decisionfacts", erasable=("-",)),
    Guarded("leadops_seal"),
    Guarded("leadops_consent", "state = 'refused'", erasable=("collected_from = ''",)),
    Guarded("leadops_suppression", "reason = 'bounced'", erasable=("why = ''",)),
    Guarded("qualification_frameworkanswer"),
    Guarded("leadops_exchangerate"),
    Guarded("leadops_version", "body = '{{}}'", "state <> 'draft'"),
    Guarded("leadops_version", "reason = 'another'", "state <> 'draft'"),
    Guarded("leadops_version", "team_id = (SELECT id FROM leadops_team LIMIT 1)", "state <> 'draft'"),
    Guarded("leadops_version", "author_id = (SELECT id FROM leadops_user LIMIT 1)", "state <> 'draft'"),
    Guarded("leadops_version", "based_on_id = id", "state <> 'draft'"),
    Guarded("leadops_publication", "valid_to = '2030-01-01'"),
    Guarded("leadops_repterms", "capacity = 999"),
    Guarded("leadops_absence", "kind = 'other', known_to = '2031-01-01'"),
    Guarded("leadops_accountowner", "known_to = null", "known_to is not null"),
    Guarded("routing_poolmember", "weight = 7"),
    Guarded("routing_territoryplace", "value = '00'"),
    Guarded("routing_creditentry"),
    Guarded("routing_assignment", "{pk} = {pk}", "ended_at is not null"),
    Guarded("capture_cost"),
    Guarded("capture_erasedmark"),
    Guarded("capture_visit", "occurred_at = now()", erasable=("url = ''", "utm = '{}'", "click_ids = '{}'")),
    Guarded("capture_submission", "body = 'x'", erasable=("body = ''",)),
    Guarded("capture_submission", "received_at = received_at - interval '1 day'", erasable=("body = ''",)),
]
EMPTIED = {
    "leadops_journalentry", "leadops_entryorigin", "leadops_touch", "leadops_decision", "leadops_decisionbatch",
    "leadops_seal", "leadops_consent",
    "leadops_exchangerate", "leadops_suppression", "leadops_version", "leadops_publication", "routing_creditentry",
    "routing_assignment", "capture_cost", "capture_erasedmark", "capture_submission", "capture_visit",
}  # fmt: skip


@pytest.fixture
def lived(db: None) -> House:
    """A row in every guarded table: a lead that came in, was routed, handed back, and what stands around it."""
    house, now = House(), moment.now()
    made = house.as_lea.post("/leads", {"email": "bo@acme.example", "name": "Bo", "message": "Hello", "owner": "me"})
    lead = Lead.objects.get(pk=made.json()["id"])
    assert house.as_lea.post(f"/leads/{lead.pk}/hand-back", {"reason": "wrong_rep", "text": "no"}).status_code == 200
    if not TouchDetail.objects.exists():
        TouchDetail.objects.create(touch=Touch.objects.get().pk, person=lead.person, message="Hello")
    Seal.objects.create(
        table="journal", after_xid=0, after_id=0, until_xid=1, until_id=1, rows=1, digest=b"0" * 32, at=now
    )
    said = {"channel": "mail", "purpose": "news", "state": "given", "basis": "form", "collected_from": "1.2.3.4"}
    Consent.objects.create(person=lead.person, occurred_at=now, recorded_at=now, **said)
    Suppression.objects.create(digest=b"1" * 32, channel="mail", reason="asked", at=now)
    learnt = {"question": "need", "answer": "clear", "at": now, "recorded_at": now}
    FrameworkAnswer.objects.create(lead=lead, framework=Version.objects.filter(kind="scorecard")[0], **learnt)
    ExchangeRate.objects.create(currency="USD", day=date(2026, 1, 1), rate="0.9", recorded_at=now)
    Cost.objects.create(
        source=house.source,
        from_on=date(2026, 1, 1),
        to_on=date(2026, 1, 2),
        amount_minor=1,
        currency="EUR",
        recorded_at=now,
    )
    Absence.objects.create(rep=house.lea, kind="sick", valid_from=now, known_from=now)
    owner = {"account": AccountFactory(), "rep": house.lea, "valid_from": DAWN, "known_from": DAWN}
    AccountOwner.objects.create(**owner, known_to=now)
    known = Visitor.objects.create(token=b"2" * 32, first_seen_at=now, person=lead.person, stitched_at=now)
    Visit.objects.create(visitor=known, occurred_at=now, recorded_at=now, url="https://house.example/prices")
    north = Territory.objects.create(key="north", name={})
    TerritoryPlace.objects.create(
        territory=north, kind="postcode", country="FR", value="59", valid_from=DAWN, known_from=DAWN
    )
    Submission.objects.create(
        source=house.source, delivery_key="k", digest=b"3" * 32, received_at=now, end="duplicate", reason="erased"
    )
    assert EntryText.objects.exists() and DecisionFacts.objects.exists()
    return house


def pk_of(table: str) -> str:
    with connection.cursor() as cursor:
        (found,) = connection.introspection.get_primary_key_columns(cursor, table) or ()
    return found


def run(statement: str, *, eraser: bool = False) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        if eraser:
            cursor.execute("SET LOCAL leadops.eraser = 'on'")
        cursor.execute(statement)
        return int(cursor.rowcount)


def test_no_guarded_row_is_changed_or_deleted_and_the_eraser_does_what_is_marked(lived: House):
    for one in TABLES:
        key = pk_of(one.table)
        change = f"UPDATE {one.table} SET {one.change.format(pk=key)} WHERE {one.where}"  # names of this file
        delete = f"DELETE FROM {one.table} WHERE {one.where}"
        for statement in (change, delete):
            with pytest.raises(IntegrityError) as refused:
                assert run(statement) < 0, f"{statement}: {one.table} has no such row, or no guard"
            assert re.search("append-only|frozen|kept as|closed once", str(refused.value)), statement


@pytest.mark.parametrize("one", TABLES, ids=lambda one: f"{one.table} {one.change}")
def test_the_eraser_passes_for_marked_columns_only(lived: House, one: Guarded):
    key = pk_of(one.table)
    touched = {mark.split(" = ")[0] for mark in one.erasable}
    if one.change.split(" = ")[0] not in touched:
        with pytest.raises(IntegrityError):
            run(f"UPDATE {one.table} SET {one.change.format(pk=key)} WHERE {one.where}", eraser=True)
    for mark in one.erasable:
        if mark != "-":
            assert run(f"UPDATE {one.table} SET {mark}", eraser=True) > 0
    if "-" in one.erasable:
        assert run(f"DELETE FROM {one.table}", eraser=True) > 0
    else:
        with pytest.raises(IntegrityError):
            run(f"DELETE FROM {one.table} WHERE {one.where}", eraser=True)


def test_a_visitor_is_stitched_to_a_person_at_a_moment_or_not_at_all():
    with pytest.raises(IntegrityError), transaction.atomic():
        Visitor.objects.create(token=b"3" * 32, first_seen_at=moment.now(), stitched_at=moment.now())


def test_every_guarded_table_stands_in_these_lists():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.tgrelid::regclass::text, (t.tgtype & 32) > 0 FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE NOT t.tgisinternal AND p.proname IN ('leadops_append_only', 'leadops_two_times',"
            " 'leadops_frozen_version', 'capture_submission_kept', 'leadops_never_emptied')"
        )
        found = cursor.fetchall()
    assert {table for table, emptied in found if not emptied} == {one.table for one in TABLES}
    assert {table for table, emptied in found if emptied} == EMPTIED


def test_no_append_only_table_is_emptied_outside_tests():
    for table in EMPTIED:
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL leadops.may_truncate = 'off'")
            cursor.execute(f"TRUNCATE {table} CASCADE")
