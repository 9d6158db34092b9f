"""Effects: each sent once, and one that cannot be sent stops no other."""

from __future__ import annotations

import pytest
from django.core import mail

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
