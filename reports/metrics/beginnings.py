"""Since when the house has figures, so that nothing is compared with days of which there are none or a part. Reads only."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import F, Q, Value

from leadops import access
from leadops.access import Actor
from leadops.models import Opportunity
from reports.periods import Period

LEADS: Final = "leads"
DEALS: Final = "deals"


def begun(actor: Actor) -> dict[str, date | None]:
    """The first day with a lead the actor may see, and the first with one or a closed deal (deals may come from
    elsewhere): two looks into an index, in one statement."""
    leads = access.leads_visible_to(actor).order_by("received_at").values(at=F("received_at"))[:1]
    closed = access.opportunities_visible_to(actor).filter(~Q(state=Opportunity.State.OPEN))
    deals = closed.order_by("closed_at").values(at=F("closed_at"))[:1]
    found = leads.annotate(of=Value(LEADS)).union(deals.annotate(of=Value(DEALS)), all=True)
    firsts: dict[str, datetime] = {of: at for at, of in found.values_list("at", "of")}
    lead, deal = firsts.get(LEADS), firsts.get(DEALS)
    return {LEADS: _day(lead), DEALS: _day(min((at for at in (lead, deal) if at), default=None))}


def whole_before(period: Period, first: date | None) -> bool:
    """Whether the days before were all lived."""
    return first is not None and first <= period.before.from_on


def before(actor: Actor, period: Period, of: str = LEADS) -> Period | None:
    """The days before, to compare with; None where they were not all lived."""
    return period.before if whole_before(period, begun(actor)[of]) else None


def _day(at: datetime | None) -> date | None:
    return at.astimezone(ZoneInfo(settings.REPORTING_ZONE)).date() if at else None
