"""What the three pages share: tabs, filters, freshness, CSV address, comparison words. Knows no figure's meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from leadops import access
from leadops.access import Actor
from leadops.templatetags.house import day, number
from reports.filters import PeriodForm
from reports.periods import Period

CARRIED = ("period", "first_day", "last_day", "by", "model", "compare", "everyone")


@dataclass(slots=True)
class Page:
    """A report ready for its template and for its file."""

    name: str  # of the URL and of the file
    context: dict[str, Any]
    heading: list[str] = field(default_factory=list)
    table: Sequence[Sequence[Any]] = ()


def tabs(actor: Actor, current: str, given: QueryDict) -> list[dict[str, Any]]:
    """The reports this actor may open; the filters travel along."""
    kept = QueryDict(mutable=True)
    for name in CARRIED:
        if given.get(name):
            kept[name] = str(given[name])
    names = [
        ("show_sources", _("Sources")),
        ("show_funnel", _("Funnel")),
        ("show_response", _("Response time")),
        ("show_reasons", _("Reasons")),
    ]
    if not access.can(actor, "read_reports"):
        names = names[2:3]
    tail = f"?{kept.urlencode()}" if kept else ""
    return [
        {"label": label, "url": reverse(f"reports:{name}") + tail, "current": name == current} for name, label in names
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
    if not before:
        return _("%(figure)s before") % {"figure": shown}
    return _("%(change)s%% against %(figure)s before") % {
        "change": f"{'+' if now >= before else '−'}{number(abs(round(100 * (now - before) / before)))}",
        "figure": shown,
    }


def sort_key(wanted: str, allowed: Sequence[str], default: str) -> str:
    """A sort parameter of the page, or the default."""
    return wanted if wanted.removeprefix("-") in allowed else default
