"""Deals told by the rows of a file: read, checked, and written many at once; the same file again changes nothing.

Beside `opportunities` the only writer of the table: it writes deals that may be over already, so that no clock, phase
or lead is moved by them. Such deals have no lead: they count in the pipeline and as untraced.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q

from leadops import bulk, moment, money
from leadops.conditions.fields import day_of
from leadops.fold import fold, fold_company
from leadops.journal import Kind
from leadops.models import Account, ExchangeRate, Opportunity, Rep
from leadops.unit import Unit
from qualification.dealreading import Bad, Deal, Row, Verdict, known_reasons, read

State = Opportunity.State
Names = dict[str, Rep]
MakeOwners = Callable[[Sequence[str], str, Unit], Names]


class File(Protocol):
    options: dict[str, Any]


# -- the dry run -----------------------------------------------------------------------------------------


def checker(options: Mapping[str, Any]) -> Callable[[Sequence[Any]], list[Verdict]]:
    """Judges batch after batch; an identifier seen before stands in the file twice."""
    seen: set[str] = set()
    reasons, today = known_reasons(), moment.today(settings.REPORTING_ZONE)

    def check(rows: Sequence[Row]) -> list[Verdict]:
        deals = [_tried(row, options, today, reasons) for row in rows]
        around = _Around([deal for deal in deals if isinstance(deal, Deal)])
        found: list[Verdict] = []
        for deal in deals:
            if not isinstance(deal, Deal):
                found.append(deal)
                continue
            twice, fault = deal.key in seen, around.fault(deal, options)
            seen.add(deal.key)
            outcome = "duplicate" if twice else "known" if deal.key in around.deals else "new"
            found.append(fault or (outcome, "", ""))
        return found

    return check


def _tried(row: Row, options: Mapping[str, Any], today: date, reasons: Mapping[str, str]) -> Deal | Verdict:
    try:
        return read(row, options, today, reasons)
    except Bad as bad:
        return bad.verdict


class _Around:
    """What the rows of a batch meet: deals, accounts and owners there already, in three statements."""

    def __init__(self, deals: Sequence[Deal]) -> None:
        keys = {deal.key for deal in deals}
        self.deals = {row.external_key: row for row in Opportunity.objects.filter(external_key__in=keys)}
        names = {name for deal in deals if deal.account for name in (fold_company(deal.account), fold(deal.account))}
        self.accounts: dict[str, Account] = {}
        for row in Account.objects.filter(name_folded__in=names).order_by("created_at", "id"):
            self.accounts.setdefault(row.name_folded, row)
        owners = {deal.owner for deal in deals if deal.owner}
        reps = Rep.objects.select_related("user").filter(
            Q(user__name__in=owners) | Q(user__email__in={name.lower() for name in owners})
        )
        self.owners: Names = {}
        for rep in reps.order_by("-active", "pk"):
            self.owners.setdefault(fold(rep.user.name), rep)
            self.owners.setdefault(fold(rep.user.email), rep)

    def account(self, name: str) -> Account | None:
        return self.accounts.get(fold_company(name)) or self.accounts.get(fold(name))

    def fault(self, deal: Deal, options: Mapping[str, Any]) -> Verdict | None:
        if deal.account and not options.get("create_accounts") and self.account(deal.account) is None:
            return "bad", "unknown-account", deal.account
        if deal.owner and not options.get("agents") and fold(deal.owner) not in self.owners:
            return "bad", "unknown-owner", deal.owner
        return None


# -- writing ---------------------------------------------------------------------------------------------

_make_owners: MakeOwners | None = None


def set_make_owners(make: MakeOwners) -> None:
    """Who makes users of people who once sold and are unknown here; handed over by choreography."""
    global _make_owners
    _make_owners = make


def take(file: File, rows: Sequence[Any], unit: Unit) -> list[Verdict]:
    """Write the deals of a batch; a deal known by its identifier is left as it is."""
    options, reasons, today = file.options, known_reasons(), day_of(unit.at)
    deals = [_tried(row, options, today, reasons) for row in rows]
    around = _Around([deal for deal in deals if isinstance(deal, Deal)])
    sound = [d for d in deals if isinstance(d, Deal) and d.key not in around.deals and not around.fault(d, options)]
    _people(sound, around, options, unit)
    _accounts(sound, around, unit)
    rates = _Rates()
    made: dict[str, Opportunity] = {}
    found: list[Verdict] = []
    for deal in deals:
        if not isinstance(deal, Deal):
            found.append(deal)
        elif (fault := around.fault(deal, options)) is not None:
            found.append(fault)
        elif deal.key in around.deals or deal.key in made:
            found.append(("known", "", ""))
        else:
            made[deal.key] = _row(deal, around, rates, unit)
            found.append(("new", "", ""))
    bulk.insert(list(made.values()))
    for row in made.values():
        _tell(row, unit)
    return found


def _people(deals: Sequence[Deal], around: _Around, options: Mapping[str, Any], unit: Unit) -> None:
    missing = sorted({deal.owner for deal in deals if deal.owner and fold(deal.owner) not in around.owners})
    if missing and options.get("agents") == "create" and _make_owners is not None:
        around.owners |= _make_owners(missing, str(options.get("team", "")), unit)


def _accounts(deals: Sequence[Deal], around: _Around, unit: Unit) -> None:
    made: dict[str, Account] = {}
    for deal in deals:
        if deal.account and around.account(deal.account) is None:
            folded = (fold_company(deal.account) or fold(deal.account))[:250]
            account = Account(name=deal.account, name_folded=folded, industry=deal.industry, created_at=unit.at)
            made[folded] = around.accounts[folded] = account
    Account.objects.bulk_create(made.values())


class _Rates:
    """Rates of a currency on a day, each looked up once."""

    def __init__(self) -> None:
        self.held: dict[str, list[tuple[date, Decimal]]] = {}

    def in_house(self, minor: int | None, currency: str, on: date) -> tuple[int | None, date | None]:
        house = settings.HOUSE_CURRENCY
        if minor is None or currency == house:
            return minor, None if minor is None else on
        if currency not in self.held:
            rows = ExchangeRate.objects.filter(currency=currency).order_by("-day", "-recorded_at", "-id")
            self.held[currency] = list(rows.values_list("day", "rate"))
        found = next(((day, rate) for day, rate in self.held[currency] if day <= on), None)
        return (money.convert(minor, found[1], currency, house), found[0]) if found else (None, None)


def _row(deal: Deal, around: _Around, rates: _Rates, unit: Unit) -> Opportunity:
    owner = around.owners.get(fold(deal.owner)) if deal.owner else None
    account = around.account(deal.account) if deal.account else None
    opened = _instant(deal.opened_on or deal.closed_on, unit)
    closed = _instant(deal.closed_on, unit) if deal.closed_on else None
    house, rate_on = rates.in_house(deal.amount, deal.currency, day_of(closed or opened))
    return bulk.make(
        Opportunity,
        account_id=account.pk if account else None,
        owner_id=owner.pk if owner else None,
        name=deal.name or deal.account or deal.product,
        product=deal.product,
        state=str(deal.state),
        reason=deal.reason,
        amount_minor=deal.amount,
        currency=deal.currency,
        house_minor=house,
        rate_on=rate_on,
        expected_on=deal.expected_on,
        opened_at=opened,
        closed_at=closed,
        external_key=deal.key,
    )


def _instant(day: date | None, unit: Unit) -> datetime:
    """Noon of the house's day; a deal whose day nobody told is known from now on."""
    if day is None or day >= day_of(unit.at):
        return unit.at
    return datetime.combine(day, time(12), ZoneInfo(settings.REPORTING_ZONE))


def _tell(row: Opportunity, unit: Unit) -> None:
    data = {
        "opportunity": str(row.pk), "amount_minor": row.amount_minor, "currency": row.currency, "reason": row.reason,
    }  # fmt: skip
    unit.record(Kind.OPPORTUNITY_OPENED, data=data, at=row.opened_at)
    if row.closed_at is not None:
        kind = Kind.OPPORTUNITY_WON if row.state == State.WON else Kind.OPPORTUNITY_LOST
        unit.record(kind, data=data, at=row.closed_at)
