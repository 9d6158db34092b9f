"""The pages of a person's data: what is there, a copy of it, its end; and the policy that ends it by age. They decide nothing."""

from __future__ import annotations

import json
import uuid

from django.contrib import messages
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from leadops import access, moment
from leadops.access import WHOLE_HOUSE, Actor
from leadops.errors import Refused
from leadops.privacy import copying, erasing, policy, reading
from leadops.privacy import retention as keeping
from leadops.privacy.forms import EraseForm, RetentionForm
from leadops.unit import in_unit
from leadops.versions import services as versions


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


@require_safe
def show(request: HttpRequest, person_id: uuid.UUID) -> HttpResponse:
    shown = reading.preview(person_id, _actor(request))
    return render(request, "privacy/person.html", shown | {"form": EraseForm(company=bool(shown["company"]))})


@require_POST
def erase(request: HttpRequest, person_id: uuid.UUID) -> HttpResponse:
    actor = _actor(request)
    shown = reading.preview(person_id, actor)
    form = EraseForm(request.POST, company=bool(shown["company"]))
    if form.is_valid():
        data = form.cleaned_data
        try:
            erasing.erase(person_id, data["reason"], actor, company=data.get("company", False))
        except Refused as refused:
            form.add_error(None, str(refused.message))
        else:
            messages.success(request, _("Erased. Nobody writes to these addresses again."))
            return redirect("privacy:show", person_id)
    return render(request, "privacy/person.html", shown | {"form": form}, status=422)


@require_POST
def copy(request: HttpRequest, person_id: uuid.UUID) -> HttpResponse:
    """All that is kept of them, as a file: for a program, or to read."""
    reading.preview(person_id, _actor(request))
    told = in_unit(lambda unit: copying.copy_of(person_id, unit), actor=_actor(request))
    as_json = request.POST.get("form") == "json"
    text = json.dumps(told, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2) if as_json else _page(told)
    answer = HttpResponse(text, content_type="application/json" if as_json else "text/html; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="person-{person_id}.{"json" if as_json else "html"}"'
    return answer


def _page(told: dict[str, object]) -> str:
    return render_to_string("privacy/copy.html", {"told": told, "tables": copying.readable(told)})


@require_http_methods(["GET", "HEAD", "POST"])
def retention(request: HttpRequest) -> HttpResponse:
    """What holds, whom it would erase; POST puts another policy in force. `?months=` asks whom another one would."""
    actor = _actor(request)
    access.require(actor, "edit_house", WHOLE_HOUSE)
    held, at = policy.months_at(moment.now()), moment.now()
    form = RetentionForm(request.POST or None, initial={"months": held})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        in_unit(lambda unit: keeping.put_in_force(data["months"], data["reason"], unit), actor=actor)
        messages.success(request, _("The policy holds from now on."))
        return redirect("privacy:retention")
    context = {"form": form, "held": held, "versions": versions.history(policy.KIND, policy.KEY)}
    context |= keeping.preview(keeping.asked(request.GET.get("months", ""), held), at)
    return render(request, "privacy/retention.html", context, status=422 if form.errors else 200)
