"""A row of a file read as a deal: state, days, amount, reason, or what is wrong with it. Decides, writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from leadops import money
from leadops.errors import Refused
from leadops.fold import clean_text, fold
from leadops.models import Opportunity, Reason

Verdict = tuple[str, str, str]  # outcome, reason, detail
State = Opportunity.State
# key, label, kind, words a header is recognised by
TARGETS = (
    ("external_key", _("Identifier of the deal"), "text", ("opportunity_id", "deal_id", "id", "external_key", "ref")),
    ("name", _("Name of the deal"), "text", ("name", "deal_name", "opportunity_name", "nom", "affaire", "opportunite", "opportunity")),
    ("account", _("Account"), "text", ("account", "company", "compte", "client", "societe", "customer", "entreprise")),
    ("industry", _("Industry of the account"), "text", ("sector", "industry", "secteur", "secteur_d_activite")),
    ("owner", _("Owner"), "text", ("sales_agent", "owner", "agent", "rep", "commercial", "proprietaire", "vendeur")),
    ("product", _("Product"), "text", ("product", "produit", "product_name", "offre")),
    ("state", _("State"), "text", ("deal_stage", "stage", "state", "status", "etape", "etat", "statut")),
    ("opened_on", _("Opened on"), "day", ("engage_date", "opened_on", "created", "created_on", "date_ouverture")),
    ("expected_on", _("Expected on"), "day", ("expected_on", "expected_close", "date_prevue", "echeance")),
    ("closed_on", _("Closed on"), "day", ("close_date", "closed_on", "date_cloture", "closed")),
    ("amount", _("Amount"), "number", ("close_value", "amount", "value", "montant", "valeur", "revenue")),
    ("currency", _("Currency"), "text", ("currency", "devise")),
    ("reason", _("Reason of the loss"), "text", ("reason", "lost_reason", "motif", "raison")),
)  # fmt: skip
ONE_OF = ("external_key",)


class Row(Protocol):
    """What of a file's row is read here."""

    bad: str
    detail: str
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class Deal:
    """A row read: days as the house counts them, an amount in minor units."""

    key: str
    name: str
    account: str
    industry: str
    owner: str
    product: str
    state: str
    opened_on: date | None
    expected_on: date | None
    closed_on: date | None
    amount: int | None
    currency: str
    reason: str


class Bad(Exception):
    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.verdict: Verdict = ("bad", reason, detail[:300])


# -- reading a row ---------------------------------------------------------------------------------------


def read(row: Row, options: Mapping[str, Any], today: date, reasons: Mapping[str, str]) -> Deal:
    """The deal of a row, or what is wrong with it."""
    if row.bad:
        raise Bad(row.bad, row.detail)
    said = row.values
    state = _state(said.get("state", ""), options)
    opened, closed = _day(said, "opened_on"), _day(said, "closed_on")
    currency = (said.get("currency") or options.get("currency") or settings.HOUSE_CURRENCY).upper()
    deal = Deal(
        key=_text(said, "external_key", 120), name=_text(said, "name", 200), account=_text(said, "account", 250),
        industry=_text(said, "industry", 80), owner=_text(said, "owner", 150), product=_text(said, "product", 120),
        state=state, opened_on=opened, expected_on=_day(said, "expected_on"),
        closed_on=closed if state != State.OPEN else None, amount=_amount(said.get("amount", ""), currency),
        currency=currency, reason=_reason(said.get("reason", ""), options, reasons) if state == State.LOST else "",
    )  # fmt: skip
    _check(deal, today)
    return deal


def _check(deal: Deal, today: date) -> None:
    if not deal.key:
        raise Bad("no-identifier")
    if deal.state != State.OPEN and deal.closed_on is None:
        raise Bad("closed-without-day")
    if deal.state == State.WON and deal.amount is None:
        raise Bad("won-without-amount")
    if deal.closed_on and deal.closed_on > today:
        raise Bad("day-to-come", str(deal.closed_on))
    if deal.closed_on and deal.opened_on and deal.closed_on < deal.opened_on:
        raise Bad("closed-before-opened", f"{deal.opened_on} / {deal.closed_on}")


def _text(said: Mapping[str, str], name: str, limit: int) -> str:
    return clean_text(said.get(name, ""), limit).replace("\n", " ").strip()


def _state(text: str, options: Mapping[str, Any]) -> str:
    said = fold(text)
    for state in (State.WON, State.LOST):
        words = {fold(word) for word in str(options.get(state, "")).split(",")}
        if said and said in words | {state.value}:
            return state
    return State.OPEN


def _day(said: Mapping[str, str], name: str) -> date | None:
    text = said.get(name, "")
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError as fault:
        raise Bad("day-unreadable", text) from fault


def _amount(text: str, currency: str) -> int | None:
    try:
        decimals = money.exponent(currency)
    except Refused as fault:
        raise Bad("currency-unknown", currency) from fault
    if not text:
        return None
    try:
        minor = Decimal(text).scaleb(decimals)
    except InvalidOperation as fault:
        raise Bad("amount-unreadable", text) from fault
    if not minor.is_finite() or not 0 <= minor <= money.LARGEST:
        raise Bad("amount-unreadable", text)
    return int(minor.to_integral_value())


def _reason(text: str, options: Mapping[str, Any], reasons: Mapping[str, str]) -> str:
    return reasons.get(fold(text), "") or str(options.get("reason", ""))


def known_reasons() -> dict[str, str]:
    """Folded key or label -> key of every reason a deal may be lost for."""
    found: dict[str, str] = {}
    for row in Reason.objects.filter(use=Reason.Use.LOST):
        for word in (row.key, *row.labels.values()):
            found[fold(str(word))] = row.key
    return found
