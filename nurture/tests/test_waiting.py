"""Not before: the cap on mails per person over all sequences, and the day somebody is back."""

from __future__ import annotations

import os
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from django.core import mail
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from leadops import moment
from leadops.access import SYSTEM
from leadops.desk.tests.api_cast import House
from leadops.effects import plan, runner
from leadops.effects.models import Effect
from leadops.journal import Kind
from leadops.models import Person, Role, Task
from leadops.testing import PersonFactory, member, put_in_force
from leadops.unit import in_unit
from nurture import defaults, services, tasks, waiting
from nurture.models import Away, Enrolment
from nurture.tests.running import MONDAY, days, enrolled, house, live, prospect
from nurture.waiting import DAY, WEEK, Cap

FOLLOW_UP = {"kind": "mail", "template": "follow-up"}
TWO_MAILS = [FOLLOW_UP, {"kind": "wait", "days": 1}, FOLLOW_UP, {"kind": "wait", "days": 1}, FOLLOW_UP]


@given(
    st.lists(st.integers(0, 8 * 24 * 60), max_size=12),
    st.integers(1, 4),
    st.integers(1, 8),
)
def test_the_instant_it_names_is_the_first_that_keeps_within_the_cap(ago, per_day, per_week):
    sent, cap = [MONDAY - timedelta(minutes=minutes) for minutes in ago], Cap(per_day, per_week)

    def fits(at: datetime) -> bool:
        return sum(at - s < DAY for s in sent) < per_day and sum(at - s < WEEK for s in sent) < per_week

    found = waiting.free_at(sent, cap, MONDAY)
    assert fits(found)
    assert found == MONDAY or not fits(found - timedelta(minutes=1))


pytest_db = pytest.mark.django_db


def capped(per_day: int, per_week: int) -> None:
    put_in_force("mail_policy", "house", {"per_day": per_day, "per_week": per_week})


def said(lead, back: date, at=MONDAY, person=None):
    data = {"until": back.isoformat(), "submission": ""}
    in_unit(
        lambda u: u.record(Kind.AWAY, u.leads([lead.pk])[0], data=data, person_id=person or lead.person_id),
        actor=SYSTEM, at=at,
    )  # fmt: skip


def sent_before(lead, at):
    """Another letter to the same person, of whatever purpose, that left."""
    Effect.objects.create(
        channel="mail", key=f"other:{at}", state="sent", purpose="other", lead=lead, person=lead.person, due_at=at,
        sent_at=at, created_at=at,
    )  # fmt: skip


@pytest_db
def test_a_step_beyond_the_cap_waits_says_why_and_is_sent_when_its_turn_comes():
    house(steps=TWO_MAILS)
    capped(1, 2)
    lead = prospect()
    row = enrolled(lead)
    live(MONDAY)
    live(MONDAY + days(1))
    assert len(mail.outbox) == 2
    live(MONDAY + days(2))
    row.refresh_from_db()
    assert len(mail.outbox) == 2 and (row.state, row.reason) == ("active", "cap")
    assert row.next_at == MONDAY + days(7), "when the first of the two leaves the seven days"
    live(MONDAY + days(7))
    row.refresh_from_db()
    assert len(mail.outbox) == 3 and row.state == "finished"


@pytest_db
def test_letters_of_every_sequence_and_alias_count_and_those_to_others_do_not():
    house()
    capped(1, 5)
    lead, other = prospect(), prospect("Bob Other")
    alias = PersonFactory(name="A. Roux")
    Person.objects.filter(pk=alias.pk).update(canonical=lead.person)
    Effect.objects.create(
        channel="mail", key="x", state="sent", purpose="other", person=alias, due_at=MONDAY,
        sent_at=MONDAY - timedelta(hours=23), created_at=MONDAY,
    )  # fmt: skip
    row = enrolled(lead)
    enrolled(other)
    live(MONDAY)
    assert [letter.to for letter in mail.outbox] == [[other.person.email]]
    row.refresh_from_db()
    assert row.reason == "cap" and row.next_at == MONDAY + timedelta(hours=1)


@pytest_db
def test_a_letter_planned_before_the_cap_was_reached_waits_at_the_door():
    house()
    capped(1, 5)
    lead = prospect()
    enrolled(lead)
    with moment.at(MONDAY):
        tasks.advance()
    sent_before(lead, MONDAY)
    with moment.at(MONDAY + timedelta(minutes=1)):
        runner.run()
    effect = Effect.objects.get(purpose="sequence")
    assert (effect.state, effect.due_at, mail.outbox) == ("planned", MONDAY + days(1), [])
    live(MONDAY + days(1))
    assert len(mail.outbox) == 1


