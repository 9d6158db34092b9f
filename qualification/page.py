"""What /qualification shows, put together from versions and handoffs; decides nothing and writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from leadops import access, moment
from leadops.access import Actor
from leadops.conditions.fields import LEAD
from leadops.conditions.sentence import sentence
from leadops.conditions.validate import Invalid
from leadops.models import Reason, Touch
from leadops.templatetags.house import percent, said
from leadops.versions import services as versions
from leadops.versions.kinds import kind_of
from leadops.versions.models import Version
from qualification import acceptance, panels, selectors
from qualification.behaviour import HALVES, LINEAR, MATCHES
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
        "reads": next(iter(definition.body.get("scorecards", ())), "").rpartition("@")[2] if definition else "",
        "card": card,
        "groups": groups_of(card.body) if card else [],
        "knockouts": lines_of(card.body.get("knockouts", ())) if card else [],
        "bands": [{"label": BAND_LABELS[b["key"]], "from": b["from"]} for b in card.body["bands"]] if card else [],
        "steps": [step for name in ("grades", "levels") for step in steps_of(card.body if card else {}, name)],
        "framework": framework_of(at),
        "histories": [history("mql", actor), history("scorecard", actor), history("framework", actor)],
        "filter": handoffs,
        "filtered": any(query.get(name) for name in ("state", "reason", "version")),
        "handoffs": [panels.handoff_row(row, reasons) for row in rows],
    }


def handoffs_context(actor: Actor, query: Mapping[str, Any]) -> dict[str, Any]:
    """Acceptance by definition, source and rep, and the latest handoffs of a filter."""
    at = moment.now()
    chosen = HandoffFilter(query, selectors.handoffs_visible_to(actor))
    reasons = panels.reason_labels(Reason.Use.HAND_BACK)
    labels = {"definition": _("MQL definition"), "source": _("Source"), "rep": _("Rep")}
    if access.masks_contacts(actor):  # who may not read the team sees no one named
        labels.pop("rep")
    return {
        "tables": [{"label": label, "rows": acceptance.rates(actor, by, at)} for by, label in labels.items()],
        "filter": chosen,
        "filtered": any(query.get(name) for name in ("state", "reason", "version", "overdue")),
        "handoffs": [panels.handoff_row(row, reasons) for row in list(chosen.qs[:SHOWN])],
    }


def steps_of(body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Fit grades or engagement levels with where each starts."""
    words = {"grades": _("Fit grade %(letter)s"), "levels": _("Engagement level %(letter)s")}
    return [{"label": words[name] % {"letter": row["key"]}, "from": row["from"]} for row in body.get(name, ())]


def framework_of(at: datetime) -> dict[str, Any] | None:
    """Sales' framework in force, as a table of questions with their answers."""
    version = versions.version_at("framework", selectors.HOUSE, at)
    if version is None:
        return None
    rows = questions_of(version.body)
    return {"version": version, "sentence": kind_of("framework").sentence(version.body), "questions": rows}


def questions_of(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The questions of a framework with their answers, in the reader's language."""
    return [
        {
            "label": said(question["label"]),
            "weight": question["weight"],
            "needed": question.get("needed", False),
            "answers": [
                {"label": said(row["label"]), "worth": percent(row["worth"] / 100, 0)} for row in question["answers"]
            ],
        }
        for question in body["questions"]
    ]


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    if "touch" in line:
        words = behaviour_said(line["touch"])
    else:
        try:
            words = sentence(line.get("when") or {}, LEAD)
        except Invalid as invalid:
            words = _("This condition cannot be read: %(why)s") % {"why": invalid.message}
    return {"key": line.get("key"), "label": said(line.get("label")), "when": words, "points": line.get("points")}


def behaviour_said(touch: Mapping[str, Any]) -> str:
    """Which touches count, how many, how long: one sentence."""
    kinds = ", ".join(str(Touch.Kind(kind).label) for kind in touch.get("kinds", ()) if kind in Touch.Kind.values)
    words = [_("%(kinds)s, at most %(most)s within %(days)s days") % {
        "kinds": kinds or _("Any touch"), "most": touch.get("most"), "days": touch.get("days")
    }]  # fmt: skip
    names = {"channel": _("channel"), "campaign": _("campaign"), "source": _("source"), "content": _("content")}
    words += [f"{names[name]} {', '.join(touch[name])}" for name in MATCHES if touch.get(name)]
    if touch.get("decay") == HALVES:
        words.append(_("half after %(days)s days") % {"days": touch.get("half_life_days")})
    elif touch.get("decay") == LINEAR:
        words.append(_("falling evenly to zero"))
    return " · ".join(words)


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
    name = {"mql": "mqldefinition", "scorecard": "scorecard", "framework": "frameworkversion"}.get(kind, "")
    may = bool(name) and access.can(actor, kind_of(kind).verb) and access.can(actor, "open_admin")
    rows: list[Version] = list(versions.history(kind, selectors.HOUSE))
    return {
        "label": kind_of(kind).label,
        "versions": rows,
        "url": reverse(f"admin:qualification_{name}_changelist") if may else "",
        "add_url": reverse(f"admin:qualification_{name}_add") if may else "",
    }
