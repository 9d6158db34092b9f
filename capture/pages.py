"""The desk side of capture: new lead, submissions and ledger, sources, campaigns and costs; views decide nothing."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from capture import ledger, pipeline, selectors, services, snippets
from capture.bell import bell
from capture.filters import SubmissionFilter
from capture.forms import ADAPTER_NAMES, CampaignForm, CostForm, LedgerForm, NewLeadForm, ReplayForm, SourceForm
from capture.models import Cost, Source, Submission
from capture.panels import OURS, channel_labels, instructions
from leadops import access, ids, moment
from leadops.access import Actor
from leadops.errors import Refused
from leadops.models import Rep
from leadops.unit import in_unit

PAGE = 50
BODY_SHOWN = 64_000  # characters of a raw body put on a page


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


# -- new lead ------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def new_lead(request: HttpRequest) -> HttpResponse:
    actor = _actor(request)
    access.require(actor, "create_lead")
    is_rep = Rep.objects.filter(pk=actor.user_id, active=True).exists()
    options: dict[str, Any] = {"is_rep": is_rep, "known_url": reverse("capture:show_known")}
    if request.method != "POST":
        form = NewLeadForm(initial={"nonce": ids.token(16)}, **options)
        return render(request, "capture/new_lead.html", {"form": form})
    form = NewLeadForm(request.POST, **options)
    if not form.is_valid():
        return render(request, "capture/new_lead.html", {"form": form}, status=422)
    taken = form.cleaned_data
    row = in_unit(
        lambda unit: services.new_lead(form.values(), unit=unit, nonce=taken["nonce"], owner=taken["owner"]),
        actor=actor,
    )
    return _resolved(request, row, pipeline.run_now([row.pk], actor))


def _resolved(request: HttpRequest, row: Submission, result: pipeline.Result) -> HttpResponse:
    """To the lead when there is one the person may see; else to what became of the submission."""
    if not result.ran:
        bell.ring()
    row.refresh_from_db(fields=["end", "lead", "reason"])
    if row.lead_id and access.leads_visible_to(_actor(request)).filter(pk=row.lead_id).exists():
        return redirect(f"/leads/{row.lead_id}")
    if row.lead_id:
        messages.success(request, _("The lead is taken in; it is with a colleague."))
    elif row.end == Submission.End.PENDING:
        messages.info(request, _("The lead is being routed."))
    return redirect("capture:show_submission", row.pk)


@require_safe
def show_known(request: HttpRequest) -> HttpResponse:
    """Who has this address or number already: a fragment while somebody types."""
    known = selectors.known_people(request.GET.get("email", ""), request.GET.get("phone", ""), _actor(request))
    return render(request, "capture/known.html", {"known": known})


# -- submissions ---------------------------------------------------------------------------------------------


@require_safe
def list_submissions(request: HttpRequest) -> HttpResponse:
    chosen = SubmissionFilter(request.GET, queryset=selectors.submissions(_actor(request)).order_by("-id"))
    after = _uuid(request.GET.get("after", ""))
    rows = list((chosen.qs.filter(pk__lt=after) if after else chosen.qs)[: PAGE + 1])
    leads = selectors.leads_of(_actor(request), rows[:PAGE])
    context = {
        "filter": chosen,
        "rows": rows[:PAGE],
        "lines": [(row, leads.get(row.lead_id)) for row in rows[:PAGE]],
        "after": str(rows[PAGE - 1].pk) if len(rows) > PAGE else "",
        "filtered": any(value for name, value in request.GET.items() if name != "after"),
    }
    return render(request, "capture/submissions.html", context)


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


@require_safe
def show_submission(request: HttpRequest, submission_id: uuid.UUID) -> HttpResponse:
    return _submission_page(request, submission_id, ReplayForm())


def _submission_page(
    request: HttpRequest, submission_id: uuid.UUID, form: ReplayForm, status: int = 200
) -> HttpResponse:
    actor = _actor(request)
    row = selectors.submission_for(actor, submission_id)
    body = bytes(row.body).decode("utf-8", "replace")
    context = {
        "row": row,
        "body": body[:BODY_SHOWN],
        "cut": len(body) > BODY_SHOWN,
        "headers": sorted((name, said) for name, said in row.headers.items() if name not in OURS),
        "instructions": instructions(row),
        "journal": selectors.journal_of_submission(row),
        "lead_visible": row.lead_id is not None and access.leads_visible_to(actor).filter(pk=row.lead_id).exists(),
        "form": form,
        "may_replay": row.end in services.REPLAYABLE and access.can(actor, "replay_submission"),
    }
    return render(request, "capture/submission.html", context, status=status)


@require_POST
def replay_submission(request: HttpRequest, submission_id: uuid.UUID) -> HttpResponse:
    """Edit and retry. What hung or killed a worker before is left to a worker, never run inside a page."""
    actor, form = _actor(request), ReplayForm(request.POST)
    row = selectors.submission_for(actor, submission_id)
    if not form.is_valid():
        return _submission_page(request, submission_id, form, 422)
    was_dead = row.reason == "dead"
    in_unit(lambda unit: services.replay(row.pk, form.cleaned_data, unit=unit), actor=actor)
    if was_dead or not pipeline.run_now([row.pk], actor).ran:
        bell.ring()
    return redirect("capture:show_submission", row.pk)


@require_safe
def show_ledger(request: HttpRequest) -> HttpResponse:
    today = moment.today(settings.REPORTING_ZONE)
    form = LedgerForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    to = asked.get("to") or today
    frm = asked.get("frm") or ledger.week_to(to)
    source = asked["source"].slug if asked.get("source") else ""
    rows = selectors.ledger_rows(frm, to, source, _actor(request))
    shown = LedgerForm({"frm": frm, "to": to, "source": source}) if form.is_valid() else form
    names = selectors.names_of((row.source for row in rows), ()).sources
    context = {
        "rows": [(row, names.get(row.source, row.source)) for row in rows],
        "totals": ledger.totals(rows),
        "form": shown,
    }
    return render(request, "capture/ledger.html", context)


# -- sources -------------------------------------------------------------------------------------------------


@require_safe
def list_sources(request: HttpRequest) -> HttpResponse:
    actor = _actor(request)
    rows = selectors.health_of(list(selectors.sources(actor)), moment.now())
    context = {"rows": rows, "channels": channel_labels(), "may_edit": access.can(actor, "edit_sources")}
    return render(request, "capture/sources.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new_source(request: HttpRequest) -> HttpResponse:
    actor = _actor(request)
    access.require(actor, "edit_sources")
    form = SourceForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return render(
            request, "capture/source_new.html", {"form": form}, status=422 if request.method == "POST" else 200
        )
    made = in_unit(lambda unit: services.create_source(form.cleaned_data, unit=unit), actor=actor)
    if made.secret:  # shown on this one answer and nowhere again
        return render(request, "capture/source_secret.html", {"source": made.source, "secret": made.secret})
    return redirect("capture:show_source", made.source.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def show_source(request: HttpRequest, source_id: uuid.UUID) -> HttpResponse:
    """A source with its health and costs, and the form that adds or corrects a cost."""
    actor = _actor(request)
    source = selectors.source_for(actor, source_id)
    form = CostForm(request.POST or None, initial={"corrects": request.GET.get("corrects", "")})
    if request.method == "POST":
        access.require(actor, "edit_costs")
        if form.is_valid() and _add_cost(request, form, source=source):
            return redirect("capture:show_source", source.pk)
    return _source_page(request, source, form)


def _source_page(request: HttpRequest, source: Source, form: CostForm) -> HttpResponse:
    actor, costs = _actor(request), selectors.costs_of(source)
    (health,) = selectors.health_of([source], moment.now())
    context = {
        "source": source,
        "health": health,
        "ends": [(label, health.ends.get(end, 0), end) for end, label in Submission.End.choices],
        "adapter": ADAPTER_NAMES.get(source.adapter, source.adapter),
        "channel": channel_labels().get(source.channel, source.channel),
        "hosted": selectors.hosted_form_of(source),
        "may_form": access.can(actor, "open_admin") and access.can(actor, "edit_sources"),
        **snippets.of(source, request.build_absolute_uri(f"/in/{source.key}")),
        "may_read": access.can(actor, "read_submissions"),
        "latest": selectors.latest_submissions(source),
        "refusals": selectors.refusals_of(source, moment.now()),
        "states": Source.State,
        "may_edit": access.can(actor, "edit_sources"),
        "form": form,
        "costs": costs,
        "total": _total(costs),
        "campaign": source.campaign,
        "campaign_total": _total(selectors.costs_of_campaign(source)),
        "may_cost": access.can(actor, "edit_costs"),
    }
    return render(request, "capture/source.html", context, status=422 if request.method == "POST" else 200)


@require_POST
def set_source_state(request: HttpRequest, source_id: uuid.UUID) -> HttpResponse:
    state = request.POST.get("state", "")
    in_unit(lambda unit: services.set_source_state(source_id, state, unit=unit), actor=_actor(request))
    return redirect("capture:show_source", source_id)


# -- campaigns and costs -------------------------------------------------------------------------------------


@require_safe
def list_campaigns(request: HttpRequest) -> HttpResponse:
    actor = _actor(request)
    rows = [(row, _total(row.costs_held)) for row in selectors.campaigns(actor)]  # type: ignore[attr-defined]
    context = {"rows": rows, "channels": channel_labels(), "may_edit": access.can(actor, "edit_sources")}
    return render(request, "capture/campaigns.html", context)


def _total(costs: list[Cost]) -> int | None:
    """Together in the house's currency; nothing when one of them cannot be converted."""
    amounts = [cost.house_minor for cost in costs]
    return None if any(amount is None for amount in amounts) else sum(amount or 0 for amount in amounts)


