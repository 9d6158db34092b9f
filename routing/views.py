"""Routing's pages and verbs: rules and decisions, the pool, a rep's absence and departure. One URL, one verb."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from leadops import access, moment
from leadops.access import Actor
from leadops.errors import NotFound, Refused
from leadops.models import Lead, Rep
from leadops.unit import in_unit
from routing import claims, departures, pages, reps, selectors, services
from routing.departures import Span
from routing.forms import AbsenceForm, LeaveForm

GET_OR_POST = ("GET", "HEAD", "POST")


@require_safe
@login_required
def show_rules(request: HttpRequest) -> HttpResponse:
    """Rules as sentences, pools with their turns, the last decisions."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    access.require(actor, "read_rules")
    context = pages.rules_page(actor, moment.now(), request.GET)
    partial = request.htmx and request.htmx.target == "decisions"  # type: ignore[attr-defined]
    return render(request, "routing/rules.html#decisions" if partial else "routing/rules.html", context)


@require_safe
@login_required
def show_pool(request: HttpRequest) -> HttpResponse:
    """Leads to take; no contact is shown before one is taken."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    access.require(actor, "claim")
    return render(request, "routing/pool.html", pages.pool_page(actor, moment.now(), request.GET.get("pool", "")))


@require_POST
@login_required
def claim(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    """Take one: the winner lands on the lead, the others are told who was faster."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    rep = Rep.objects.filter(pk=actor.user_id).first()
    lead = Lead.objects.filter(pk=lead_id).first()
    if rep is None or lead is None or not selectors.may_claim_from(rep.pk, lead.pool, moment.now()):
        raise NotFound(_("There is no such lead in your pools."))
    try:
        in_unit(lambda unit: services.claim(lead, rep, unit), actor=actor)
    except Refused as refusal:
        return _lost(request, actor, refusal)
    messages.success(request, _("You have taken this lead."))
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(headers={"HX-Redirect": lead.get_absolute_url()})
    return redirect(lead.get_absolute_url())


@require_POST
@login_required
def give_back(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    """A lead taken by mistake goes back to its pool."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    lead = access.lead_for(actor, lead_id, "hand_back")
    in_unit(lambda unit: claims.give_back(lead, unit), actor=actor)
    messages.success(request, _("The lead is back in its pool."))
    return redirect("routing:show_pool")


def _lost(request: HttpRequest, actor: Actor, refusal: Refused) -> HttpResponse:
    """The card turns into the reason; without htmx the whole page, up to date."""
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "routing/pool.html#lost", {"refusal": refusal}, status=refusal.status)
    context = pages.pool_page(actor, moment.now()) | {"refusal": refusal}
    return render(request, "routing/pool.html", context, status=refusal.status)


@require_http_methods(GET_OR_POST)
@login_required
def deactivate(request: HttpRequest, rep_id: uuid.UUID) -> HttpResponse:
    """Which leads and rules are concerned; then nothing more comes to the rep and their leads move on."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    rep = pages.rep_for(actor, rep_id, "deactivate_rep")
    form, context = LeaveForm(rep, request.POST or None), pages.departure_page(rep, moment.now())
    context["form"] = form
    if request.method == "POST" and form.is_valid():
        wish = pages.wish_of(form.cleaned_data)
        if request.POST.get("step") != "preview":
            messages.success(request, pages.departure_words(departures.leave(rep.pk, wish, actor)))
            return redirect("routing:deactivate", rep.pk)
        context["foreseen"] = pages.foreseen_page(rep, wish, actor)
    return render(request, "routing/deactivate.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def take_back_departure(request: HttpRequest, rep_id: uuid.UUID) -> HttpResponse:
    """The rep is as before, with pools, accounts and the leads nobody worked on."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    rep = pages.rep_for(actor, rep_id, "deactivate_rep")
    departures.take_back(rep, actor)
    messages.success(request, _("%(name)s receives leads again.") % {"name": rep.user.name})
    return redirect("routing:show_team")


@require_http_methods(GET_OR_POST)
@login_required
def absence(request: HttpRequest, rep_id: uuid.UUID) -> HttpResponse:
    """Absences of a rep, a new one, and what would be if one of them came true."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    rep = pages.rep_for(actor, rep_id, "set_absence")
    context = pages.absence_page(rep, at := moment.now())
    asked = request.GET.get("absence", "")
    span = pages.span_shown(context["absences"], asked, at)
    form = AbsenceForm(request.POST or None, initial={"kind": span.kind, "start": span.start, "end": span.end})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        if request.POST.get("step") != "preview":
            moved = departures.go_away(rep, Span(**data), actor)
            messages.success(request, pages.absence_words(moved))
            return redirect("routing:absence", rep.pk)
        span = Span(**data)
    if asked or (form.is_bound and form.is_valid()):
        context["forecast"] = pages.forecast_page(rep, span, actor)
    return render(request, "routing/absence.html", context | {"form": form}, status=422 if form.errors else 200)


@require_POST
@login_required
def cancel_absence(request: HttpRequest, rep_id: uuid.UUID, absence_id: int) -> HttpResponse:
    """An absence now or to come does not take place."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    rep = pages.rep_for(actor, rep_id, "set_absence")
    in_unit(lambda unit: reps.cancel_absence(rep, absence_id, unit), actor=actor)
    messages.success(request, _("The absence is cancelled."))
    return redirect("routing:absence", rep.pk)


@require_POST
@login_required
def back(request: HttpRequest, rep_id: uuid.UUID) -> HttpResponse:
    """The rep is back now."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    rep = pages.rep_for(actor, rep_id, "set_absence")
    in_unit(lambda unit: services.end_absence(rep, unit), actor=actor)
    messages.success(request, _("%(name)s is back.") % {"name": rep.user.name})
    return redirect("routing:absence", rep.pk)
