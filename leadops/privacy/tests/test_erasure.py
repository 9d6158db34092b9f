"""Somebody erased is gone from every table; figures, balances and records hold; they do not come back by any door."""

from __future__ import annotations

import json

import psycopg
import pytest
from django.db import connection, transaction
from django.db.models import Sum
from django.test import Client

from capture import pipeline
from capture.models import Source, Submission
from capture.tests.importing import commit, import_source, map_it, ops, send
from leadops import moment
from leadops.access import actor_of
from leadops.decisions import Decision, DecisionFacts
from leadops.desk.tests.api_cast import House
from leadops.effects import suppression
from leadops.effects.models import Effect
from leadops.errors import Refused
from leadops.journal import JournalEntry
from leadops.models import Lead, Person, PersonEmail, Suppression, Touch
from leadops.privacy import copying, erasing
from leadops.privacy.models import Erasure
from leadops.privacy.subject import subject_of
from leadops.privacy.tests.planting import EMAIL, MARK, PHONE, everywhere, plant, somebody
from leadops.testing import SourceFactory
from leadops.unit import in_unit
from routing.models import CreditEntry, PoolCredit

pytestmark = pytest.mark.django_db


def counted() -> dict[str, object]:
    """What figures are made of."""
    return {
        "leads": Lead.objects.count(),
        "touches": list(Touch.objects.order_by("id").values_list("kind", "source", "channel", "occurred_at")),
        "submissions": list(Submission.objects.order_by("id").values_list("source", "received_at", "end")),
        "turns": list(CreditEntry.objects.order_by("id").values_list("rep", "delta")),
        "credit": PoolCredit.objects.aggregate(sum=Sum("credit")),
        "decisions": [(row.pk, bytes(row.digest), row.outcome) for row in Decision.objects.order_by("id")],
    }


def test_a_canary_in_every_column_is_given_out_and_then_gone_while_what_is_counted_stays():
    house = House()
    lead = somebody(house)
    subject = subject_of(lead.person_id, company=True)
    planted = plant(subject)
    assert len(planted) > 60
    revenue = actor_of(house.revenue.user)

    given = json.dumps(in_unit(lambda unit: copying.copy_of(lead.person_id, unit), actor=revenue), default=str)
    missing = [canary for canary in planted if canary not in given]
    assert not missing and EMAIL in given and PHONE in given

    before, journal = counted(), JournalEntry.objects.count()
    erased = erasing.erase(lead.person_id, "asked", revenue, company=True)

    assert everywhere(MARK) == {} and everywhere(PHONE) == {} and everywhere("Delarue") == {}
    assert everywhere("kept@other.example"), "another row of the same file stays"
    after = counted()
    assert {name: after[name] for name in before} == before
    assert JournalEntry.objects.count() > journal, "nothing of the history goes"
    assert Person.objects.get(pk=lead.person_id).erased_at is not None
    assert erased.rows["leadops_person"] == 2 and erased.rows["capture_import"] == 1
    assert str(erased) and not DecisionFacts.objects.filter(lead__in=subject.leads).exists()
    with pytest.raises(Refused, match="before"):
        erasing.erase(lead.person_id, "asked", revenue)