@pytest_db
def test_after_a_worker_was_away_nobody_gets_two_mails_on_one_day_nor_one_outside_the_window():
    house(steps=TWO_MAILS)
    leads = [prospect(f"Anna Nr{n}") for n in range(5)]
    for lead in leads:
        enrolled(lead)
    with moment.at(MONDAY):
        tasks.advance()
    Enrolment.objects.update(next_at=MONDAY)  # what was due while nothing ran: the next step too
    evening = MONDAY + timedelta(hours=10)
    live(evening)
    assert mail.outbox == [], "the window is closed"
    seen = {}
    at = evening
    for _quarters in range(4 * 24 * 4):
        at += timedelta(minutes=15)
        before = len(mail.outbox)
        live(at)
        for letter in mail.outbox[before:]:
            seen.setdefault(letter.to[0], []).append(at)
            assert 9 <= (at + timedelta(hours=2)).hour < 18 and at.weekday() < 5
    assert len(seen) == 5
    for moments in seen.values():
        assert len(moments) == 3 and all(b - a >= DAY for a, b in pairwise(moments))


@pytest_db
def test_who_is_away_is_written_to_on_the_morning_they_are_back():
    house()
    lead = prospect()
    row = enrolled(lead)
    said(lead, date(2026, 6, 22))
    row.refresh_from_db()
    assert (row.state, row.reason) == ("active", "away")
    live(MONDAY)
    live(MONDAY + days(4))
    assert mail.outbox == []
    live(datetime.fromisoformat("2026-06-22T09:00+02:00"))
    row.refresh_from_db()
    assert len(mail.outbox) == 1 and row.reason == "" and row.next_at > MONDAY + days(7)


@pytest_db
def test_an_absence_shortens_no_wait_and_holds_back_the_letter_already_planned():
    house(steps=[FOLLOW_UP, {"kind": "wait", "days": 20}, FOLLOW_UP])
    lead = prospect()
    row = enrolled(lead)
    with moment.at(MONDAY):
        tasks.advance()
    said(lead, date(2026, 6, 17))
    row.refresh_from_db()
    assert row.next_at > MONDAY + days(20)
    live(MONDAY)
    effect = Effect.objects.get()
    assert effect.state == "planned" and effect.due_at == datetime.fromisoformat("2026-06-17T09:00+02:00")


@pytest_db
def test_whoever_enters_while_away_waits_too_by_any_alias_and_the_newest_word_holds():
    house()
    lead = prospect()
    alias = PersonFactory(name="A. Roux")
    Person.objects.filter(pk=alias.pk).update(canonical=lead.person)
    said(lead, date(2026, 7, 1), person=alias.pk)
    said(lead, date(2026, 6, 18), person=alias.pk)
    assert Away.objects.get().back == date(2026, 6, 18)
    row = enrolled(lead)
    live(MONDAY)
    row.refresh_from_db()
    assert row.reason == "away" and mail.outbox == []
    live(MONDAY + days(3))
    assert len(mail.outbox) == 1


@pytest_db
def test_of_two_aliases_away_at_once_the_later_return_holds():
    house()
    lead = prospect()
    alias = PersonFactory(name="A. Roux")
    Person.objects.filter(pk=alias.pk).update(canonical=lead.person)
    row = enrolled(lead)

    def both(u):
        for person, back in ((lead.person_id, "2026-06-22"), (alias.pk, "2026-06-18")):
            u.record(Kind.AWAY, u.leads([lead.pk])[0], data={"until": back, "submission": ""}, person_id=person)

    in_unit(both, actor=SYSTEM, at=MONDAY)
    row.refresh_from_db()
    assert Away.objects.count() == 2 and row.next_at == datetime.fromisoformat("2026-06-22T00:00+02:00")


@pytest_db
def test_who_is_away_is_not_called_before_they_are_back_though_the_cap_holds_back_no_call():
    house(steps=[{"kind": "call", "text": defaults.CALL}])
    capped(1, 1)
    lead = prospect()
    sent_before(lead, MONDAY - days(1))  # the cap would wait until the 21st, beyond the return
    said(lead, date(2026, 6, 17))  # before it enters
    row = enrolled(lead)
    live(MONDAY)
    row.refresh_from_db()
    back = datetime.fromisoformat("2026-06-17T09:00+02:00")
    assert (row.state, row.reason, row.next_at) == ("active", "away", back) and not Task.objects.exists()
    live(back)
    row.refresh_from_db()
    assert row.state == "finished" and Task.objects.get().kind == "call"


