"""The page of sources: a row per origin with its money; every count opens its leads."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leadops import moment
from leadops.access import Actor
from leadops.templatetags.house import number, percent, units
from reports import charts, links
from reports.exports import amount
from reports.filters import BY, OriginForm
from reports.metrics import beginnings, origins
from reports.metrics.sources import STAGES, SourceRow, SourcesReport, sources_report
from reports.pages.frame import Page, change, shared, sort_key

RECENT = timedelta(days=60)  # leads of so late a period are still under way
COUNTS = ("leads", *STAGES, "won")
SORTS = ("label", *COUNTS, "revenue_minor", "cost_minor", "cost_per_lead", "cost_per_mql", "cost_per_won", "cac", "roi")


def page(actor: Actor, given: QueryDict) -> Page:
    form = OriginForm(given, moment.now())
    chosen = form.chosen()
    report = sources_report(actor, chosen.period, chosen.by, chosen.model, chosen.happened)
    earlier = beginnings.before(actor, chosen.period) if chosen.compare else None
    before = sources_report(actor, earlier, chosen.by, chosen.model, chosen.happened) if earlier else None
    sort = sort_key(given.get("sort", ""), SORTS, "-revenue_minor")
    rows = _sorted(report.rows, sort)
    context = shared(actor, "show_sources", form, given, chosen.period, report.at) | {
        "nothing_before": chosen.compare and earlier is None,
        "report": report,
        "rows": [_shown(row, report) for row in rows],
        "total": _shown(report.total, report, whole=True),
        "sort": sort,
        "by_label": dict(BY)[chosen.by],
        "finding": _finding(report),
        "stats": _stats(report, before),
        "bars": _bars(report),
        "bars_title": _("Revenue") if report.total.revenue_minor else _("Leads"),
        "notes": _notes(report),
    }
    return Page("sources", context, _heading(report), [_cells(row, report) for row in [*rows, report.total]])


def count_url(report: SourcesReport, row: SourceRow, name: str, *, whole: bool = False) -> str:
    """The leads behind one count of one row, or of the total."""
    if row.key is None and not whole:
        return ""
    what: dict[str, Any] = {"won": "true"} if name == "won" else {} if name == "leads" else {"reached": name}
    of = links.origin(origins.column(report.by, report.model), None if whole else row.key)
    if report.happened:
        stage = "deal" if name == "won" else name
        return links.leads_url(getattr(row, name), **links.happened(report.period, stage), **of)
    return links.leads_url(getattr(row, name), **links.received(report.period), **of, **what)


def _shown(row: SourceRow, report: SourcesReport, whole: bool = False) -> dict[str, Any]:
    counts = [
        {"name": name, "n": getattr(row, name), "url": count_url(report, row, name, whole=whole)} for name in COUNTS
    ]
    return {
        "row": row,
        "label": row.label,
        "counts": counts if row.key is not None or whole else [],
        "revenue_url": count_url(report, row, "won", whole=whole) if row.won else "",
    }


def _sorted(rows: list[SourceRow], sort: str) -> list[SourceRow]:
    """Unknown figures last, whichever way."""
    name, down = sort.removeprefix("-"), sort.startswith("-")
    known = [row for row in rows if getattr(row, name) is not None and row.key is not None]
    known.sort(key=lambda row: row.label)
    known.sort(key=lambda row: getattr(row, name), reverse=down)
    return known + [row for row in rows if row not in known]


def _finding(report: SourcesReport) -> str:
    total = report.total
    if not total.leads:
        return ""
    best = max((row for row in report.rows if row.key is not None), key=lambda row: (row.revenue_minor or 0, row.leads))
    if total.revenue_minor and best.revenue_minor:
        return _("“%(name)s” brought %(share)s of the revenue with %(leads)s of the leads.") % {
            "name": best.label,
            "share": percent(best.revenue_minor / total.revenue_minor, 0),
            "leads": percent(best.leads / total.leads, 0),
        }
    return ngettext(
        "%(n)s lead came in; no revenue is known from it yet.",
        "%(n)s leads came in; no revenue is known from them yet.",
        total.leads,
    ) % {"n": number(total.leads)}


def _stats(report: SourcesReport, before: SourcesReport | None) -> list[dict[str, Any]]:
    total, then = report.total, before.total if before else None
    url = {name: count_url(report, total, name, whole=True) for name in ("leads", "won")}

    def against(name: str, word: Any) -> str:
        return change(getattr(total, name), getattr(then, name), word(getattr(then, name))) if then else ""

    return [
        {
            "label": _("Leads"),
            "figure": number(total.leads),
            "url": url["leads"],
            "comparison": against("leads", number),
            "definition": _("Leads received in the period, counted once; merged leads count with their survivor."),
        },
        {
            "label": _("Won leads"),
            "figure": number(total.won),
            "url": url["won"],
            "comparison": against("won", number),
            "definition": _("Leads of the period with at least one deal that is won today, whenever it was won."),
        },
        {
            "label": _("Revenue"),
            "figure": units(total.revenue_minor),
            "comparison": against("revenue_minor", units),
            "note": _unconverted(total.unconverted),
            "definition": _(
                "Sum of the won deals of these leads, converted on the day they were won, as entered (no VAT is added or removed)."
            ),
        },
        {
            "label": _("Cost"),
            "figure": units(total.cost_minor),
            "comparison": against("cost_minor", units),
            "definition": _(
                "Costs entered for sources and campaigns, spread evenly over their days; only days of the period count, and a corrected entry counts as corrected."
            ),
        },
        {
            "label": "ROI",
            "figure": percent(total.roi, 0),
            "definition": _("(revenue − cost) ÷ cost. Leads of a recent period may still be won, so it can rise."),
        },
        {
            "label": _("Unknown channel"),
            "figure": percent(report.unknown_share),
            "definition": _(
                "Share of the leads whose channel nobody could tell. It is shown, not hidden in another row."
            ),
        },
    ]


def _unconverted(n: int) -> str:
    if not n:
        return ""
    words = ngettext(
        "%(n)s won deal has no exchange rate and is not in it",
        "%(n)s won deals have no exchange rate and are not in it",
        n,
    )
    return words % {"n": number(n)}


def _bars(report: SourcesReport) -> list[dict[str, Any]]:
    rows = [row for row in report.rows if row.key is not None]
    if report.total.revenue_minor:
        rows.sort(key=lambda row: -(row.revenue_minor or 0))
        return charts.bars(
            (row.label, row.revenue_minor, units(row.revenue_minor), count_url(report, row, "won")) for row in rows
        )
    rows.sort(key=lambda row: -row.leads)
    return charts.bars((row.label, row.leads, number(row.leads), count_url(report, row, "leads")) for row in rows)


def _notes(report: SourcesReport) -> list[str]:
    """What is not in the table, or in it with a reserve."""
    notes = []
    if not report.happened and report.at - report.period.until < RECENT:
        notes.append(
            _(
                "Counted are the leads received in these days and what became of them so far; deals of earlier leads are not in it. What was won in these days stands under “What happened in the period”."
            )
        )
    if report.untraced.deals:
        words = ngettext(
            "%(n)s deal won in the period names no lead and is in no row: %(revenue)s untraced.",
            "%(n)s deals won in the period name no lead and are in no row: %(revenue)s untraced.",
            report.untraced.deals,
        )
        notes.append(words % {"n": number(report.untraced.deals), "revenue": units(report.untraced.revenue_minor)})
        notes.append(_unconverted(report.untraced.unconverted))
    if not report.whole_house:
        notes.append(
            _("Costs are those of the whole house. You see the leads of your teams, so no cost is set against them.")
        )
    if report.total.cost.unconverted:
        words = ngettext(
            "%(n)s cost has no exchange rate: where it belongs, cost per lead and ROI are not shown.",
            "%(n)s costs have no exchange rate: where they belong, cost per lead and ROI are not shown.",
            report.total.cost.unconverted,
        )
        notes.append(words % {"n": number(report.total.cost.unconverted)})
    return [note for note in notes if note]


def _heading(report: SourcesReport) -> list[str]:
    code = {"currency": report.currency}
    return [
        _("Key"), _("Name"), _("Leads"), "MQL", "SAL", "SQL", _("Opportunities"), _("Won leads"),
        _("Revenue (%(currency)s)") % code, _("Won deals not convertible"), _("Cost (%(currency)s)") % code,
        _("Cost per lead (%(currency)s)") % code, _("Cost per MQL (%(currency)s)") % code,
        _("Cost per won lead (%(currency)s)") % code, _("CAC (%(currency)s)") % code, "ROI",
    ]  # fmt: skip


def _cells(row: SourceRow, report: SourcesReport) -> list[Any]:
    sums = (row.cost_minor, row.cost_per_lead, row.cost_per_mql, row.cost_per_won, row.cac)
    return [
        row.key or "",
        row.label,
        *(getattr(row, name) for name in COUNTS),
        amount(row.revenue_minor, report.currency),
        row.unconverted,
        *(amount(minor, report.currency) for minor in sums),
        None if row.roi is None else round(row.roi, 4),
    ]
