"""A stage or an end asked for by name, handed to the verb that owns it; it moves nothing itself but new to engaged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from leadops import lifecycle
from leadops.errors import Refused
from leadops.models import Lead, Opportunity, Stage
from leadops.unit import Unit
from qualification import opportunities
from qualification import services as qualification

# the right a caller needs to ask for a stage, and for an end
STAGE_VERBS = {"engaged": "set_status", "sql": "qualify", "disqualified": "disqualify", "recycled": "recycle"}
OUTCOME_VERBS = {"won": "win", "lost": "lose", "disqualified": "disqualify", "recycled": "recycle"}
# stages no one moves a lead to by hand, and what leads there
_BY = {"new": "", "mql": "publish an MQL definition", "sal": "accept", "opportunity": "opportunities", "won": "win", "lost": "lose"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Why:
    """What an end needs beside its name."""

    reason: str = ""
    wake_at: datetime | None = None
    text: str = ""


def move(lead: Lead, to: str, why: Why, unit: Unit) -> Lead:
    """Bring a lead to a stage by the verb of that stage."""
    (mine,) = unit.leads([lead.pk])
    if to == Stage.SQL:
        return qualification.qualify(mine, unit)
    if to == Stage.DISQUALIFIED:
        return qualification.disqualify(mine, unit, why.reason, why.text)
    if to == Stage.RECYCLED:
        return qualification.recycle(mine, unit, why.reason, _wake(why), why.text)
    if to == Stage.ENGAGED and mine.stage == Stage.RECYCLED:
        lifecycle.next_cycle([mine], unit)
        return mine
    if to == Stage.ENGAGED and mine.stage == Stage.NEW:
        lifecycle.move([mine], to, unit)
        return mine
    by = "hand-back" if to == Stage.ENGAGED else _BY[to]
    raise Refused("not-by-hand", _("A lead reaches this stage by another verb."), stage=to, verb=by)


def outcome(lead: Lead, name: str, why: Why, amount: tuple[int | None, str], unit: Unit) -> Lead:
    """How a lead ended: won and lost through its open deal, the other two by their verbs."""
    (mine,) = unit.leads([lead.pk])
    if name in ("disqualified", "recycled"):
        return move(mine, name, why, unit)
    deals = list(Opportunity.objects.filter(lead=mine, state=Opportunity.State.OPEN).order_by("opened_at"))
    if name == "lost":
        if not deals:
            raise Refused("no-open-deal", _("This lead has no open opportunity: disqualify or recycle it."), status=409)
        for deal in deals:
            opportunities.lose(deal, unit, why.reason)
        return mine
    if len(deals) > 1:
        raise Refused("several-deals", _("This lead has several open opportunities: win the one."), status=409)
    deal = deals[0] if deals else opportunities.open(mine, unit, "", amount[0], amount[1])
    opportunities.win(deal, unit, amount[0], amount[1])
    return mine


def _wake(why: Why) -> datetime:
    if why.wake_at is None:
        raise Refused("wake-needed", _("Say when the lead comes back."))
    return why.wake_at
