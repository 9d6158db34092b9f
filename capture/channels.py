"""The channel table on the desk: its rules in order, a draft of it edited rule by rule, published with a reason.

Every act goes through the versions' own services; what a table may be is said by `attribution.check_table`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from capture import editing, selectors
from capture.attribution import KEY, KIND, TOUCH
from capture.forms import ChannelRuleForm, OrderForm, PublishForm
from capture.panels import channel_labels
from leadops import access, moment
from leadops.access import Actor
from leadops.conditions.sentence import sentence
from leadops.errors import NotFound, Refused
from leadops.templatetags.house import said
from leadops.unit import Unit, in_unit
from leadops.versions import services as versions
from leadops.versions.models import Version

EDIT, READ = "edit_channels", "read_sources"


def _actor(request: HttpRequest, verb: str = EDIT) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    access.require(actor, verb)
    return actor


def _draft() -> Version:
    found = selectors.channel_draft()
    if found is None:
        raise NotFound(_("There is no draft of the channel table."))
    return found


def _rows(body: dict[str, Any]) -> list[dict[str, Any]]:
    labels = channel_labels()
    return [
        {
            "key": rule["key"],
            "label": said(rule.get("label")) or rule["key"],
            "when": sentence(rule["when"], TOUCH),
            "channel": labels.get(rule["channel"], rule["channel"]),
        }
        for rule in body.get("rules", ())
    ]


def _tried(form: forms.Form, work: Callable[[Unit], Any], actor: Actor) -> bool:
    """Run an act in one unit; what was refused is written into the form, beside what was typed."""
    try:
        in_unit(work, actor=actor)
    except Refused as refused:
        form.add_error("reason" if refused.code == "reason-needed" else None, str(refused.message))
        for where, message in refused.detail.get("faults", ()):
            form.add_error(None, f"{where}: {message}")
        return False
    return True


def _page(request: HttpRequest, actor: Actor, form: forms.Form, status: int = 200) -> HttpResponse:
    live, draft = versions.version_at(KIND, KEY, moment.now()), selectors.channel_draft()
    shown = draft or live
    context = {
        "in_force": live,
        "draft": draft,
        "rows": _rows(shown.body) if shown else [],
        "may_edit": access.can(actor, EDIT),
        "form": form,
        "versions": versions.history(KIND, KEY),
    }
    return render(request, "capture/channels.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def show_channels(request: HttpRequest) -> HttpResponse:
    """The table in force, or its draft; a POST starts a draft."""
    if request.method != "POST":
        return _page(request, _actor(request, READ), PublishForm())
    actor = _actor(request)
    in_unit(lambda unit: editing.start_channel_draft(unit), actor=actor)
    return redirect("capture:show_channels")


@require_POST
def publish_channels(request: HttpRequest) -> HttpResponse:
    actor, draft, form = _actor(request), _draft(), PublishForm(request.POST)
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        if _tried(form, lambda unit: versions.publish(draft.pk, unit=unit, reason=reason), actor):
            messages.success(request, _("Version %(n)s of the channel table is in force.") % {"n": draft.number})
            return redirect("capture:show_channels")
    return _page(request, actor, form, 422)


@require_POST
def order_channels(request: HttpRequest) -> HttpResponse:
    """Rules in the order of the numbers typed beside them."""
    actor, draft = _actor(request), _draft()
    form = OrderForm(request.POST, keys=[rule["key"] for rule in draft.body["rules"]])
    if not form.is_valid():
        return _page(request, actor, form, 422)
    body = editing.in_order(draft.body, form.places())
    in_unit(lambda unit: versions.save_draft(draft.pk, body, actor=actor, at=unit.at), actor=actor)
    return redirect("capture:show_channels")


@require_http_methods(["GET", "HEAD", "POST"])
def edit_channel_rule(request: HttpRequest, key: str) -> HttpResponse:
    """One rule of the draft: its names, condition and channel; `new` adds one before the others."""
    actor, draft = _actor(request), _draft()
    key = "" if key == "new" else key
    initial = editing.rule_named(draft.body, key)
    if key and initial is None:
        raise NotFound(_("There is no such rule."))
    posted = request.POST if request.method == "POST" else None
    form = ChannelRuleForm(posted, initial=initial or {}, channels=draft.body["channels"])
    acts = posted is not None and "_save" in posted
    body = None
    if posted is not None and "_remove" in posted:
        body = editing.without_rule(draft.body, key)
    elif acts and form.is_valid():
        body = editing.with_rule(draft.body, key, form.cleaned_data)
    if body is not None:
        kept: dict[str, Any] = body
        in_unit(lambda unit: versions.save_draft(draft.pk, kept, actor=actor, at=unit.at), actor=actor)
        return redirect("capture:show_channels")
    context = {"form": form, "key": key, "back": reverse("capture:show_channels")}
    return render(request, "capture/channel_rule.html", context, status=422 if acts else 200)
