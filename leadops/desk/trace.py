"""The whole why of one lead: decisions with what they saw, clocks with their sums, score lines, handoffs. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from leadops import access
from leadops.access import Actor
from leadops.conditions.explain import without_personal
from leadops.conditions.fields import LEAD
from leadops.decisions import Decision, DecisionFacts
from leadops.models import Lead, Touch
from leadops.templatetags.house import said
from leadops.versions.models import Version
from qualification import panels as qualification_panels
from qualification import selectors as qualification
from routing import selectors as routing
from routing import weighing
from routing.models import Assignment, Clock
from routing.sla import reading
from routing.sla.panels import state_of


def trace(lead: Lead, actor: Actor, at: Any) -> dict[str, Any]:
    """Everything that was decided about a lead, oldest first, as far as the reader may see the facts."""
    decided = list(Decision.objects.filter(lead=lead).select_related("version").order_by("id"))
    return {
        "lead": str(lead.pk),
        "decisions": decisions_shown(decided, actor),
        "assignments": [_assignment(row) for row in _assignments(lead)],
        "clocks": [_clock(row, at) for row in _clocks(lead)],
        "score": _score(lead),
        "handoffs": [_handoff(row) for row in qualification.handoffs_of(lead)],
        "touches": [_touch(row) for row in Touch.objects.filter(lead=lead).order_by("occurred_at", "id")],
    }


# -- decisions -----------------------------------------------------------------------------------------


def decisions_shown(rows: Iterable[Decision], actor: Actor) -> list[dict[str, Any]]:
    """Decisions with the facts the reader may see and the names of the reps they weighed; two more statements."""
    rows, masked = list(rows), access.masks_contacts(actor)
    facts = {row.decision: row.facts for row in DecisionFacts.objects.filter(decision__in=[r.pk for r in rows])}
    names = routing.names(rep for row in rows for rep in _reps(row))
    return [_decision(row, facts.get(row.pk), names, masked) for row in rows]


def _decision(row: Decision, facts: dict[str, Any] | None, names: Mapping[str, str], masked: bool) -> dict[str, Any]:
    why = weighing.told(row.why) if row.kind == Decision.Kind.ROUTING else row.why
    return {
        "id": str(row.pk),
        "kind": row.kind,
        "lead": str(row.lead_id),
        "at": row.at,
        "version": version_shown(row.version),
        "rule": rule_words(row),
        "outcome": row.outcome,
        "why": _without_contacts(why) if masked else why,
        "facts": None if facts is None else _visible(facts, masked),
        "reps": {rep: names[rep] for rep in _reps(row) if rep in names},
        "seed": row.seed,
        "propensity": row.propensity,
        "engine": row.engine,
        "batch": str(row.batch_id) if row.batch_id else None,
        "ordinal": row.ordinal,
    }


def version_shown(version: Version | None) -> dict[str, Any] | None:
    if version is None:
        return None
    return {"id": str(version.pk), "kind": version.kind, "key": version.key, "number": version.number}


def rule_words(row: Decision) -> str:
    """The rule that decided, as its author called it, in the reader's language."""
    key, body = row.outcome.get("rule", ""), row.version.body if row.version else {}
    rules = body.get("rules", [])
    label = next((rule.get("label") for rule in rules if isinstance(rule, dict) and rule.get("key") == key), None)
    return said(label) if label else key


def _reps(row: Decision) -> set[str]:
    """Everybody a routing decision names; other decisions name nobody."""
    if row.kind != Decision.Kind.ROUTING:
        return set()
    weighed = {str(each.get("rep") or "") for each in weighing.weighed(row.why)}
    return ({str(row.outcome.get("rep") or ""), *row.why.get("barred", ())} | weighed) - {""}


