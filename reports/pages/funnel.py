"""The page of the funnel: how far leads got, where they stopped and why; every count opens its leads."""

from __future__ import annotations

import itertools
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leadops import moment
from leadops.access import Actor
from leadops.models import Stage
from leadops.templatetags.house import number, percent
from reports import charts, links
from reports.filters import BY, OriginForm
from reports.metrics import beginnings, origins
from reports.metrics.funnel import FEW, Breakdown, FunnelReport, Step, funnel_report
from reports.pages.frame import Page, change, shared

APART = 0.10  # a share that far from the whole's is marked, where both count enough leads


def page(actor: Actor, given: QueryDict) -> Page:
    form = OriginForm(given, moment.now())
    chosen = form.chosen()
    how = (chosen.by, chosen.model, chosen.happened, given.get("format") == "csv")
    report = funnel_report(actor, chosen.period, *how)
    earlier = beginnings.before(actor, chosen.period) if chosen.compare else None
    before = funnel_report(actor, earlier, *how) if earlier else None
    urls = {step.stage: step_url(report, step) for step in report.steps}
    context = shared(actor, "show_funnel", form, given, chosen.period, report.at) | {
        "nothing_before": chosen.compare and earlier is None,
        "report": report,
        "few": FEW,
        "by_label": dict(BY)[chosen.by],
        "about": (
            _("First reached in the period, stages jumped over included. Every count opens its leads.")
            if chosen.happened
            else _("Ever reached, stages jumped over included. Every count opens its leads.")
        ),
        "finding": _finding(report),
        "passed_over": _passed_over(report),
        "stats": _stats(report, before),
        "steps": charts.funnel_steps(report.steps, urls),
        "rows": [_row(report, step, urls) for step in report.steps],
        "stages": [Stage(step.stage).label for step in report.steps],
        "breakdown": [_part(report, part) for part in report.breakdown],
        "reasons": _reasons(report),
    }
    return Page("funnel", context, _heading(), _table(report))


def step_url(report: FunnelReport, step: Step, key: str | None = None) -> str:
    """The leads that ever reached a stage, of one origin or of all."""
    of = links.origin(origins.column(report.by, report.model), key)
    if report.happened:
        return links.leads_url(step.n, **links.happened(report.period, step.stage), **of)
    return links.leads_url(step.n, **links.received(report.period), **of, reached=step.stage)


def stopped_url(report: FunnelReport, step: Step, key: str | None = None) -> str:
    """The leads that reached a stage and none after it."""
    of = links.origin(origins.column(report.by, report.model), key)
    return links.leads_url(step.stopped, **links.received(report.period), **of, stopped=step.stage)


def _row(report: FunnelReport, step: Step, urls: dict[str, str]) -> dict[str, Any]:
    return {
        "step": step,
        "label": Stage(step.stage).label,
        "url": urls[step.stage],
        "stopped_url": stopped_url(report, step),
    }


def _part(report: FunnelReport, part: Breakdown) -> dict[str, Any]:
    cells = []
    for step, whole in zip(part.steps, report.steps, strict=True):
        tone = ""
        if not part.few and not report.few and step.of_previous is not None and whole.of_previous is not None:
            away = step.of_previous - whole.of_previous
            tone = "good" if away >= APART else "bad" if away <= -APART else ""
        cells.append({"step": step, "url": step_url(report, step, part.key), "tone": tone})
    return {"label": part.label, "few": part.few, "cells": cells}


def _reasons(report: FunnelReport) -> list[dict[str, Any]]:
    words = _("%(stage)s: %(reason)s")
    rows = []
    for ended in report.reasons:
        span = (
            links.staged(report.period.until, report.period.since) | {"open": ""}
            if report.happened
            else links.received(report.period)
        )
        url = links.leads_url(ended.n, **span, stage=ended.stage, reason=ended.reason)
        label = words % {"stage": Stage(ended.stage).label, "reason": ended.label}
        rows.append((label, ended.n, number(ended.n), url))
    return charts.bars(rows, tone="quiet", most=20)


def _finding(report: FunnelReport) -> str:
    """The step that loses most leads, in one sentence."""
    if not report.steps[0].n or report.happened:
        return ""
    steps = report.steps
    drops = [(a.n - b.n, a, b) for a, b in itertools.pairwise(steps) if a.n]
    lost, a, b = max(drops, key=lambda drop: drop[0])
    if not lost:
        return _("Every lead of the period went all the way.")
    return _("Most leads stop between %(a)s and %(b)s: %(share)s go on.") % {
        "a": Stage(a.stage).label,
        "b": Stage(b.stage).label,
        "share": percent(b.n / a.n, 0),
    }


def _passed_over(report: FunnelReport) -> list[str]:
    """Stages nobody stops at, so that the share of the next one says nothing."""
    if report.few or report.happened:
        return []
    words = _(
        "Nobody stops at %(a)s: who gets further counts as having been there, so “%(b)s, %(share)s of the previous”"
        " says nothing. Of all leads it is %(of_first)s."
    )
    pairs = [(a, b) for a, b in itertools.pairwise(report.steps) if b.n and b.n == a.n]
    return [
        words
        % {
            "a": Stage(a.stage).label,
            "b": Stage(b.stage).label,
            "share": percent(b.of_previous, 0),
            "of_first": percent(b.of_first),
        }
        for a, b in pairs
    ]


def _stats(report: FunnelReport, before: FunnelReport | None) -> list[dict[str, Any]]:
    by, then = {s.stage: s for s in report.steps}, {s.stage: s for s in before.steps} if before else {}
    said = {
        "new": (_("Leads"), _("Leads received in the period.")),
        "mql": ("MQL", _("Leads that were ever offered to sales as qualified by marketing, or went beyond.")),
        "opportunity": (_("Opportunities"), _("Leads that ever had a deal opened, or went beyond.")),
        "won": (
            _("Won leads"),
            _("Leads that were ever won, whenever it happened, even if the deal was opened again since."),
        ),
    }
    stats: list[dict[str, Any]] = []
    for stage, (label, definition) in said.items():
        step = by[stage]
        stats.append(
            {
                "label": label,
                "figure": number(step.n),
                "unit": "" if stage == "new" else percent(step.of_first),
                "url": step_url(report, step),
                "comparison": change(step.n, then[stage].n, number(then[stage].n)) if then else "",
                "definition": definition,
            }
        )
    words = ngettext("%(n)s lead is still open", "%(n)s leads are still open", report.still_open)
    stats[0]["note"] = words % {"n": number(report.still_open)} if report.still_open and not report.happened else ""
    return stats


def _heading() -> list[str]:
    return [
        _("Key"), _("Name"), _("Stage"), _("Number"), _("Of the previous"), _("Of the first"), _("Median days"),
        _("Stopped here"),
    ]  # fmt: skip


def _table(report: FunnelReport) -> list[list[Any]]:
    parts = [("", _("Total"), report.steps), *((part.key, part.label, part.steps) for part in report.breakdown)]
    return [
        [key, label, Stage(s.stage).label, s.n, s.of_previous, s.of_first, s.median_days, s.stopped]
        for key, label, steps in parts
        for s in steps
    ]
