"""The pages of sequences and templates, one address per act, plain forms that work without JavaScript; they decide nothing."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from leadops import access, moment
from leadops.access import Actor
from leadops.errors import NotFound, Refused
from leadops.unit import Unit, in_unit
from leadops.versions import drafting
from leadops.versions import services as versions
from leadops.versions.forms import NameForm, ReasonForm
from leadops.versions.models import Version
from nurture import defaults, editing, foresight, pages, selectors, services, waiting
from nurture.forms import CapForm, EnrolForm, RollBackForm, SettingsForm, TemplateForm

READ, EDIT = "read_sequences", "edit_sequences"
PAGES = {"sequence": "nurture:show_sequence", "template": "nurture:show_template"}


def _actor(request: HttpRequest, verb: str = EDIT) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    access.require(actor, verb)
    return actor


def _draft(kind: str, key: str) -> Version:
    found = drafting.draft_of(kind, key)
    if found is None:
        raise NotFound(_("There is no draft of this name."))
    return found


def _tried(form: Any, work: Callable[[Unit], Any], actor: Actor) -> bool:
    """Run an act in one unit; what was refused is written into the form, beside what was typed."""
    try:
        in_unit(work, actor=actor)
    except Refused as refused:
        if refused.status not in (409, 422):
            raise
        pages.bound_errors(form, refused)
        return False
    return True


# -- sequences -----------------------------------------------------------------------------------------


@require_safe
def list_sequences(request: HttpRequest) -> HttpResponse:
    return render(request, "nurture/sequences.html", pages.list_context(_actor(request, READ)))


@require_POST
def start_with_starters(request: HttpRequest) -> HttpResponse:
    """Drafts of the three templates and two sequences to begin with."""
    actor = _actor(request)
    in_unit(lambda unit: defaults.draft_starters(actor=actor, unit=unit), actor=actor)
    messages.success(request, _("The starters are here as drafts: read them, then publish the templates first."))
    return redirect("nurture:list_sequences")


@require_http_methods(["GET", "HEAD", "POST"])
def new_sequence(request: HttpRequest) -> HttpResponse:
    return _new(request, "sequence", editing.new_sequence, _("New sequence"))


@require_http_methods(["GET", "HEAD", "POST"])
def new_template(request: HttpRequest) -> HttpResponse:
    return _new(request, "template", editing.new_template, _("New template"))


def _new(request: HttpRequest, kind: str, body: Callable[[dict[str, str]], dict[str, Any]], title: str) -> HttpResponse:
    """GET asks for the names; POST makes the first draft."""
    actor, form = _actor(request), NameForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        key = drafting.free_key(kind, form.cleaned_data["name_en"])
        made = body(form.names())
        in_unit(lambda unit: versions.draft(kind, key, made, actor=actor, at=unit.at), actor=actor)
        return redirect(PAGES[kind], key)
    status = 422 if request.method == "POST" else 200
    return render(request, "nurture/new.html", {"form": form, "title": title, "kind": kind}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def cap(request: HttpRequest) -> HttpResponse:
    """The cap on mails per person: what holds and held; POST puts another in force."""
    actor = _actor(request, EDIT if request.method == "POST" else READ)
    held = waiting.cap_at(moment.now())
    form = CapForm(request.POST or None, initial={"per_day": held.per_day, "per_week": held.per_week})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        body = {"per_day": data["per_day"], "per_week": data["per_week"]}
        if _tried(form, lambda unit: editing.put_policy_in_force(body, data["reason"], unit), actor):
            messages.success(request, _("The new cap holds from now on, for mails already planned too."))
            return redirect("nurture:cap")
    context = {"form": form, "held": held, "versions": versions.history(waiting.KIND, waiting.KEY)}
    context["may_edit"] = access.can(actor, EDIT)
    return render(request, "nurture/cap.html", context, status=422 if form.errors else 200)


def _key(text: str) -> str:
    """The enrolment a page begins behind; what is no id begins it at the top."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return ""


def _sequence(request: HttpRequest, actor: Actor, key: str, status: int = 200, **given: Any) -> HttpResponse:
    given.setdefault("state", request.GET.get("state", ""))
    given.setdefault("after", _key(request.GET.get("after", "")))
    return render(request, "nurture/sequence.html", pages.sequence_context(actor, key, given), status=status)


@require_safe
def show_sequence(request: HttpRequest, key: str) -> HttpResponse:
    return _sequence(request, _actor(request, READ), key)


