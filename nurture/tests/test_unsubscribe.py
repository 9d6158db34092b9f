"""The unsubscribe page: a POST acts without sign-in and once, a GET never, and nothing starts after the no."""

from __future__ import annotations

import threading

import pytest
from django.core import mail
from django.db import connection, connections
from django.test import Client

from leadops import moment
from leadops.access import SYSTEM, VISITOR
from leadops.effects import runner, suppression
from leadops.effects.models import Effect
from leadops.journal import JournalEntry, Kind
from leadops.models import Consent, PersonEmail
from leadops.unit import in_unit
from nurture import letters, tasks
from nurture.models import Enrolment
from nurture.tests.running import MONDAY, enrolled, house, live, prospect

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def written_to(**fields) -> Effect:
    house()
    enrolled(prospect(**fields))
    live(MONDAY)
    return Effect.objects.get()


def url_of(letter: Effect) -> str:
    return f"/u/{letters.token_of(letter)}"


@pytest.mark.django_db
def test_one_click_acts_without_cookie_sign_in_or_csrf_and_twice_is_once():
    letter = written_to()
    client = Client(enforce_csrf_checks=True)
    answers = [client.post(url_of(letter), ONE_CLICK) for _time in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert suppression.in_force().count() == 1
    assert Consent.objects.filter(state="withdrawn").count() == 1
    assert JournalEntry.objects.filter(kind=Kind.UNSUBSCRIBED).count() == 1
    assert Enrolment.objects.get().reason == "unsubscribed"


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "head"])
def test_a_link_scanner_unsubscribes_nobody(method):
    letter = written_to()
    answer = getattr(Client(), method)(url_of(letter))
    assert answer.status_code == 200 and not suppression.in_force().exists()
    assert Enrolment.objects.get().state == "active"


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["x", "abc:def", "AAAA" * 20, "é"])
def test_a_token_we_did_not_make_is_not_found(token):
    written_to()
    assert Client().post(f"/u/{token}", ONE_CLICK).status_code == 404
    assert not suppression.in_force().exists()


@pytest.mark.django_db
def test_the_no_holds_for_every_address_and_survives_erasure_and_a_new_import():
    letter = written_to(email="anna@roux.example")
    PersonEmail.objects.create(
        person=letter.person, folded="anna@home.example", email="anna@home.example", created_at=MONDAY
    )
    Client().post(url_of(letter), ONE_CLICK)
    letter.person.emails.all().delete()
    type(letter.person).objects.filter(pk=letter.person_id).update(email="", name="")
    again = prospect("Anna Again", email="Anna@Home.example")
    assert suppression.suppressed([again.person]) == {again.person_id: "unsubscribed"}


@pytest.mark.django_db
def test_the_page_speaks_the_language_of_the_letter():
    letter = written_to(language="en")
    assert "Do you want to unsubscribe?" in Client().get(url_of(letter), HTTP_ACCEPT_LANGUAGE="fr").content.decode()


@pytest.mark.django_db(transaction=True)
def test_no_letter_starts_after_the_no_was_committed():
    """Worker and visitor at the same moment, many times: what is still planned when the no is in never leaves."""
    house()
    races = 30
    for n in range(races):
        enrolled(prospect(f"Anna Nr{n}"))
    with moment.at(MONDAY):
        tasks.advance()
        ids = list(Effect.objects.order_by("due_at", "id").values_list("pk", flat=True))
        unsent_at_no: set = set()
        start = threading.Barrier(2)

        def visitor() -> None:
            try:
                start.wait()
                for pk in ids:
                    letter = Effect.objects.select_related("person", "lead").get(pk=pk)
                    in_unit(lambda unit, letter=letter: letters.unsubscribe(letter, unit), actor=VISITOR, at=MONDAY)
                    if Effect.objects.get(pk=pk).state == "planned":
                        unsent_at_no.add(pk)
            finally:
                connections.close_all()

        thread = threading.Thread(target=visitor)
        thread.start()
        start.wait()
        while thread.is_alive():
            runner.run()
        thread.join()
        runner.run()
    states = dict(Effect.objects.values_list("pk", "state"))
    assert set(states.values()) <= {"sent", "held"}
    assert all(states[pk] == "held" for pk in unsent_at_no)
    assert len(mail.outbox) == sum(state == "sent" for state in states.values())
    assert connection.in_atomic_block is False


@pytest.mark.django_db(transaction=True)
def test_a_sender_that_is_checking_makes_the_no_wait_for_its_commit():
    """The lock itself: whoever writes the no waits for a check under way, whoever checks later sees it."""
    house()
    lead = prospect()
    digests = suppression.digests_of([lead.person])[lead.person_id]
    order: list[str] = []
    checking, may_commit = threading.Event(), threading.Event()

    def sender() -> None:
        from django.db import transaction

        try:
            with transaction.atomic():
                suppression.lock(digests, alone=False)
                checking.set()
                may_commit.wait(5)
                order.append("sending committed")
        finally:
            connections.close_all()

    thread = threading.Thread(target=sender)
    thread.start()
    checking.wait(5)
    threading.Timer(0.3, may_commit.set).start()
    in_unit(lambda unit: suppression.suppress(digests, "unsubscribed", unit), actor=SYSTEM)
    order.append("no committed")
    thread.join()
    assert order == ["sending committed", "no committed"]
