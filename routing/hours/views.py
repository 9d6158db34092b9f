"""The pages of calendars, one address per act, plain forms that work without JavaScript; they decide nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from leadops import access, moment
from leadops.access import Actor
from leadops.errors import NotFound, Refused
from leadops.fold import whole
from leadops.models import Team
from leadops.unit import Unit, in_unit
from leadops.versions import services as versions
from leadops.versions.drafting import draft_of, free_key, propose, start_draft
from leadops.versions.forms import ReasonForm
from leadops.versions.models import Version
from routing.hours import editing, reading

KIND, EDIT = reading.KIND, "edit_calendar"
SETTLED = {
    "publish": gettext_lazy("Version %(n)s is in force."),
    "decline": gettext_lazy("Version %(n)s is declined."),
    "propose": gettext_lazy("Proposed as version %(n)s. Who works for the whole house publishes it."),
}


class NewCalendarForm(forms.Form):
    name_fr = forms.CharField(label=gettext_lazy("Name in French"), max_length=120)
    name_en = forms.CharField(label=gettext_lazy("Name in English"), max_length=120)
    team = forms.ChoiceField(
        label=gettext_lazy("Whose it is"),
        required=False,
        help_text=gettext_lazy(
            "A team’s calendar is published by its manager, the house’s by who works for the house."
        ),
    )

    def __init__(self, data: Any = None, *, actor: Actor) -> None:
        super().__init__(data)
        teams = [team for team in Team.objects.order_by("name") if access.can(actor, EDIT, team)]
        house = [("", gettext_lazy("The whole house"))]
        self.fields["team"].choices = [*house, *((t.key, t.name) for t in teams)]  # type: ignore[attr-defined]


class RollBackForm(ReasonForm):
    number = forms.IntegerField(label=gettext_lazy("Version"), min_value=1)


def _actor(request: HttpRequest, verb: str) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    access.require(actor, verb)
    return actor


def _page(request: HttpRequest, actor: Actor, key: str, status: int = 200, **given: Any) -> HttpResponse:
    given.setdefault("publish_form", ReasonForm(auto_id="publish_%s"))
    given.setdefault("roll_back_form", RollBackForm(auto_id="back_%s"))
    context = reading.page_context(actor, key, moment.now(), given)
    return render(request, "routing/calendar.html", context, status=status)


def _draft(actor: Actor, key: str) -> Version:
    found = draft_of(KIND, key, actor.user_id)
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
        form.add_error("reason" if refused.code == "reason-needed" else None, str(refused.message))
        return False
    return True


@require_safe
def list_calendars(request: HttpRequest) -> HttpResponse:
    context = reading.list_context(_actor(request, "read_rules"), moment.now())
    return render(request, "routing/calendars.html", context)


@require_safe
def show_calendar(request: HttpRequest, key: str) -> HttpResponse:
    spare = whole(request.GET.get("spare", ""))
    more = {"spare": min(spare, 20)} if spare is not None else {}
    return _page(request, _actor(request, "read_rules"), key, **more)


@require_http_methods(["GET", "HEAD", "POST"])
def new_calendar(request: HttpRequest) -> HttpResponse:
    """GET asks for the names; POST makes the first draft."""
    actor = _actor(request, EDIT)
    form = NewCalendarForm(request.POST or None, actor=actor)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        key, team = free_key(KIND, data["name_en"]), Team.objects.filter(key=data["team"]).first()
        body = editing.new_body({"fr": data["name_fr"], "en": data["name_en"]})
        in_unit(lambda unit: versions.draft(KIND, key, body, actor=actor, at=unit.at, team=team), actor=actor)
        return redirect("routing:show_calendar", key)
    return render(request, "routing/calendar_new.html", {"form": form}, status=422 if form.is_bound else 200)


@require_POST
def start(request: HttpRequest, key: str) -> HttpResponse:
    actor = _actor(request, EDIT)
    in_unit(lambda unit: start_draft(KIND, key, unit), actor=actor)
    return redirect("routing:show_calendar", key)


@require_POST
def save(request: HttpRequest, key: str) -> HttpResponse:
    """Save the draft as typed, faults and all; the buttons copy Monday's hours or offer more rows."""
    actor = _actor(request, EDIT)
    draft = _draft(actor, key)
    action = request.POST.get("do", "save")
    body = editing.typed(request.POST.dict())
    body = editing.with_monday_copied(body) if action == "copy" else body
    in_unit(lambda unit: versions.save_draft(draft.pk, body, actor=actor, at=unit.at), actor=actor)
    if action == "save":
        messages.success(request, _("Draft saved. Nothing changes before it is published."))
    target = redirect("routing:show_calendar", key)
    target["Location"] += {"more": "?spare=5#exceptions", "copy": "#week"}.get(action, "")
    return target


@require_POST
def publish(request: HttpRequest, key: str) -> HttpResponse:
    """Put the draft in force, decline it, or propose it, with a reason."""
    actor = _actor(request, EDIT)
    draft = _draft(actor, key)
    form = ReasonForm(request.POST, auto_id="publish_%s")
    answer, reason = request.POST.get("answer", ""), request.POST.get("reason", "")
    if form.is_valid() and _tried(form, lambda unit: _settle(draft, answer, reason, unit), actor):
        messages.success(request, SETTLED.get(answer, SETTLED["publish"]) % {"n": draft.number})
        return (
            redirect("routing:show_calendar", key)
            if versions.latest_number(KIND, key)
            else redirect("routing:list_calendars")
        )
    return _page(request, actor, key, 422, publish_form=form)


def _settle(draft: Version, answer: str, reason: str, unit: Unit) -> None:
    if answer == "propose":
        propose(draft, unit, reason)
    else:
        act = versions.decline if answer == "decline" else versions.publish
        act(draft.pk, unit=unit, reason=reason)


@require_POST
def roll_back(request: HttpRequest, key: str) -> HttpResponse:
    actor = _actor(request, EDIT)
    form = RollBackForm(request.POST, auto_id="back_%s")
    if form.is_valid():
        number, reason = form.cleaned_data["number"], form.cleaned_data["reason"]
        if _tried(form, lambda unit: versions.roll_back(KIND, key, number, unit=unit, reason=reason), actor):
            messages.success(request, _("Version %(n)s is in force.") % {"n": number})
            return redirect("routing:show_calendar", key)
    return _page(request, actor, key, 422, roll_back_form=form)
