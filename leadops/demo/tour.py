"""The tour: a few cards per role, each with a link to the real control it speaks of; where one stands is a cookie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from leadops import access
from leadops.access import Actor
from leadops.demo.cast import DOMAIN
from leadops.fold import whole
from leadops.models import Rep, Role, User

COOKIE = "tour"  # and one per role: each goes on where it was left
OFF = "off"
YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Card:
    """`page` is an URL name, `anchor` the id of the control on it; `of` the colleague the page is about."""

    title: Any
    text: Any
    control: Any
    page: str
    anchor: str = "main"
    query: str = ""  # `{of}` stands for the colleague's id
    of: str = ""


HOT = Card(_("Send a hot request"), _("Leads keep coming while you look. Send one yourself, or fill in the form in a second window."),
           _("Open the demo page"), "demo:show", "hot")  # fmt: skip
SOURCES = Card(_("What it cost and what it earned"), _("LinkedIn is cheap and rarely wins; webinars take their time and earn most. Each number opens its leads."),
               _("Open the report"), "reports:show_sources", query="period=90")  # fmt: skip
RESPONSE = Card(_("How fast, and what speed brings"), _("By rep, by hour, by weekday: Saturdays wait, and three days about two weeks ago were late. Who is answered within five minutes buys more often?"),
                _("Open response time"), "reports:show_response")  # fmt: skip
CARDS: dict[str, tuple[Card, ...]] = {
    Role.REP: (
        Card(_("A hot request arrives"), _("Send one here and go to your inbox: within seconds it stands there, with its clock, for you or for whoever is on duty with you."),
             _("Open the demo page"), "demo:show", "hot"),
        Card(_("Your work, most urgent first"), _("W tells why it is yours, C logs a call: the clock turns green. Z takes the last thing back."),
             _("Open the inbox"), "desk:inbox"),
        Card(_("Every owner answers “why?”"), _("Open a lead: beside it stand the rule, the reps who were considered and who was left out for what."),
             _("Open the leads"), "desk:list_leads"),
        Card(_("Two click “Take”, one wins"), _("As Léa and as Emily, in two browsers: set both to “busy” and send a hot request. It waits here; one gets it, the other is told at once."),
             _("Open the pool"), "routing:show_pool"),
    ),
    Role.MANAGER: (
        Card(_("Who has how much, and what runs out"), _("Load and clocks of each of your reps. Each number opens its leads."),
             _("Open the team"), "routing:show_team"),
        Card(_("Karim is away"), _("He has been on leave for three days, and clocks of his leads have run out. Choose them and give them to somebody: a preview comes first."),
             _("Open Karim’s late leads"), "desk:list_leads", query="owner={of}&open=true&overdue=true", of="karim"),
        Card(_("What if Sofia leaves tomorrow?"), _("Her leave is set. See what falls due meanwhile and who would take it, before anything moves."),
             _("Open Sofia’s leave"), "routing:absence", of="sofia"),
        RESPONSE,
        HOT,
    ),
    Role.REVENUE_OPS: (
        Card(_("Rules are versions"), _("Two weeks ago a new rule stood above the others for three days. See what it sent where, and what happened to the clocks."),
             _("Open the routing rules"), "routing:show_rules", "versions"),
        Card(_("Promises to prospects"), _("First attempt, acceptance, follow-up: what is promised to whom, counted in working hours, and what happens when it is broken."),
             _("Open the service levels"), "routing:show_sla"),
        RESPONSE,
        HOT,
        Card(_("Erase it all"), _("When you have seen enough: everything the demo made goes, and nothing that you made."),
             _("Open the demo page"), "demo:show", "erase"),
    ),
    Role.MARKETING_OPS: (
        Card(_("Where leads come from"), _("Nine sources. One said nothing for three working days: it is flagged, with what was expected meanwhile."),
             _("Open the sources"), "capture:list_sources"),
        Card(_("A file with everybody twice"), _("The badges of the trade show: sixty people scanned twice, one of them with another address. See what became of each row."),
             _("Open the imports"), "capture:list_imports"),
        Card(_("Letters that stop by themselves"), _("Who is not reached gets two letters and a call; who rests is asked again. A touch by a rep ends it."),
             _("Open the sequences"), "nurture:list_sequences"),
        SOURCES,
        HOT,
    ),
    Role.EXECUTIVE: (
        Card(_("The house on one page"), _("Leads, pipeline, revenue, spend and speed, each against the period before. Each figure opens its report."),
             _("Open the overview"), "reports:show_executive"),
        Card(_("Where they stop"), _("From lead to revenue, stage by stage. Choose the largest drop: behind it stand its leads."),
             _("Open the funnel"), "reports:show_funnel", query="period=90"),
        SOURCES,
        RESPONSE,
        HOT,
    ),
}  # fmt: skip


def role_of(actor: Actor) -> str:
    """The role whose tour somebody gets; "" = none."""
    return next((role for role in CARDS if actor.has(role)), "")


def cards_for(actor: Actor) -> tuple[Card, ...]:
    """The cards of their role; a colleague somebody else leads is none of their cards."""
    cards = CARDS.get(role_of(actor), ())
    emails = [f"{card.of}@{DOMAIN}" for card in cards if card.of]
    reps = Rep.objects.select_related("user").filter(user__email__in=emails) if emails else []
    led = {rep.user.email for rep in reps if access.can(actor, "deactivate_rep", rep)}
    return tuple(card for card in cards if not card.of or f"{card.of}@{DOMAIN}" in led)


def url_of(card: Card) -> str:
    """The address of the control; one query where the page is about a colleague."""
    of = User.objects.filter(email=f"{card.of}@{DOMAIN}").values_list("pk", flat=True).first() if card.of else None
    address = reverse(card.page, args=[of] if of and not card.query else [])
    query = f"?{card.query.format(of=of)}" if card.query else ""
    return f"{address}{query}#{card.anchor}"


def card_for(request: HttpRequest, actor: Actor) -> dict[str, Any] | None:
    """The card this person stands at; None when the tour is over or was skipped."""
    cards = cards_for(actor) if actor.user_id else ()
    at = whole(request.COOKIES.get(_cookie(actor), "0"), 3)
    if request.COOKIES.get(COOKIE) == OFF or at is None or at >= len(cards):
        return None
    return {
        "card": cards[at],
        "url": url_of(cards[at]),
        "number": at + 1,
        "count": len(cards),
        "before": at - 1,
        "after": at + 1,
        "last": at + 1 == len(cards),
        "back": request.path,
    }


def keep(answer: HttpResponse, actor: Actor, to: str) -> None:
    """Remember where this role's tour stands; skipped is skipped for every role, until it is begun again."""
    name = COOKIE if to == OFF else _cookie(actor)
    if name != COOKIE:
        answer.delete_cookie(COOKIE)
    answer.set_cookie(name, to[:3], max_age=YEAR, samesite="Lax", httponly=True)


def _cookie(actor: Actor) -> str:
    return f"{COOKIE}_{role_of(actor)}"
