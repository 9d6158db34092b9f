"""The executive's page: seven figures with the period before, each opening its report; sentences, sources, days."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from leadops import moment
from leadops.access import Actor
from leadops.templatetags.house import day, number, percent, units
from reports import charts, links
from reports.exports import amount
from reports.filters import PeriodForm
from reports.metrics.beginnings import DEALS, LEADS
from reports.metrics.executive import ExecutiveReport, Glance, executive_report
from reports.metrics.response import TARGET
from reports.metrics.sources import SourceRow
from reports.pages.frame import Page, change, report_url, shared

STEADY = 0.02  # a change smaller than this is none


def page(actor: Actor, given: QueryDict) -> Page:
    form = PeriodForm(given, moment.now())
    chosen = form.chosen()
    report = executive_report(actor, chosen.period)
    context = shared(actor, "show_executive", form, given, chosen.period, report.at) | {
        "report": report,
        "nothing_before": not report.comparable(LEADS),
        "sentences": _sentences(report),
        "cards": _cards(report, given),
        "sources": [_source(report, row) for row in report.sources],
        "sources_url": report_url("show_sources", given, view="period"),
        "chart": charts.columns([(day(on), n, None, number(n)) for on, n in report.days]),
        "first": day(report.period.from_on),
        "last": day(report.period.last_on),
    }
    return Page("executive", context, _heading(), _table(report))


def _source(report: ExecutiveReport, row: SourceRow) -> dict[str, Any]:
    """A source that brought something, with the leads behind its counts."""
    of = links.origin("first_source", row.key)
    stages = {"leads": row.leads, "mql": row.mql, "deal": row.won}
    urls = {
        f"{stage}_url": links.leads_url(n, **links.happened(report.period, stage), **of) for stage, n in stages.items()
    }
    return {"row": row, "roi": row.roi, **urls}


def _rise(now: float | None, before: float | None) -> float | None:
    return None if now is None or not before else float(now - before) / float(before)


def _tone(now: float | None, before: float | None, up: str = "good") -> str:
    """Whether a change is good news; small ones are none."""
    rise = float(now - before) if now is not None and before is not None else None  # kept sums are decimals
    if rise is None or not before or abs(rise) <= STEADY * abs(float(before)):
        return ""
    return up if rise > 0 else {"good": "bad", "bad": "good", "": ""}[up]


def _sentences(report: ExecutiveReport) -> list[str]:
    now, before = report.now, report.before
    said = []
    words = ngettext("%(n)s lead came in", "%(n)s leads came in", now.leads) % {"n": number(now.leads)}
    said.append(_against(words, _rise(now.leads, before.leads) if report.comparable(LEADS) else None))
    if now.won:
        deals = ngettext("%(n)s deal was won", "%(n)s deals were won", now.won) % {"n": number(now.won)}
        if now.won_minor is not None:
            deals = _("%(deals)s for %(amount)s") % {"deals": deals, "amount": units(now.won_minor)}
        said.append(_against(deals, _rise(now.won_minor, before.won_minor) if report.comparable(DEALS) else None))
    else:
        said.append(_("No deal was won in the period."))
    if now.share_within_five is not None:
        words = (
            _("%(share)s of those who asked were answered within five minutes: above the line of %(target)s.")
            if now.share_within_five >= TARGET
            else _("%(share)s of those who asked were answered within five minutes: below the line of %(target)s.")
        )
        said.append(words % {"share": percent(now.share_within_five, 0), "target": percent(TARGET, 0)})
    return said


def _against(words: str, rise: float | None) -> str:
    if rise is None:
        return _("%(what)s.") % {"what": words}
    if abs(rise) <= STEADY:
        return _("%(what)s, about as many as in the period before.") % {"what": words}
    more = _("%(what)s, %(share)s more than in the period before.")
    less = _("%(what)s, %(share)s less than in the period before.")
    return (more if rise > 0 else less) % {"what": words, "share": percent(abs(rise), 0)}


def _cards(report: ExecutiveReport, given: QueryDict) -> list[dict[str, Any]]:
    now, then = report.now, report.before
    sources, funnel = report_url("show_sources", given, view="period"), report_url("show_funnel", given, view="period")
    deals, response = report_url("show_deals", given), report_url("show_response", given)

    def card(label: str, name: str, word: Any, url: str, definition: str, up: str = "good", note: str = "") -> Any:
        known = report.comparable(DEALS if name in _OF_DEALS else LEADS)
        value, was = getattr(now, name), getattr(then, name) if known else None
        shown = _("%(figure)s before") % {"figure": word(was)} if name in _SHARES else change(value, was, word(was))
        said = [note, _unknown(report, now, name)] if value is None else [note]
        return {
            "label": label, "figure": word(value), "url": url, "definition": definition,
            "note": " · ".join(part for part in said if part),
            "comparison": shown if was is not None else _before(report, name) if value is not None else "",
            "comparison_tone": _tone(value, was, up),
        }  # fmt: skip

    return [
        card(
            _("Leads"), "leads", number, sources, _("Leads received in the period."),
        ),
        card(
            "MQL", "mql", number, funnel, _("Leads that became MQL, or went beyond, in the period."),
        ),
        card(
            _("Pipeline"), "pipeline_minor", units, deals,
            _("Amounts of the deals that were open at the end of the period."), note=_deals_note(now),
        ),
        card(
            pgettext("amount", "Won"), "won_minor", units, deals,
            _("Amounts of the deals won in the period, in the house currency."), note=_won_note(now),
        ),
        card(
            _("Spend"), "spend_minor", units, sources,
            _("Costs entered, spread evenly over their days; “—” means that none was entered."), up="",
            note=_spend_note(report, now),
        ),
        card(
            "ROI", "roi", lambda share: percent(share, 0), sources,
            _("(won − spend) ÷ spend, both of the period: deals won now were often paid for earlier."),
        ),
        card(
            _("Answered within five minutes"), "share_within_five", lambda share: percent(share, 0), response,
            _("Leads that asked to be contacted and had a first human attempt within five minutes, night and day."),
            note=_response_note(now),
        ),
    ]  # fmt: skip


def _unknown(report: ExecutiveReport, one: Glance, name: str) -> str:
    """Why a figure is not known: “—” never stands without its reason."""
    if name == "pipeline_minor":
        return _("no open deal has a known amount")
    if name == "won_minor":
        return _("no won deal has an exchange rate")
    if name == "share_within_five":
        return _("nobody asked to be contacted")
    if not report.costs_shown:
        return _("costs are those of the whole house")
    if one.spend_minor is None:
        return _("no cost is entered for these days")
    if one.spend_incomplete:
        return _("a cost has no exchange rate")
    if not one.spend_minor:
        return _("nothing was spent")
    return _("a won deal has no exchange rate")


def _before(report: ExecutiveReport, name: str) -> str:
    """Why there is nothing to compare with; days that were not all lived are said once, above."""
    if not report.comparable(DEALS if name in _OF_DEALS else LEADS):
        return ""
    return _("before: %(reason)s") % {"reason": _unknown(report, report.before, name)}


def _spend_note(report: ExecutiveReport, now: Glance) -> str:
    if now.spend_incomplete:
        return _("a cost has no exchange rate and is missing")
    return _("entered up to %(day)s") % {"day": day(report.costs_upto)} if report.costs_upto else ""


def _response_note(now: Glance) -> str:
    line = _("line: %(target)s") % {"target": percent(TARGET, 0)}
    return _("%(line)s · n = %(n)s") % {"line": line, "n": number(now.judged)} if now.judged else line


_SHARES = ("roi", "share_within_five")
_OF_DEALS = ("pipeline_minor", "won_minor", "roi")


def _deals_note(now: Glance) -> str:
    said = ngettext("%(n)s deal", "%(n)s deals", now.pipeline) % {"n": number(now.pipeline)}
    if not now.pipeline_unvalued:
        return said
    return _("%(deals)s, of which %(n)s without a known amount") % {"deals": said, "n": number(now.pipeline_unvalued)}


def _won_note(now: Glance) -> str:
    said = ngettext("%(n)s deal", "%(n)s deals", now.won) % {"n": number(now.won)}
    if not now.won_unconverted:
        return said
    return _("%(deals)s, of which %(n)s not convertible") % {"deals": said, "n": number(now.won_unconverted)}


def _heading() -> list[str]:
    return [_("Figure"), _("Period"), _("Period before")]


def _table(report: ExecutiveReport) -> list[list[Any]]:
    def both(label: str, name: str, minor: bool = False) -> list[Any]:
        known = report.comparable(DEALS if name in (*_OF_DEALS, "pipeline", "won") else LEADS)
        values = [getattr(report.now, name), getattr(report.before, name) if known else None]
        return [label, *(amount(v, report.currency) if minor else v for v in values)]

    code = {"currency": report.currency}
    return [
        both(_("Leads"), "leads"),
        both("MQL", "mql"),
        both(_("Open deals"), "pipeline"),
        both(_("Pipeline (%(currency)s)") % code, "pipeline_minor", True),
        both(_("Won deals"), "won"),
        both(_("Won (%(currency)s)") % code, "won_minor", True),
        both(_("Spend (%(currency)s)") % code, "spend_minor", True),
        both("ROI", "roi"),
        both(_("Answered within five minutes"), "share_within_five"),
    ]
