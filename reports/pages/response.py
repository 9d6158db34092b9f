"""The page of response times: share within five minutes, median, never answered; every count opens its leads."""

from __future__ import annotations

from typing import Any

from babel.dates import get_day_names
from django.http import QueryDict
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from leadops import moment
from leadops.access import Actor
from leadops.templatetags.house import duration, number, percent
from reports import charts, links
from reports.filters import ResponseForm
from reports.metrics import beginnings
from reports.metrics.askings import Figures, difference
from reports.metrics.funnel import FEW
from reports.metrics.response import TARGET, Group, ResponseReport, response_report
from reports.pages.frame import Page, change, shared

FEW_IN_CELL = 5  # leads of one hour of one weekday below which it is not judged


def page(actor: Actor, given: QueryDict) -> Page:
    form = ResponseForm(given, moment.now())
    chosen = form.chosen()
    detailed = given.get("format") == "csv"  # the page shows the delays of the whole alone
    report = response_report(actor, chosen.period, chosen.everyone, detailed)
    earlier = beginnings.before(actor, chosen.period) if chosen.compare else None
    before = response_report(actor, earlier, chosen.everyone, detailed) if earlier else None
    groups = [
        ("rep", _("By rep"), _("Rep"), report.by_rep),
        ("source", _("By source"), _("Source"), report.by_source),
        ("hour", _("By hour of asking"), _("Hour"), report.by_hour),
    ]
    context = shared(actor, "show_response", form, given, chosen.period, report.at) | {
        "nothing_before": chosen.compare and earlier is None,
        "report": report,
        "target": TARGET,
        "few": FEW,
        "finding": _finding(report),
        "stats": _stats(report, before),
        "bands": _bands(report),
        "delays": _delays(report.total),
        "heat": _heat(report),
        "hours": [f"{hour:02}" for hour in range(24)],
        "conversion": _conversion(report),
        "curve": _curve(report),
        "groups": [
            {"title": title, "heading": heading, "kind": kind, "rows": [_row(report, kind, group) for group in rows]}
            for kind, title, heading, rows in groups
            if not (report.own and kind == "rep")
        ],
        "waiting": _waiting(report.total),
    }
    return Page("response", context, _heading(), _table(report, groups))


def count_url(report: ResponseReport, count: int, answered: str = "", **group: str) -> str:
    """The leads behind a count of askings."""
    return links.leads_url(count, **links.asked(report.period, report.everyone), answered=answered, **group)


def group_of(kind: str, group: Group) -> dict[str, str]:
    """The parameters that open one group; a folded one opens nothing."""
    if kind == "rep":
        return {"unowned": "true"} if group.key is None else {"owner": str(group.key)}
    return {"source": group.key} if kind == "source" else {"asked_hour": str(group.key)}


def _row(report: ResponseReport, kind: str, group: Group) -> dict[str, Any]:
    figures, of = group.figures, group_of(kind, group)

    def url(count: int, answered: str = "") -> str:
        return "" if group.folded else count_url(report, count, answered, **of)

    return {
        "label": group.label,
        "figures": figures,
        "few": figures.n < FEW,
        "n_url": url(figures.n),
        "within_url": url(figures.within_five, "within_5"),
        "never_url": url(figures.never, "never"),
    }


def _finding(report: ResponseReport) -> str:
    total = report.total
    if total.share_within_five is None:
        return ""
    words = (
        _("%(share)s of the leads were answered within five minutes: above the line of %(target)s.")
        if total.share_within_five >= TARGET
        else _("%(share)s of the leads were answered within five minutes: below the line of %(target)s.")
    )
    return words % {"share": percent(total.share_within_five), "target": percent(TARGET, 0)}


def _waiting(total: Figures) -> str:
    if not total.waiting:
        return ""
    words = ngettext(
        "%(n)s of them is still open and waiting: the median and P90 count it for as long as it has waited.",
        "%(n)s of them are still open and waiting: the median and P90 count them for as long as they have waited.",
        total.waiting,
    )
    return words % {"n": number(total.waiting)}


def _stats(report: ResponseReport, before: ResponseReport | None) -> list[dict[str, Any]]:
    total, then = report.total, before.total if before else None
    share, low = total.share_within_five, total.judged >= FEW

    def against(name: str, word: Any) -> str:
        was = getattr(then, name) if then else None
        return _("%(figure)s before") % {"figure": word(was)} if was is not None else ""

    return [
        {
            "label": _("Within five minutes"),
            "figure": percent(share),
            "url": count_url(report, total.within_five, "within_5"),
            "tone": "bad" if low and share is not None and share < TARGET else "",
            "comparison": against("share_within_five", percent),
            "note": _("line: %(target)s") % {"target": percent(TARGET, 0)},
            "definition": _(
                "Leads with a first human attempt at most five minutes after they asked, of all that asked; those who asked less than five minutes ago and wait are not judged yet."
            ),
        },
        {
            "label": _("Median"),
            "figure": duration(total.median),
            "comparison": against("median", duration),
            "note": _("not reached: too few are answered") if total.n and total.median is None else "",
            "definition": _("Half of all leads, answered or not, had their first human attempt within this time."),
        },
        {
            "label": "P90",
            "figure": duration(total.p90),
            "comparison": against("p90", duration),
            "note": _("not reached: too few are answered") if total.n and total.p90 is None else "",
            "definition": _("Nine of ten leads, answered or not, had their first human attempt within this time."),
        },
        {
            "label": _("Mean"),
            "figure": duration(total.mean),
            "comparison": against("mean", duration),
            "note": _(
                "The median says more: a few long waits pull the mean up, and leads never answered are missing from it."
            ),
            "definition": _("Sum of the waits of the answered leads ÷ their number."),
        },
        {
            "label": _("Never answered"),
            "figure": number(total.never),
            "unit": percent(total.never / total.n) if total.n else "",
            "url": count_url(report, total.never, "never"),
            "comparison": change(total.never, then.never, number(then.never)) if then else "",
            "definition": _("Leads without any attempt by a person up to now. Automatic replies are not answers."),
        },
    ]


