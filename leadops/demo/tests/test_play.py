"""The told past on a small scale: chronological, whole, the same each time; what was planted is found; erasing spares visitors."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.urls import reverse

from capture import intake, live_sources, pipeline
from capture.models import Cost, Source, Submission
from leadops import access, cohorts, moment
from leadops.demo import company, erase, play, trickle
from leadops.demo.arrivals import marks
from leadops.demo.models import Demo
from leadops.errors import Refused
from leadops.journal import JournalEntry
from leadops.models import Account, Lead, Opportunity, Person, User
from leadops.stalled import Stalled
from leadops.tests import kept_rows
from reports import facts
from reports.models import LeadFact
from routing import selectors
from routing.models import Assignment, CreditEntry, PoolCredit

pytestmark = pytest.mark.django_db
UNTIL = datetime(2026, 11, 26, 14, tzinfo=UTC)


def tell(days: int = 4, leads: int = 80) -> Demo:
    demo = company.found(7, leads, days, UNTIL, "not-a-password")
    play.play(demo)
    return demo


def one_story() -> tuple[list[object], ...]:
    """What a play left, to compare with another; nothing of it stays."""
    with transaction.atomic():
        tell(2, 30)
        found = (
            list(Lead.objects.order_by("id").values_list("id", "owner", "stage", "score", "received_at")),
            list(Submission.objects.order_by("id").values_list("id", "end")),
            list(JournalEntry.objects.order_by("id").values_list("kind", "lead", "actor", "at")),
        )
        transaction.set_rollback(True)
    return found


def test_the_same_seed_and_end_give_the_same_ids_owners_and_history():
    assert one_story() == one_story()


@pytest.fixture
def told() -> Demo:
    demo: Demo = kept_rows.once("told", tell)
    return demo


def test_every_arrival_has_its_end_every_lead_somebody_and_the_ledger_balances(told):
    assert Submission.objects.count() == 80 and not Submission.objects.filter(end="pending").exists()
    assert not Stalled.objects.exists()
    assert not selectors.astray(UNTIL).exists()
    for credit in PoolCredit.objects.all():
        rows = CreditEntry.objects.filter(pool=credit.pool_id, rep=credit.rep_id)
        assert sum(row.delta for row in rows) == credit.credit
    leads = Lead.objects.count()
    assert leads == Submission.objects.filter(end="created").count()


def test_when_it_is_told_the_facts_of_the_reports_are_built(told):
    kept = facts.usable()
    assert kept is not None and kept.read_at == UNTIL
    assert LeadFact.objects.count() == cohorts.countable(Lead.objects.all()).count() > 0


def test_it_is_told_in_order_of_time_and_by_those_who_did_it(told):
    rows = list(JournalEntry.objects.order_by("id").values_list("recorded_at", flat=True))
    begun = [at for at in rows if at >= told.from_at]
    assert begun == sorted(begun)
    for kind in ("attempted", "opportunity_opened"):
        for entry in JournalEntry.objects.filter(kind=kind):
            held = Assignment.objects.filter(lead=entry.lead_id, started_at__lte=entry.at)
            assert entry.actor_id in set(held.values_list("rep", flat=True)), f"{kind} by somebody who had the lead"


def test_a_play_that_was_cut_goes_on_after_its_last_step():
    demo = company.found(7, 30, 3, UNTIL, "not-a-password")
    steps = iter(range(6))

    class Cut(Exception):
        pass

    def stop(at: datetime) -> None:
        if next(steps, None) is None:
            raise Cut

    with pytest.raises(Cut):
        play.play(demo, before_step=stop)
    before = Submission.objects.count()
    assert 0 < before < 30
    demo.refresh_from_db()
    play.play(demo)
    assert len(play._known(7)) == Lead.objects.count() == 30
    assert Submission.objects.count() == 30, "none lost, none twice"
    demo.refresh_from_db()
    assert demo.state == Demo.State.LIVE


def visitor_sends(email: str) -> Lead:
    """Somebody outside the demo posts to the website's source."""
    source = live_sources.live(Source.objects.get(slug="google-ads"), UNTIL)
    raw = json.dumps({"email": email, "first_name": "Vera", "last_name": "Lind", "company": "Visite SA"}).encode()
    posted = intake.Posted(raw=raw, headers={"content-type": "application/json"}, at=UNTIL)
    with moment.at(UNTIL + timedelta(minutes=1)):
        sent = intake.accept(source, posted, intake.look(source, posted))
        pipeline.run_batch()
    lead = Submission.objects.get(pk=sent.submission).lead
    assert lead is not None
    return lead


