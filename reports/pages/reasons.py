"""The page of reasons: why sales says no, by source or by MQL definition; every count opens its leads."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from leadops import moment
from leadops.access import Actor
from leadops.templatetags.house import percent
from reports import links
from reports.filters import REASONS_BY, ReasonsForm
from reports.metrics.reasons import FEW, ReasonsReport, Row, Use, reasons_report
from reports.pages.frame import Page, shared

COLUMNS = 6  # groups beside the total; the rest is in the file


def page(actor: Actor, given: QueryDict) -> Page:
    form = ReasonsForm(given, moment.now())
    chosen = form.chosen()
    report = reasons_report(actor, chosen.period, chosen.by)
    context = shared(actor, "show_reasons", form, given, chosen.period, report.at) | {
        "report": report,
        "few": FEW,
        "by_label": dict(REASONS_BY)[chosen.by],
        "finding": _finding(report),
        "columns": [label for _key, label in report.groups[:COLUMNS]],
        "more": max(0, len(report.groups) - COLUMNS),
        "uses": [_shown(report, use) for use in report.uses],
    }
    return Page("reasons", context, _heading(report), _table(report))


def _shown(report: ReasonsReport, use: Use) -> dict[str, Any]:
    rows = [
        {
            "row": row,
            "url": url(report, row),
            "cells": [{"n": cell.n, "url": url(report, row, cell.key, cell.n)} for cell in row.cells[:COLUMNS]],
        }
        for row in use.rows
    ]
    whole = links.leads_url(use.n, **links.refused(report.period, use.use))
    return {"use": use, "url": whole, "rows": rows}


def url(report: ReasonsReport, row: Row, key: str | None = None, n: int | None = None) -> str:
    """The leads refused for a reason, of one group or of all."""
    of: dict[str, str] = {}
    if key is not None:
        of = links.origin("first_source" if report.by == "source" else "refused_definition", key)
    return links.leads_url(row.n if key is None else n, **links.refused(report.period, row.use, row.reason), **of)


def _finding(report: ReasonsReport) -> str:
    """The reason sales gives most often when it hands back."""
    (back,) = [use for use in report.uses if use.use == "hand_back"]
    if not back.rows:
        return ""
    first = back.rows[0]
    return _("Most often handed back for “%(reason)s”: %(share)s of the leads handed back.") % {
        "reason": first.label,
        "share": percent(first.share, 0),
    }


def _heading(report: ReasonsReport) -> list[str]:
    return [_("Refusal"), _("Reason"), _("Leads"), _("Share"), *(label for _key, label in report.groups)]


def _table(report: ReasonsReport) -> list[list[Any]]:
    return [
        [use.label, row.label, row.n, row.share, *(cell.n for cell in row.cells)]
        for use in report.uses
        for row in use.rows
    ]
