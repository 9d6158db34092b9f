"""Why a lead has the owner it has: the decision's codes told in the reader's language. Decides nothing.

Names are looked up here, when somebody reads; records keep ids, codes and numbers only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leadops.access import Actor
from leadops.calendars.offsets import instant
from leadops.conditions import explain
from leadops.decisions import Decision
from leadops.models import Lead
from leadops.panels import Panel
from leadops.templatetags.house import duration, number, said, stamp
from routing import selectors, weighing
from routing.fields import HELD
from routing.match import FALLBACK
from routing.models import Assignment

SHOWN = 6  # excluded reps named before the rest is counted


@dataclass(frozen=True, slots=True)
class Skipped:
    """A rule that did not speak: its name, the comparison that was not true, and what it met."""

    rule: str
    text: str
    met: str


def panel(lead: Lead, actor: Actor) -> Panel:
    """The routing decision card of a lead."""
    decision, row = selectors.last_decision(lead), selectors.current_assignment(lead)
    context: dict[str, Any] = {"lead": lead, "assignment": row, "decision": decision}
    by_rule = decision is not None and (row is None or row.decision_id == decision.pk)
    if row is not None:
        context["headline"] = headline(row, lead)
    elif lead.held:
        context["headline"] = held_words(lead.held, decision)
    if decision is not None and by_rule:
        context |= told(decision)
    return Panel("routing/decision_panel.html", {"lead": lead, **context})


def panels(lead: Lead, actor: Actor) -> list[Panel]:
    return [panel(lead, actor)]


def why_line(lead: Lead) -> str:
    """The decision in one line, for a list."""
    row = selectors.current_assignment(lead)
    if row is None:
        return held_words(lead.held, None) if lead.held else ""
    decision = selectors.last_decision(lead) if row.decision_id else None
    if decision is not None and decision.pk == row.decision_id:
        return f"{headline(row, lead)} {rule_words(decision)}"
    return headline(row, lead)


def headline(row: Assignment, lead: Lead) -> str:
    """Who has it, how, and how fast."""
    name = row.rep.user.name
    if row.how == Assignment.How.CLAIMED:
        return _("Claimed by %(name)s.") % {"name": name}
    if row.how == Assignment.How.BY_HAND:
        by = row.by.name if row.by else _("the system")
        return _("Given to %(name)s by %(by)s.") % {"name": name, "by": by}
    waited = max((row.started_at - lead.received_at).total_seconds(), 0)
    span = _("less than a second") if waited < 1 else duration(waited)
    if row.how == Assignment.How.STICKY:
        return _("Assigned to %(name)s, who owns the account, in %(span)s.") % {"name": name, "span": span}
    return _("Assigned to %(name)s in %(span)s.") % {"name": name, "span": span}


def held_words(reason: str, decision: Decision | None) -> str:
    text = _("Held: %(reason)s.") % {"reason": str(HELD.get(reason, reason)).lower()}
    until = decision.outcome.get("until") if decision is not None else None
    if until and decision is not None and decision.outcome.get("reason") == reason:
        text += " " + _("Looked at again %(at)s.") % {"at": _at(instant(until))}
    return text


def told(decision: Decision) -> dict[str, Any]:
    """Everything a decision's record says, in words."""
    why, names = decision.why, selectors.names(_people(decision))
    weighed = weighing.weighed(why)
    excluded = [row for row in weighed if row.get("why_not")]
    left = sum(why.get("excluded", {}).values()) - len(excluded[:SHOWN])
    return {
        "rule": rule_words(decision),
        "passed": [rule_name(decision, key) for key in why.get("passed", [])],
        "matched": [line for leaf in why.get("matched", []) for line in explain.render(leaf)],
        "skipped": [_skipped(decision, row) for row in why.get("skipped", [])],
        "excluded": [excluded_words(row, names) for row in excluded[:SHOWN]],
        "excluded_more": max(left, 0),
        "able": [names.get(row["rep"], "?") for row in weighed if not row.get("why_not")],
        "fairness": fairness_words(decision, names),
        "chance": decision.propensity if decision.propensity < 1 else None,
        "anyway": decision.outcome.get("anyway"),
        "detail": decision.outcome.get("detail"),
    }


def rule_words(decision: Decision) -> str:
    version = decision.version
    values = {"rule": rule_name(decision, decision.why.get("rule", "")), "n": version.number if version else 0}
    return _("Rule “%(rule)s” v%(n)s.") % values


