"""What the pages share: tabs, filters, freshness, CSV address, comparison words. Knows no figure's meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from leadops import access
from leadops.access import Actor
from leadops.templatetags.house import day, number
from reports.filters import PeriodForm
from reports.periods import Period

CARRIED = ("period", "first_day", "last_day", "view", "by", "model", "compare", "everyone")
TWO_VIEWS = ("show_sources", "show_funnel")


@dataclass(slots=True)
class Page:
    """A report ready for its template and for its file."""

    name: str  # of the URL and of the file
    context: dict[str, Any]
    heading: list[str] = field(default_factory=list)
    table: Sequence[Sequence[Any]] = ()


def kept(given: QueryDict) -> QueryDict:
    """The filters that travel from report to report."""
    found = QueryDict(mutable=True)
    for name in CARRIED:
        if given.get(name):
            found[name] = str(given[name])
    return found


def report_url(name: str, given: QueryDict, **wanted: str) -> str:
    """A report about the same period; `wanted` replaces what the reader had chosen."""
    asked = kept(given)
    for key, value in wanted.items():
        asked[key] = value
    tail = f"?{asked.urlencode()}" if asked else ""
    return reverse(f"reports:{name}") + tail


def tabs(actor: Actor, current: str, given: QueryDict) -> list[dict[str, Any]]:
    """The reports this actor may open; the filters travel along."""
    names = [
        ("show_executive", _("Overview")),
        ("show_sources", _("Sources")),
        ("show_funnel", _("Funnel")),
        ("show_velocity", _("Velocity")),
        ("show_response", _("Response time")),
        ("show_reasons", _("Reasons")),
        ("show_deals", _("Deals")),
        ("show_live", pgettext("report", "Live")),
    ]
    if not access.can(actor, "read_reports"):
        names = [one for one in names if one[0] == "show_response"]
    # the overview counts what happened in the period: a report that knows two views begins with the same figures
    same = {name: {"view": "period"} for name in TWO_VIEWS} if current == "show_executive" else {}
    return [
        {"label": label, "url": report_url(name, given, **same.get(name, {})), "current": name == current}
        for name, label in names
    ]


def shared(actor: Actor, name: str, form: PeriodForm, given: QueryDict, period: Period, at: datetime) -> dict[str, Any]:
    """The part of a context that says what is shown, of when, and in whose days."""
    asked = given.copy()
    asked["format"] = "csv"
    return {
        "tabs": tabs(actor, name, given),
        "form": form,
        "active": bool(given),
        "action": reverse(f"reports:{name}"),
        "csv_url": f"?{asked.urlencode()}",
        "period": period,
        "span": span(period),
        "at": at,
    }


def span(period: Period) -> str:
    return _("%(first)s to %(last)s") % {"first": day(period.from_on), "last": day(period.last_on)}


def change(now: float | None, before: float | None, shown: str) -> str:
    """How a figure stands against the days before; `shown` is the earlier figure in words."""
    if now is None or before is None:
        return ""
    if not before or not round(100 * (now - before) / before):
        return _("%(figure)s before") % {"figure": shown}
    return _("%(change)s%% against %(figure)s before") % {
        "change": f"{'+' if now >= before else '−'}{number(abs(round(100 * (now - before) / before)))}",
        "figure": shown,
    }


def sort_key(wanted: str, allowed: Sequence[str], default: str) -> str:
    """A sort parameter of the page, or the default."""
    return wanted if wanted.removeprefix("-") in allowed else default
