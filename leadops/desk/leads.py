"""The list of leads: filtered, keyset-paged; every number of a report opens here."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from capture.selectors import names_of
from leadops import access
from leadops.desk import selectors
from leadops.desk.chips import chips
from leadops.desk.filters import LeadFilter
from leadops.desk.lead_view import masked_name

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
    actor = request.actor  # type: ignore[attr-defined]
    chosen = LeadFilter(request.GET, queryset=selectors.leads_list(actor), request=request)
    after = _after(request)
    rows = chosen.qs.filter(pk__lt=after) if after else chosen.qs
    found = list(rows[: PAGE + 1])
    names = names_of((lead.source for lead in found), (lead.campaign for lead in found))
    masked = access.masks_contacts(actor)
    context = {
        "filter": chosen,
        "chips": chips(chosen, request.GET),
        "total": chosen.qs.order_by()[:MOST].count(),
        "most": MOST,
        "leads": [
            (lead, masked_name(lead) if masked else str(lead.person), names.of(lead.source, lead.campaign))
            for lead in found[:PAGE]
        ],
        "after": str(found[PAGE - 1].pk) if len(found) > PAGE else "",
        "filtered": any(value for name, value in request.GET.items() if name not in ("after", "of")),
        "kept": [(name, value) for name in request.GET if name not in SHOWN for value in request.GET.getlist(name)],
        "may_create": access.can(actor, "create_lead"),
        "report_url": reverse("reports:show_sources") if request.GET.get("of") == "report" else "",
    }
    return render(request, "desk/leads.html", context)
