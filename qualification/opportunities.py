"""Opportunities: the only writer of the table, and what a deal's end means for its lead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from leadops import access, lifecycle, money
from leadops.conditions.fields import day_of
from leadops.errors import Conflict, NotFound, Refused
from leadops.journal import Kind
from leadops.models import IS_OPEN, Account, ExchangeRate, Lead, Opportunity, Reason, Rep, Stage
from leadops.unit import Unit
from qualification import handoff

State = Opportunity.State


def open(  # the field's word
    lead: Lead | None,
    unit: Unit,
    name: str = "",
    amount_minor: int | None = None,
    currency: str = "",
    expected_on: date | None = None,
    *,
    account: Account | None = None,
    owner: Rep | None = None,
    external_key: str = "",
    opened_at: datetime | None = None,
) -> Opportunity:
    """A new deal; its lead moves to stage opportunity. A deal without a lead counts as untraced."""
    access.require(unit.actor, "open_opportunity", lead)
    currency = _checked(amount_minor, currency)
    at = opened_at or unit.at
    if lead is not None:
        handoff.accept(lead, unit)
        _reach(lead, Stage.OPPORTUNITY, unit)
    house, rate_on = in_house(amount_minor, currency, day_of(at))
    deal = Opportunity.objects.create(
        account=account or (lead.account if lead else None),
        lead=lead,
        owner_id=owner.pk if owner else (lead.owner_id if lead else None),
        name=name.strip() or (lead.company if lead else ""),
        amount_minor=amount_minor,
        currency=currency,
        house_minor=house,
        rate_on=rate_on,
        expected_on=expected_on,
        opened_at=at,
        external_key=external_key,
    )
    _note(Kind.OPPORTUNITY_OPENED, deal, lead, unit, at)
    return deal


def win(
    opportunity: Opportunity,
    unit: Unit,
    amount_minor: int | None,
    currency: str = "",
    closed_on: date | None = None,
) -> Opportunity:
    """The deal is won at an amount; so is its lead. Without a rate the amount is kept and not converted."""
    lead = _lead_of(opportunity, unit)
    access.require(unit.actor, "win", lead)
    if amount_minor is None:
        raise Refused("amount-needed", _("A won deal needs its amount."))
    currency = _checked(amount_minor, currency or opportunity.currency)
    day, at = _closing(closed_on, unit)
    house, rate_on = in_house(amount_minor, currency, day)
    values = {
        "amount_minor": amount_minor,
        "currency": currency,
        "house_minor": house,
        "rate_on": rate_on,
    }
    deal = _close(opportunity, State.WON, at, unit, values)
    _note(Kind.OPPORTUNITY_WON, deal, lead, unit, at)
    _settle(lead, unit)
    return deal


def lose(opportunity: Opportunity, unit: Unit, reason: str, closed_on: date | None = None) -> Opportunity:
    """The deal is lost for a reason of the list; its lead is lost when all its deals are."""
    lead = _lead_of(opportunity, unit)
    access.require(unit.actor, "lose", lead)
    lifecycle.check_reason(Reason.Use.LOST, reason)
    _day, at = _closing(closed_on, unit)
    deal = _close(opportunity, State.LOST, at, unit, {"reason": reason})
    _note(Kind.OPPORTUNITY_LOST, deal, lead, unit, at)
    _settle(lead, unit, reason)
    return deal


@dataclass(frozen=True, slots=True)
class Outside:
    """A deal as another system tells it; the same telling twice changes nothing."""

    external_key: str
    state: str = State.OPEN
    name: str = ""
    amount_minor: int | None = None
    currency: str = ""
    expected_on: date | None = None
    closed_on: date | None = None
    reason: str = ""


def upsert(outside: Outside, unit: Unit, *, lead: Lead | None = None, account: Account | None = None) -> Opportunity:
    """Bring our row to what the other system says; a closed deal may be opened again only by it."""
    if not outside.external_key:
        raise Refused("external-key-needed", _("A deal from outside needs its key."))
    if outside.state not in State.values:
        raise Refused("unknown-state", _("There is no such state."), state=outside.state)
    deal = Opportunity.objects.filter(external_key=outside.external_key).first()
    if deal is None:
        deal = open(
            lead, unit, outside.name, outside.amount_minor, outside.currency, outside.expected_on,
            account=account, external_key=outside.external_key,
        )  # fmt: skip
    else:
        deal = _retold(deal, outside, unit)
    if deal.state == outside.state:
        return deal
    if outside.state == State.WON:
        return win(deal, unit, outside.amount_minor, outside.currency, outside.closed_on)
    return lose(deal, unit, outside.reason, outside.closed_on)


def _retold(deal: Opportunity, outside: Outside, unit: Unit) -> Opportunity:
    """What may change without a new state: name, amount, expected day. Another state opens the deal again first."""
    lead = _lead_of(deal, unit)
    access.require(unit.actor, "open_opportunity", lead)
    deal = Opportunity.objects.select_for_update().get(pk=deal.pk)
    reopened = deal.state not in (State.OPEN, outside.state)
    before = _told_of(deal)
    deal.name = outside.name or deal.name
    if outside.amount_minor is not None:
        deal.currency = _checked(outside.amount_minor, outside.currency or deal.currency)
        deal.amount_minor = outside.amount_minor
    deal.expected_on = outside.expected_on or deal.expected_on
    if reopened:
        deal.state, deal.reason, deal.closed_at = State.OPEN, "", None
    day = day_of(deal.closed_at or deal.opened_at)
    deal.house_minor, deal.rate_on = in_house(deal.amount_minor, deal.currency, day)
    deal.save(
        update_fields=[
            "name", "amount_minor", "currency", "expected_on", "state", "reason", "closed_at", "house_minor", "rate_on",
        ]
    )  # fmt: skip
    if reopened:
        _note(Kind.OPPORTUNITY_OPENED, deal, lead, unit, unit.at)
        _settle(lead, unit)
    elif (now := _told_of(deal)) != before:
        changed = {name: [before[name], now[name]] for name in now if now[name] != before[name] and name != "name"}
        _note(Kind.OPPORTUNITY_CHANGED, deal, lead, unit, unit.at, changed=changed)
    return deal


def _told_of(deal: Opportunity) -> dict[str, object]:
    """What another system may correct later. The journal keeps these but the name: it holds no text."""
    return {
        "amount_minor": deal.amount_minor,
        "currency": deal.currency,
        "house_minor": deal.house_minor,
        "expected_on": deal.expected_on.isoformat() if deal.expected_on else None,
        "name": deal.name,
    }


# -- amounts and days ----------------------------------------------------------------------------------


def in_house(minor: int | None, currency: str, day: date) -> tuple[int | None, date | None]:
    """The amount in the house currency and its rate's day; (None, None) = not convertible, which is never zero."""
    house = settings.HOUSE_CURRENCY
    if minor is None:
        return None, None
    if currency == house:
        return minor, day
    rates = ExchangeRate.objects.filter(currency=currency, day__lte=day)
    rate = rates.order_by("-day", "-recorded_at", "-id").first()
    if rate is None:
        return None, None
    return money.convert(minor, rate.rate, currency, house), rate.day


