"""The lead page: its body, its older events and the why; it changes nothing."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from capture import panels as capture_panels
from leadops import access, moment
from leadops.access import Actor
from leadops.desk import lead_view, selectors
from leadops.desk.timeline import events_of
from nurture import panels as nurture_panels
from qualification import panels as qualification_panels
from routing import panels as routing_panels
from routing.sla import panels as sla_panels

PANELS = (sla_panels, qualification_panels, nurture_panels, routing_panels, capture_panels)


@require_safe
def show_lead(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    """The whole page; with htmx the body alone, after a verb changed it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    lead = access.lead_for(actor, lead_id)
    tab = request.GET.get("tab", "now")
    context = lead_view.context(lead, actor, moment.now(), tab if tab in selectors.TABS else "now")
    context["panels"] = [panel for app in PANELS for panel in app.panels(lead, actor)]
    partial = request.htmx and request.htmx.target == "lead"  # type: ignore[attr-defined]
    return render(request, "desk/lead.html#lead" if partial else "desk/lead.html", context)


@require_safe
def timeline(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    """Older events, as a fragment or a page of their own."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    lead = access.lead_for(actor, lead_id)
    events, older = events_of(lead, lead_view.instant_of(request.GET.get("before", "")), access.masks_contacts(actor))
    context = {
        "lead": lead,
        "events": events,
        "older_url": lead_view.older_url(lead, older),
        "display_name": lead_view.display_name(lead, actor),
    }
    template = "desk/timeline.html#events" if request.htmx else "desk/timeline.html"  # type: ignore[attr-defined]
    return render(request, template, context)


@require_safe
def why(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    """Why this lead is where it is: owner, place in the queue, score; the same explanation everywhere."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    lead = access.lead_for(actor, lead_id)
    context = {
        "lead": lead,
        "panel": routing_panels.panel(lead, actor),
        "order": lead_view.order_words(lead, moment.now()),
        "display_name": lead_view.display_name(lead, actor),
    }
    return render(request, "desk/why.html#fragment" if request.htmx else "desk/why.html", context)  # type: ignore[attr-defined]
