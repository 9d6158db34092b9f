"""Sequences: who enters, what is sent when, and what ends them."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import IntegrityError, connections, transaction

from leadops import choreography, lifecycle, moment, unit
from leadops.access import SYSTEM, actor_of
from leadops.desk import services as desk
from leadops.desk import tasks as desk_tasks
from leadops.effects import runner, suppression
from leadops.effects.models import Effect
from leadops.errors import Refused
from leadops.journal import JournalEntry, Kind
from leadops.models import Consent, Task
from leadops.testing import PersonFactory, put_in_force, rep
from leadops.unit import in_unit
from leadops.versions import services as versions
from nurture import defaults, letters, services, tasks
from nurture.models import Enrolment, StepDone
from nurture.tests.running import MONDAY, days, enrolled, house, live, prospect

pytestmark = pytest.mark.django_db


def kinds(lead) -> list[str]:
    return list(JournalEntry.objects.filter(lead=lead).order_by("id").values_list("kind", flat=True))


def test_a_sequence_runs_to_its_end_with_each_step_at_its_time():
    house()
    lead = prospect()
    row = enrolled(lead)
    live(MONDAY)
    assert [letter.to for letter in mail.outbox] == [[lead.person.email]]
    assert "Bonjour Anna" in mail.outbox[0].body and mail.outbox[0].alternatives
    row.refresh_from_db()
    assert row.next_at == MONDAY + days(3), "three working days: Thursday"
    live(MONDAY + days(2))
    assert len(mail.outbox) == 1, "not before"
    live(MONDAY + days(3))
    row.refresh_from_db()
    assert len(mail.outbox) == 2 and row.next_at == MONDAY + days(7), "the weekend does not count"
    live(MONDAY + days(7))
    row.refresh_from_db()
    (task,) = Task.objects.filter(lead=lead)
    assert (task.kind, task.owner_id) == ("call", lead.owner_id)
    assert (row.state, row.reason) == ("finished", "finished") and row.ended_at
    assert kinds(lead) == [
        Kind.ENROLLED, Kind.STEP_DONE, Kind.MAIL_SENT, Kind.STEP_DONE, Kind.MAIL_SENT, Kind.STEP_DONE, Kind.EXITED
    ]  # fmt: skip
    live(MONDAY + days(20))
    assert len(mail.outbox) == 2 and StepDone.objects.count() == 5


def test_the_call_task_stands_in_the_owners_queue():
    house(steps=[{"kind": "call", "text": defaults.CALL}])
    lead = prospect()
    enrolled(lead)
    live(MONDAY)
    assert lead.work.reason == "call" and lead.work.owner_id == lead.owner_id


def test_a_sequence_published_anew_leaves_whoever_is_on_the_way_alone():
    house()
    row = enrolled(prospect())
    put_in_force("sequence", "unreached", {**defaults.SEQUENCES["unreached"], "steps": [{"kind": "call", "text": defaults.CALL}]},
                 at=MONDAY)  # fmt: skip
    live(MONDAY)
    row.refresh_from_db()
    assert len(mail.outbox) == 1 and row.version.number == 1


def test_a_worker_away_for_an_hour_sends_each_mail_once_and_none_twice():
    house()
    for n in range(5):
        enrolled(prospect(f"Anna Nr{n}"))
    live(MONDAY + timedelta(hours=1))
    live(MONDAY + timedelta(hours=1))
    assert len(mail.outbox) == 5 and len({letter.extra_headers["Message-ID"] for letter in mail.outbox}) == 5


@pytest.mark.parametrize("zone", ["Europe/Paris", "America/Montreal", "Asia/Tokyo", "nowhere"])
def test_nothing_is_sent_outside_the_window_of_the_recipients_own_day(zone):
    house()
    enrolled(prospect(zone=zone))
    at = MONDAY - timedelta(hours=9)
    enrolled_at = at
    for _hours in range(8 * 9):
        at += timedelta(hours=3)
        before = len(mail.outbox)
        live(at)
        if len(mail.outbox) > before:
            here = at.astimezone(ZoneInfo(zone if zone != "nowhere" else "Europe/Paris"))
            assert here.weekday() < 5 and 9 <= here.hour + here.minute / 60 < 17.5
    assert len(mail.outbox) == 2 and at > enrolled_at


def test_a_letter_that_waited_past_the_window_leaves_at_the_next_opening():
    house()
    lead = prospect()
    enrolled(lead)
    with moment.at(MONDAY):
        tasks.advance()
    evening = MONDAY + timedelta(hours=10)
    live(evening)
    effect = Effect.objects.get()
    assert (effect.state, mail.outbox) == ("planned", []) and effect.due_at == MONDAY + timedelta(hours=22)
    live(effect.due_at)
    assert len(mail.outbox) == 1


# -- exits ---------------------------------------------------------------------------------------------


def _stage(lead, unit):
    lifecycle.move(unit.leads([lead.pk]), "engaged", unit)


ENDS = {
    "reply": lambda lead, u: u.record(Kind.REPLIED, u.leads([lead.pk])[0]),
    "bounce": lambda lead, u: u.record(Kind.BOUNCED, None, person_id=lead.person_id, data={"hard": True}),
    "complaint": lambda lead, u: u.record(Kind.COMPLAINED, None, person_id=lead.person_id),
    "unsubscribed": lambda lead, u: u.record(Kind.UNSUBSCRIBED, None, person_id=lead.person_id),
    "stage": _stage,
    "by_hand": lambda lead, u: services.leave(Enrolment.objects.get(lead=lead).pk, u),
}


@pytest.mark.parametrize("reason", ENDS)
def test_it_ends_by(reason):
    house()
    lead = prospect()
    row = enrolled(lead)
    with moment.at(MONDAY):
        tasks.advance()
        in_unit(lambda u: ENDS[reason](lead, u), actor=SYSTEM, at=MONDAY)
        runner.run()
    row.refresh_from_db()
    assert (row.state, row.reason, row.next_at) == ("exited", reason, None)
    assert mail.outbox == [] and Effect.objects.get().state == "held", "what was planned and not sent stays here"
    live(MONDAY + days(10))
    assert mail.outbox == []


def test_a_reps_own_touch_ends_it_and_a_soft_bounce_does_not():
    house()
    owner = rep("Léa")
    lead = prospect(owner=owner)
    row = enrolled(lead)
    in_unit(lambda u: u.record(Kind.BOUNCED, None, person_id=lead.person_id, data={"hard": False}), actor=SYSTEM)
    row.refresh_from_db()
    assert row.state == "active"
    in_unit(lambda u: desk.log_attempt(lead, u, channel="call", outcome="voicemail"), actor=actor_of(owner.user))
    row.refresh_from_db()
    assert (row.state, row.reason) == ("exited", "touch")


def test_a_touch_is_its_reps_whoever_runs_the_unit_and_even_after_a_fault():
    house()
    owner = rep("Léa")
    first, second = prospect(owner=owner), prospect("Bob Other", owner=owner)
    rows = [enrolled(first), enrolled(second)]
    person = actor_of(owner.user)

    def among_others(u):
        with u.acting(person):
            desk.log_attempt(first, u, channel="call", outcome="voicemail")

    def fail(entries, u):
        raise RuntimeError("planted")

    in_unit(among_others, actor=SYSTEM)
    unit.set_phases([replace(p, handler=fail) if p.name == "enrol" else p for p in choreography.PHASES])
    try:
        in_unit(lambda u: desk.log_attempt(second, u, channel="call", outcome="voicemail"), actor=person)
    finally:
        unit.set_phases(choreography.PHASES)
    assert desk_tasks.resume_stalled() == 1
    for row in rows:
        row.refresh_from_db()
        assert (row.state, row.reason) == ("exited", "touch")


def test_a_reply_to_an_alias_ends_the_sequence_of_the_person():
    house()
    lead = prospect()
    row = enrolled(lead)
    alias = PersonFactory(canonical_id=lead.person_id)
    in_unit(lambda u: u.record(Kind.UNSUBSCRIBED, None, person_id=alias.pk), actor=SYSTEM)
    row.refresh_from_db()
    assert row.state == "exited"


# -- who enters ----------------------------------------------------------------------------------------


def test_who_must_not_be_written_to_does_not_enter_and_is_told_why():
    house()
    lead = prospect()
    for reason, set_up in {
        "suppressed": lambda: in_unit(lambda u: suppression.add(lead.person.email.upper(), "asked", u), actor=SYSTEM),
        "refused": lambda: (lift_all(), said(lead.person, "refused")),
        "closed": lambda: type(lead).objects.filter(pk=lead.pk).update(stage="lost", stage_reason="price"),
    }.items():
        set_up()
        with pytest.raises(Refused) as refused:
            enrolled(lead)
        assert refused.value.detail["reason"] == reason
    assert not Enrolment.objects.exists()


def lift_all():
    for row in suppression.in_force():
        in_unit(lambda u, row=row: suppression.remove(row.pk, "asked again", u), actor=SYSTEM)


def said(person, state):
    Consent.objects.create(
        person=person, channel="email", purpose="marketing", state=state, basis="consent",
        occurred_at=MONDAY, recorded_at=MONDAY,
    )  # fmt: skip


def test_the_strictest_word_of_all_aliases_counts():
    house()
    lead = prospect()
    said(lead.person, "given")
    said(PersonFactory(canonical_id=lead.person_id), "refused")
    with pytest.raises(Refused) as refused:
        enrolled(lead)
    assert refused.value.detail["reason"] == "refused"


def test_nobody_is_in_two_sequences_at_once_whatever_their_leads():
    house()
    lead = prospect()
    row = enrolled(lead)
    with pytest.raises(Refused):
        enrolled(lead)
    with pytest.raises(IntegrityError), transaction.atomic():
        Enrolment.objects.create(
            lead=lead, person_id=row.person_id, sequence="other", version=row.version, how="hand",
            entered_at=MONDAY, next_at=MONDAY,
        )  # fmt: skip


def test_a_lead_enters_by_condition_when_its_facts_change_and_once_per_cycle():
    house()
    put_in_force("sequence", "resting", defaults.SEQUENCES["resting"])
    lead, kept_out = prospect(), prospect("Bob Ray")
    in_unit(lambda u: suppression.add(kept_out.person.email, "asked", u), actor=SYSTEM)
    for each in (lead, kept_out):
        rest(each)
    rows = {row.lead_id: row for row in Enrolment.objects.all()}
    assert (rows[lead.pk].state, rows[lead.pk].sequence) == ("active", "resting")
    assert (rows[kept_out.pk].state, rows[kept_out.pk].reason) == ("excluded", "suppressed")
    in_unit(lambda u: services.leave(rows[lead.pk].pk, u), actor=SYSTEM)
    with moment.at(MONDAY):
        assert tasks.look_for_entries() == 0, "neither who left nor who is kept out is looked at again"
    assert Enrolment.objects.count() == 2


def rest(lead):
    def work(u):
        lifecycle.move(u.leads([lead.pk]), "recycled", u, reason="no_timing", recycle_at=MONDAY + days(90))

    in_unit(work, actor=SYSTEM, at=MONDAY)


def test_leads_to_whom_nothing_happens_are_found_by_looking():
    house()
    lead = prospect()
    rest(lead)
    put_in_force("sequence", "resting", defaults.SEQUENCES["resting"])
    with moment.at(MONDAY):
        assert tasks.look_for_entries() == 1
    assert Enrolment.objects.get().lead_id == lead.pk


def test_a_missing_value_blocks_that_lead_alone_and_it_can_go_on():
    house()
    body = {**defaults.TEMPLATES["follow-up"], "subject": {"fr": "Pour {{ company }}", "en": "For {{ company }}"}}
    put_in_force("template", "follow-up", body, at=MONDAY - days(1))
    nobody, known = prospect(company=""), prospect("Bob Ray", company="Acme")
    row = enrolled(nobody)
    enrolled(known)
    live(MONDAY)
    row.refresh_from_db()
    assert (row.state, row.reason) == ("blocked", "missing:company")
    assert [letter.subject for letter in mail.outbox] == ["Pour Acme"]
    type(nobody).objects.filter(pk=nobody.pk).update(company="Later SA")
    in_unit(lambda u: services.resume(row.pk, u), actor=SYSTEM, at=MONDAY)
    live(MONDAY)
    assert len(mail.outbox) == 2


def test_a_paused_enrolment_waits_and_goes_on():
    house()
    row = enrolled(prospect())
    in_unit(lambda u: services.pause(row.pk, u), actor=SYSTEM, at=MONDAY)
    live(MONDAY + days(1))
    assert mail.outbox == []
    in_unit(lambda u: services.resume(row.pk, u), actor=SYSTEM, at=MONDAY + days(1))
    live(MONDAY + days(1))
    assert len(mail.outbox) == 1


def test_a_body_with_faults_is_not_published():
    house()
    body = {**defaults.SEQUENCES["unreached"], "by": "condition", "entry": {}, "steps": [{"kind": "mail"}]}
    version = versions.draft("sequence", "bad", body, actor=SYSTEM, at=MONDAY)
    paths = {path for path, _message in versions.check(version)}
    assert paths == {"entry", "steps[0]"}
    with pytest.raises(Refused):
        in_unit(lambda u: versions.publish(version.pk, unit=u, reason="x"), actor=SYSTEM)


def test_the_letter_carries_the_headers_of_rfc_8058_and_no_address_in_its_link():
    house()
    lead = prospect(email="anna@roux.example")
    enrolled(lead)
    live(MONDAY)
    (letter,) = mail.outbox
    assert letter.extra_headers["List-Unsubscribe-Post"] == letters.ONE_CLICK
    link = letter.extra_headers["List-Unsubscribe"]
    assert link.startswith("<http") and "anna" not in link and "roux" not in link
    assert link[1:-1] in letter.body


@pytest.mark.django_db(transaction=True)
def test_a_sender_killed_between_call_and_commit_sends_each_letter_at_most_once(monkeypatch):
    """Reliability N1 for letters: a real SIGKILL; what is not known to have left waits for a person."""
    house()
    kills = 5
    for n in range(kills):
        enrolled(prospect(f"Anna Nr{n}"))
    with moment.at(MONDAY):
        tasks.advance()
    heard, told = os.pipe()

    def send_messages(self, messages):
        os.write(told, f"{messages[0].extra_headers['Message-ID']}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(EmailBackend, "send_messages", send_messages)
    at = MONDAY
    for _kill in range(kills):
        connections.close_all()
        pid = os.fork()
        if pid == 0:
            with moment.at(at):
                runner.run()
            os._exit(1)
        assert os.WIFSIGNALED(os.waitpid(pid, 0)[1])
        at += runner.LEASE + timedelta(seconds=1)
    with moment.at(at):
        runner.run()
    os.close(told)
    names = os.read(heard, 10_000).decode().split()
    os.close(heard)
    assert len(names) == len(set(names)) == kills
    assert set(Effect.objects.values_list("state", flat=True)) == {"unknown"}
    assert not JournalEntry.objects.filter(kind=Kind.MAIL_SENT).exists()