def _without_contacts(why: dict[str, Any]) -> dict[str, Any]:
    """Every comparison without the personal value it met."""
    found = dict(why)
    if "explain" in found:
        found["explain"] = _without_contact(found["explain"])
    if "matched" in found:
        found["matched"] = [_without_contact(leaf) for leaf in found["matched"]]
    if "skipped" in found:
        found["skipped"] = [
            {**row, "leaf": _without_contact(row["leaf"])} if row.get("leaf") else row for row in found["skipped"]
        ]
    return found


def _without_contact(explanation: dict[str, Any]) -> dict[str, Any]:
    return without_personal(explanation, also=frozenset(access.MASKED))


def _visible(facts: dict[str, Any], masked: bool) -> dict[str, Any]:
    if not masked:
        return facts
    personal = {field.key for key in facts if (field := LEAD.get(key)) is not None and field.personal}
    return {key: value for key, value in facts.items() if key not in personal and key not in access.MASKED}


# -- the rest ------------------------------------------------------------------------------------------


def _assignments(lead: Lead) -> Iterable[Assignment]:
    return Assignment.objects.filter(lead=lead).select_related("rep__user", "pool").order_by("started_at", "id")


def _assignment(row: Assignment) -> dict[str, Any]:
    return {
        "rep": {"id": str(row.rep_id), "name": row.rep.user.name},
        "pool": row.pool.key if row.pool else "",
        "how": row.how,
        "decision": str(row.decision_id) if row.decision_id else None,
        "cycle": row.cycle,
        "started_at": row.started_at,
        "accepted_at": row.accepted_at,
        "ended_at": row.ended_at,
        "ended_why": row.ended_why,
    }


def _clocks(lead: Lead) -> Iterable[Clock]:
    rows = Clock.objects.filter(lead=lead).select_related("calendar", "policy", "rep__user")
    return rows.order_by("started_at", "kind")


def _clock(row: Clock, at: Any) -> dict[str, Any]:
    """A clock and how its due moment was worked out, line by line."""
    lines = reading.arithmetic(reading.calendar_of(row), row.started_at, row.target_seconds)
    return clock_shown(row, at) | {
        "arithmetic": [
            {
                "day": line.day,
                "span": line.span,
                "seconds": line.seconds,
                "remaining": line.remaining,
                "closed": line.closed,
            }
            for line in lines
        ]
    }


def clock_shown(row: Clock, at: Any) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "lead": str(row.lead_id),
        "cycle": row.cycle,
        "kind": row.kind,
        "state": row.state,
        "shown": state_of(row, at),
        "rule": row.rule,
        "policy": version_shown(row.policy),
        "rep": str(row.rep_id) if row.rep_id else None,
        "target_seconds": row.target_seconds,
        "started_at": row.started_at,
        "due_at": row.due_at,
        "ended_at": row.ended_at,
        "breached_at": row.breached_at,
    }


def _score(lead: Lead) -> dict[str, Any] | None:
    """The ledger of the score: its lines with their labels; their sum is the score."""
    sheet = qualification.sheet_of(lead)
    if sheet is None:
        return None
    labels = qualification_panels.line_labels(sheet.version)
    return {
        "version": version_shown(sheet.version),
        "score": sheet.score,
        "fit": sheet.fit,
        "engagement": sheet.engagement,
        "band": sheet.band,
        "grade": sheet.grade,
        "knocked_out": sheet.knocked_out,
        "lines": [{"key": key, "label": labels.get(key, key), "points": points} for key, points in sheet.lines],
        "at": sheet.at,
    }


def _handoff(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "state": row.state,
        "reason": row.reason,
        "definition": version_shown(row.definition),
        "decision": str(row.decision) if row.decision else None,
        "rep": str(row.rep_id) if row.rep_id else None,
        "offered_at": row.offered_at,
        "answered_at": row.answered_at,
    }


def _touch(row: Touch) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "source": row.source,
        "campaign": row.campaign,
        "channel": row.channel,
        "channel_rule": row.channel_rule,
        "submission": str(row.submission) if row.submission else None,
        "occurred_at": row.occurred_at,
    }
