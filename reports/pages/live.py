"""The live page: today by hour against the usual, who waits, clocks at risk. It asks again by itself until paused."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leadops import access
from leadops.access import Actor
from leadops.templatetags.house import number, percent
from leadops.templatetags.people import initials
from reports import charts, links
from reports.metrics.live import MOST, LiveReport, live_report
from reports.metrics.response import TARGET
from reports.pages.frame import Page, report_url, tabs
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
        "stats": _stats(report, given),
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


def _most(n: int) -> str:
    """A count that was stopped at MOST says so."""
    return _("%(n)s or more") % {"n": number(n)} if n >= MOST else number(n)


def _answered(n: int) -> str:
    return ngettext("of %(n)s lead that asked today", "of %(n)s leads that asked today", n) % {"n": number(n)}


def _stats(report: LiveReport, given: QueryDict) -> list[dict[str, Any]]:
    today = report.today.from_on.isoformat()
    held = sum(n for _reason, n in report.held)
    late = report.share_within_five is not None and report.share_within_five < TARGET and report.judged >= 10
    return [
        {
            "label": _("Leads today"), "figure": number(report.leads),
            "url": links.leads_url(report.leads, **links.received(report.today)),
        },
        {
            "label": _("Waiting for an owner"), "figure": _most(held + report.unowned),
            "url": links.leads_url(held + report.unowned, open="true", unowned="true", resting="false"),
            "tone": "warn" if held + report.unowned else "",
        },
        {
            "label": _("Due in the inboxes"), "figure": _most(report.due), "note": _("leads with work that is due now"),
            "url": links.leads_url(report.due, open="true", due="true"),
        },
        {
            "label": _("Clocks at risk"), "figure": _most(report.at_risk), "tone": "warn" if report.at_risk else "",
            "url": links.leads_url(report.at_risk, open="true", clock="soon"),
            "note": _("leads with a clock due within 15 minutes"),
        },
        {
            "label": _("Clocks overdue"), "figure": _most(report.overdue), "tone": "bad" if report.overdue else "",
            "url": links.leads_url(report.overdue, open="true", overdue="true"),
        },
        {
            "label": _("Breached today"), "figure": _most(report.breached_today),
            "url": links.leads_url(report.breached_today, **links.breached(report.today)),
            "note": _("leads with a clock that was due today and missed"),
        },
        {
            "label": _("Answered within five minutes"), "figure": percent(report.share_within_five, 0),
            "tone": "bad" if late else "", "note": _answered(report.judged),
            "url": report_url("show_response", given, period="custom", first_day=today, last_day=today),
        },
    ]  # fmt: skip


def _held(report: LiveReport) -> list[dict[str, Any]]:
    rows = [
        (str(HELD.get(reason, reason)), n, number(n), links.leads_url(n, open="true", held_for=reason), "")
        for reason, n in report.held
    ]
    if report.unowned:
        url = links.leads_url(report.unowned, open="true", unowned="true", held="false", resting="false")
        rows.append((_("Without owner, not held"), report.unowned, number(report.unowned), url, ""))
    if report.resting:
        url = links.leads_url(report.resting, open="true", resting="true")
        rows.append((_("Not an MQL yet, nobody’s"), report.resting, _most(report.resting), url, ""))
    return charts.shares(rows, sum(n for _label, n, _text, _url, _tone in rows) or 1)
