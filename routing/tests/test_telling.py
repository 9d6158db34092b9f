"""Reps hear what they got and what they lost: in the bell at once, by mail inside their hours, with a link that leads."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.core import mail

from leadops import moment
from leadops.access import actor_of
from leadops.effects import runner
from leadops.effects.models import Effect, Notice
from leadops.models import Role
from leadops.shipped import install_defaults
from leadops.testing import LeadFactory, member, rep
from leadops.unit import in_unit
from routing import services
from routing.tests import a_house as house

pytestmark = pytest.mark.django_db
SATURDAY = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # nine o'clock in Paris


def mails(rep, purpose: str) -> list[Effect]:
    return list(Effect.objects.filter(user=rep.pk, purpose=purpose))


def test_a_new_lead_is_told_by_mail_with_a_link_that_leads_to_it(settings) -> None:
    settings.PUBLIC_URL = "https://leads.example.com"
    ada = rep("Ada")
    house.pool("everyone", ada)
    house.rules()
    (lead,) = house.arrive([LeadFactory()])
    (effect,) = mails(ada, "lead_assigned")
    assert effect.lead_id == lead.pk and Notice.objects.get(key=effect.key).user_id == ada.pk
    assert runner.run(moment.now()) == 1
    assert mail.outbox[0].to == [ada.user.email] and f"https://leads.example.com/leads/{lead.pk}" in mail.outbox[0].body


def test_a_mail_waits_for_the_hours_of_its_reader() -> None:
    install_defaults()
    day, night = rep("Ada", calendar="office"), rep("Bob", calendar="always")
    leads = [LeadFactory(), LeadFactory()]
    for lead, who in zip(leads, (day, night), strict=True):
        in_unit(lambda unit: services.assign(lead, who, unit), actor=house.PIPELINE, at=SATURDAY)  # noqa: B023
    assert [row.due_at for row in mails(day, "lead_assigned")] == [MONDAY]
    assert [row.due_at for row in mails(night, "lead_assigned")] == [SATURDAY]


def test_who_takes_a_lead_is_not_told_of_it() -> None:
    ada = rep("Ada")
    house.pool("shared", ada, claimable=True)
    house.rules(fallback="shared")
    lead = LeadFactory(pool="shared")
    in_unit(lambda unit: services.claim(lead, ada, unit), actor=actor_of(ada.user))
    assert not Effect.objects.exists() and not Notice.objects.filter(user=ada.pk).exists()


def test_who_loses_a_lead_to_another_hears_of_it_and_is_not_led_to_what_they_no_longer_see(settings) -> None:
    settings.PUBLIC_URL = "https://leads.example.com"
    ada, bob = rep("Ada"), rep("Bob")
    lead = LeadFactory(owner=ada)
    chief = actor_of(member("Max", Role.REVENUE_OPS))
    in_unit(lambda unit: services.assign(lead, bob, unit, "She is away"), actor=chief)
    (lost,) = mails(ada, "lead_taken_away")
    assert Notice.objects.get(key=lost.key).kind == "lead_taken_away" and mails(bob, "lead_assigned")
    runner.run(moment.now())
    body = next(letter.body for letter in mail.outbox if letter.to == [ada.user.email])
    assert str(lead.pk) not in body and "https://leads.example.com/inbox" in body


@pytest.mark.parametrize(("reason", "told"), [("breach", 1), ("rep_deactivated", 0)])
def test_a_breach_that_takes_a_lead_is_told_and_a_departure_is_not(reason: str, told: int) -> None:
    ada = rep("Ada")
    house.rules()
    lead = LeadFactory(owner=ada)
    house.do(lambda unit: services.take_away([lead], unit, reason))
    assert len(mails(ada, "lead_taken_away")) == told == Notice.objects.filter(kind="lead_taken_away").count()
