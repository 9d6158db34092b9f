"""Effects: each sent once, and one that cannot be sent stops no other."""

from __future__ import annotations

import email
import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from aiosmtpd.controller import Controller
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection, connections

from leadops import moment
from leadops.access import SYSTEM
from leadops.effects import plan, runner
from leadops.effects.models import Effect
from leadops.testing import LeadFactory, PersonFactory, UserFactory
from leadops.unit import in_unit

pytestmark = pytest.mark.django_db


def planned(purpose: str = "sla_remind", key: str = "k", **fields):
    user, lead = UserFactory(), LeadFactory(**fields)
    body = {"kind": "first_attempt"}
    in_unit(lambda u: plan.mail(u, user_id=user.pk, key=key, purpose=purpose, lead=lead, body=body), actor=SYSTEM)
    return user


def test_a_planned_mail_is_sent_once_in_the_readers_language():
    user = planned(person=PersonFactory(name="Anna Roux"))
    assert runner.run(moment.now()) == 1 and runner.run(moment.now()) == 0
    assert [letter.to for letter in mail.outbox] == [[user.email]] and "Anna Roux" in mail.outbox[0].subject
    assert Effect.objects.get().state == "sent"


def test_a_mail_tells_moments_by_its_readers_clock():
    user = planned()
    user.__class__.objects.filter(pk=user.pk).update(zone="America/Montreal", language="en")
    Effect.objects.update(body={"kind": "first_attempt", "due_at": "2026-11-26T20:16:00+00:00"})
    runner.run(moment.now())
    assert "15:16" in mail.outbox[0].subject


def test_planning_twice_under_one_key_is_one_mail():
    planned()
    planned()
    assert Effect.objects.count() == 1


def test_a_name_with_a_line_break_cannot_stop_the_mail_of_others():
    planned(key="first", person=PersonFactory(name="Anna\nBcc: x@evil.example"))
    planned(key="second")
    assert runner.run(moment.now()) == 2
    assert all("\n" not in letter.subject for letter in mail.outbox) and not mail.outbox[0].bcc


def test_an_effect_nobody_can_word_fails_alone_with_its_cause():
    planned(purpose="unheard-of", key="first")
    planned(key="second")
    assert runner.run(moment.now()) == 1
    failed = Effect.objects.get(key="first")
    assert failed.state == "failed" and "KeyError" in failed.error


# -- states, leases, crashes ---------------------------------------------------------------------------------

OVER = runner.LEASE + timedelta(seconds=1)


def server(monkeypatch: pytest.MonkeyPatch, does: Callable[[], None]) -> None:
    """A mail server that takes the mail and then does something to its sender."""

    def send_messages(self, messages):
        mail.outbox.extend(messages)
        does()
        return len(messages)

    monkeypatch.setattr(EmailBackend, "send_messages", send_messages)


def dies() -> None:
    raise SystemExit


@pytest.mark.parametrize(("purpose", "state", "sent"), [("sla_breach", "sent", 2), ("lead_assigned", "unknown", 1)])
def test_after_a_crash_an_alert_is_sent_again_and_any_other_mail_is_unknown(monkeypatch, purpose, state, sent):
    planned(purpose)
    at = moment.now()
    with monkeypatch.context() as broken:
        server(broken, dies)
        with pytest.raises(SystemExit):
            runner.run(at)
    assert Effect.objects.get().state == "sending" and len(mail.outbox) == 1
    assert runner.run(at + timedelta(minutes=1)) == 0, "its sender may still be at work"
    runner.run(at + OVER)
    row = Effect.objects.get()
    assert (row.state, len(mail.outbox)) == (state, sent)
    assert row.lease_until is None and (row.error == runner.DIED) == (state == "unknown")
    assert runner.run(at + timedelta(days=1)) == 0 and len(mail.outbox) == sent


def test_what_kills_its_sender_every_time_ends_as_failed(monkeypatch):
    planned("sla_breach")
    server(monkeypatch, dies)
    at = moment.now()
    for _start in range(runner.MOST_STARTS):
        with pytest.raises(SystemExit):
            runner.run(at)
        at += OVER
    runner.run(at)
    assert (Effect.objects.get().state, len(mail.outbox)) == ("failed", runner.MOST_STARTS)


