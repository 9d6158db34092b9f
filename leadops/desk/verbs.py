"""The verbs of one lead: one address each, plain forms that work without JavaScript; they decide nothing."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from capture import editing
from leadops import access, moment
from leadops.desk import forms as desk_forms
from leadops.desk import lead_view, moves, services, undo
from leadops.errors import Refused
from leadops.fold import whole
from leadops.models import Lead, Role, Stage
from leadops.unit import Unit, in_unit
from routing import services as routing

GET_OR_POST = ("GET", "HEAD", "POST")
CHANGED = "changed"
Act = Callable[[Lead, Unit, dict[str, Any]], object]


@require_POST
def accept(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    lead = access.lead_for(request.actor, lead_id, "accept")  # type: ignore[attr-defined]
    return _act(request, lead, lambda lead, unit, data: services.accept(lead, unit), None, "", _("Accepted."))


@require_http_methods(GET_OR_POST)
def hand_back(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    lead = access.lead_for(request.actor, lead_id, "hand_back")  # type: ignore[attr-defined]

    def act(lead: Lead, unit: Unit, data: dict[str, Any]) -> object:
        return services.hand_back(lead, data["reason"], unit, data["text"])

    return _verb(request, lead, act, desk_forms.HandBackForm(request.POST or None), _("Hand back"), _("Handed back."))


@require_http_methods(GET_OR_POST)
def log_attempt(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    lead = access.lead_for(request.actor, lead_id, "log_attempt")  # type: ignore[attr-defined]

    def act(lead: Lead, unit: Unit, data: dict[str, Any]) -> object:
        return services.log_attempt(lead, unit, **data)

    later = {"callback_at": lead_view.tomorrow_at_nine(moment.now())}
    form = desk_forms.AttemptForm(request.POST or None, initial=later)
    return _verb(request, lead, act, form, _("Log an attempt"), _("Attempt logged."))


@require_http_methods(GET_OR_POST)
def note(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    lead = access.lead_for(request.actor, lead_id, "note")  # type: ignore[attr-defined]

    def act(lead: Lead, unit: Unit, data: dict[str, Any]) -> object:
        return services.note(lead, data["text"], unit)

    return _verb(request, lead, act, desk_forms.NoteForm(request.POST or None), _("Note"), _("Noted."))


@require_http_methods(GET_OR_POST)
def snooze(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    lead = access.lead_for(request.actor, lead_id, "snooze")  # type: ignore[attr-defined]

    def act(lead: Lead, unit: Unit, data: dict[str, Any]) -> object:
        return services.snooze(lead, data["until"], unit)

    form = desk_forms.SnoozeForm(request.POST or None, initial={"until": lead_view.tomorrow_at_nine(moment.now())})
    return _verb(request, lead, act, form, _("Snooze"), _("Snoozed."))


@require_POST
def set_status(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    lead = access.lead_for(request.actor, lead_id, "set_status")  # type: ignore[attr-defined]

    def act(lead: Lead, unit: Unit, data: dict[str, Any]) -> object:
        return services.set_status(lead, data["status"], unit)

    return _act(request, lead, act, desk_forms.StatusForm(request.POST), _("Status"), _("Status changed."))


@require_POST
def take_back(request: HttpRequest, lead_id: uuid.UUID, entry_id: int) -> HttpResponse:
    """Undo one's own last act; an inbox row comes back."""
    lead = access.lead_for(request.actor, lead_id, "snooze")  # type: ignore[attr-defined]
    return _act(request, lead, lambda lead, unit, data: undo.undo(lead, entry_id, unit), None, "", _("Undone."))