def rule_name(decision: Decision, key: str) -> str:
    """The rule's label in the version that decided."""
    body: Mapping[str, Any] = decision.version.body if decision.version else {}
    if key == FALLBACK:
        return _("Every other lead")
    rule: Mapping[str, Any] = next((rule for rule in body.get("rules", []) if rule.get("key") == key), {})
    return said(rule.get("label")) or key


def excluded_words(row: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Karim (absent until the 12th) · Sofia (8 of 8)."""
    return f"{names.get(row['rep'], '?')} ({reason_words(row['why_not'], row)})"


def reason_words(code: str, row: Mapping[str, Any]) -> str:
    until = instant(row["until"]) if row.get("until") else None
    if code == "absent" and until:
        return _("absent until %(at)s") % {"at": _at(until)}
    if code == "off_hours" and until:
        return _("off until %(at)s") % {"at": _at(until)}
    if code == "capacity" and "load" in row:
        return _("load %(load)s of %(capacity)s") % {"load": row["load"], "capacity": row["capacity"]}
    return {
        "inactive": _("inactive"),
        "absent": _("absent"),
        "off_hours": _("outside hours"),
        "capacity": _("as full as they may be"),
        "cap_hour": _("cap per hour reached"),
        "cap_day": _("cap per day reached"),
        "cap_month": _("cap per month reached"),
        "skill": _("lacks the skill"),
        "language": _("does not speak the language"),
        "had_it": _("had this lead before"),
        "not_member": _("not in the pool"),
    }.get(code, code)


def _at(at: datetime) -> str:
    """Plain words: these lines are also read where no markup goes."""
    return stamp(at)


def fairness_words(decision: Decision, names: Mapping[str, str]) -> str:
    """How many turns the chosen rep had in this pool, and how many were due."""
    fair = decision.why.get("fair")
    if not fair:
        return ""
    return ngettext(
        "Fair share: with this lead, %(name)s has had %(after)s turn in this pool; %(due)s were due by weight.",
        "Fair share: with this lead, %(name)s has had %(after)s turns in this pool; %(due)s were due by weight.",
        fair["taken"],
    ) % {"name": names.get(decision.outcome["rep"], "?"), "after": number(fair["taken"]), "due": number(fair["due"], 1)}


def _skipped(decision: Decision, row: Mapping[str, Any]) -> Skipped:
    name = rule_name(decision, row["rule"])
    if row.get("fault"):
        return Skipped(name, _("cannot be read any more"), row["fault"])
    if not row.get("leaf"):
        return Skipped(name, "", "")
    (line,) = explain.render(row["leaf"])
    return Skipped(name, line.text, line.met)


def _people(decision: Decision) -> list[str]:
    return [decision.outcome.get("rep", ""), *(row["rep"] for row in weighing.weighed(decision.why))]


def outcome_words(decision: Decision, names: Mapping[str, str]) -> str:
    """One cell of the list of decisions."""
    outcome = decision.outcome
    if outcome["kind"] == "assigned":
        return names.get(outcome["rep"], "?")
    if outcome["kind"] == "pool":
        return _("to be claimed")
    return str(HELD.get(outcome["reason"], outcome["reason"]))


def decision_rows(decisions: Sequence[Decision]) -> list[dict[str, Any]]:
    """Rows of the list of decisions, names looked up once."""
    names = selectors.names([d.outcome.get("rep", "") for d in decisions])
    return [
        {
            "decision": d,
            "outcome": outcome_words(d, names),
            "rule": rule_name(d, d.why.get("rule", "")),
            "excluded": ", ".join(f"{reason_words(c, {})} ({number(n)})" for c, n in d.why["excluded"].items())
            if d.why.get("excluded")
            else "",
        }
        for d in decisions
    ]


def pool_cards(leads: Sequence[Lead], at: datetime) -> list[dict[str, Any]]:
    """What may be seen of a lead before it is taken: the organisation and the intent, never a contact."""
    return [
        {
            "id": lead.pk,
            "company": lead.company,
            "industry": lead.industry,
            "employees": lead.employees,
            "country": lead.country,
            "region": lead.region,
            "hand_raiser": lead.hand_raiser,
            "channel": lead.channel,
            "band": lead.band,
            "received_at": lead.received_at,
            "pool": lead.pool,
            "aging": (at - lead.received_at).total_seconds() >= 4 * 3600,
        }
        for lead in leads
    ]


def share_words(ahead: float) -> str:
    """Turns beyond (+) or below (−) the share by weight, in words; below one either way is balanced."""
    if abs(ahead) < 1:
        return _("even")
    values = {"n": number(abs(ahead), 1)}
    return _("%(n)s above the share") % values if ahead > 0 else _("%(n)s below the share") % values
