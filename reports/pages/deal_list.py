"""The deals behind a number of the deals report: the same conditions, one page after another."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from leadops import access, moment
from leadops.access import Actor
from leadops.models import Opportunity
from reports.exports import amount
from reports.filters import DealListForm
from reports.metrics.deals import AXES, closed_in, of_group, open_now
from reports.pages.frame import Page, report_url, shared

ROWS = 100


def page(actor: Actor, given: QueryDict) -> Page:
    access.require(actor, "read_reports")
    form = DealListForm(given, moment.now())
    chosen = form.chosen()
    what = form.what
    state = what.get("state") or "closed"
    deals = access.opportunities_visible_to(actor)
    deals = open_now(deals) if state == "open" else closed_in(deals, chosen.period)
    if state == "won":
        deals = deals.filter(state=Opportunity.State.WON)
    for axis in AXES:
        if what.get(axis):
            deals = of_group(deals, axis, "" if what[axis] == "-" else what[axis])
    if what.get("after"):
        deals = deals.filter(pk__lt=what["after"])
    rows = list(deals.select_related("account", "owner__user").order_by("-pk")[: ROWS + 1])
    more = len(rows) > ROWS
    rows = rows[:ROWS]
    following = given.copy()
    following["after"] = str(rows[-1].pk) if rows else ""
    masked = access.masks_contacts(actor)
    context = shared(actor, "show_deals", form, given, chosen.period, moment.now()) | {
        "deals": [{"row": deal, "name": _called(deal, masked)} for deal in rows],
        "more_url": f"?{following.urlencode()}" if more else "",
        "back_url": report_url("show_deals", given),
        "state": {"open": _("Open deals"), "won": _("Won deals")}.get(state, _("Closed deals")),
    }
    return Page("deal-list", context, _heading(), [_cells(deal, masked) for deal in rows])


def _called(deal: Opportunity, masked: bool) -> str:
    """Free text, which may name the person: nothing for who may not read contacts."""
    return "" if masked else deal.name or deal.external_key


def _heading() -> list[str]:
    return [_("Name"), _("Account"), _("Agent"), _("Product"), _("State"), _("Amount"), _("Currency"), _("Opened"), pgettext("a deal, the day", "Closed")]  # fmt: skip


def _cells(deal: Opportunity, masked: bool) -> list[Any]:
    return [
        _called(deal, masked), deal.account.name if deal.account else "", deal.owner.user.name if deal.owner else "", deal.product,
        str(deal.get_state_display()), amount(deal.amount_minor, deal.currency), deal.currency,
        deal.opened_at.date().isoformat(), deal.closed_at.date().isoformat() if deal.closed_at else "",
    ]  # fmt: skip