@require_http_methods(GET_OR_POST)
def assign(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    """Give the lead to a rep by hand; taking it from somebody needs a reason."""
    lead = access.lead_for(request.actor, lead_id, "assign")  # type: ignore[attr-defined]

    def act(lead: Lead, unit: Unit, data: dict[str, Any]) -> object:
        return routing.assign(lead, data["rep"], unit, data["reason"])

    form = desk_forms.AssignForm(request.POST or None, lead=lead)
    return _verb(request, lead, act, form, _("Assign"), _("Assigned."))


@require_POST
def route_again(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    """Let the rules decide anew for a lead nobody owns."""
    lead = access.lead_for(request.actor, lead_id, "assign")  # type: ignore[attr-defined]
    act: Act = lambda lead, unit, data: routing.route_again(lead, unit)  # noqa: E731
    return _act(request, lead, act, None, "", _("The rules decided anew."))


@require_http_methods(GET_OR_POST)
def edit_lead(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    """Correct what is known of who asks."""
    lead = access.lead_for(request.actor, lead_id, "update_lead")  # type: ignore[attr-defined]
    form = desk_forms.LeadForm(request.POST or None, lead=lead)

    def act(lead: Lead, unit: Unit, data: dict[str, Any]) -> object:
        return editing.edit_lead(lead, form.values(), unit)

    return _verb(request, lead, act, form, _("Edit"), _("Changed."))


@require_POST
def reopen(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    """A recycled lead comes back before its time."""
    lead = access.lead_for(request.actor, lead_id, "set_status")  # type: ignore[attr-defined]
    act: Act = lambda lead, unit, data: moves.move(lead, Stage.ENGAGED, moves.Why(), unit)  # noqa: E731
    return _act(request, lead, act, None, "", _("Reopened: a new cycle begins."))


def _verb(request: HttpRequest, lead: Lead, act: Act, form: forms.Form, title: str, done: str) -> HttpResponse:
    """GET asks, POST acts."""
    if request.method != "POST":
        return _ask(request, lead, form, title)
    return _act(request, lead, act, form, title, done)


def _act(request: HttpRequest, lead: Lead, act: Act, form: forms.Form | None, title: str, done: str) -> HttpResponse:
    """One verb of one lead: form, unchanged version, unit, answer. What was typed survives every refusal."""
    if form is not None and not form.is_valid():
        return _ask(request, lead, form, title, 422)
    seen = request.POST.get("version", "")
    data = form.cleaned_data if form is not None else {}

    def work(unit: Unit) -> datetime:
        (mine,) = unit.leads([lead.pk])
        services.check_unchanged(mine, whole(seen))
        act(mine, unit, data)
        return unit.at

    try:
        at = in_unit(work, actor=request.actor)  # type: ignore[attr-defined]
    except Refused as refusal:
        if form is None or not (refusal.status == 422 or refusal.code == CHANGED):
            raise
        if refusal.status == 422:
            form.add_error(None, str(refusal.message))
        lead.refresh_from_db(fields=["version"])
        return _ask(request, lead, form, title, refusal.status)
    return _answer(request, lead, done, undo.offered(lead, request.actor, at))  # type: ignore[attr-defined]


def _ask(request: HttpRequest, lead: Lead, form: forms.Form, title: str, status: int = 200) -> HttpResponse:
    """The verb's form as a page of its own, or as a dialog's body; 409 = the lead changed, sending again overrides."""
    context = {
        "lead": lead,
        "form": form,
        "action": request.path,
        "title": title,
        "back": request.POST.get("back") or request.GET.get("back", ""),
        "changed": status == 409,
        "stays": isinstance(form, desk_forms.NoteForm),  # a note ends nothing: the next key still means this lead
    }
    template = "desk/verb.html#form" if request.htmx else "desk/verb.html"  # type: ignore[attr-defined]
    return render(request, template, context, status=status)


def _answer(request: HttpRequest, lead: Lead, done: str, entry: int | None = None) -> HttpResponse:
    """Back to where one came from, with the result said and what takes it back; htmx refreshes what shows the lead."""
    undo_url = reverse("desk:undo", args=[lead.pk, entry]) if entry else ""
    gone = not access.leads_visible_to(request.actor).filter(pk=lead.pk).exists()  # type: ignore[attr-defined]
    to_inbox = gone or request.POST.get("back") == "inbox"
    alone = request.htmx and (request.htmx.current_url_abs_path or "").startswith(request.path)  # type: ignore[attr-defined]
    if request.htmx and not alone and not (gone and request.POST.get("back") != "inbox"):  # type: ignore[attr-defined]
        response = render(request, "desk/done.html", {"text": done, "undo_url": undo_url})
        response["HX-Trigger"] = "leadops:lead-changed, leadops:inbox"
        return response
    messages.success(request, done, extra_tags=undo_url)
    where = reverse("desk:inbox" if request.actor.has(Role.REP) else "desk:list_leads")  # type: ignore[attr-defined]
    where = where if to_inbox else lead.get_absolute_url()
    where = reverse("desk:list_waiting") if request.POST.get("back") == "waiting" else where
    return HttpResponseClientRedirect(where) if request.htmx else redirect(where)  # type: ignore[attr-defined]
