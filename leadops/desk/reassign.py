"""Choosing leads to move: the list with its filters, where to, and why; the plan itself is routing's."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from leadops import access
from leadops.desk import selectors
from leadops.desk.chips import chips
from leadops.desk.filters import LeadFilter
from leadops.models import IS_OPEN, Rep, Role
from leadops.rest.queries import read
from leadops.templatetags.house import said
from leadops.unit import in_unit
from routing import reassigning
from routing.models import Pool

SHOWN = 200


class ReassignForm(forms.Form):
    """Where the chosen leads go, and why."""

    to = forms.ChoiceField(label=_("Give them to"))
    reason = forms.CharField(label=_("Reason"), max_length=300)
    everything = forms.BooleanField(label=_("All leads found, not only the chosen ones"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        pools = [(f"pool:{p.key}", said(p.name) or p.key) for p in Pool.objects.filter(active=True).order_by("key")]
        reps = Rep.objects.filter(active=True).select_related("user", "team").order_by("team__name", "user__name")
        people = [(f"rep:{rep.pk}", f"{rep.user.name} · {rep.team.name}") for rep in reps]
        choices = [
            (reassigning.RULES, _("By the rules")),
            (_("To a pool, in its turns"), pools),
            (_("To one rep"), people),
        ]
        self.fields["to"].choices = choices  # type: ignore[attr-defined]


@require_http_methods(["GET", "HEAD", "POST"])
def reassign(request: HttpRequest) -> HttpResponse:
    """GET chooses among the open leads the filter finds; POST makes the plan and shows it."""
    actor = request.actor  # type: ignore[attr-defined]
    access.require(actor, "assign")
    open_leads = selectors.leads_list(actor).filter(IS_OPEN, _reached(actor))
    found = read(LeadFilter(request.GET, queryset=open_leads, request=request))
    form = ReassignForm(request.POST or None)
    chosen = _chosen(request)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        rows = found.qs if data["everything"] else found.qs.filter(pk__in=chosen)
        leads = list(rows[: reassigning.MOST + 1])
        plan, _rows = in_unit(lambda unit: reassigning.plan(leads, data["to"], data["reason"], unit), actor=actor)
        return redirect("routing:show_reassignment", plan.pk)
    context = {"leads": found.qs[:SHOWN], "total": found.qs.order_by()[: reassigning.MOST + 1].count()}
    context |= {"most": reassigning.MOST, "form": form, "chosen": chosen, "chips": chips(found, request.GET)}
    return render(request, "desk/reassign.html", context, status=422 if form.errors else 200)


def _reached(actor: access.Actor) -> Q:
    """Of the leads an actor sees those `assign` reaches: a manager of teams has the teams' and those without one yet."""
    teams = None if actor.has(Role.REVENUE_OPS) else actor.teams(Role.MANAGER)
    return Q() if teams is None else Q(team__in=teams) | Q(team__isnull=True)


def _chosen(request: HttpRequest) -> set[uuid.UUID]:
    """Ids of the rows ticked; what is no id is nobody's."""
    found = set()
    for text in request.POST.getlist("lead")[:SHOWN]:
        try:
            found.add(uuid.UUID(text))
        except ValueError:
            continue
    return found
