"""The page of addresses nobody writes to: search, add, lift with a reason. It decides nothing and shows no address."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from leadops import access
from leadops.access import Actor
from leadops.effects import suppression
from leadops.errors import NotFound, Refused
from leadops.unit import in_unit
from nurture import suppression_pages
from nurture.forms import LiftForm, SuppressForm

READ, EDIT = "read_suppressions", "edit_suppressions"


def _actor(request: HttpRequest, verb: str) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    access.require(actor, verb)
    return actor


def _list(request: HttpRequest, actor: Actor, form: Any = None, status: int = 200) -> HttpResponse:
    context = suppression_pages.context(request.GET, actor) | {"form": form or SuppressForm()}
    return render(request, "nurture/suppressions.html", context, status=status)


@require_safe
def list_suppressions(request: HttpRequest) -> HttpResponse:
    """Newest first; an address is asked for, never shown."""
    return _list(request, _actor(request, READ))


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    actor, form = _actor(request, EDIT), SuppressForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            in_unit(lambda unit: suppression.add(data["address"], data["why"], unit), actor=actor)
        except Refused as refused:
            form.add_error("address", str(refused.message))
        else:
            messages.success(request, _("Nobody writes to this address any more."))
            return redirect("nurture:list_suppressions")
    return _list(request, actor, form, 422)


@require_http_methods(["GET", "HEAD", "POST"])
def lift(request: HttpRequest, entry_id: int) -> HttpResponse:
    """GET asks why; POST ends the entry where that is lawful, else says why not."""
    actor = _actor(request, EDIT)
    row = suppression.listed().filter(pk=entry_id, lifting__isnull=True).first()
    if row is None:
        raise NotFound(_("There is no such entry."))
    form = LiftForm(request.POST or None, own_word=row.reason in suppression.OWN_WORD)
    if request.method == "POST" and form.is_valid():
        why, address = form.cleaned_data["why"], form.cleaned_data.get("address", "")
        try:
            in_unit(lambda unit: suppression.remove(entry_id, why, unit, address=address), actor=actor)
        except Refused as refused:
            form.add_error("address" if "address" in form.fields else None, str(refused.message))
        else:
            messages.success(request, _("The entry is lifted: this address may be written to again."))
            return redirect("nurture:list_suppressions")
    context = {"form": form, "entry": suppression_pages.row_of(row, {})}
    return render(request, "nurture/suppression_lift.html", context, status=422 if form.errors else 200)
