"""How each act of a story is done: the verbs people have, on the leads at hand, in the unit of the step."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from leadops.demo.story import Act
from leadops.desk import services as desk
from leadops.desk.services import Attempt
from leadops.models import Lead, Opportunity, Stage
from leadops.unit import Unit
from nurture import services as nurture
from qualification import opportunities
from qualification import services as qualification
from qualification.amounts import Lost, Won
from qualification.answers import Answered
from qualification.opportunities import Ask
from qualification.services import End
from routing.models import Assignment

Told = Mapping[Lead, dict[str, Any]]  # lead -> what its act is told with
REACHED, MISSED = Attempt("call", "reached"), Attempt("call", "voicemail")

LEARNT = (  # what the call said, by the shipped framework; each reaches its minimum
    Answered({"budget": "possible", "authority": "influences", "need": "clear", "timing": "year"}),
    Answered({"budget": "allocated", "authority": "decides", "need": "clear", "timing": "quarter"}, evidence="meeting"),
    Answered({"budget": "allocated", "authority": "influences", "need": "latent", "timing": "year"}),
)
WORKED = (Stage.NEW, Stage.ENGAGED, Stage.MQL, Stage.SAL)


def do(acts: Mapping[Lead, Act], unit: Unit) -> None:
    """Do at most one act on each lead, all of a kind at once, where it still makes sense: one may have been closed."""
    taken = take_on(
        [lead for lead, each in acts.items() if lead.is_open and lead.stage in MAKES_SENSE[each.kind]], unit
    )
    # who was answered already, before a play was cut or by a visitor, is not answered twice
    acts = {lead: each for lead, each in acts.items() if each.kind != "answer" or lead.pk in taken}
    for kind, act in DO.items():
        mine = {lead: each.data for lead, each in acts.items() if each.kind == kind}
        sensible = {lead: data for lead, data in mine.items() if lead.is_open and lead.stage in MAKES_SENSE[kind]}
        if sensible:
            act(sensible, unit)


def take_on(leads: Sequence[Lead], unit: Unit) -> set[uuid.UUID]:
    """Whoever got a lead, first or from a colleague, accepts it with the first thing they do on it; those accepted now."""
    rows = Assignment.objects.filter(lead__in=[lead.pk for lead in leads], ended_at=None, accepted_at=None)
    waiting = set(rows.values_list("lead_id", flat=True))
    waiting |= {lead.pk for lead in leads if lead.stage == Stage.MQL and lead.accepted_at is None}  # handed off again
    desk.accept_many([lead for lead in leads if lead.pk in waiting], unit)
    return waiting


def _answer(asked: Told, unit: Unit) -> None:
    _call(asked, unit)


def _call(called: Told, unit: Unit) -> None:
    desk.log_attempts({lead: _attempt(data, unit.at) for lead, data in called.items()}, unit)


def _attempt(data: dict[str, Any], at: datetime) -> Attempt:
    """Reached, a day named by the switchboard, or a voicemail."""
    back = data.get("back")
    if back is not None and back > at:
        return Attempt("call", "callback", callback_at=back)
    return REACHED if data["reached"] else MISSED


def _enrol(missed: Told, unit: Unit) -> None:
    """Who is written to already, has no address or said no is left out: the verb says who."""
    nurture.enrol(list(missed), "unreached", unit)


def _disqualify(ends: Told, unit: Unit) -> None:
    qualification.disqualify_many({lead: End(data["reason"]) for lead, data in ends.items()}, unit)


def _recycle(ends: Told, unit: Unit) -> None:
    most = qualification.most_cycles(unit)
    resting = {lead: data for lead, data in ends.items() if lead.cycle < most}
    qualification.recycle_many(
        {lead: End(data["reason"], unit.at + timedelta(days=data["days"])) for lead, data in resting.items()}, unit
    )


def _qualify(learnt: Told, unit: Unit) -> None:
    qualification.qualify_many({lead: LEARNT[data["learnt"] % len(LEARNT)] for lead, data in learnt.items()}, unit)


def _open(asked: Told, unit: Unit) -> None:
    opportunities.open_many(
        [Ask(lead, amount_minor=data["amount"], currency="EUR") for lead, data in asked.items()], unit
    )


def _close(ended: Told, unit: Unit) -> None:
    rows = Opportunity.objects.filter(lead__in=[lead.pk for lead in ended], state=Opportunity.State.OPEN)
    deals = {deal.lead_id: deal for deal in rows.order_by("-opened_at", "-id")}  # the first one of each
    known = {lead: data for lead, data in ended.items() if lead.pk in deals}
    opportunities.close_many({deals[lead.pk]: _end_of(data) for lead, data in known.items()}, unit)


def _end_of(data: dict[str, Any]) -> Won | Lost:
    return Lost(data["reason"]) if "reason" in data else Won(data["amount"], "EUR")


# in this order within a step
DO: dict[str, Callable[[Told, Unit], None]] = {
    "answer": _answer,
    "call": _call,
    "enrol": _enrol,
    "disqualify": _disqualify,
    "recycle": _recycle,
    "qualify": _qualify,
    "open": _open,
    "win": _close,
    "lose": _close,
}
MAKES_SENSE: dict[str, tuple[str, ...]] = {
    "answer": WORKED,
    "call": WORKED,
    "enrol": WORKED,
    "disqualify": WORKED,
    "recycle": WORKED,
    "qualify": WORKED,
    "open": (Stage.SQL,),
    "win": (Stage.OPPORTUNITY,),
    "lose": (Stage.OPPORTUNITY,),
}
