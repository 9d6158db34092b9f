"""Who is away hands on what is due meanwhile, sees it before, and is told on the way back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from leadops import access, moment
from leadops.effects.models import Notice
from leadops.errors import Refused
from leadops.models import Absence, Lead, Rep, Role
from leadops.shipped import install_defaults
from leadops.testing import LeadFactory, member, rep
from leadops.unit import in_unit
from routing import absences, departures, reps, services
from routing.departures import Span
from routing.tests import a_house as house

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> tuple[Rep, Rep, list[Lead]]:
    """Ada has a lead due within minutes and one due in eight hours; Bob can take both."""
    install_defaults()
    ada, bob = rep("Ada"), rep("Bob")
    house.pool("everyone", ada, bob)
    leads = [LeadFactory(hand_raiser=True), LeadFactory(hand_raiser=False)]
    for lead in leads:
        house.do(lambda unit, lead=lead: services.assign(lead, ada, unit))
    return ada, bob, leads


def of(who: Rep) -> access.Actor:
    return access.actor_of(who.user)


def owner(lead: Lead) -> Any:
    return Lead.objects.get(pk=lead.pk).owner_id


def span(hours: float, move: str = "keep", start: float = 0) -> Span:
    at = moment.now()
    return Span("leave", at + timedelta(hours=start), at + timedelta(hours=start + hours), move)


def test_the_forecast_counts_what_is_due_meanwhile_and_moves_nothing(cast: Any) -> None:
    ada, bob, leads = cast
    found = departures.forecast(ada, span(1), of(ada))
    assert (found.held, [lead.pk for lead, _at in found.due]) == (2, [leads[0].pk])
    assert [outcome.rep for outcome in found.outcomes] == [str(bob.pk)]
    assert len(departures.forecast(ada, span(24), of(ada)).due) == 2
    assert departures.forecast(ada, span(1, start=48), of(ada)).due == []
    assert owner(leads[0]) == ada.pk and not Absence.objects.exists()


@pytest.mark.parametrize(("move", "moved"), [("keep", []), ("urgent", [0]), ("all", [0, 1])])
def test_the_leads_stay_or_go_to_others_by_the_rules(cast: Any, move: str, moved: list[int]) -> None:
    ada, bob, leads = cast
    assert departures.go_away(ada, span(1, move), of(ada)) == len(moved)
    assert [owner(lead) == bob.pk for lead in leads] == [n in moved for n in range(2)]
    assert Absence.objects.state_at(moment.now()).count() == 1


def test_a_rep_moves_nobody_elses_leads(cast: Any) -> None:
    ada, bob, leads = cast
    with pytest.raises(Refused):
        departures.go_away(ada, span(1, "all"), of(bob))
    assert owner(leads[0]) == ada.pk and not Absence.objects.exists()


def test_a_planned_absence_can_be_cancelled(cast: Any) -> None:
    ada, _bob, _leads = cast
    departures.go_away(ada, span(2, start=5), of(ada))
    row = Absence.objects.get()
    house.do(lambda unit: reps.cancel_absence(ada, row.pk, unit), of(ada))
    assert not Absence.objects.overlapping(moment.now(), None).exists()
    with pytest.raises(Refused):
        house.do(lambda unit: reps.cancel_absence(ada, row.pk, unit), of(ada))


def test_on_return_one_line_tells_what_went_and_what_is_due(cast: Any) -> None:
    ada, _bob, _leads = cast
    departures.go_away(ada, span(1, "urgent"), of(ada))
    later = moment.now() + timedelta(hours=9)
    due = absences.next_return(moment.now())
    assert due == Absence.objects.get(known_to=None).valid_to
    for _twice in range(2):
        house_at(later)
    (told,) = Notice.objects.filter(kind="absence_over")
    assert (told.user_id, told.data) == (ada.pk, {"count": 1, "due": 1})
    assert absences.next_return(later) is None


def house_at(at: Any) -> None:
    in_unit(absences.welcome_back, actor=access.system("ticker"), at=at)


@pytest.mark.parametrize(("language", "words"), [("en", "due meanwhile"), ("fr", "à échéance d’ici là")])
def test_the_page_asks_what_if_before_it_sets_anything(cast: Any, language: str, words: str) -> None:
    ada, bob, leads = cast
    client = Client()
    client.force_login(member("Max", Role.MANAGER, "paris", language))
    at = moment.now()
    sent = {
        "kind": "leave",
        "start": f"{at:%Y-%m-%dT%H:%M}",
        "end": f"{at + timedelta(days=2):%Y-%m-%dT%H:%M}",
        "move": "all",
    }
    page = client.post(f"/team/{ada.pk}/absence", sent | {"step": "preview"})
    text = page.content.decode()
    assert page.status_code == 200 and words in text and "Bob" in text and not Absence.objects.exists()
    assert client.post(f"/team/{ada.pk}/absence", sent | {"step": "set"}).status_code == 302
    assert [owner(lead) for lead in leads] == [bob.pk, bob.pk]
    row = Absence.objects.get(known_to=None)
    assert client.post(f"/team/{ada.pk}/absence/{row.pk}/cancel").status_code == 302


def test_what_if_is_asked_of_the_absence_that_is_entered_and_the_form_begins_with_it(cast: Any) -> None:
    ada, _bob, leads = cast
    departures.go_away(ada, span(24, start=6), of(ada))
    row, client = Absence.objects.get(known_to=None), Client()
    client.force_login(member("Max", Role.MANAGER, "paris", "en"))
    page = client.get(f"/team/{ada.pk}/absence")
    assert page.context["form"].initial["start"] == row.valid_from, "not now"
    assert f"?absence={row.pk}" in page.content.decode() and "forecast" not in page.context
    asked = client.get(f"/team/{ada.pk}/absence?absence={row.pk}")
    assert asked.context["forecast"]["start"] == row.valid_from
    assert [shown["lead"] for shown in asked.context["forecast"]["rows"]] == [leads[1]], (
        "the one due before is not asked"
    )