def test_they_do_not_come_back_by_a_retry_a_changed_delivery_or_the_same_list_and_nobody_writes_to_them():
    house = House()
    Source.objects.update(mapping={"delivery_key": "id"})
    first = {"email": "bo@acme.example", "name": "Bo Ravel", "message": "call me", "id": "bo@acme.example"}
    posted = [_post(house, first), _post(house, {**first, "name": "Bo R."})]
    pipeline.run_batch()
    person = PersonEmail.objects.get(folded="bo@acme.example").person
    revenue = actor_of(house.revenue.user)
    in_unit(lambda unit: suppression.add("bo@acme.example", "asked on the phone", unit), actor=revenue)
    erasing.erase(person.pk, "asked", revenue)
    assert everywhere("Ravel") == {} and everywhere("bo@acme.example") == {}

    again = [_post(house, first), _post(house, {**first, "name": "Bo Ravel-Two"})]
    assert {each.status_code for each in posted + again} <= {200, 202}
    pipeline.run_batch()
    import_source()
    who = ops()
    file = send("email;nom\nBo+list@Acme.example;Bo Ravel\nnew@other.example;New One\n", who)
    commit(map_it(file, who), who)

    assert everywhere("Ravel") == {} and not PersonEmail.objects.filter(folded__startswith="bo").exists()
    assert PersonEmail.objects.filter(folded="new@other.example").exists()
    blocked = Submission.objects.filter(reason="erased")
    assert {bytes(row.body) for row in blocked} == {b""} and blocked.filter(end="duplicate").exists()
    held = suppression.in_force().get(digest=suppression.digest_of("BO+anything@acme.example"))
    assert (held.reason, held.why) == ("by_hand", ""), "on the list before: it stays as it was, without the words"


def test_who_comes_back_by_themselves_is_somebody_new_and_still_not_written_to():
    house = House()
    lead = house.lead(house.lea, person={"email": "eva@acme.example"})
    erasing.erase(lead.person_id, "objected", actor_of(house.revenue.user))
    lead.refresh_from_db()
    assert (lead.stage, lead.stage_reason) == ("disqualified", "erased")
    _post(house, {"email": "eva@acme.example", "name": "Eva Once More"})
    pipeline.run_batch()
    fresh = PersonEmail.objects.get(folded="eva@acme.example").person
    assert fresh.pk != lead.person_id
    assert suppression.suppressed([fresh])[fresh.pk] == "erased"


def test_what_waits_to_be_read_goes_with_them_but_for_what_others_say_in_it():
    house = House()
    lead = house.lead(house.lea, name="Eva Marchand", person={"email": "eva@acme.example"})
    Source.objects.update(state="paused")
    alone = _post(house, {"email": "eva@acme.example", "name": "Eva Marchand", "message": "secret words"})
    escaped = _post(house, {"email": "eva@acme.example", "message": "under another spelling", "id": "e2"}, escape=True)
    mails = SourceFactory(slug="mails", key="key-mails", adapter="events_mailjet", state="paused")
    told = [{"event": "bounce", "email": f"{who}.example", "hard_bounce": True} for who in ("eva@acme", "max@other")]
    both = _post(house, told, to=mails.key)
    assert {each.status_code for each in (alone, escaped, both)} == {202}
    assert Submission.objects.filter(end="pending").count() == 3
    erasing.erase(lead.person_id, "asked", actor_of(house.revenue.user))

    assert everywhere("secret words") == {} and everywhere("Marchand") == {}
    gone = Submission.objects.get(end="duplicate")
    assert (gone.reason, bytes(gone.body), gone.headers) == ("erased", b"", {}) and gone.ended_at
    assert b"max@other" in bytes(Submission.objects.get(source=mails, end="pending").body), (
        "nobody else is lost with them"
    )
    Source.objects.update(state="active")
    pipeline.run_batch()
    assert not PersonEmail.objects.filter(folded="eva@acme.example").exists(), "what came before brings nobody back"
    assert everywhere("eva@acme") == {} and everywhere("under another spelling") == {}


def test_who_only_mentions_them_keeps_their_inquiry():
    house = House()
    lead = house.lead(house.lea, name="Eva Marchand", person={"email": "eva@acme.example", "phone": "+33612345678"})
    Source.objects.update(state="paused")
    _post(house, {"phone": "+33698765432", "message": "Eva Marchand told me of you", "id": "a"})
    _post(house, {"email": "max@other.example", "message": "ask eva@acme.example", "id": "b"})
    _post(house, {"phone": "+33612345678", "message": "my own words", "id": "c"})
    erasing.erase(lead.person_id, "asked", actor_of(house.revenue.user))
    assert Submission.objects.filter(end="pending").count() == 2 and everywhere("my own words") == {}
    Source.objects.update(state="active")
    pipeline.run_batch()
    assert Person.objects.filter(phone="+33698765432").exists(), "no lead is lost with who was erased"
    assert PersonEmail.objects.filter(folded="max@other.example").exists()


