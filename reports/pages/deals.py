"""The page of deals: win rate and cycle by agent, product and sector, and the deals behind each number."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from leadops import moment
from leadops.access import Actor
from leadops.industries import industry_words
from leadops.templatetags.house import days, number, percent, units
from reports.exports import amount
from reports.filters import ComparedForm
from reports.metrics import beginnings
from reports.metrics.deals import FEW, DealRow, DealsReport, deals_report
from reports.pages.frame import Page, change, kept, shared


def page(actor: Actor, given: QueryDict) -> Page:
    form = ComparedForm(given, moment.now())
    chosen = form.chosen()
    report = deals_report(actor, chosen.period)
    earlier = beginnings.before(actor, chosen.period, beginnings.DEALS) if chosen.compare else None
    before = deals_report(actor, earlier) if earlier else None
    axes = [
        ("agent", _("By agent"), _("Agent")),
        ("product", _("By product"), _("Product")),
        ("sector", _("By sector"), _("Sector")),
    ]
    context = shared(actor, "show_deals", form, given, chosen.period, report.at) | {
        "nothing_before": chosen.compare and earlier is None,
        "report": report,
        "few": FEW,
        "finding": _finding(report),
        "stats": _stats(report, before, given),
        "groups": [
            {"title": title, "heading": heading, "rows": [_row(axis, row, given) for row in report.by[axis]]}
            for axis, title, heading in axes
        ],
    }
    return Page("deals", context, _heading(report), _table(report, axes))


def deals_url(given: QueryDict, n: int, **wanted: str) -> str:
    """The list of exactly these deals."""
    if not n:
        return ""
    return f"{reverse('reports:list_deals')}?{urlencode({**kept(given).dict(), **wanted})}"


def _row(axis: str, row: DealRow, given: QueryDict) -> dict[str, Any]:
    of = {axis: str(row.key) if row.key else "-"}
    return {
        "label": industry_words(row.label) if axis == "sector" else row.label,
        "row": row,
        "closed_url": deals_url(given, row.closed, state="closed", **of),
        "won_url": deals_url(given, row.won, state="won", **of),
        "open_url": deals_url(given, row.open, state="open", **of),
    }


def _finding(report: DealsReport) -> str:
    total = report.total
    if total.win_rate is None:
        return ""
    sectors = [row for row in report.by["sector"] if not row.few and row.key]
    if len(sectors) < 2:
        return _("%(share)s of the deals that closed were won.") % {"share": percent(total.win_rate)}
    best = max(sectors, key=lambda row: row.win_rate or 0)
    worst = min(sectors, key=lambda row: row.win_rate or 0)
    return _("%(share)s of the deals that closed were won: most in “%(best)s” (%(high)s), fewest in “%(worst)s” (%(low)s).") % {
        "share": percent(total.win_rate), "best": industry_words(best.label), "high": percent(best.win_rate), "worst": industry_words(worst.label),
        "low": percent(worst.win_rate),
    }  # fmt: skip


def _stats(report: DealsReport, before: DealsReport | None, given: QueryDict) -> list[dict[str, Any]]:
    total, then = report.total, before.total if before else None

    def against(name: str, word: Any, plain: bool = False) -> str:
        if then is None or getattr(then, name) is None:
            return ""
        shown = word(getattr(then, name))
        if plain:
            return _("%(figure)s before") % {"figure": shown}
        return change(getattr(total, name), getattr(then, name), shown)

    lost = ngettext("%(n)s lost", "%(n)s lost", total.closed - total.won) % {"n": number(total.closed - total.won)}
    return [
        {
            "label": _("Win rate"), "figure": percent(total.win_rate), "note": lost,
            "comparison": against("win_rate", percent, True), "definition": _("Deals won ÷ deals won or lost in the period."),
        },
        {
            "label": _("Won deals"), "figure": number(total.won), "url": deals_url(given, total.won, state="won"),
            "comparison": against("won", number), "definition": _("Deals won in the period, with or without a lead."),
        },
        {
            "label": pgettext("amount", "Won"), "figure": units(total.won_minor), "comparison": against("won_minor", units),
            "definition": _("Their amounts in the house currency, converted on the day they were won."),
            "note": _unconverted(total.unconverted),
        },
        {
            "label": _("Cycle, median"), "figure": days(total.median_cycle), "comparison": against("median_cycle", days, True),
            "definition": _("From opening to closing, won and lost deals alike."),
            "note": _("P90: %(days)s") % {"days": days(total.p90_cycle)},
        },
        {
            "label": _("Open now"), "figure": number(total.open), "url": deals_url(given, total.open, state="open"),
            "note": units(total.open_minor), "definition": _("Deals that are open now, whenever they were opened."),
        },
    ]  # fmt: skip


def _unconverted(n: int) -> str:
    return (
        ngettext("%(n)s without an exchange rate", "%(n)s without an exchange rate", n) % {"n": number(n)} if n else ""
    )


def _heading(report: DealsReport) -> list[str]:
    code = {"currency": report.currency}
    return [
        _("Group"), _("Name"), _("Closed"), _("Won deals"), _("Win rate"), _("Won (%(currency)s)") % code,
        _("Median cycle (days)"), _("P90 cycle (days)"), _("Median cycle of the won (days)"), _("Open now"),
    ]  # fmt: skip


def _table(report: DealsReport, axes: list[tuple[str, str, str]]) -> list[list[Any]]:
    rows = [_cells(_("Total"), "", report.total, report.currency)]
    for axis, _title, heading in axes:
        rows += [_cells(heading, row.label, row, report.currency) for row in report.by[axis]]
    return rows


def _cells(group: str, name: str, row: DealRow, currency: str) -> list[Any]:
    return [
        group, name, row.closed, row.won, row.win_rate, amount(row.won_minor, currency), row.median_cycle,
        row.p90_cycle, row.median_cycle_won, row.open,
    ]  # fmt: skip
