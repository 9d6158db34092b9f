"""/sla: policies in words, the take-away switch, a tester, and the sum behind any clock."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.contrib import messages
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from leadops import access, calendars, moment
from leadops.unit import in_unit
from leadops.versions import services as versions
from leadops.versions.calendars import calendar_at, names_at
from routing.sla import coverage, proposals, reading
from routing.sla.switching import switch_take_away


class TesterForm(forms.Form):
    """Start and duration to try; the start is typed in the reader's zone."""

    calendar = forms.ChoiceField(label=gettext_lazy("Calendar"))
    start = forms.DateTimeField(
        label=gettext_lazy("From"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M"],
        validators=[
            MinValueValidator(datetime.combine(moment.FIRST_DAY, time(), UTC)),
            MaxValueValidator(datetime.combine(moment.LAST_DAY, time(), UTC)),
        ],
    )
    minutes = forms.IntegerField(label=gettext_lazy("Working minutes"), min_value=1, max_value=129_600, initial=60)

    def __init__(self, *args: Any, names: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["calendar"].choices = list(names.items())  # type: ignore[attr-defined]


def _tester(request: HttpRequest, at: datetime) -> tuple[TesterForm, list[reading.Line], datetime | None]:
    data = request.GET if "start" in request.GET else None
    local = timezone.localtime(at).replace(second=0, microsecond=0, tzinfo=None)
    form = TesterForm(data, names=names_at(at), initial={"start": local})
    if data is None or not form.is_valid():
        return form, [], None
    calendar = calendar_at(form.cleaned_data["calendar"], at)
    start, seconds = form.cleaned_data["start"], form.cleaned_data["minutes"] * 60
    return form, reading.arithmetic(calendar, start, seconds), calendars.add(calendar, start, seconds)


@require_safe
def show_sla(request: HttpRequest) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    access.require(actor, "read_rules")
    at = moment.now()
    live = versions.version_at("sla", "house", at)
    form, lines, due = _tester(request, at)
    mine = proposals.draft_of(actor)
    context = {
        "version": live,
        "policies": reading.policies_shown(versions.compiled(live), at) if live else [],
        "history": versions.history("sla", "house")[:10],
        "may_propose": access.can(actor, "edit_sla"),
        "may_publish": versions.may_publish(actor, "sla"),
        "proposals": [proposals.shown(one) for one in proposals.open_proposals()[:10]],
        "mine": mine,
        "gaps": [reading.gap_words(gap) for gap in coverage.gaps(at)[:5]],
        "form": form,
        "lines": lines,
        "due": due,
    }
    return render(request, "routing/sla.html", context)


@require_POST
def set_take_away(request: HttpRequest, policy_key: str) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    access.require(actor, "edit_sla")
    on = request.POST.get("on") == "1"
    reason = request.POST.get("reason", "")
    publishes = versions.may_publish(actor, "sla")
    act = switch_take_away if publishes else proposals.propose_take_away
    made = in_unit(lambda unit: act(policy_key, on, unit, reason), actor=actor)
    if not publishes:
        text = _("Proposed as version %(n)s. Who works for the whole house publishes it.") % {"n": made.number}
    else:
        text = _("Leads are taken away at that step from now on.") if on else _("Leads are no longer taken away.")
    messages.success(request, text)
    return redirect("routing:show_sla")


@require_POST
def answer_proposal(request: HttpRequest, version_id: uuid.UUID) -> HttpResponse:
    """Put a proposal in force or decline it, with a reason."""
    actor = request.actor  # type: ignore[attr-defined]
    access.require(actor, "edit_sla")
    publish, reason = request.POST.get("answer") == "publish", request.POST.get("reason", "")
    made = in_unit(lambda unit: proposals.answer(version_id, publish, reason, unit), actor=actor)
    text = _("Version %(n)s is in force from now on.") if publish else _("Version %(n)s is declined.")
    messages.success(request, text % {"n": made.number})
    return redirect("routing:show_sla")


@require_safe
def show_arithmetic(request: HttpRequest, clock_id: uuid.UUID) -> HttpResponse:
    """The sum behind one clock's due moment."""
    actor = request.actor  # type: ignore[attr-defined]
    access.require(actor, "read_leads")
    clock = reading.clock_for(actor, clock_id)
    lines = reading.arithmetic(reading.calendar_of(clock), clock.started_at, clock.target_seconds)
    context = {"clock": clock, "label": reading.kind_words(clock.kind), "lines": lines, **reading.names_of(clock)}
    context["who"] = clock.lead.company if access.masks_contacts(actor) else clock.lead.person
    template = "routing/sla_arithmetic.html#lines" if request.htmx else "routing/sla_arithmetic.html"  # type: ignore[attr-defined]
    return render(request, template, context)
