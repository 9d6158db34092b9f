"""Deals: exact amounts, rates that may be missing, and what their end means for the lead."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from leadops.access import SYSTEM
from leadops.errors import Conflict, Refused
from leadops.journal import JournalEntry, Kind
from leadops.models import ExchangeRate, Lead, Opportunity, Rep
from leadops.unit import in_unit
from qualification import opportunities
from qualification.opportunities import Outside
from qualification.tests.conftest import NOW, hot_lead

TODAY = date(2026, 3, 4)


@pytest.fixture
def lead(lea: Rep) -> Lead:
    return hot_lead(owner=lea)


def opened(lead: Lead | None, amount: int | None = 1_000_00, currency: str = "EUR", actor: Any = SYSTEM) -> Opportunity:
    def work(unit: Any) -> Opportunity:
        mine = unit.leads([lead.pk])[0] if lead else None
        return opportunities.open(mine, unit, "Deal", amount, currency, TODAY)

    return in_unit(work, actor=actor, at=NOW)


def won(
    deal: Opportunity, amount: int | None = 12_000_00, currency: str = "EUR", on: date | None = None
) -> Opportunity:
    return in_unit(lambda unit: opportunities.win(deal, unit, amount, currency, on), actor=SYSTEM, at=NOW)


def lost(deal: Opportunity, reason: str = "price") -> Opportunity:
    return in_unit(lambda unit: opportunities.lose(deal, unit, reason), actor=SYSTEM, at=NOW)


def stage(lead: Lead) -> str:
    lead.refresh_from_db()
    return lead.stage


def test_a_deal_moves_its_lead_to_opportunity_and_is_noted(lead: Lead, as_lea: Any) -> None:
    deal = opened(lead, actor=as_lea)
    assert stage(lead) == "opportunity"
    assert (deal.owner_id, deal.house_minor, deal.rate_on) == (lead.owner_id, 1_000_00, TODAY)
    entry = JournalEntry.objects.get(kind=Kind.OPPORTUNITY_OPENED)
    assert entry.data == {"opportunity": str(deal.pk), "amount_minor": 100000, "currency": "EUR", "reason": ""}


def test_a_won_deal_wins_its_lead_at_its_amount(lead: Lead) -> None:
    deal = won(opened(lead, None))
    assert stage(lead) == "won"
    assert (deal.state, deal.amount_minor, deal.house_minor, deal.closed_at) == ("won", 12_000_00, 12_000_00, NOW)


def test_a_won_deal_needs_an_amount_and_zero_is_one(lead: Lead) -> None:
    deal = opened(lead, None)
    with pytest.raises(Refused, match="amount-needed"):
        won(deal, None)
    assert won(deal, 0).amount_minor == 0


@pytest.mark.parametrize(
    ("rates", "house", "day"),
    [
        ([], None, None),
        ([(TODAY, "0.9", 0)], 10_800_00, TODAY),
        (
            [(TODAY - timedelta(days=3), "0.8", 0), (TODAY + timedelta(days=1), "0.5", 0)],
            9_600_00,
            TODAY - timedelta(days=3),
        ),
        ([(TODAY, "0.9", 0), (TODAY, "0.95", 60)], 11_400_00, TODAY),
        ([(TODAY, "0.33333333", 0)], 3_999_99 + 1, TODAY),
    ],
    ids=["no rate", "of the day", "the last before", "the last recorded", "half to even"],
)
def test_the_house_amount_is_booked_at_the_last_known_rate(
    lead: Lead, rates: list[Any], house: int | None, day: date | None
) -> None:
    for on, rate, later in rates:
        ExchangeRate.objects.create(
            currency="USD", day=on, rate=Decimal(rate), recorded_at=NOW + timedelta(seconds=later)
        )
    deal = won(opened(lead), 12_000_00, "USD")
    assert (deal.house_minor, deal.rate_on) == (house, day)


def test_a_deal_of_an_earlier_day_is_booked_on_that_day(lead: Lead) -> None:
    deal = won(opened(lead), on=date(2026, 2, 27))
    assert deal.closed_at.astimezone().date() == date(2026, 2, 27)
    assert JournalEntry.objects.get(kind=Kind.OPPORTUNITY_WON).at == deal.closed_at
    with pytest.raises(Refused, match="closed-in-the-future"):
        won(opened(lead), on=TODAY + timedelta(days=1))
    with pytest.raises(Refused, match="closed-too-early"):
        won(opened(lead), on=date(1495, 6, 30))


def test_a_lead_is_lost_when_all_its_deals_are(lead: Lead) -> None:
    first, second = opened(lead), opened(lead)
    lost(first)
    assert stage(lead) == "opportunity"
    lost(second, "timing")
    assert (stage(lead), lead.stage_reason) == ("lost", "timing")


def test_one_won_deal_is_enough(lead: Lead) -> None:
    first, second = opened(lead), opened(lead)
    won(first)
    lost(second)
    assert stage(lead) == "won"


def test_a_lost_deal_needs_a_listed_reason(lead: Lead) -> None:
    with pytest.raises(Refused, match="unknown-reason"):
        lost(opened(lead), "mood")


def test_a_closed_deal_is_not_closed_again(lead: Lead) -> None:
    deal = won(opened(lead))
    with pytest.raises(Conflict, match="opportunity-closed"):
        lost(deal)


def test_an_amount_is_not_negative_and_its_currency_exists(lead: Lead) -> None:
    for amount, currency in ((-1, "EUR"), (1, "EUX")):
        with pytest.raises(Refused):
            opened(lead, amount, currency)


def test_a_deal_without_a_lead_is_allowed() -> None:
    deal = won(opened(None))
    assert (deal.lead, deal.state) == (None, "won")


def test_a_lost_lead_reopens_unless_the_person_has_another(lead: Lead) -> None:
    lost(opened(lead))
    opened(lead)
    assert stage(lead) == "opportunity"
    lost(Opportunity.objects.get(lead=lead, state="open"))
    hot_lead(person=lead.person, owner=lead.owner)
    with pytest.raises(Refused, match="another-open-lead"):
        opened(lead)


def told(lead: Lead | None = None, **values: Any) -> Opportunity:
    outside = Outside(external_key="crm-1", **({"name": "Crm", "amount_minor": 500_00, "currency": "EUR"} | values))
    mine = (lambda unit: unit.leads([lead.pk])[0]) if lead else (lambda unit: None)
    return in_unit(lambda unit: opportunities.upsert(outside, unit, lead=mine(unit)), actor=SYSTEM, at=NOW)


def test_the_same_telling_twice_changes_nothing(lead: Lead) -> None:
    for _ in range(2):
        told(lead, state="won", closed_on=TODAY)
    assert Opportunity.objects.count() == 1
    assert JournalEntry.objects.filter(kind=Kind.OPPORTUNITY_WON).count() == 1
    assert stage(lead) == "won"


def test_another_system_may_correct_amount_and_end(lead: Lead) -> None:
    told(lead)
    told(lead, state="won", amount_minor=700_00)
    deal = told(lead, state="lost", reason="price")
    assert (deal.state, deal.amount_minor, stage(lead)) == ("lost", 500_00, "lost")


def test_a_corrected_amount_of_a_won_deal_is_on_record_with_what_it_was(lead: Lead) -> None:
    told(lead, state="won", closed_on=TODAY)
    told(lead, state="won", amount_minor=700_00, name="Crm, again")
    row = JournalEntry.objects.get(kind=Kind.OPPORTUNITY_CHANGED)
    assert row.lead_id == lead.pk and row.data["amount_minor"] == 700_00
    assert row.data["changed"] == {"amount_minor": [500_00, 700_00], "house_minor": [500_00, 700_00]}
    assert Opportunity.objects.get().amount_minor == 700_00 and stage(lead) == "won"
    told(lead, state="won", amount_minor=700_00, name="Crm, again")
    assert JournalEntry.objects.filter(kind=Kind.OPPORTUNITY_CHANGED).count() == 1


def test_an_act_is_on_the_house_day_whatever_the_reader() -> None:
    late = datetime.fromisoformat("2026-03-04T23:30:00+00:00")  # already the fifth in Paris
    deal = in_unit(lambda unit: opportunities.open(None, unit, "x", 1), actor=SYSTEM, at=late)
    assert deal.rate_on == date(2026, 3, 5)

    act_on = in_unit(lambda unit: opportunities.win(deal, unit, 1, "EUR", date(2026, 3, 5)), actor=SYSTEM, at=late)
    assert act_on.closed_at == late
