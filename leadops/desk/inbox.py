"""The inbox: one ordered queue, and the bar that tells what arrived without moving a row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from leadops import moment
from leadops.access import Actor
from leadops.desk import selectors
from leadops.desk.rows import rows_of
from leadops.templatetags.house import capped
from routing import panels as routing_panels


def _tab(request: HttpRequest) -> str:
    tab = request.GET.get("tab", "now")
    return tab if tab in selectors.TABS else "now"


def _tabs(counts: Mapping[str, int], current: str) -> list[dict[str, Any]]:
    labels = {
        "now": _("To do now"),
        "snoozed": pgettext("queue", "Snoozed"),
        "waiting": _("Waiting for the prospect"),
        "all": _("All mine"),
    }
    return [
        {
            "label": labels[tab],
            "url": f"{reverse('desk:inbox')}?tab={tab}",
            "count": capped(counts[tab]),
            "current": tab == current,
        }
        for tab in selectors.TABS
    ]


@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """The whole page, or with htmx the list alone."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    at, tab = moment.now(), _tab(request)
    after, since = request.GET.get("after", ""), request.GET.get("since", "")
    request.at_a_glance = seen = selectors.glance(actor, at, inbox=True)  # type: ignore[attr-defined]  # the shell asks no more
    page = selectors.inbox_page(actor, tab, after, selectors.shown_at(since))
    context = {
        "tab": tab,
        "rows": rows_of(page.rows, at, selectors.shown_at(since)),
        "paged": bool(after),
        "day": seen.day,
        "next_wake": selectors.next_wake(actor) if not page.rows and tab == "now" else None,
        "after": page.after,
        "tabs": _tabs(seen.counts, tab),
        "source_url": f"{reverse('desk:arrivals')}?shown={selectors.shown_at_token(at)}",
        "list_url": f"{reverse('desk:inbox')}?{urlencode({'tab': tab} | {k: v for k, v in (('after', after), ('since', since)) if v})}",
    }
    template = "desk/inbox.html#list" if request.htmx and not request.htmx.boosted else "desk/inbox.html"  # type: ignore[attr-defined]
    return render(request, template, context)


@require_safe
def arrivals(request: HttpRequest) -> HttpResponse:
    """What came since the page was shown: a bar with each newcomer and why; rows move only when the reader asks."""
    since = selectors.shown_at(request.GET.get("shown", "")) or moment.now()
    found = selectors.arrivals(request.actor, since)  # type: ignore[attr-defined]
    leads = [work.lead for work in found]
    context = {
        "count": len(found),
        "newcomers": [(lead, routing_panels.why_line(lead)) for lead in leads[:3]],
        "url": f"{reverse('desk:inbox')}?{urlencode({'tab': 'now', 'since': request.GET.get('shown', '')})}",
        "source_url": request.get_full_path(),
    }
    return render(request, "desk/arrivals.html", context)


@require_safe
def state(request: HttpRequest) -> JsonResponse:
    """For pages whose stream is missing: a few numbers that change when something of theirs changed."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    newest = selectors.work_of(actor, "all").order_by("-since").values_list("since", flat=True).first()
    return JsonResponse(
        {"n": selectors.counts_of(actor)["all"], "newest": newest, "unseen": selectors.unseen_notices(actor)}
    )
