"""The demo's own page, its controls, its tour and its end; exists in demo mode only."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from leadops import access
from leadops.access import WHOLE_HOUSE
from leadops.demo import controls, models, tour
from leadops.demo import erase as erasing
from leadops.desk.account import safe_next
from leadops.desk.signin import members_only


def demo_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if settings.MODE not in ("demo", "test") or models.current() is None:
            raise Http404
        return view(request, *args, **kwargs)

    return members_only(guarded)


@demo_only
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    may_erase = access.can(request.actor, "run_operations", WHOLE_HOUSE)  # type: ignore[attr-defined]
    return render(request, "demo/show.html", {"demo": models.current(), "may_erase": may_erase})


@demo_only
@require_POST
def turn(request: HttpRequest) -> HttpResponse:
    act = request.POST.get("act", "")
    controls.turn(act)
    if act == "hot":
        messages.success(request, _("A hot request is on its way: it arrives within a second or two."))
    return redirect("demo:show")


@demo_only
@require_POST
def erase(request: HttpRequest) -> HttpResponse:
    count = erasing.erase(request.POST.get("word", ""), request.actor)  # type: ignore[attr-defined]
    messages.success(
        request,
        ngettext("%(n)s lead of the demo was erased.", "%(n)s leads of the demo were erased.", count) % {"n": count},
    )
    return redirect("demo:show")


@demo_only
@require_POST
def take_tour(request: HttpRequest) -> HttpResponse:
    answer = redirect(safe_next(request))
    tour.keep(answer, request.actor, request.POST.get("to", tour.OFF))  # type: ignore[attr-defined]
    return answer
