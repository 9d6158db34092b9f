"""How each act of a story is done: the verbs people have, on a lead at hand, in the unit of the step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from leadops.demo.story import Act
from leadops.desk import services as desk
from leadops.models import Lead, Opportunity, Stage
from leadops.unit import Unit
from qualification import opportunities
from qualification import services as qualification
from qualification.answers import Answered

LEARNT = (  # what the call said, by the shipped framework; each reaches its minimum
    Answered({"budget": "possible", "authority": "influences", "need": "clear", "timing": "year"}),
    Answered({"budget": "allocated", "authority": "decides", "need": "clear", "timing": "quarter"}, evidence="meeting"),
    Answered({"budget": "allocated", "authority": "influences", "need": "latent", "timing": "year"}),
)
WORKED = (Stage.NEW, Stage.ENGAGED, Stage.MQL, Stage.SAL)


def do(act: Act, lead: Lead, unit: Unit) -> None:
    """Do it where it still makes sense: a lead may have been closed or moved on meanwhile."""
    if lead.is_open and lead.stage in MAKES_SENSE[act.kind]:
        DO[act.kind](lead, unit, act.data)


def _answer(lead: Lead, unit: Unit, data: dict[str, Any]) -> None:
    if lead.accepted_at is None:
        desk.accept(lead, unit)
    _call(lead, unit, data)


def _call(lead: Lead, unit: Unit, data: dict[str, Any]) -> None:
    desk.log_attempt(lead, unit, channel="call", outcome="reached" if data["reached"] else "voicemail")


def _disqualify(lead: Lead, unit: Unit, data: dict[str, Any]) -> None:
    qualification.disqualify(lead, unit, data["reason"])


def _recycle(lead: Lead, unit: Unit, data: dict[str, Any]) -> None:
    qualification.recycle(lead, unit, data["reason"], unit.at + timedelta(days=data["days"]))


def _qualify(lead: Lead, unit: Unit, data: dict[str, Any]) -> None:
    qualification.qualify(lead, unit, LEARNT[data["learnt"] % len(LEARNT)])


def _open(lead: Lead, unit: Unit, data: dict[str, Any]) -> None:
    opportunities.open(lead, unit, amount_minor=data["amount"], currency="EUR")


def _deal(lead: Lead) -> Opportunity | None:
    return Opportunity.objects.filter(lead=lead, state=Opportunity.State.OPEN).first()


def _win(lead: Lead, unit: Unit, data: dict[str, Any]) -> None:
    if (deal := _deal(lead)) is not None:
        opportunities.win(deal, unit, data["amount"], "EUR")


def _lose(lead: Lead, unit: Unit, data: dict[str, Any]) -> None:
    if (deal := _deal(lead)) is not None:
        opportunities.lose(deal, unit, data["reason"])


DO: dict[str, Callable[[Lead, Unit, dict[str, Any]], None]] = {
    "answer": _answer,
    "call": _call,
    "disqualify": _disqualify,
    "recycle": _recycle,
    "qualify": _qualify,
    "open": _open,
    "win": _win,
    "lose": _lose,
}
MAKES_SENSE: dict[str, tuple[str, ...]] = {
    "answer": WORKED,
    "call": WORKED,
    "disqualify": WORKED,
    "recycle": WORKED,
    "qualify": WORKED,
    "open": (Stage.SQL,),
    "win": (Stage.OPPORTUNITY,),
    "lose": (Stage.OPPORTUNITY,),
}
