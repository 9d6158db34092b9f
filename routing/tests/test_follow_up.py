"""After a promise, or a try without contact, the next try has its clock: started, met, breached like every other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from leadops import access, moment
from leadops.desk import services as desk
from leadops.models import Lead, Rep
from leadops.shipped import install_defaults
from leadops.testing import LeadFactory, put_in_force, rep
from leadops.unit import in_unit
from leadops.work import Work
from routing import services
from routing.models import Clock
from routing.sla.policy import check, compile_body
from routing.tests import a_house as house

pytestmark = pytest.mark.django_db
HOURS_4 = 14400


@pytest.fixture
def ada() -> Rep:
    install_defaults()
    return rep("Ada")


def owned(who: Rep, **fields: Any) -> Lead:
    lead = LeadFactory(**fields)
    house.do(lambda unit: services.assign(lead, who, unit))
    return lead


def tried(lead: Lead, who: Rep, outcome: str, at: Any = None, **more: Any) -> None:
    actor = access.actor_of(who.user)
    in_unit(
        lambda unit: desk.log_attempt(unit.leads([lead.pk])[0], unit, channel="call", outcome=outcome, **more),
        actor=actor,
        at=at or moment.now(),
    )


def follow_ups(lead: Lead) -> list[Clock]:
    return list(Clock.objects.filter(lead=lead, kind="follow_up").order_by("id"))


def test_a_try_without_contact_starts_the_clock_of_the_next(ada: Rep) -> None:
    lead = owned(ada)
    tried(lead, ada, "voicemail")
    (clock,) = follow_ups(lead)
    assert clock.due_at == clock.started_at + timedelta(seconds=HOURS_4)
    assert (clock.state, clock.rep_id) == ("running", ada.pk)
    work = Work.objects.get(lead=lead)
    assert work.reason in ("acceptance", "follow_up")


@pytest.mark.parametrize("outcome", ["reached", "wrong_number"])
def test_a_conversation_or_a_dead_number_starts_none(ada: Rep, outcome: str) -> None:
    lead = owned(ada)
    tried(lead, ada, outcome)
    assert follow_ups(lead) == []


def test_the_next_try_meets_it_and_starts_another(ada: Rep) -> None:
    lead, at = owned(ada), moment.now()
    tried(lead, ada, "no_answer", at)
    tried(lead, ada, "no_answer", at + timedelta(hours=1))
    first, second = follow_ups(lead)
    assert (first.state, first.breached_at, second.state) == ("met", None, "running")
    tried(lead, ada, "reached", at + timedelta(hours=6))
    second.refresh_from_db()
    assert (second.state, second.breached_at) == ("met", second.due_at)


def test_a_promised_call_back_is_counted_from_its_moment(ada: Rep) -> None:
    lead, at = owned(ada), moment.now()
    due = at + timedelta(days=2)
    tried(lead, ada, "callback", at, callback_at=due)
    (clock,) = follow_ups(lead)
    assert (clock.started_at, clock.due_at) == (due, due + timedelta(seconds=HOURS_4))
    tried(lead, ada, "callback", at + timedelta(hours=1), callback_at=due + timedelta(days=1))
    first, second = follow_ups(lead)
    assert first.state == "met" and first.breached_at is None and second.started_at == due + timedelta(days=1)


def test_it_follows_the_lead_to_its_new_owner_and_ends_with_it(ada: Rep) -> None:
    lead, bob = owned(ada), rep("Bob")
    tried(lead, ada, "voicemail")
    house.do(lambda unit: services.assign(lead, bob, unit, "holiday"))
    (clock,) = follow_ups(lead)
    assert (clock.state, clock.rep_id) == ("running", bob.pk)


def test_reminders_stop_after_as_many_tries_as_the_policy_says(ada: Rep) -> None:
    put_in_force(
        "sla",
        "house",
        {"policies": [{"key": "all", "when": {"all": []}, "clocks": [{"kind": "follow_up", "target": 60, "most": 2, "calendar": "always"}]}]},
        at=moment.now() - timedelta(seconds=1),
    )  # fmt: skip
    lead, at = owned(ada), moment.now()
    for n in range(4):
        tried(lead, ada, "no_answer", at + timedelta(minutes=n))
    assert [clock.state for clock in follow_ups(lead)] == ["met", "met"]


def test_a_policy_with_a_senseless_number_of_tries_is_refused() -> None:
    body = {
        "policies": [
            {
                "key": "a",
                "when": {"all": []},
                "clocks": [{"kind": "follow_up", "target": 60, "most": 0, "calendar": "rep"}],
            }
        ]
    }
    assert [path for path, _message in check(body)] == ["policies[0].clocks[0].most"]
    body["policies"][0]["clocks"][0]["most"] = 3  # type: ignore[index]
    assert check(body) == [] and compile_body(body).rows[0].clocks[0].most == 3
