"""Opportunities: the only writer of the table, and what a deal's end means for its lead."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext_lazy as _

from leadops import access, bulk, lifecycle
from leadops.conditions.fields import day_of
from leadops.errors import Conflict, NotFound, Refused
from leadops.journal import Kind
from leadops.models import IS_OPEN, Account, Lead, Opportunity, Reason, Rep, Stage
from leadops.unit import Unit
from qualification import amounts, handoff
from qualification.amounts import Lost, Won

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
    ask = Ask(lead, name, amount_minor, currency, expected_on, account, owner, external_key, opened_at)
    return open_many([ask], unit)[0]


@dataclass(frozen=True, slots=True)
class Ask:
    """What a new deal is: of a lead, or of an account alone; the amount in minor units of its currency."""

    lead: Lead | None
    name: str = ""
    amount_minor: int | None = None
    currency: str = ""
    expected_on: date | None = None
    account: Account | None = None
    owner: Rep | None = None
    external_key: str = ""
    opened_at: datetime | None = None


def open_many(asks: Sequence[Ask], unit: Unit) -> list[Opportunity]:
    """`open` for many leads in a few statements; all or, where one is refused, none."""
    for ask in asks:
        access.require(unit.actor_on(ask.lead), "open_opportunity", ask.lead)
    deals = [_new(ask, unit) for ask in asks]
    leads = [ask.lead for ask in asks if ask.lead is not None]
    handoff.accept_many(leads, unit)
    _reach(dict.fromkeys(leads, Stage.OPPORTUNITY), unit)
    bulk.insert(deals)
    for ask, deal in zip(asks, deals, strict=True):
        _note(Kind.OPPORTUNITY_OPENED, deal, ask.lead, unit, deal.opened_at)
    return deals


def _new(ask: Ask, unit: Unit) -> Opportunity:
    lead, at = ask.lead, ask.opened_at or unit.at_on(ask.lead)
    currency = amounts.checked(ask.amount_minor, ask.currency)
    house, rate_on = amounts.in_house(ask.amount_minor, currency, day_of(at))
    return bulk.make(
        Opportunity,
        account=ask.account or (lead.account if lead else None),
        lead=lead,
        owner_id=ask.owner.pk if ask.owner else (lead.owner_id if lead else None),
        name=ask.name.strip() or (lead.company if lead else ""),
        amount_minor=ask.amount_minor,
        currency=currency,
        house_minor=house,
        rate_on=rate_on,
        expected_on=ask.expected_on,
        opened_at=at,
        external_key=ask.external_key,
    )


def win(
    opportunity: Opportunity,
    unit: Unit,
    amount_minor: int | None,
    currency: str = "",
    closed_on: date | None = None,
) -> Opportunity:
    """The deal is won at an amount; so is its lead. Without a rate the amount is kept and not converted."""
    return close_many({opportunity: Won(amount_minor, currency, closed_on)}, unit)[0]


def lose(opportunity: Opportunity, unit: Unit, reason: str, closed_on: date | None = None) -> Opportunity:
    """The deal is lost for a reason of the list; its lead is lost when all its deals are."""
    return close_many({opportunity: Lost(reason, closed_on)}, unit)[0]


def close_many(ends: Mapping[Opportunity, Won | Lost], unit: Unit) -> list[Opportunity]:
    """`win` and `lose` for many deals in a few statements; all or, where one is refused, none."""
    # the leads are locked before the deals
    leads: dict[uuid.UUID | None, Lead] = {
        lead.pk: lead for lead in unit.leads(deal.lead_id for deal in ends if deal.lead_id)
    }
    for deal, end in ends.items():
        lead = leads.get(deal.lead_id)
        access.require(unit.actor_on(lead), "win" if isinstance(end, Won) else "lose", lead)
    lifecycle.check_reasons((Reason.Use.LOST, end.reason) for end in ends.values() if isinstance(end, Lost))
    locked = _open_rows(ends)
    for deal, end in ends.items():
        _end(deal, locked[deal.pk], end, unit.at_on(leads.get(deal.lead_id)))
    bulk.write([bulk.changed(list(ends), CLOSED_COLUMNS)])
    for deal in ends:
        kind = Kind.OPPORTUNITY_WON if deal.state == State.WON else Kind.OPPORTUNITY_LOST
        _note(kind, deal, leads.get(deal.lead_id), unit, deal.closed_at or unit.at)
    _settle(list(leads.values()), unit, {deal.lead_id: deal.reason for deal in ends if deal.state == State.LOST})
    return list(ends)


CLOSED_COLUMNS = ("state", "closed_at", "reason", "amount_minor", "currency", "house_minor", "rate_on")


def _open_rows(deals: Iterable[Opportunity]) -> dict[uuid.UUID, Opportunity]:
    """These deals as they stand, locked; refused where one is closed already."""
    keys = [deal.pk for deal in deals]
    rows = {row.pk: row for row in Opportunity.objects.select_for_update().filter(pk__in=keys).order_by("id")}
    for key in keys:
        if key not in rows:
            raise NotFound(_("There is no such opportunity."))
        if rows[key].state != State.OPEN:
            raise Conflict("opportunity-closed", _("This opportunity is closed already."))
    return rows


def _end(deal: Opportunity, locked: Opportunity, end: Won | Lost, at: datetime) -> None:
    """Bring the caller's instance to what the deal is from now on, whatever it was read as."""
    for field in Opportunity._meta.concrete_fields:
        setattr(deal, field.attname, getattr(locked, field.attname))
    day, deal.closed_at = amounts.closing(end.closed_on, at)
    if isinstance(end, Lost):
        deal.state, deal.reason = State.LOST, end.reason
        return
    if end.amount_minor is None:
        raise Refused("amount-needed", _("A won deal needs its amount."))
    deal.state, deal.amount_minor = State.WON, end.amount_minor
    deal.currency = amounts.checked(end.amount_minor, end.currency or deal.currency)
    deal.house_minor, deal.rate_on = amounts.in_house(deal.amount_minor, deal.currency, day)


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
    access.require(unit.actor_on(lead), "open_opportunity", lead)
    deal = Opportunity.objects.select_for_update().get(pk=deal.pk)
    reopened = deal.state not in (State.OPEN, outside.state)
    before = _told_of(deal)
    deal.name = outside.name or deal.name
    if outside.amount_minor is not None:
        deal.currency = amounts.checked(outside.amount_minor, outside.currency or deal.currency)
        deal.amount_minor = outside.amount_minor
    deal.expected_on = outside.expected_on or deal.expected_on
    if reopened:
        deal.state, deal.reason, deal.closed_at = State.OPEN, "", None
    day = day_of(deal.closed_at or deal.opened_at)
    deal.house_minor, deal.rate_on = amounts.in_house(deal.amount_minor, deal.currency, day)
    deal.save(
        update_fields=[
            "name", "amount_minor", "currency", "expected_on", "state", "reason", "closed_at", "house_minor", "rate_on",
        ]
    )  # fmt: skip
    if reopened:
        _note(Kind.OPPORTUNITY_OPENED, deal, lead, unit, unit.at)
        _settle([lead] if lead is not None else [], unit, {})
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