def test_a_morning_is_found_without_reading_the_machines_folders_each_time(monkeypatch):
    waiting.morning(date(2026, 6, 17), "Europe/Paris")
    monkeypatch.setattr(os, "walk", None)
    assert waiting.morning(date(2026, 6, 18), "Europe/Paris") == datetime.fromisoformat("2026-06-18T00:00+02:00")


@pytest_db
def test_a_paused_enrolment_stays_paused_when_somebody_is_away():
    house()
    lead = prospect()
    row = enrolled(lead)
    in_unit(lambda u: services.pause(row.pk, u), actor=SYSTEM, at=MONDAY)
    said(lead, date(2026, 6, 22))
    row.refresh_from_db()
    assert (row.state, row.next_at) == ("paused", None)


@pytest_db
def test_the_page_says_that_somebody_is_away_and_the_lead_page_until_when():
    house()
    lead = prospect()
    enrolled(lead)
    said(lead, date(2026, 6, 22))
    client = Client()
    client.force_login(member("Ines", Role.REVENUE_OPS, language="en"))
    page = client.get("/sequences/unreached", headers={"accept-language": "en"}).content.decode()
    assert "waits: out of office" in page and "Waits" in page
    shown = client.get(f"/leads/{lead.pk}", headers={"accept-language": "en"}).content.decode()
    assert "back on 22 Jun 2026" in shown


@pytest_db
def test_the_cap_is_changed_on_its_page_with_a_reason_by_whom_may():
    house()
    client = Client()
    client.force_login(member("Hugo", Role.MARKETING_OPS))
    for wrong in ({"per_day": 0, "per_week": 3}, {"per_day": 5, "per_week": 2}, {"per_day": "x", "per_week": 3}):
        assert client.post("/sequences/cap", {**wrong, "reason": "x"}).status_code == 422
    assert client.post("/sequences/cap", {"per_day": 2, "per_week": 4, "reason": ""}).status_code == 422
    assert waiting.cap_at(moment.now()) == waiting.STANDARD
    assert client.post("/sequences/cap", {"per_day": 2, "per_week": 4, "reason": "test"}).status_code == 302
    assert waiting.cap_at(moment.now()) == Cap(2, 4) and "test" in client.get("/sequences/cap").content.decode()
    rep = Client()
    rep.force_login(member("Rep", Role.REP))
    assert rep.get("/sequences/cap").status_code == 200
    assert rep.post("/sequences/cap", {"per_day": 9, "per_week": 9, "reason": "x"}).status_code == 403


@pytest_db
def test_the_api_says_what_an_enrolment_waits_for_and_keeps_the_cap_as_a_version():
    cast = House()
    house()
    made = cast.marketing.post("/mail-policies", {"key": "house", "body": {"per_day": 1, "per_week": 1}}).json()
    wrong = cast.marketing.patch(f"/mail-policies/{made['id']}", {"body": {"per_day": 3, "per_week": 1}})
    assert wrong.status_code == 200
    assert not cast.marketing.post(f"/mail-policies/{made['id']}/check").json()["publishable"]
    cast.marketing.patch(f"/mail-policies/{made['id']}", {"body": {"per_day": 1, "per_week": 1}})
    assert cast.marketing.post(f"/mail-policies/{made['id']}/publish", {"reason": "less"}).status_code == 200
    lead = prospect(owner=cast.lea)
    sent_before(lead, moment.now())
    cast.as_lea.post("/enrolments", {"lead": str(lead.pk), "sequence": "unreached"})
    tasks.advance()
    (row,) = cast.as_lea.get(f"/enrolments?lead={lead.pk}").json()["results"]
    assert (row["state"], row["reason"]) == ("active", "cap") and row["explanation"]
    group = {"sequence": "resting", "leads": [str(prospect("Bob Free", owner=cast.lea).pk)], "dry_run": True}
    put_in_force("sequence", "resting", defaults.SEQUENCES["resting"])
    assert cast.as_lea.post("/enrolment-groups", group).json()["members"][0]["waits"] == ""


@pytest_db
def test_many_leads_are_asked_about_in_a_few_statements(django_assert_max_num_queries):
    leads = [prospect(f"Anna {n}") for n in range(30)]
    in_unit(
        lambda u: [plan.letter(u, person_id=each.person_id, key=str(each.pk), purpose="x", lead=each, body={}) for each in leads],
        actor=SYSTEM, at=MONDAY,
    )  # fmt: skip
    with django_assert_max_num_queries(3):
        found = waiting.not_before(leads, Cap(1, 1), MONDAY, planned=True)
    assert len(found) == 30
    assert waiting.not_before(leads, Cap(1, 1), MONDAY, planned=False) == {}
