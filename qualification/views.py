"""The page /qualification and the verbs of a lead's qualification and deals: one address per verb; it decides nothing."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from leadops import access, moment
from leadops.access import Actor
from leadops.errors import NotFound, Refused
from leadops.models import Lead, Opportunity
from leadops.panels import Panel
from leadops.unit import Unit, in_unit
from leadops.versions import services as versions
from qualification import answers, opportunities, page, panels, selectors, services
from qualification.forms import (
    AnswersForm,
    DisqualifyForm,
    LoseForm,
    OpenOpportunityForm,
    RecycleForm,
    VerbForm,
    WinForm,
)

GET_OR_POST = ("GET", "HEAD", "POST")


@require_GET
@login_required
def show(request: HttpRequest) -> HttpResponse:
    """What an MQL is here, how leads are scored, who was handed off."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    access.require(actor, "read_rules")
    return render(request, "qualification/show.html", page.context(actor, request.GET))


@require_GET
@login_required
def handoffs(request: HttpRequest) -> HttpResponse:
    """How often sales accepts, and which offers wait too long."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    access.require(actor, "read_rules")
    return render(request, "qualification/handoffs.html", page.handoffs_context(actor, request.GET))


@dataclass(frozen=True, slots=True)
class Verb:
    """One act on one lead: its form as a page, its service, the panel it changes, what is said when it is done."""

    title: str | Promise
    done: str | Promise
    act: Callable[[Lead, Unit], object]
    panel: Callable[[Lead, Actor, dict[str, Any]], Panel]
    form: VerbForm | None = None
    slot: str = ""  # the panel's name for this form
    danger: bool = False


def _answer(request: HttpRequest, lead: Lead, verb: Verb) -> HttpResponse:
    """GET asks; POST acts and shows the result; what was refused comes back with what was typed."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if request.method != "POST":
        return _form(request, lead, verb, 200)
    if verb.form is not None and not verb.form.is_valid():
        return _form(request, lead, verb, 422)
    try:
        in_unit(lambda unit: verb.act(unit.leads([lead.pk])[0], unit), actor=actor)
    except Refused as refused:
        if verb.form is None or refused.status != 422:
            raise
        verb.form.add_error(None, str(refused.message))
        return _form(request, lead, verb, 422)
    if not request.htmx:  # type: ignore[attr-defined]
        messages.success(request, str(verb.done))
        return redirect("desk:inbox") if request.POST.get("back") == "inbox" else redirect(lead)
    if _in_dialog(request):
        response = render(request, "components/toast.html", {"text": verb.done, "tone": "good"})
    else:
        response = _panel(request, lead, verb, 200)
    response["HX-Trigger"] = "leadops:lead-changed"
    return response


def _in_dialog(request: HttpRequest) -> bool:
    """Asked for from a row or from the verbs of a page, not from its panel."""
    return bool(request.htmx) and request.htmx.target == "verb-form"  # type: ignore[attr-defined]


def _panel(request: HttpRequest, lead: Lead, verb: Verb, status: int) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    failed = {verb.slot: verb.form} if status != 200 else {}
    shown = verb.panel(access.lead_for(actor, lead.pk), actor, failed)
    context = {"template": shown.template, "panel": shown.context, "said": verb.done if status == 200 else ""}
    return render(request, "qualification/answer.html", context, status=status)


def _form(request: HttpRequest, lead: Lead, verb: Verb, status: int) -> HttpResponse:
    """The form by itself, or in its panel when htmx posted it from there."""
    if status != 200 and request.htmx and not _in_dialog(request):  # type: ignore[attr-defined]
        return _panel(request, lead, verb, status)
    context = {"lead": lead, "verb": verb, "form": verb.form, "action": request.path}
    template = "qualification/verb.html#form" if request.htmx else "qualification/verb.html"  # type: ignore[attr-defined]
    return render(request, template, context, status=status)


def _lead(request: HttpRequest, lead_id: uuid.UUID, verb: str) -> Lead:
    return access.lead_for(request.actor, lead_id, verb)  # type: ignore[attr-defined]


