"""What /qualification shows, put together from versions and handoffs; decides nothing and writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from leadops import access, moment
from leadops.access import Actor
from leadops.conditions.fields import LEAD
from leadops.conditions.sentence import sentence
from leadops.conditions.validate import Invalid
from leadops.models import Reason
from leadops.templatetags.house import said
from leadops.versions import services as versions
from leadops.versions.kinds import kind_of
from leadops.versions.models import Version
from qualification import panels, selectors
from qualification.fields import BAND_LABELS
from qualification.filters import HandoffFilter

SHOWN = 50  # handoffs on the page, newest first


def context(actor: Actor, query: Mapping[str, Any]) -> dict[str, Any]:
    at = moment.now()
    definition = versions.version_at("mql", selectors.HOUSE, at)
    card = versions.version_at("scorecard", selectors.HOUSE, at)
    handoffs = HandoffFilter(query, selectors.handoffs_visible_to(actor))
    rows = list(handoffs.qs[:SHOWN])
    reasons = panels.reason_labels(Reason.Use.HAND_BACK)
    return {
        "definition": definition,
        "definition_said": kind_of("mql").sentence(definition.body) if definition else "",
        "reads": next(iter(definition.body.get("scorecards", ())), "") if definition else "",
        "card": card,
        "groups": groups_of(card.body) if card else [],
        "knockouts": lines_of(card.body.get("knockouts", ())) if card else [],
        "bands": [{"label": BAND_LABELS[b["key"]], "from": b["from"]} for b in card.body["bands"]] if card else [],
        "histories": [history("mql", actor), history("scorecard", actor)],
        "filter": handoffs,
        "filtered": any(query.get(name) for name in ("state", "reason", "version")),
        "handoffs": [panels.handoff_row(row, reasons) for row in rows],
        "masked": access.masks_contacts(actor),
    }


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    try:
        words = sentence(line.get("when") or {}, LEAD)
    except Invalid as invalid:
        words = _("This condition cannot be read: %(why)s") % {"why": invalid.message}
    return {"key": line.get("key"), "label": said(line.get("label")), "when": words, "points": line.get("points")}


def lines_of(lines: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [_line(line) for line in lines]


def groups_of(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A scorecard as tables: each line in words with its points."""
    names = {"fit": _("Fit"), "engagement": _("Engagement"), "negative": _("Negative points")}
    return [
        {
            "key": group["key"],
            "label": names.get(group["key"], group["key"]),
            "cap": group["cap"],
            "lines": lines_of(group.get("lines", ())),
        }
        for group in body.get("groups", ())
    ]


def history(kind: str, actor: Actor) -> dict[str, Any]:
    """Versions of a kind, and where those who may edit it do so."""
    name = {"mql": "mqldefinition", "scorecard": "scorecard"}[kind]
    may = access.can(actor, kind_of(kind).verb) and access.can(actor, "open_admin")
    rows: list[Version] = list(versions.history(kind, selectors.HOUSE))
    return {
        "label": kind_of(kind).label,
        "versions": rows,
        "url": reverse(f"admin:qualification_{name}_changelist") if may else "",
        "add_url": reverse(f"admin:qualification_{name}_add") if may else "",
    }
