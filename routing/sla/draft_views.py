"""The SLA policies being changed: one draft of one's own, its order, each policy, publication; views decide nothing."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from leadops import access, moment
from leadops.access import Actor
from leadops.errors import NotFound, Refused
from leadops.unit import in_unit
from leadops.versions import services as versions
from leadops.versions.forms import NameForm, ReasonForm
from leadops.versions.models import Version
from routing.sla import editing, proposals
from routing.sla.forms import PolicyForm
from routing.sla.trying import taken

DRAFT = "routing:show_sla_draft"


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    access.require(actor, "edit_sla")
    return actor


def _draft(actor: Actor) -> Version:
    found = proposals.draft_of(actor)
    if found is None:
        raise NotFound(_("You have no draft of the SLA policies."))
    return found


def _policy(draft: Version, key: str) -> editing.Body:
    found = editing.policy_of(draft.body, key)
    if found is None:
        raise NotFound(_("There is no such policy."))
    return found


def _save(actor: Actor, draft: Version, body: editing.Body) -> None:
    in_unit(lambda unit: versions.save_draft(draft.pk, body, actor=actor, at=unit.at), actor=actor)


def _page(request: HttpRequest, actor: Actor, status: int = 200, **given: Any) -> HttpResponse:
    draft = _draft(actor)
    context = proposals.draft_context(draft, actor, moment.now())
    forms = {"name_form": NameForm(auto_id="new_%s"), "publish_form": ReasonForm(auto_id="publish_%s")}
    return render(request, "routing/sla_draft.html", {**context, **forms, **given}, status=status)


@require_safe
def show_draft(request: HttpRequest) -> HttpResponse:
    return _page(request, _actor(request))


@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """A draft of what is in force; one's own that is there already is kept."""
    actor = _actor(request)
    in_unit(lambda unit: proposals.start_draft(unit), actor=actor)
    return redirect(DRAFT)


@require_POST
def add_policy(request: HttpRequest) -> HttpResponse:
    actor = _actor(request)
    draft, form = _draft(actor), NameForm(request.POST, auto_id="new_%s")
    if not form.is_valid():
        return _page(request, actor, 422, name_form=form)
    body, key = editing.new_policy(draft.body, form.names())
    _save(actor, draft, body)
    return redirect("routing:edit_policy", key)


@require_POST
def arrange(request: HttpRequest, policy_key: str) -> HttpResponse:
    """Up, down or out."""
    actor = _actor(request)
    draft, action = _draft(actor), request.POST.get("do", "")
    _policy(draft, policy_key)
    if action == "remove":
        body = editing.without(draft.body, policy_key)
    else:
        body = editing.moved(draft.body, policy_key, {"up": -1, "down": 1}.get(action, 0))
    _save(actor, draft, body)
    return redirect(DRAFT)


@require_http_methods(["GET", "HEAD", "POST"])
def edit_policy(request: HttpRequest, policy_key: str) -> HttpResponse:
    """GET shows the policy, POST saves it into the draft; the builder's buttons only show the page again."""
    actor = _actor(request)
    draft = _draft(actor)
    url = reverse("routing:try_policy", args=[policy_key])
    form = PolicyForm(request.POST or None, policy=_policy(draft, policy_key), url=url)
    saves = request.method == "POST" and "_save" in request.POST
    if saves and form.is_valid():
        _save(actor, draft, editing.with_policy(draft.body, policy_key, form.changed()))
        messages.success(request, _("Draft saved. Nothing changes before it is published."))
        return redirect(DRAFT)
    context = {"form": form, "draft": draft, "key": policy_key, "preview": _tried(form, draft, policy_key, actor)}
    return render(request, "routing/sla_policy.html", context, status=422 if saves else 200)


@require_POST
def try_policy(request: HttpRequest, policy_key: str) -> HttpResponse:
    """The builder anew, and out of band which leads the policy would take; stores nothing."""
    actor = _actor(request)
    draft = _draft(actor)
    form = PolicyForm(request.POST, policy=_policy(draft, policy_key), url=request.path)
    context = {"preview": _tried(form, draft, policy_key, actor), "oob": True}
    beside = render_to_string("routing/sla_preview.html", context, request)
    return HttpResponse(format_html("{}{}", form["when"], beside))


def _tried(form: PolicyForm, draft: Version, key: str, actor: Actor) -> Any:
    """Who falls under the policy as it stands on the page, None while its condition is not complete."""
    when = form.typed_condition() if form.is_bound else form.policy.get("when") or {}
    if when is None:
        return None
    body = editing.with_policy(draft.body, key, {**form.policy, "when": when})
    return next(iter(taken(actor, body, moment.now(), key)), None)


@require_POST
def publish(request: HttpRequest) -> HttpResponse:
    """Put the draft in force, propose it, or throw it away; the first two need a reason."""
    actor = _actor(request)
    draft, answer, reason = _draft(actor), request.POST.get("answer", ""), request.POST.get("reason", "")
    form = ReasonForm(request.POST, auto_id="publish_%s")
    try:
        in_unit(lambda unit: proposals.settle(draft, answer, reason, unit), actor=actor)
    except Refused as refused:
        if refused.status not in (409, 422):
            raise
        form.add_error("reason" if refused.code == "reason-needed" else None, str(refused.message))
        return _page(request, actor, 422, publish_form=form)
    messages.success(request, proposals.SETTLED[answer] % {"n": draft.number})
    return redirect("routing:show_sla")