def _data(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


@require_POST
@login_required
def qualify(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    lead = _lead(request, lead_id, "qualify")
    return _answer(request, lead, Verb(_("Qualify"), _("Qualified by sales."), services.qualify, panels.handoff))


@require_http_methods(GET_OR_POST)
@login_required
def answer(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    """What sales learnt; with `then=qualify` the lead is qualified by the same act."""
    lead = _lead(request, lead_id, "answer")
    version = versions.version_at("framework", selectors.HOUSE, moment.now())
    if version is None:
        raise NotFound(_("No framework is in force."))
    held = {key: row.answer for key, row in selectors.answers_of([lead]).get(lead.pk, {}).items()}
    form = AnswersForm(_data(request), on=lead_id, body=version.body, held=held)
    qualifies = request.POST.get("then") == "qualify"

    def act(lead: Lead, unit: Unit) -> object:
        if qualifies:
            return services.qualify(lead, unit, form.given())
        return answers.answer([lead], form.given(), unit)

    done = _("Qualified by sales.") if qualifies else _("Answers kept.")
    return _answer(request, lead, Verb(_("Answer"), done, act, panels.answers, form, "answers_form"))


@require_http_methods(GET_OR_POST)
@login_required
def disqualify(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    lead, form = _lead(request, lead_id, "disqualify"), DisqualifyForm(_data(request), on=lead_id)

    def act(lead: Lead, unit: Unit) -> Lead:
        return services.disqualify(lead, unit, form.cleaned_data["reason"], form.cleaned_data["text"])

    said = Verb(_("Disqualify"), _("Disqualified."), act, panels.handoff, form, "disqualify_form", danger=True)
    return _answer(request, lead, said)


@require_http_methods(GET_OR_POST)
@login_required
def recycle(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    lead, form = _lead(request, lead_id, "recycle"), RecycleForm(_data(request), on=lead_id, at=moment.now())

    def act(lead: Lead, unit: Unit) -> Lead:
        return services.recycle(lead, unit, form.cleaned_data["reason"], form.wake_at(), form.cleaned_data["text"])

    said = Verb(_("Recycle"), _("Recycled: it will come back."), act, panels.handoff, form, "recycle_form")
    return _answer(request, lead, said)


@require_http_methods(GET_OR_POST)
@login_required
def open_opportunity(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    lead = _lead(request, lead_id, "open_opportunity")
    form = OpenOpportunityForm(_data(request), on=lead_id, initial={"name": lead.company})

    def act(lead: Lead, unit: Unit) -> Opportunity:
        data, amount = form.cleaned_data, form.cleaned_data["money"]
        minor, currency = (amount.minor, amount.currency) if amount else (None, data["currency"])
        return opportunities.open(lead, unit, data["name"], minor, currency, data["expected_on"])

    said = Verb(_("Open an opportunity"), _("Opportunity opened."), act, panels.opportunities, form, "open_form")
    return _answer(request, lead, said)


def _deal(request: HttpRequest, opportunity_id: uuid.UUID, verb: str) -> tuple[Opportunity, Lead]:
    """A deal of a lead the reader may use the verb on; deals without a lead have no page of their own."""
    deal = access.opportunities_visible_to(request.actor).filter(pk=opportunity_id, lead__isnull=False).first()  # type: ignore[attr-defined]
    if deal is None or deal.lead_id is None:
        raise NotFound(_("There is no such opportunity."))
    return deal, _lead(request, deal.lead_id, verb)


@require_http_methods(GET_OR_POST)
@login_required
def win(request: HttpRequest, opportunity_id: uuid.UUID) -> HttpResponse:
    deal, lead = _deal(request, opportunity_id, "win")
    form = WinForm(_data(request), on=deal.pk, initial={"currency": deal.currency})

    def act(lead: Lead, unit: Unit) -> Opportunity:
        amount = form.cleaned_data["money"]
        return opportunities.win(deal, unit, amount.minor, amount.currency, form.cleaned_data["closed_on"])

    return _answer(request, lead, Verb(_("Won"), _("Won."), act, panels.opportunities, form, f"win:{deal.pk}"))


@require_http_methods(GET_OR_POST)
@login_required
def lose(request: HttpRequest, opportunity_id: uuid.UUID) -> HttpResponse:
    deal, lead = _deal(request, opportunity_id, "lose")
    form = LoseForm(_data(request), on=deal.pk)

    def act(lead: Lead, unit: Unit) -> Opportunity:
        return opportunities.lose(deal, unit, form.cleaned_data["reason"])

    said = Verb(_("Lost"), _("Noted as lost."), act, panels.opportunities, form, f"lose:{deal.pk}", danger=True)
    return _answer(request, lead, said)
