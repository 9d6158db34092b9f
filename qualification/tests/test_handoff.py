"""Offered, accepted, handed back, withdrawn: nothing else, and each only by who may."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from leadops.access import actor_of
from leadops.errors import Refused
from leadops.journal import EntryText, JournalEntry, Kind
from leadops.models import Lead, Rep
from leadops.testing import rep
from qualification import handoff, opportunities, services
from qualification.models import Handoff
from qualification.tests.conftest import NOW, act, captured, hot_lead


@pytest.fixture
def offered(definition: Any, lea: Rep) -> Lead:
    (lead,) = captured([hot_lead(owner=lea)])
    return lead


def state_of(lead: Lead) -> tuple[str, str]:
    lead.refresh_from_db()
    return lead.stage, Handoff.objects.filter(lead=lead).latest("offered_at").state


def test_accepting_makes_it_a_sal(offered: Lead, as_lea: Any, lea: Rep) -> None:
    row = act(handoff.accept, offered, as_lea)
    assert state_of(offered) == ("sal", "accepted")
    assert (row.answered_by_id, row.rep_id, row.answered_at) == (lea.pk, lea.pk, NOW)
    assert JournalEntry.objects.get(kind=Kind.ACCEPTED).data == {"handoff": str(row.pk)}


def test_accepting_twice_is_one_acceptance(offered: Lead, as_lea: Any) -> None:
    act(handoff.accept, offered, as_lea)
    assert act(handoff.accept, offered, as_lea) is None
    assert JournalEntry.objects.filter(kind=Kind.ACCEPTED).count() == 1


def test_an_acceptance_noted_by_another_room_stays_one_entry(offered: Lead, as_lea: Any) -> None:
    def both(lead: Lead, unit: Any) -> None:
        unit.record(Kind.ACCEPTED, lead, data={"assignment": "a"})
        handoff.accept(lead, unit)

    act(both, offered, as_lea)
    assert set(JournalEntry.objects.get(kind=Kind.ACCEPTED).data) == {"assignment", "handoff"}


@pytest.mark.parametrize("first", [False, True], ids=["offered", "accepted"])
def test_handing_back_needs_a_listed_reason_and_returns_to_marketing(offered: Lead, as_lea: Any, first: bool) -> None:
    if first:
        act(handoff.accept, offered, as_lea)
    for reason in ("", "because"):
        with pytest.raises(Refused):
            act(lambda lead, unit, r=reason: handoff.hand_back(lead, unit, r), offered, as_lea)
    row = act(lambda lead, unit: handoff.hand_back(lead, unit, "no_fit", "too small"), offered, as_lea)
    assert state_of(offered) == ("engaged", "handed_back")
    assert row.reason == "no_fit"
    entry = JournalEntry.objects.get(kind=Kind.HANDED_BACK)
    assert entry.data["reason"] == "no_fit"
    assert EntryText.objects.get(entry=entry.pk).text == "too small"


def test_a_qualified_lead_is_not_handed_back(offered: Lead, as_lea: Any) -> None:
    act(services.qualify, offered, as_lea)
    with pytest.raises(Refused, match="not-handed-off"):
        act(lambda lead, unit: handoff.hand_back(lead, unit, "no_fit"), offered, as_lea)


def test_qualifying_accepts_what_was_offered(offered: Lead, as_lea: Any) -> None:
    act(services.qualify, offered, as_lea)
    assert state_of(offered) == ("sql", "accepted")
    moves = [row.data["to"] for row in JournalEntry.objects.filter(kind=Kind.STAGE_MOVED).order_by("id")]
    assert moves == ["mql", "sal", "sql"]


def test_disqualifying_withdraws_the_offer(offered: Lead, as_lea: Any) -> None:
    act(lambda lead, unit: services.disqualify(lead, unit, "no_budget"), offered, as_lea)
    assert state_of(offered) == ("disqualified", "withdrawn")
    assert offered.stage_reason == "no_budget"


def test_recycling_needs_a_day_to_come(offered: Lead, as_lea: Any) -> None:
    with pytest.raises(Refused, match="wake-in-the-past"):
        act(lambda lead, unit: services.recycle(lead, unit, "no_timing", NOW), offered, as_lea)
    wake = NOW + timedelta(days=90)
    act(lambda lead, unit: services.recycle(lead, unit, "no_timing", wake), offered, as_lea)
    assert state_of(offered) == ("recycled", "withdrawn")
    assert offered.recycle_at == wake


@pytest.mark.parametrize(
    "verb",
    [
        handoff.accept,
        lambda lead, unit: handoff.hand_back(lead, unit, "no_fit"),
        services.qualify,
        lambda lead, unit: services.disqualify(lead, unit, "no_budget"),
        lambda lead, unit: services.recycle(lead, unit, "no_timing", NOW + timedelta(days=1)),
        opportunities.open,
    ],
)
def test_another_rep_may_not(offered: Lead, verb: Any) -> None:
    with pytest.raises(Refused, match="not-allowed"):
        act(verb, offered, actor_of(rep("Karim").user))
    assert state_of(offered) == ("mql", "offered")


def test_an_end_waits_for_its_open_deal(offered: Lead, as_lea: Any) -> None:
    act(opportunities.open, offered, as_lea)
    with pytest.raises(Refused, match="opportunity-open"):
        act(lambda lead, unit: services.disqualify(lead, unit, "no_budget"), offered, as_lea)


def test_the_database_holds_one_open_handoff_per_lead(offered: Lead) -> None:
    row = Handoff.objects.get(lead=offered)
    with pytest.raises(IntegrityError), transaction.atomic():
        Handoff.objects.create(lead=offered, definition=row.definition, offered_at=NOW)


@pytest.mark.parametrize("values", [{"state": "handed_back", "answered_at": NOW}, {"state": "accepted"}])
def test_the_database_wants_reason_and_time(offered: Lead, values: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Handoff.objects.filter(lead=offered).update(**values)