@require_POST
def start_draft(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    actor = _actor(request)
    in_unit(lambda unit: drafting.start_draft(kind, key, unit), actor=actor)
    return redirect(PAGES[kind], key)


@require_POST
def save_settings(request: HttpRequest, key: str) -> HttpResponse:
    """Save the draft's settings; a button of the condition shows the page again with the change, nothing saved."""
    actor, draft = _actor(request), _draft("sequence", key)
    form = SettingsForm(request.POST, body=draft.body)
    if "_save" not in request.POST:
        return _sequence(request, actor, key, settings_form=form)
    if not form.is_valid():
        return _sequence(request, actor, key, 422, settings_form=form)
    in_unit(lambda unit: editing.save(draft, form.changed_body(), actor=actor, unit=unit), actor=actor)
    messages.success(request, _("Draft saved. Nothing changes before it is published."))
    return redirect(PAGES["sequence"], key)


@require_POST
def save_steps(request: HttpRequest, key: str) -> HttpResponse:
    """Save the steps as typed and ordered, then do what the pressed button says."""
    actor, draft = _actor(request), _draft("sequence", key)
    steps = editing.typed_steps(draft.body, request.POST.dict())
    action, _sep, value = request.POST.get("do", "").partition(":")
    body = {**draft.body, "steps": editing.acted(steps, action, value)}
    in_unit(lambda unit: editing.save(draft, body, actor=actor, unit=unit), actor=actor)
    return redirect(f"{request.path.removesuffix('/steps')}#steps")


@require_POST
def publish(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    actor, draft = _actor(request), _draft(kind, key)
    form = ReasonForm(request.POST, auto_id="publish_%s")
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        if _tried(form, lambda unit: versions.publish(draft.pk, unit=unit, reason=reason), actor):
            messages.success(request, _("Version %(n)s is in force.") % {"n": draft.number})
            return redirect(PAGES[kind], key)
    return _page(request, actor, kind, key, publish_form=form)


@require_POST
def roll_back(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    actor = _actor(request)
    numbers = [row.number for row in versions.history(kind, key) if row.state != Version.State.DRAFT]
    form = RollBackForm(request.POST, numbers=numbers)
    if form.is_valid():
        number, reason = int(form.cleaned_data["number"]), form.cleaned_data["reason"]
        if _tried(form, lambda unit: versions.roll_back(kind, key, number, unit=unit, reason=reason), actor):
            messages.success(request, _("Version %(n)s is in force.") % {"n": number})
            return redirect(PAGES[kind], key)
    return _page(request, actor, kind, key, roll_back_form=form)


def _page(request: HttpRequest, actor: Actor, kind: str, key: str, **given: Any) -> HttpResponse:
    """The page of a version again, with the form that was refused."""
    if kind == "sequence":
        return _sequence(request, actor, key, 422, **given)
    return render(request, "nurture/template.html", pages.template_context(actor, key, "", given), status=422)


# -- templates -----------------------------------------------------------------------------------------


@require_safe
def list_templates(request: HttpRequest) -> HttpResponse:
    actor = _actor(request, READ)
    context = {"rows": selectors.templates(), "may_edit": access.can(actor, EDIT)}
    return render(request, "nurture/templates.html", context)


@require_safe
def show_template(request: HttpRequest, key: str) -> HttpResponse:
    context = pages.template_context(_actor(request, READ), key, request.GET.get("lead", ""))
    return render(request, "nurture/template.html", context)


@require_POST
def save_template(request: HttpRequest, key: str) -> HttpResponse:
    """Save the draft, or look at what is typed without saving; a draft may be kept with its faults shown."""
    actor, draft = _actor(request), _draft("template", key)
    form = TemplateForm(request.POST, body=draft.body)
    if form.is_valid() and "_save" in request.POST:
        in_unit(lambda unit: editing.save(draft, form.changed_body(), actor=actor, unit=unit), actor=actor)
        messages.success(request, _("Draft saved. Nothing changes before it is published."))
        return redirect(PAGES["template"], key)
    context = pages.template_context(actor, key, request.POST.get("lead", ""), {"form": form})
    return render(request, "nurture/template.html", context, status=200 if form.is_valid() else 422)


# -- one lead ------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def enrol(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    """GET shows what the sequence asked for would do, POST enters the lead or says why not."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    lead = access.lead_for(actor, lead_id, "enrol")
    form = EnrolForm(request.POST or (request.GET if "sequence" in request.GET else None), on=lead.pk)
    if request.method == "POST" and form.is_valid():
        key = form.cleaned_data["sequence"]
        if _tried_one(form, lambda unit: services.enrol_one(lead, key, unit), actor):
            messages.success(request, _("The sequence has begun."))
            return redirect(lead)
    key = form.cleaned_data.get("sequence", "") if form.is_bound and form.is_valid() else ""
    seen = foresight.preview(lead, key, actor, moment.now()) if key else None
    status = 422 if request.method == "POST" else 200
    return render(request, "nurture/enrol.html", {"lead": lead, "form": form, "preview": seen}, status=status)


def _tried_one(form: Any, work: Callable[[Unit], Any], actor: Actor) -> bool:
    try:
        in_unit(work, actor=actor)
    except Refused as refused:
        if refused.status != 422:
            raise
        form.add_error(None, str(refused.message))
        return False
    return True


ACTS: dict[str, Callable[[uuid.UUID, Unit], Any]] = {
    "pause": services.pause,
    "resume": services.resume,
    "leave": services.leave,
}


@require_POST
def act(request: HttpRequest, enrolment_id: uuid.UUID, verb: str) -> HttpResponse:
    """Pause, resume or leave; back to where it was asked."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    row = selectors.enrolments_visible_to(actor).filter(pk=enrolment_id).first()
    if row is None or verb not in ACTS:
        raise NotFound(_("There is no such enrolment."))
    in_unit(lambda unit: ACTS[verb](row.pk, unit), actor=actor)
    said = {"pause": _("Paused."), "resume": _("It goes on."), "leave": _("The sequence has ended for this lead.")}
    messages.success(request, said[verb])
    return redirect(PAGES["sequence"], row.sequence) if request.POST.get("back") == "sequence" else redirect(row.lead)
