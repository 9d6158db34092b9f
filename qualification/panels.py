"""What qualification shows on the lead page: the score with its lines, the handoff, the deals; it changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from leadops import access, moment, perrequest
from leadops.access import Actor
from leadops.conditions.fields import day_of
from leadops.models import Lead, Opportunity, Reason, Stage
from leadops.panels import Panel
from leadops.templatetags.house import said
from leadops.versions import services as versions
from leadops.versions.models import Version
from qualification import selectors
from qualification.answers import verdict_of
from qualification.fields import BAND_LABELS
from qualification.forms import (
    AnswersForm,
    DisqualifyForm,
    LoseForm,
    OpenOpportunityForm,
    RecycleForm,
    WinForm,
    amount_text,
)
from qualification.models import FrameworkAnswer, Handoff

TONES = {"offered": "info", "accepted": "good", "handed_back": "warn", "expired": "neutral", "withdrawn": "neutral"}
QUALIFIABLE = (Stage.NEW, Stage.ENGAGED, Stage.MQL, Stage.SAL)
DEAL_TONES = {"open": "info", "won": "good", "lost": "neutral"}


def panels(lead: Lead, actor: Actor) -> list[Panel]:
    return [score(lead, actor), answers(lead, actor), handoff(lead, actor), opportunities(lead, actor)]


def line_labels(version: Version) -> dict[str, str]:
    """Each line of a scorecard in the reader's language, caps and knock-outs included."""
    body = version.body
    labels = {line["key"]: said(line["label"]) for group in body.get("groups", ()) for line in group.get("lines", ())}
    names = {"fit": _("Fit"), "engagement": _("Engagement"), "negative": _("Negative points")}
    for group in body.get("groups", ()):
        said_cap = _("%(group)s is capped at %(cap)s") % {"group": names[group["key"]], "cap": group["cap"]}
        labels[f"cap:{group['key']}"] = said_cap
    for each in body.get("knockouts", ()):
        labels[f"knockout:{each['key']}"] = _("Excluded: %(label)s") % {"label": said(each["label"])}
    return labels


def score(lead: Lead, actor: Actor) -> Panel:
    """The ledger of the score: its sum is the score shown."""
    sheet = selectors.sheet_of(lead)
    context: dict[str, Any] = {"lead": lead, "sheet": sheet, "lines": []}
    if sheet is not None:
        labels = line_labels(sheet.version)
        context["lines"] = [
            {"label": labels.get(key, key), "points": points, "touches": len(sheet.counted.get(key, ()))}
            for key, points in sheet.lines
        ]
        context["band"] = BAND_LABELS.get(sheet.band, sheet.band)
    return Panel("qualification/score_panel.html", context)


def answers(lead: Lead, actor: Actor, forms: Mapping[str, Any] | None = None) -> Panel:
    """The framework's questions with what sales learnt, and the verdict; the form for who may answer."""
    version = versions.version_at("framework", selectors.HOUSE, moment.now())
    context: dict[str, Any] = {"lead": lead, "version": version}
    if version is not None:
        held = selectors.answers_of([lead]).get(lead.pk, {})
        may = lead.is_open and access.can(actor, "answer", lead)
        plain = {key: row.answer for key, row in held.items()}
        context |= {
            "name": said(version.body["name"]),
            "verdict": verdict_of(version, held),
            "questions": questions_of(version, held, access.masks_contacts(actor)),
            "may_qualify": may and lead.stage in QUALIFIABLE and access.can(actor, "qualify", lead),
            "answers_form": AnswersForm(on=lead.pk, body=version.body, held=plain) if may else None,
        }
    return Panel("qualification/answers_panel.html", context | dict(forms or {}))


def questions_of(version: Version, held: Mapping[str, FrameworkAnswer], masked: bool) -> list[dict[str, Any]]:
    """Each question in the reader's language with its latest answer; words of people for who may read them."""
    rows = []
    for question in version.body["questions"]:
        row = held.get(question["key"])
        labels = {each["key"]: said(each["label"]) for each in question["answers"]}
        note = getattr(row, "note", None)
        rows.append(
            {
                "label": said(question["label"]),
                "needed": question.get("needed", False),
                "row": row,
                "answer": labels.get(row.answer, row.answer) if row else "",
                "note": note.text if note is not None and not masked else "",
            }
        )
    return rows


def reason_labels(use: str) -> dict[str, str]:
    return {row.key: said(row.labels) for row in perrequest.reasons() if row.use == use}


def handoff(lead: Lead, actor: Actor, forms: Mapping[str, Any] | None = None) -> Panel:
    """Where the lead stands between marketing and sales, and the verbs that move it on."""
    rows = list(selectors.handoffs_of(lead)[:5])
    said_reasons = reason_labels(Reason.Use.HAND_BACK) if any(row.reason for row in rows) else {}
    may = {verb: lead.is_open and access.can(actor, verb, lead) for verb in ("qualify", "disqualify", "recycle")}
    may["qualify"] = may["qualify"] and lead.stage in QUALIFIABLE
    context = {
        "lead": lead,
        "handoffs": [handoff_row(row, said_reasons) for row in rows],
        "may": may,
        "disqualify_form": DisqualifyForm(on=lead.pk),
        "recycle_form": RecycleForm(on=lead.pk, at=moment.now()),
    }
    return Panel("qualification/handoff_panel.html", context | dict(forms or {}))


def handoff_row(row: Handoff, reasons: Mapping[str, str]) -> dict[str, Any]:
    return {
        "row": row,
        "state": row.get_state_display(),
        "tone": TONES[row.state],
        "reason": reasons.get(row.reason, row.reason),
    }


def opportunities(lead: Lead, actor: Actor, forms: Mapping[str, Any] | None = None) -> Panel:
    """The deals of a lead with the forms that open, win and lose them."""
    given = dict(forms or {})
    deals = list(selectors.opportunities_of(lead))
    may = {verb: access.can(actor, verb, lead) for verb in ("open_opportunity", "win", "lose")}
    may["open_opportunity"] = may["open_opportunity"] and (lead.is_open or lead.stage in (Stage.WON, Stage.LOST))
    lost = reason_labels(Reason.Use.LOST) if any(deal.reason for deal in deals) else {}
    start = {"name": lead.company, "currency": settings.HOUSE_CURRENCY}
    context = {
        "lead": lead,
        "deals": [_deal_row(deal, lost, given, access.masks_contacts(actor)) for deal in deals],
        "may": may,
        "open_form": given.get("open_form") or OpenOpportunityForm(on=lead.pk, initial=start),
    }
    return Panel("qualification/opportunities_panel.html", context)


def _deal_row(deal: Opportunity, lost: Mapping[str, str], given: Mapping[str, Any], masked: bool) -> dict[str, Any]:
    """What a deal is called is free text: it may name the person."""
    start = {"amount": amount_text(deal), "currency": deal.currency, "closed_on": day_of(moment.now())}
    return {
        "deal": deal,
        "name": "" if masked else deal.name,
        "state": deal.get_state_display(),
        "tone": DEAL_TONES[deal.state],
        "reason": lost.get(deal.reason, deal.reason),
        "win_form": given.get(f"win:{deal.pk}") or WinForm(on=deal.pk, initial=start),
        "lose_form": given.get(f"lose:{deal.pk}") or LoseForm(on=deal.pk),
    }