def _checked(amount_minor: int | None, currency: str) -> str:
    code = (currency or settings.HOUSE_CURRENCY).upper()
    money.exponent(code)
    if amount_minor is not None and not 0 <= amount_minor <= money.LARGEST:
        raise Refused("amount-negative", _("An amount is not below zero."))
    return code


def _closing(closed_on: date | None, unit: Unit) -> tuple[date, datetime]:
    """The house's day of an end and its instant: now for today, noon of an earlier day."""
    today = day_of(unit.at)
    if closed_on is None or closed_on == today:
        return today, unit.at
    if closed_on > today:
        raise Refused("closed-in-the-future", _("A deal cannot end on a day to come."))
    return closed_on, datetime.combine(closed_on, time(12), ZoneInfo(settings.REPORTING_ZONE))


# -- the lead ------------------------------------------------------------------------------------------


def _lead_of(opportunity: Opportunity, unit: Unit) -> Lead | None:
    """The deal's lead, locked before the deal itself is touched."""
    if opportunity.lead_id is None:
        return None
    return unit.leads([opportunity.lead_id])[0]


def _close(opportunity: Opportunity, state: str, at: datetime, unit: Unit, values: dict[str, object]) -> Opportunity:
    rows = Opportunity.objects.filter(pk=opportunity.pk, state=State.OPEN)
    if not rows.update(state=state, closed_at=at, **values):
        if not Opportunity.objects.filter(pk=opportunity.pk).exists():
            raise NotFound(_("There is no such opportunity."))
        raise Conflict("opportunity-closed", _("This opportunity is closed already."))
    opportunity.refresh_from_db()
    return opportunity


def _settle(lead: Lead | None, unit: Unit, reason: str = "") -> None:
    """A lead is won when one deal is won, an opportunity while one is open, lost when all are lost."""
    if lead is None:
        return
    states = set(Opportunity.objects.filter(lead=lead).values_list("state", flat=True))
    if State.WON in states:
        _reach(lead, Stage.WON, unit)
    elif State.OPEN in states:
        _reach(lead, Stage.OPPORTUNITY, unit)
    else:
        lifecycle.move([lead], Stage.LOST, unit, reason=reason)


def _reach(lead: Lead, stage: str, unit: Unit) -> None:
    if lead.stage == Stage.WON and stage == Stage.OPPORTUNITY and _has_won(lead):
        return  # a further deal of a customer leaves the lead won
    if lead.stage in (Stage.LOST, Stage.WON) and stage == Stage.OPPORTUNITY:
        _only_open_one(lead)
    lifecycle.move([lead], stage, unit)


def _has_won(lead: Lead) -> bool:
    return Opportunity.objects.filter(lead=lead, state=State.WON).exists()


def _only_open_one(lead: Lead) -> None:
    """The database allows one open lead per person; say so in words before it does."""
    others = Lead.objects.filter(IS_OPEN, canonical=lead.canonical_id, product_line=lead.product_line)
    if others.exclude(pk=lead.pk).exists():
        raise Refused("another-open-lead", _("This person has another open lead: open the deal there."), status=409)


def _note(kind: str, deal: Opportunity, lead: Lead | None, unit: Unit, at: datetime, **more: object) -> None:
    data = {
        "opportunity": str(deal.pk),
        "amount_minor": deal.amount_minor,
        "currency": deal.currency,
        "reason": deal.reason,
        **more,
    }
    unit.record(kind, lead, data=data, at=at)