# -- the lead ------------------------------------------------------------------------------------------


def _lead_of(opportunity: Opportunity, unit: Unit) -> Lead | None:
    """The deal's lead, locked before the deal itself is touched."""
    if opportunity.lead_id is None:
        return None
    return unit.leads([opportunity.lead_id])[0]


def _settle(leads: Sequence[Lead], unit: Unit, reasons: Mapping[uuid.UUID | None, str]) -> None:
    """A lead is won when one deal is won, an opportunity while one is open, lost when all are lost."""
    states: dict[uuid.UUID | None, set[str]] = defaultdict(set)
    for lead_id, state in Opportunity.objects.filter(lead__in=[each.pk for each in leads]).values_list("lead", "state"):
        states[lead_id].add(state)
    reached: dict[Lead, str] = {}
    for lead in leads:
        if State.WON in states[lead.pk]:
            reached[lead] = Stage.WON
        elif State.OPEN in states[lead.pk]:
            reached[lead] = Stage.OPPORTUNITY
        else:
            reached[lead] = Stage.LOST
    _reach(reached, unit, reasons)


def _reach(wanted: Mapping[Lead, str], unit: Unit, reasons: Mapping[uuid.UUID | None, str] | None = None) -> None:
    """Bring leads to the stages their deals say."""
    moves = []
    for lead, stage in wanted.items():
        if lead.stage == Stage.WON and stage == Stage.OPPORTUNITY and _has_won(lead):
            continue  # a further deal of a customer leaves the lead won
        if lead.stage in (Stage.LOST, Stage.WON) and stage == Stage.OPPORTUNITY:
            _only_open_one(lead)
        reason = (reasons or {}).get(lead.pk, "") if stage == Stage.LOST else ""
        moves.append(lifecycle.Move(lead, stage, reason))
    lifecycle.move_each(moves, unit)


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