def actor(first: str) -> access.Actor:
    return access.actor_of(User.objects.get(email=f"{first}@demo.example"))


def test_erasing_takes_what_the_demo_made_and_nothing_a_visitor_made(told):
    mine = visitor_sends("vera@visit.example")
    shared = Lead.objects.exclude(pk=mine.pk).filter(stage="new").select_related("person").first()
    address = shared.person.emails.first().email
    assert visitor_sends(address).pk == shared.pk, "a visitor touched a lead of the demo"
    kept = {mine.pk, shared.pk}
    history = JournalEntry.objects.filter(lead__in=kept).count()
    erase.erase("Effacer", actor("ines"))
    assert set(Lead.objects.values_list("pk", flat=True)) == kept
    assert set(Person.objects.values_list("pk", flat=True)) == {mine.person_id, shared.person_id}
    assert set(Account.objects.values_list("pk", flat=True)) == {lead.account_id for lead in (mine, shared)} - {None}
    assert JournalEntry.objects.filter(lead__in=kept).count() == history
    assert not JournalEntry.objects.filter(lead__isnull=False).exclude(lead__in=kept).exists()
    assert set(Submission.objects.values_list("lead", flat=True)) == kept
    assert not Cost.objects.exists() and not Opportunity.objects.exists()
    for credit in PoolCredit.objects.all():
        rows = CreditEntry.objects.filter(pool=credit.pool_id, rep=credit.rep_id)
        assert sum(row.delta for row in rows) == credit.credit
    assert Demo.objects.get().state == Demo.State.ERASED
    assert User.objects.filter(email="lea@demo.example").exists()
    with pytest.raises(Exception, match="append-only"), transaction.atomic():
        JournalEntry.objects.filter(lead=mine.pk).delete()  # the guards are on again


def test_only_revenue_ops_erases_and_only_after_typing_the_word(told):
    leads = Lead.objects.count()
    for first, word in (("lea", "erase"), ("nadia", "erase"), ("ines", "yes")):
        with pytest.raises(Refused):
            erase.erase(word, actor(first))
    assert Lead.objects.count() == leads


def test_what_trickles_in_is_signed_and_marked_and_a_hot_one_has_its_owner_at_night(client, told):
    night = UNTIL.replace(hour=2)
    body = trickle.body_of(told, hot=True)
    raw, headers = trickle.signed(body, night)
    with moment.at(night):
        answer = client.post("/in/demo-partner", raw, content_type="application/json", headers=headers)
        assert answer.status_code == 202
        unsigned = client.post("/in/demo-partner", raw, content_type="application/json")
        assert unsigned.status_code in (401, 403)
        pipeline.run_batch()
    sent = Submission.objects.get(pk=answer.json()["submission"])
    assert sent.delivery_key.startswith(marks()) and sent.verified
    assert sent.lead.owner is not None and sent.lead.owner.user.name in ("Léa Martin", "Emily Clark")


def test_the_controls_of_the_page_change_the_trickle(client, told):
    client.force_login(User.objects.get(email="lea@demo.example"))
    for act, expected in (
        ("pause", (True, 1, 0)),
        ("faster", (True, 10, 0)),
        ("hot", (True, 10, 1)),
        ("resume", (False, 10, 1)),
    ):
        assert client.post(reverse("demo:turn"), {"act": act}).status_code == 302
        row = Demo.objects.get()
        assert (row.paused, row.speed, row.wanted) == expected
    page = client.get(reverse("demo:show"))
    assert page.status_code == 200 and b'name="word"' not in page.content, "a rep cannot erase"
    client.force_login(User.objects.get(email="ines@demo.example"))
    assert b'name="word"' in client.get(reverse("demo:show")).content


def test_the_page_is_closed_to_visitors_and_away_without_a_demo(client):
    assert client.get(reverse("demo:show")).status_code == 302
    client.force_login(User.objects.create(email="a@b.example", name="A", created_at=UNTIL))
    assert client.get(reverse("demo:show")).status_code == 404
