"""The lead page and its verbs: one address per verb, plain forms that work without JavaScript."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from capture import panels as capture_panels
from leadops import access, moment
from leadops.access import Actor
from leadops.desk import forms as desk_forms
from leadops.desk import lead_view, selectors, services
from leadops.desk.timeline import events_of
from leadops.models import Lead
from leadops.unit import Unit, in_unit
from qualification import panels as qualification_panels
from routing import panels as routing_panels
from routing.sla import panels as sla_panels

PANELS = (sla_panels, qualification_panels, routing_panels, capture_panels)


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
    before = parse_datetime(request.GET.get("before", ""))
    events, older = events_of(lead, before, access.masks_contacts(actor))
    context = {"lead": lead, "events": events, "older_url": lead_view.older_url(lead, older)}
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
    }
    return render(request, "desk/why.html#fragment" if request.htmx else "desk/why.html", context)  # type: ignore[attr-defined]


Verb = Callable[[Lead, Unit, dict[str, Any]], object]


def _act(
    request: HttpRequest, lead_id: uuid.UUID, verb: str, work: Verb, form: forms.Form | None, done: str
) -> HttpResponse:
    """One verb of one lead: form, right, unchanged version, unit, answer."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    lead = access.lead_for(actor, lead_id, verb)
    if form is not None and not form.is_valid():
        return render(
            request, "desk/verb.html", {"lead": lead, "form": form, "action": request.path, "title": done}, status=422
        )
    seen = request.POST.get("version", "")
    services.check_unchanged(lead, int(seen) if seen.isdigit() else None)
    data = form.cleaned_data if form is not None else {}
    in_unit(lambda unit: work(lead, unit, data), actor=actor)
    return _answer(request, lead, done)


def _answer(request: HttpRequest, lead: Lead, done: str) -> HttpResponse:
    """Back to where one came from, with the result said; htmx refreshes what shows the lead."""
    if request.htmx:  # type: ignore[attr-defined]
        response = render(request, "desk/done.html", {"text": done})
        response["HX-Trigger"] = "leadops:lead-changed, leadops:inbox"
        return response
    messages.success(request, done)
    if request.POST.get("back") == "inbox":
        return redirect("desk:inbox")
    return redirect(reverse("desk:show_lead", args=[lead.pk]))


@require_POST
def accept(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    return _act(request, lead_id, "accept", lambda lead, unit, data: services.accept(lead, unit), None, _("Accepted."))


@require_http_methods(["GET", "HEAD", "POST"])
def hand_back(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    form = desk_forms.HandBackForm(request.POST or None)
    if request.method != "POST":
        return _ask(request, lead_id, "hand_back", form, _("Hand back"))
    return _act(
        request,
        lead_id,
        "hand_back",
        lambda lead, unit, data: services.hand_back(lead, data["reason"], unit, data["text"]),
        form,
        _("Handed back."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def log_attempt(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    form = desk_forms.AttemptForm(request.POST or None)
    if request.method != "POST":
        return _ask(request, lead_id, "log_attempt", form, _("Log an attempt"))
    return _act(
        request,
        lead_id,
        "log_attempt",
        lambda lead, unit, data: services.log_attempt(lead, unit, **data),
        form,
        _("Attempt logged."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def note(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    form = desk_forms.NoteForm(request.POST or None)
    if request.method != "POST":
        return _ask(request, lead_id, "note", form, _("Note"))
    return _act(
        request, lead_id, "note", lambda lead, unit, data: services.note(lead, data["text"], unit), form, _("Noted.")
    )


@require_http_methods(["GET", "HEAD", "POST"])
def snooze(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    form = desk_forms.SnoozeForm(request.POST or None, initial={"until": lead_view.tomorrow_at_nine(moment.now())})
    if request.method != "POST":
        return _ask(request, lead_id, "snooze", form, _("Snooze"))
    return _act(
        request,
        lead_id,
        "snooze",
        lambda lead, unit, data: services.snooze(lead, data["until"], unit),
        form,
        _("Snoozed."),
    )


@require_POST
def set_status(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    form = desk_forms.StatusForm(request.POST)
    return _act(
        request,
        lead_id,
        "set_status",
        lambda lead, unit, data: services.set_status(lead, data["status"], unit),
        form,
        _("Status changed."),
    )


def _ask(request: HttpRequest, lead_id: uuid.UUID, verb: str, form: forms.Form, title: str) -> HttpResponse:
    """The verb's form as a page of its own, or as a dialog's body."""
    lead = access.lead_for(request.actor, lead_id, verb)  # type: ignore[attr-defined]
    context = {"lead": lead, "form": form, "action": request.path, "title": title, "back": request.GET.get("back", "")}
    return render(request, "desk/verb.html#form" if request.htmx else "desk/verb.html", context)  # type: ignore[attr-defined]
