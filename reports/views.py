"""The pages of the reports, as page, as fragment for htmx and as file; figures come from `metrics`, words from `pages`."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from leadops import access, takeaway
from leadops.rest.files import csv_file
from leadops.unit import in_unit
from reports.pages import deal_list, deals, executive, frame, funnel, live, reasons, response, sources, velocity


@require_safe
@login_required
def show_reports(request: HttpRequest) -> HttpResponse:
    """/reports: the first report the reader may open."""
    actor = request.actor  # type: ignore[attr-defined]
    first = "show_executive" if access.can(actor, "read_reports") else "show_response"
    return redirect(f"reports:{first}")


@require_safe
@login_required
def show_sources(request: HttpRequest) -> HttpResponse:
    """Which sources, campaigns or channels bring leads and money."""
    return _answer(request, sources.page(request.actor, request.GET))  # type: ignore[attr-defined]


@require_safe
@login_required
def show_funnel(request: HttpRequest) -> HttpResponse:
    """How far leads get."""
    return _answer(request, funnel.page(request.actor, request.GET))  # type: ignore[attr-defined]


@require_safe
@login_required
def show_response(request: HttpRequest) -> HttpResponse:
    """How long leads wait."""
    return _answer(request, response.page(request.actor, request.GET))  # type: ignore[attr-defined]


@require_safe
@login_required
def show_reasons(request: HttpRequest) -> HttpResponse:
    """Why sales says no."""
    return _answer(request, reasons.page(request.actor, request.GET))  # type: ignore[attr-defined]


@require_safe
@login_required
def show_executive(request: HttpRequest) -> HttpResponse:
    """The few figures of the house, each against the period before."""
    return _answer(request, executive.page(request.actor, request.GET))  # type: ignore[attr-defined]


@require_safe
@login_required
def show_velocity(request: HttpRequest) -> HttpResponse:
    """Where leads wait."""
    return _answer(request, velocity.page(request.actor, request.GET))  # type: ignore[attr-defined]


@require_safe
@login_required
def show_deals(request: HttpRequest) -> HttpResponse:
    """Which deals are won, and how long they take."""
    return _answer(request, deals.page(request.actor, request.GET))  # type: ignore[attr-defined]


@require_safe
@login_required
def list_deals(request: HttpRequest) -> HttpResponse:
    """The deals behind a figure."""
    return _answer(request, deal_list.page(request.actor, request.GET))  # type: ignore[attr-defined]


@require_safe
@login_required
def show_live(request: HttpRequest) -> HttpResponse:
    """What is going on now."""
    return _answer(request, live.page(request.actor, request.GET))  # type: ignore[attr-defined]


def _answer(request: HttpRequest, page: frame.Page) -> HttpResponse:
    period = page.context["period"]
    if request.GET.get("format") == "csv":
        name = f"{page.name}-{period.from_on}-{period.last_on}"
        rows = list(page.table)[: takeaway.most_rows(request.actor)]  # type: ignore[attr-defined]
        asked = {key: value for key, value in request.GET.items() if key != "format"}
        in_unit(lambda unit: takeaway.take(f"report {page.name}", len(rows), asked, unit), actor=request.actor)  # type: ignore[attr-defined]
        return csv_file(name, page.heading, rows, get_language() or "en")
    part = "#report" if getattr(request, "htmx", False) else ""
    answer = render(request, f"reports/{page.name}.html{part}", page.context)
    patch_vary_headers(answer, ["HX-Request"])
    return answer
