"""The list of leads: filtered, keyset-paged; every number of a report opens here."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from capture.selectors import names_of
from leadops import access
from leadops.desk import selectors
from leadops.desk.chips import chips
from leadops.desk.filters import LeadFilter
from leadops.desk.lead_view import masked_name
from leadops.desk.timeline import held_words
from leadops.models import IS_OPEN, Lead
from leadops.templatetags.house import number
from routing.selectors import BY_ITSELF

PAGE = 50
MOST = 1000
SHOWN = {"q", "open", "held", "after"}


def _after(request: HttpRequest) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.GET.get("after", ""))
    except ValueError:
        return None


@require_safe
def list_leads(request: HttpRequest) -> HttpResponse:
    chosen = LeadFilter(request.GET, queryset=selectors.leads_list(request.actor), request=request)  # type: ignore[attr-defined]
    return render(request, "desk/leads.html", _page(request, chosen))


@require_safe
def list_waiting(request: HttpRequest) -> HttpResponse:
    """The leads that wait for a person: the same list with that filter, and the two verbs that end the wait."""
    access.require(request.actor, "assign")  # type: ignore[attr-defined]
    asked = request.GET.copy()
    asked["needs_person"] = "true"
    everything = selectors.leads_list(request.actor)  # type: ignore[attr-defined]
    chosen = LeadFilter(asked, queryset=everything, request=request)
    more = {"waiting": True, "by_itself": _by_itself(everything)}
    return render(request, "desk/leads.html", _page(request, chosen) | more)


def _by_itself(rows: QuerySet[Lead]) -> list[tuple[str, str]]:
    """Who waits for no person: for each reason how many wait in words, and the reason the list behind it asks for."""
    held = rows.filter(IS_OPEN, owner__isnull=True, held__in=BY_ITSELF).order_by().values_list("held")
    return [(by_itself_words(reason, n), reason) for reason, n in held.annotate(n=Count("pk")).order_by("-n", "held")]


def by_itself_words(reason: str, n: int) -> str:
    said = {
        "off_hours": ngettext("%(n)s waits for opening hours", "%(n)s wait for opening hours", n),
        "no_capacity": ngettext("%(n)s waits for a rep with room", "%(n)s wait for a rep with room", n),
        "all_absent": ngettext("%(n)s waits for a rep to be back", "%(n)s wait for a rep to be back", n),
    }.get(reason) or ngettext(
        "%(n)s waits for a rep with the skill or language", "%(n)s wait for a rep with the skill or language", n
    )
    return said % {"n": number(n)}


def _page(request: HttpRequest, chosen: LeadFilter) -> dict[str, Any]:
    """One keyset page of a filtered list."""
    actor, after = request.actor, _after(request)  # type: ignore[attr-defined]
    rows = chosen.qs.filter(pk__lt=after) if after else chosen.qs
    found = list(rows[: PAGE + 1])
    return {
        "filter": chosen,
        "chips": chips(chosen, request.GET),
        "total": chosen.qs.order_by()[: MOST + 1].count(),
        "most": MOST,
        "leads": _lines(found[:PAGE], access.masks_contacts(actor)),
        "after": str(found[PAGE - 1].pk) if len(found) > PAGE else "",
        "filtered": any(value for name, value in request.GET.items() if name not in ("after", "of")),
        "kept": [(name, value) for name in request.GET if name not in SHOWN for value in request.GET.getlist(name)],
        "may_create": access.can(actor, "create_lead"),
        "may_assign": access.can(actor, "assign"),
        "may_enrol": access.can(actor, "enrol"),
        "may_connect": access.can(actor, "edit_sources"),
        "report_url": reverse("reports:show_sources")
        if request.GET.get("of") == "report" and access.can(actor, "read_reports")
        else "",
    }


def _lines(leads: list[Lead], masked: bool) -> list[tuple[Lead, str, Any, str]]:
    """Each lead with its name, origin and why it is held, as the reader may see them."""
    names = names_of((lead.source for lead in leads), (lead.campaign for lead in leads))
    return [
        (
            lead,
            masked_name(lead) if masked else str(lead.person),
            names.of(lead.source, lead.campaign),
            held_words(lead.held) if lead.held else "",
        )
        for lead in leads
    ]
