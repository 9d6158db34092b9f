"""Choosing leads to put into a sequence: the list with its filters, and which one; the plan itself is nurture's."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from leadops import access
from leadops.desk import selectors
from leadops.desk.chips import chips
from leadops.desk.filters import LeadFilter
from leadops.desk.lead_view import masked_name
from leadops.errors import Refused
from leadops.models import Lead
from leadops.rest.queries import read
from leadops.unit import in_unit
from nurture import groups
from nurture.forms import published_sequences

SHOWN = 200


class EnrolManyForm(forms.Form):
    """Which sequence, and whether all leads found go or the ticked ones."""

    sequence = forms.ChoiceField(label=_("Sequence"))
    everything = forms.BooleanField(label=_("All leads found, not only the chosen ones"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sequence"].choices = published_sequences()  # type: ignore[attr-defined]


@require_http_methods(["GET", "HEAD", "POST"])
def enrol(request: HttpRequest) -> HttpResponse:
    """GET chooses among the leads the filter finds; POST makes the plan and shows who enters and who does not."""
    actor = request.actor  # type: ignore[attr-defined]
    access.require(actor, "enrol")
    found = read(LeadFilter(request.GET, queryset=selectors.leads_list(actor), request=request))
    form = EnrolManyForm(request.POST or None)
    chosen = ids_of(request.POST.getlist("lead")[:SHOWN])
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        rows = found.qs if data["everything"] else found.qs.filter(pk__in=chosen)
        leads = list(rows[: groups.MOST + 1])
        try:
            made, _rows = in_unit(lambda unit: groups.plan(leads, data["sequence"], unit), actor=actor)
        except Refused as refused:
            form.add_error(None, str(refused.message))
        else:
            return redirect("nurture:show_group", made.pk)
    masked = access.masks_contacts(actor)
    lines = [(lead, masked_name(lead) if masked else str(lead.person)) for lead in found.qs[:SHOWN]]
    context = {"leads": lines, "total": found.qs.order_by()[: groups.MOST].count(), "most": groups.MOST, "form": form}
    context |= {"chosen": chosen, "chips": chips(found, request.GET), "shown": SHOWN}
    return render(request, "desk/enrol.html", context, status=422 if form.errors else 200)


def ids_of(texts: Iterable[str]) -> set[uuid.UUID]:
    """Ids of the rows ticked; what is no id is nobody's."""
    found = set()
    for text in texts:
        try:
            found.add(uuid.UUID(text))
        except ValueError:
            continue
    return found


def found_by(query: Any, request: HttpRequest) -> list[Lead]:
    """The leads a query string of the list finds, at most one more than may be enrolled; what it says must be known."""
    found = LeadFilter(query, queryset=selectors.leads_list(request.actor), request=request)  # type: ignore[attr-defined]
    return list(read(found).qs[: groups.MOST + 1])
