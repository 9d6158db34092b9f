"""The live page: today by hour against the usual, who waits, clocks at risk. It asks again by itself until paused."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leadops import access
from leadops.access import Actor
from leadops.templatetags.house import initials, number, percent
from reports import charts, links
from reports.metrics.live import LiveReport, live_report
from reports.metrics.response import TARGET
from reports.pages.frame import Page, tabs
from routing.fields import HELD


def page(actor: Actor, given: QueryDict) -> Page:
    report = live_report(actor)
    paused = given.get("paused") == "1"
    masked = access.masks_contacts(actor)
    context = {
        "tabs": tabs(actor, "show_live", given),
        "report": report,
        "period": report.today,
        "paused": paused,
        "live_kinds": "inbox house",  # its stream tells of everybody's events, not only of the reader's
        "url": reverse("reports:show_live"),
        "finding": _finding(report),
        "stats": _stats(report),
        "chart": charts.columns([(f"{hour:02}:00", n, usual, _words(n, usual)) for hour, n, usual in report.hours]),
        "held": _held(report),
        "clocks": [
            {
                "clock": clock,
                "name": initials(clock.lead.person.name) if masked else clock.lead.person.name,
                "kind": clock.get_kind_display(),
                "owner": clock.rep.user.name if clock.rep else "",
            }
            for clock in report.clocks
        ],
    }
    table = [[f"{hour:02}:00", n, usual] for hour, n, usual in report.hours]
    return Page("live", context, [_("Hour"), _("Leads"), _("Usual")], table)


def _words(n: int, usual: float | None) -> str:
    if usual is None:
        return number(n)
    return _("%(n)s (usual: %(usual)s)") % {"n": number(n), "usual": number(round(usual, 1))}


def _finding(report: LiveReport) -> str:
    usual = report.usual_so_far
    said = ngettext("%(n)s lead so far today", "%(n)s leads so far today", report.leads) % {"n": number(report.leads)}
    if usual is None or usual < 1:
        return _("%(what)s.") % {"what": said}
    return _("%(what)s; usual at this time: %(usual)s.") % {"what": said, "usual": number(round(usual))}


def _stats(report: LiveReport) -> list[dict[str, Any]]:
    held = sum(n for _reason, n in report.held)
    late = report.share_within_five is not None and report.share_within_five < TARGET and report.judged >= 10
    return [
        {
            "label": _("Leads today"), "figure": number(report.leads),
            "url": links.leads_url(report.leads, **links.received(report.today)),
        },
        {
            "label": _("Waiting for an owner"), "figure": number(held + report.unowned),
            "url": links.leads_url(held + report.unowned, open="true", unowned="true"),
            "tone": "warn" if held + report.unowned else "",
        },
        {"label": _("Due in the inboxes"), "figure": number(report.due), "note": _("work that is due now")},
        {
            "label": _("Clocks at risk"), "figure": number(report.at_risk), "url": reverse("routing:show_sla"),
            "tone": "warn" if report.at_risk else "", "note": _("due within 15 minutes"),
        },
        {
            "label": _("Clocks overdue"), "figure": number(report.overdue), "url": reverse("routing:show_sla"),
            "tone": "bad" if report.overdue else "",
            "note": ngettext("%(n)s breached today", "%(n)s breached today", report.breached_today)
            % {"n": number(report.breached_today)},
        },
        {
            "label": _("Answered within five minutes"), "figure": percent(report.share_within_five, 0),
            "tone": "bad" if late else "", "note": _("of those who asked today"),
        },
    ]  # fmt: skip


def _held(report: LiveReport) -> list[dict[str, Any]]:
    rows = [
        (str(HELD.get(reason, reason)), n, number(n), links.leads_url(n, open="true", held_for=reason), "")
        for reason, n in report.held
    ]
    if report.unowned:
        url = links.leads_url(report.unowned, open="true", unowned="true", held="false")
        rows.append((_("Without owner, not held"), report.unowned, number(report.unowned), url, ""))
    return charts.shares(rows, sum(n for _label, n, _text, _url, _tone in rows) or 1)