def test_who_is_erased_a_second_time_is_not_brought_back_by_what_waited_then():
    house = House()
    lead = house.lead(house.lea, person={"email": "eva@acme.example"})
    revenue = actor_of(house.revenue.user)
    erasing.erase(lead.person_id, "asked", revenue)
    _post(house, {"email": "eva@acme.example", "name": "Eva Once More", "id": "e1"})
    pipeline.run_batch()
    again = PersonEmail.objects.get(folded="eva@acme.example").person
    Source.objects.update(state="paused")
    _post(house, {"email": "eva@acme.example", "id": "e2"}, escape=True)
    erasing.erase(again.pk, "asked", revenue)
    Source.objects.update(state="active")
    pipeline.run_batch()
    assert not PersonEmail.objects.filter(folded="eva@acme.example").exists()
    _post(house, {"email": "eva@acme.example", "id": "e3"})
    pipeline.run_batch()
    assert PersonEmail.objects.filter(folded="eva@acme.example").exists(), "somebody new, as ever"


@pytest.mark.django_db(transaction=True)
def test_no_batch_is_at_work_between_the_end_of_their_leads_and_the_end_of_their_words(monkeypatch: pytest.MonkeyPatch):
    house = House()
    lead = house.lead(house.lea)
    seen: list[bool] = []
    real = erasing._erase

    def watched(*asked):
        with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as other:
            seen.extend(row[0] for row in other.execute("SELECT pg_try_advisory_lock(%s)", [pipeline.LOCK]))
        return real(*asked)

    monkeypatch.setattr(erasing, "_erase", watched)
    with transaction.atomic():  # as a keyed call of the API has around it
        erasing.erase(lead.person_id, "asked", actor_of(house.revenue.user))
        with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as other:
            seen.extend(row[0] for row in other.execute("SELECT pg_try_advisory_lock(%s)", [pipeline.LOCK]))
    assert seen == [False, False], "neither in between nor before it is committed"
    assert pipeline.run_batch().ran, "and afterwards it goes on"


def test_only_revenue_ops_erases_or_gives_out():
    house = House()
    lead = house.lead(house.lea)
    for one in (house.lea.user, house.manager.user, house.marketing.user, house.executive.user):
        with pytest.raises(Refused):
            erasing.erase(lead.person_id, "asked", actor_of(one))
        with pytest.raises(Refused):
            in_unit(lambda unit: copying.copy_of(lead.person_id, unit), actor=actor_of(one))
    assert not Erasure.objects.exists() and not Suppression.objects.exists()


def test_a_planned_letter_is_held_and_an_open_deal_goes_on_with_the_company():
    house = House()
    lead = house.lead(house.lea, stage="sql")
    opened = house.as_lea.post("/opportunities", {"lead": str(lead.pk), "amount": "100"})
    assert opened.status_code == 201, opened.content
    now = moment.now()
    letter = Effect.objects.create(
        channel="mail", key="k", purpose="sequence", lead=lead, person=lead.person, due_at=now, created_at=now
    )
    erasing.erase(lead.person_id, "asked", actor_of(house.revenue.user))
    lead.refresh_from_db()
    letter.refresh_from_db()
    assert (lead.stage, letter.state) == ("opportunity", "held")


def _post(house: House, body: object, *, escape: bool = False, to: str = ""):
    text = json.dumps(body)
    if escape:  # no byte of it reads like the address
        text = text.replace("@", "\\u0040")
    return Client().post(f"/in/{to or house.source.key}", text, "application/json")