@require_http_methods(["GET", "HEAD", "POST"])
def new_campaign(request: HttpRequest) -> HttpResponse:
    actor = _actor(request)
    access.require(actor, "edit_sources")
    form = CampaignForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "capture/campaign_new.html", {"form": form}, status=status)
    made = in_unit(lambda unit: services.create_campaign(form.cleaned_data, unit=unit), actor=actor)
    return redirect("capture:show_campaign", made.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def show_campaign(request: HttpRequest, campaign_id: uuid.UUID) -> HttpResponse:
    """A campaign with its costs, and the form that adds or corrects one."""
    actor = _actor(request)
    campaign = selectors.campaign_for(actor, campaign_id)
    form = CostForm(request.POST or None, initial={"corrects": request.GET.get("corrects", "")})
    status = 200
    if request.method == "POST":
        access.require(actor, "edit_costs")
        status = 422
        if form.is_valid() and _add_cost(request, form, campaign=campaign):
            return redirect("capture:show_campaign", campaign.pk)
    costs = campaign.costs_held  # type: ignore[attr-defined]
    context = {"campaign": campaign, "form": form, "costs": costs, "may_cost": access.can(actor, "edit_costs")}
    return render(request, "capture/campaign.html", {**context, "total": _total(costs)}, status=status)


def _add_cost(request: HttpRequest, form: CostForm, **of: Any) -> bool:
    data = form.cleaned_data
    cost = services.CostOf(
        from_on=data["from_on"],
        to_on=data["to_on"],
        amount_minor=data["amount"].minor,
        currency=data["amount"].currency,
        **of,
        note=data["note"],
        corrects=data["corrects"],
    )
    try:
        in_unit(lambda unit: services.add_cost(cost, unit=unit), actor=_actor(request))
    except Refused as refused:
        form.add_error(None, str(refused.message))
        return False
    return True
