"""The page of velocity: how long leads stay in each stage, on whom they wait, and the twenty that wait longest."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from leadops import access, moment
from leadops.access import Actor
from leadops.lifecycle import FORWARD
from leadops.models import OPEN_STAGES, Stage
from leadops.templatetags.house import duration, number
from leadops.templatetags.people import initials
from reports import links
from reports.filters import PeriodForm
from reports.metrics.velocity import AGES, DAY, Old, Rung, VelocityReport, velocity_report
from reports.pages.frame import Page, shared

FEW = 20  # transitions below which a quantile says little


def page(actor: Actor, given: QueryDict) -> Page:
    form = PeriodForm(given, moment.now())
    chosen = form.chosen()
    report = velocity_report(actor, chosen.period)
    masked = access.masks_contacts(actor)
    context = shared(actor, "show_velocity", form, given, chosen.period, report.at) | {
        "report": report,
        "finding": _finding(report),
        "few": FEW,
        "rows": [_row(report, rung) for rung in [*report.ladder, report.whole]],
        "ages": [_age(edges) for edges in AGES],
        "heat": _heat(report),
        "oldest": [_old(old, masked, report.at) for old in report.oldest],
    }
    return Page("velocity", context, _heading(), [_cells(rung) for rung in [*report.ladder, report.whole]])


def name_of(rung: Rung) -> str:
    return str(Stage(rung.stage).label) if rung.stage else _("From reception to won")


def at_least(rung: Rung, quantile: float | None) -> str:
    """A quantile, or how long it lasts at least: too few have moved on, and the others are still there."""
    if quantile is not None:
        return duration(quantile)
    if not rung.waiting or rung.longest is None:
        return "—"
    return _("at least %(duration)s") % {"duration": duration(rung.longest)}


def _row(report: VelocityReport, rung: Rung) -> dict[str, Any]:
    received = links.received(report.period)
    reached = {"reached": rung.stage} if rung.stage else {}
    following = FORWARD[FORWARD.index(rung.stage) + 1] if rung.stage else FORWARD[-1]
    # who is still there: open, and never in the next stage or beyond
    stopped = {"unreached": following, "open": "true", **reached}
    now = {"stage": rung.stage, "open": "true"}
    return {
        "label": name_of(rung),
        "rung": rung,
        "few": rung.moved < FEW,
        "n_url": links.leads_url(rung.n, **received, **reached),
        "moved_url": links.leads_url(rung.moved, **received, reached=following),
        "waiting_url": links.leads_url(rung.waiting, **received, **stopped),
        "median": at_least(rung, rung.median),
        "p90": at_least(rung, rung.p90),
        "us_url": links.leads_url(rung.on_us, **now, waiting_on="us") if rung.stage else "",
        "prospect_url": links.leads_url(rung.on_prospect, **now, waiting_on="prospect") if rung.stage else "",
    }


def _finding(report: VelocityReport) -> str:
    """Where leads stay longest, of the stages half of them leave; and those they do not, whose time has no middle."""
    known = [rung for rung in report.ladder if rung.median and rung.moved >= FEW]
    stuck = [name_of(rung) for rung in report.ladder if rung.median is None and rung.n >= FEW]
    said = []
    if known:
        slow = max(known, key=lambda rung: rung.median or 0)
        words = (
            _("Where at least half move on, leads stay longest in %(stage)s: half of them for more than %(duration)s.")
            if stuck
            else _("Leads stay longest in %(stage)s: half of them for more than %(duration)s.")
        )
        said.append(words % {"stage": name_of(slow), "duration": duration(slow.median)})
    if stuck:
        said.append(_("Fewer than half move on from %(stages)s.") % {"stages": ", ".join(stuck)})
    return " ".join(said)


def _age(edges: tuple[int, int | None]) -> str:
    low, high = edges
    if high is None:
        return _("over %(n)s d") % {"n": number(low)}
    return _("%(low)s–%(high)s d") % {"low": number(low), "high": number(high)}


def _heat(report: VelocityReport) -> list[dict[str, Any]]:
    """Open leads by stage and age: number, shade by share of the fullest cell, and the leads behind it."""
    most = max((n for row in report.ages.values() for n in row), default=0) or 1
    rows = []
    for stage in OPEN_STAGES:
        cells = []
        for (after, before), n in zip(report.since, report.ages[stage], strict=True):
            url = links.leads_url(n, **links.staged(before, after), stage=stage)
            cells.append({"n": n, "shade": links.shade(n / most), "url": url})
        n = sum(report.ages[stage])
        url = links.leads_url(n, stage=stage, open="true")
        rows.append({"label": Stage(stage).label, "cells": cells, "n": n, "url": url})
    return rows


def _old(old: Old, masked: bool, at: datetime) -> dict[str, Any]:
    lead = old.lead
    name = initials(lead.person.name) if masked else lead.person.name
    return {
        "lead": lead,
        "name": name,
        "stage": lead.get_stage_display(),
        "days": duration((at - lead.stage_at).total_seconds(), 1),
        "owner": lead.owner.user.name if lead.owner else "",
        "last_at": old.last_at,
    }


def _heading() -> list[str]:
    return [
        _("Stage"), _("Leads"), _("Moved on"), _("Still there"), _("Median days"), _("P90 days"),
        _("Longest watched (days)"), _("Waiting on us now"), _("Waiting on the prospect now"),
    ]  # fmt: skip


def _cells(rung: Rung) -> list[Any]:
    days = [None if s is None else round(s / DAY, 3) for s in (rung.median, rung.p90, rung.longest)]
    return [name_of(rung), rung.n, rung.moved, rung.waiting, *days, rung.on_us, rung.on_prospect]