def test_a_server_that_refuses_is_asked_again_later_and_then_given_up(monkeypatch):
    planned()

    def refuses() -> None:
        raise ConnectionRefusedError("111")

    server(monkeypatch, refuses)
    at = moment.now()
    for wait in runner.RETRY_AFTER:
        assert runner.run(at) == 0
        row = Effect.objects.get()
        assert (row.state, row.due_at, row.error) == (
            "planned",
            at + timedelta(seconds=wait),
            "ConnectionRefusedError: 111",
        )
        at = row.due_at
    runner.run(at)
    assert Effect.objects.get().state == "failed"


def test_what_a_guard_stops_does_not_leave_and_is_held_with_the_reason(monkeypatch):
    seen: list[bool] = []

    def suppressed(effect: Effect) -> str:
        seen.append(connection.in_atomic_block)
        return "suppressed" if effect.key == "no" else ""

    known = dict(runner._purposes)
    monkeypatch.setattr(runner, "_purposes", known)
    runner.register("sla_remind", known["sla_remind"].write, guard=suppressed)
    planned(key="no")
    planned(key="yes")
    assert runner.run(moment.now()) == 1 and len(mail.outbox) == 1
    assert dict(Effect.objects.values_list("key", "state")) == {"no": "held", "yes": "sent"}
    assert Effect.objects.get(key="no").error == "suppressed" and seen == [True, True]


@pytest.mark.django_db(transaction=True)
def test_sending_is_committed_before_the_call_and_a_slow_server_delays_nobody_elses_row(monkeypatch):
    planned(key="slow")
    planned(key="next")
    seen: list[list[tuple[str, str]]] = []
    beside: list[int] = []

    def other() -> None:
        seen.append(sorted(Effect.objects.values_list("key", "state")))
        beside.append(runner.run(moment.now() + OVER))
        connections.close_all()

    def slow() -> None:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(10)

    server(monkeypatch, slow)
    assert runner.run(moment.now()) == 2
    assert seen[0] == [("next", "planned"), ("slow", "sending")], "the second is not kept by who sends the first"
    assert beside == [0, 0] and len(mail.outbox) == 2
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s", [runner.LOCK & 0xFFFFFFFF]
        )
        assert cursor.fetchone() == (0,)


@pytest.mark.django_db(transaction=True)
def test_a_sender_killed_between_call_and_commit_sends_each_mail_at_most_once(monkeypatch):
    """Reliability N1: a real SIGKILL, so nothing of the sender runs after the call."""
    kills = 20
    for number in range(kills):
        planned("lead_assigned", key=f"k{number}")
    heard, told = os.pipe()

    def send_messages(self, messages):
        os.write(told, f"{messages[0].extra_headers['Message-ID']}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)

    for _kill in range(kills):
        pid = os.fork()
        if pid == 0:
            try:
                connections["default"].connection = None  # the parent's line is not ours to close
                EmailBackend.send_messages = send_messages
                runner.run(moment.now())
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    until = time.monotonic() + 10
    while Effect.objects.filter(state="sending").exists() and time.monotonic() < until:
        # the server lets the lock of the one sender go when it sees that the last one is dead
        runner.run(moment.now() + runner.LEASE + timedelta(minutes=1))
    os.close(told)
    with os.fdopen(heard) as lines:
        sent = lines.read().split()
    assert len(sent) == len(set(sent)) == kills and not mail.outbox
    assert set(Effect.objects.values_list("state", flat=True)) == {"unknown"}


class Server:
    """A mail server that hangs up after so many mails; what it took, and by how many connections."""

    def __init__(self, most: int) -> None:
        self.most, self.taken, self.sessions, self.here = most, [], set(), Counter()

    async def handle_DATA(self, server, session, envelope):
        self.sessions.add(session.peer)
        self.taken.append(email.message_from_bytes(envelope.content)["Message-ID"])
        self.here[session.peer] += 1
        if self.here[session.peer] == self.most:
            server.transport.write(b"250 taken\r\n")
            server.transport.close()
        return "250 taken"


@pytest.mark.parametrize(("most", "connections_used"), [(1000, 1), (4, 3)])
def test_many_mails_leave_by_one_connection_and_none_is_lost_when_the_server_hangs_up(settings, most, connections_used):
    server = Server(most)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(server, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        for number in range(10):
            planned(key=f"k{number}")
        assert runner.run(moment.now()) == 10
    finally:
        controller.stop()
    assert len(server.taken) == len(set(server.taken)) == 10
    assert len(server.sessions) == connections_used