def _bands(report: ResponseReport) -> list[dict[str, Any]]:
    named = _band_names()
    total = report.total
    rows = []
    for band, n in total.bands.items():
        label, tone = named[band]
        text = f"{number(n)} · {percent(n / total.n)}" if total.n else number(n)
        rows.append((label, n, text, count_url(report, n, band), tone))
    return charts.shares(rows, total.n)


def _band_names() -> dict[str, tuple[str, str]]:
    return {
        "within_5": (_("0–5 minutes"), "good"),
        "5_15": (_("5–15 minutes"), ""),
        "15_60": (_("15–60 minutes"), ""),
        "60_plus": (_("More than an hour"), "warn"),
        "never": (_("Never"), "bad"),
    }


def _heat(report: ResponseReport) -> list[dict[str, Any]]:
    """Share within five minutes by weekday and hour, with its number of leads; few leads have no shade."""
    found = {(cell.weekday, cell.hour): cell for cell in report.by_weekday_hour}
    names = get_day_names("abbreviated", locale=get_language() or "en")
    rows = []
    for weekday in range(1, 8):
        cells = []
        for hour in range(24):
            cell = found.get((weekday, hour))
            share, n = (cell.share_within_five, cell.n) if cell else (None, 0)
            url = count_url(report, n, asked_weekday=str(weekday), asked_hour=str(hour))
            shade = 0 if share is None or n < FEW_IN_CELL else links.shade(1 - share)
            cells.append({"n": n, "share": share, "shade": shade, "url": url})
        rows.append({"label": names[weekday - 1], "cells": cells})
    return rows


def _conversion(report: ResponseReport) -> list[dict[str, Any]]:
    """Opportunities by how soon the first attempt came, with the interval in which the share plausibly lies."""
    labels = _band_names()
    return [
        {
            "label": labels[band.name][0],
            "band": band,
            "few": band.n < FEW,
            "url": count_url(report, band.n, band.name),
            "converted_url": count_url(report, band.converted, band.name, reached="opportunity"),
            "interval": f"{percent(band.interval[0], 0)} – {percent(band.interval[1], 0)}" if band.interval else "—",
        }
        for band in report.conversion
    ]


def _curve(report: ResponseReport) -> str:
    """The company's own curve in a sentence, where it is one: not while either side is few or both may be the same."""
    by = {band.name: band for band in report.conversion}
    soon, late = by["within_5"], by["60_plus"]
    if soon.n < FEW or late.n < FEW or not late.share or soon.share is None:
        return ""
    low, high = difference(soon, late)
    if low <= 0 <= high:
        return _("Answered within five minutes or after an hour: no difference to be sure of yet (%(soon)s against %(late)s, n = %(n)s).") % {
            "soon": percent(soon.share, 0), "late": percent(late.share, 0), "n": number(soon.n + late.n),
        }  # fmt: skip
    return _("Answered within five minutes, they become opportunities %(times)s times as often as after an hour (n = %(n)s).") % {
        "times": number(round(soon.share / late.share, 1)), "n": number(soon.n + late.n),
    }  # fmt: skip


def _delays(total: Figures) -> list[dict[str, Any]]:
    rows = [
        (_("System: asked → assigned"), total.system_median, duration(total.system_median), ""),
        (_("People: assigned → first attempt"), total.human_median, duration(total.human_median), ""),
        (_("Contact: first attempt → conversation"), total.contact_median, duration(total.contact_median), ""),
    ]
    return charts.bars(rows)


def _heading() -> list[str]:
    return [
        _("Group"), _("Name"), _("Leads"), _("Within five minutes"), _("Share within five minutes"), _("Mean (s)"),
        _("Median (s)"), _("P90 (s)"), _("0–5 minutes"), _("5–15 minutes"), _("15–60 minutes"), _("More than an hour"),
        _("Never"), _("Of which waiting"), _("System delay, median (s)"), _("Human delay, median (s)"),
    ]  # fmt: skip


def _table(report: ResponseReport, groups: list[tuple[str, str, str, list[Group]]]) -> list[list[Any]]:
    rows = [_cells(_("Total"), "", report.total)]
    for _kind, title, _word, found in groups:
        rows.extend(_cells(title, group.label, group.figures) for group in found)
    return rows


def _cells(title: str, name: str, f: Figures) -> list[Any]:
    delays = (f.system_median, f.human_median)
    return [
        title, name, f.n, f.within_five, f.share_within_five, f.mean, f.median, f.p90, *f.bands.values(), f.waiting,
        *delays,
    ]  # fmt: skip
