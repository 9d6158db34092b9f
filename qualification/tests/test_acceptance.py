"""How often sales accepts, and which offers waited too long."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from leadops.access import SYSTEM, Actor, system
from leadops.journal import Kind
from leadops.models import User
from leadops.testing import PASSWORD
from leadops.unit import in_unit
from qualification import acceptance, handoff
from qualification.models import Handoff
from qualification.tests.conftest import NOW, act, captured, hot_lead


@pytest.fixture
def offered(definition: Any, lea: Any) -> list[Any]:
    return captured([hot_lead(owner=lea, first_source="website") for _ in range(4)])


def breached(lead: Any, kind: str) -> None:
    in_unit(
        lambda unit: unit.record(Kind.CLOCK_BREACHED, unit.leads([lead.pk])[0], data={"kind": kind}),
        actor=system("ticker"),
        at=NOW,
    )


def test_a_rate_counts_what_sales_answered_by_each_group(offered: list[Any], as_lea: Actor) -> None:
    act(handoff.accept, offered[0], as_lea)
    act(handoff.accept, offered[1], as_lea)
    act(lambda lead, unit: handoff.hand_back(lead, unit, "no_fit"), offered[2], as_lea)
    for by, label in (("definition", "MQL definition 1"), ("source", "Website"), ("rep", "Léa")):
        (rate,) = acceptance.rates(SYSTEM, by, NOW)
        assert rate.label == label
        assert (rate.offered, rate.accepted, rate.handed_back, rate.open) == (4, 2, 1, 1)
        assert rate.rate == pytest.approx(2 / 3)


def test_what_is_accepted_late_is_not_in_time_and_what_was_never_answered_counts(
    offered: list[Any], as_lea: Actor
) -> None:
    act(handoff.accept, offered[0], as_lea)
    for lead in offered[1:3]:
        breached(lead, "acceptance")
    act(handoff.accept, offered[1], as_lea)
    (rate,) = acceptance.rates(SYSTEM, "rep", NOW)
    assert (rate.accepted, rate.accepted_late, rate.open, rate.unanswered) == (2, 1, 2, 1)
    assert rate.rate == 1.0, "all who were answered"
    assert rate.in_time == pytest.approx(1 / 3), "one of three whose time is over; the fourth still runs"


def test_an_offer_not_answered_in_time_stays_open_and_says_so(offered: list[Any], hugo: User) -> None:
    breached(offered[0], "acceptance")
    breached(offered[1], "first_attempt")
    row = Handoff.objects.get(lead=offered[0])
    assert (row.state, row.overdue_at) == ("offered", NOW)
    assert Handoff.objects.filter(overdue_at__isnull=False).count() == 1
    client = Client(headers={"accept-language": "en"})
    assert client.login(username=hugo.email, password=PASSWORD)
    page = client.get("/qualification/handoffs?overdue=true")
    assert len(page.context["handoffs"]) == 1
    assert "Not answered in time" in page.content.decode()


def test_an_empty_house_opens_the_page(db: None, hugo: User, django_assert_max_num_queries: Any) -> None:
    client = Client()
    client.login(username=hugo.email, password=PASSWORD)
    client.get("/qualification/handoffs")
    with django_assert_max_num_queries(14):
        assert client.get("/qualification/handoffs").status_code == 200
