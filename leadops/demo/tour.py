"""The tour: a few cards per role, each with a link to the real control it speaks of; where one stands is a cookie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from leadops import access
from leadops.access import Actor

COOKIE = "tour"
OFF = "off"


@dataclass(frozen=True, slots=True)
class Card:
    title: Any
    text: Any
    control: Any
    page: str  # URL name
    anchor: str  # id of the control on that page
    verb: str


CARDS = (
    Card(_("Leads find their rep"), _("What came in for you stands here, with its clock. Open one and log a call: the clock turns green."),
         _("Open the inbox"), "desk:inbox", "main", "accept"),
    Card(_("Every owner answers “why?”"), _("Open a lead: beside it stand the rule, the reps who were considered and who was left out for what."),
         _("Open the leads"), "desk:list_leads", "main", "read_leads"),
    Card(_("Who has how much"), _("Karim is on leave and still holds leads that nobody answers. Find them by his name and give them to somebody."),
         _("Open the leads"), "desk:list_leads", "main", "assign"),
    Card(_("Rules are versions"), _("Two weeks ago a new rule stood above the others for three days. See what it sent where, and what happened to the clocks."),
         _("Open the routing rules"), "routing:show_rules", "main", "edit_ruleset"),
    Card(_("Where leads come from"), _("Nine sources. One said nothing for 36 hours: its ledger shows the gap."),
         _("Open the sources"), "capture:list_sources", "main", "read_sources"),
    Card(_("What it cost and what it earned"), _("LinkedIn is cheap and rarely wins; webinars take their time and earn most. Each number opens its leads."),
         _("Open the report"), "reports:show_sources", "main", "read_reports"),
    Card(_("Send a hot request"), _("Leads keep coming while you look. Send one yourself, or fill in the form in a second window."),
         _("Open the demo page"), "demo:show", "hot", "read_leads"),
)  # fmt: skip


def cards_for(actor: Actor) -> list[Card]:
    return [card for card in CARDS if access.can(actor, card.verb)]


def card_for(request: HttpRequest, actor: Actor) -> dict[str, Any] | None:
    """The card this person stands at; None when the tour is over or was skipped."""
    kept = request.COOKIES.get(COOKIE, "0")
    cards = cards_for(actor) if actor.user_id else []
    if kept == OFF or not kept.isdigit() or int(kept[:3]) >= len(cards):
        return None
    at = int(kept[:3])
    return {
        "card": cards[at],
        "url": f"{reverse(cards[at].page)}#{cards[at].anchor}",
        "number": at + 1,
        "count": len(cards),
        "before": at - 1,
        "after": at + 1,
        "last": at + 1 == len(cards),
        "back": request.path,
    }
