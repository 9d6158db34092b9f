"""One batch decided: facts, match, locks, choose in order of arrival, and all of it written with its reasons.

Newcomers never overtake leads that already wait for the same pools: those join the batch, older ones first.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any

from leadops import decisions, experiments
from leadops.conditions.facts import facts_from_json, facts_to_json
from leadops.conditions.fields import LEAD
from leadops.decisions import Decision, DecisionBatch
from leadops.effects.models import Notice
from leadops.failpoints import failpoint
from leadops.ids import uuid7
from leadops.journal import Entry, Kind
from leadops.models import Lead
from leadops.unit import Unit
from leadops.versions import services as versions
from leadops.versions.models import Version
from routing import assignments, availability, selectors
from routing.assignments import Placing
from routing.availability import Ground
from routing.choose import Outcome, State, choose
from routing.credits import ONE
from routing.match import LANGUAGE, OWNER, Ruleset, Target, match
from routing.weighing import explained

HOUSE = "house"
TOGETHER = 200  # waiting leads that join a batch; behind more of them newcomers wait too
LOOK_AGAIN = {
    "no_capacity": timedelta(minutes=1),
    "all_absent": timedelta(minutes=15),
    "off_hours": timedelta(minutes=15),
    "no_skill": timedelta(minutes=15),
    "no_members": timedelta(minutes=15),
    "all_had_it": timedelta(minutes=15),
    "no_rule": timedelta(minutes=15),
}
ALARMING = ("all_absent", "no_skill", "no_members", "all_had_it", "no_rule", "no_capacity")


@dataclass(slots=True)
class Wanted:
    """A lead to be routed now; `barred` reps had it and do not get it again."""

    lead: Lead
    cause: Entry | None = None
    barred: frozenset[str] = frozenset()


_uuid = lru_cache(maxsize=4096)(uuid.UUID)  # reps come again lead after lead


@dataclass(slots=True)
class Case:
    """A wanted lead on its way through the decision."""

    wanted: Wanted
    facts: dict[str, Any]
    target: Target
    seed: int = 0
    outcome: Outcome | None = None
    fair: dict[str, Any] = field(default_factory=dict)
    decision: Decision | None = None


def ruleset_in_force(unit: Unit) -> tuple[Version | None, Ruleset | None]:
    version = versions.in_force("ruleset", HOUSE, unit)
    return version, versions.compiled(version) if version else None


def facts_of(leads: Sequence[Lead], ruleset: Ruleset, unit: Unit) -> dict[uuid.UUID, dict[str, Any]]:
    """What the rules ask about these leads, and the two facts that are no fields."""
    found: dict[uuid.UUID, dict[str, Any]] = LEAD.facts_for(leads, unit.at, ruleset.used_fields)
    owners = selectors.account_owners(leads, unit.at)
    for lead in leads:
        found[lead.pk][OWNER] = owners.get(lead.account_id)
        found[lead.pk][LANGUAGE] = lead.language or None
    return found


def decide(wanted: Sequence[Wanted], unit: Unit) -> None:
    """Give each lead an owner, a pool to be claimed from, or a hold with its reason."""
    version, ruleset = ruleset_in_force(unit)
    if version is None or ruleset is None:
        _no_rules(wanted, unit)
        return
    cases = _matched(wanted, ruleset, unit)
    pools = {step.key for case in cases for link in case.target.chain() for step in link.steps if step.kind == "pool"}
    before = selectors.waiting(pools, unit.at, TOGETHER, [case.wanted.lead.id for case in cases]) if pools else []
    unit.keep(before)
    full = {lead.pool for lead in before} if len(before) == TOGETHER else set()
    behind = [case for case in cases if not case.wanted.lead.held and _first_pool(case.target) in full]
    cases = [case for case in cases if case not in behind] if behind else cases
    cases += _matched([Wanted(lead) for lead in before], ruleset, unit)
    cases.sort(key=lambda case: (case.wanted.lead.received_at, case.wanted.lead.id.int))
    ground = _ground(cases, ruleset, unit)
    unit.send("route", leads=False)  # choosing asks nothing: meanwhile the scores and their decisions are written
    batch = DecisionBatch(id=uuid7(), kind=Decision.Kind.ROUTING, at=unit.at)
    after = _choose(cases, ground, batch)
    _write(cases, behind, ground, after, version, ruleset, batch, unit)


def _matched(wanted: Sequence[Wanted], ruleset: Ruleset, unit: Unit) -> list[Case]:
    facts = facts_of([w.lead for w in wanted], ruleset, unit) if wanted else {}
    return [Case(w, facts[w.lead.id], match(facts[w.lead.id], ruleset, unit.at)) for w in wanted]


def _first_pool(target: Target) -> str:
    return next((s.key for link in target.chain() for s in link.steps if s.kind == "pool"), "")


def _ground(cases: Sequence[Case], ruleset: Ruleset, unit: Unit) -> Ground:
    """Locks, in the house's order, and then the state: nothing slow happens after this line."""
    if any(lead.owner_id and unit.is_new(lead.pk) for lead in unit.known_leads()):
        unit.flush()  # given to somebody in an earlier round: it counts as their load
    assignments.settle(unit)
    known = availability.calendars_in_force(unit)
    steps = [step for case in cases for link in case.target.chain() for step in link.steps]
    keys = {step.key for step in steps if step.kind in ("pool", "claim")}
    people = {step.key for step in steps if step.kind in ("rep", "account_owner")}
    ground = availability.ground_for(keys, people, unit.at, known, lock=True)
    unit.memo.setdefault(availability.REPS, {}).update(ground.rep_calendars)
    unit.memo.setdefault(availability.TEAMS, {}).update(ground.team_calendars)
    return ground


def _choose(cases: Sequence[Case], ground: Ground, batch: DecisionBatch) -> State:
    now, taken, seed = ground.state, dict(ground.taken), experiments.seeds_for(batch.pk)
    for ordinal, case in enumerate(cases):
        case.seed = seed(ordinal)
        case.outcome, now = choose(case.target, now, case.seed, case.wanted.barred)
        if case.outcome.kind == "assigned" and case.outcome.pool:
            key = (case.outcome.pool, case.outcome.rep)
            taken[key] = taken.get(key, 0) + 1
            case.fair = {"taken": taken[key], "due": round(taken[key] + case.outcome.after / ONE, 2)}
    return now


# -- writing ---------------------------------------------------------------------------------------------


def _write(
    cases: Sequence[Case],
    behind: Sequence[Case],
    ground: Ground,
    after: State,
    version: Version,
    ruleset: Ruleset,
    batch: DecisionBatch,
    unit: Unit,
) -> None:
    news = [case for case in cases if _is_news(case)]
    if news:
        batch.state = availability.to_json(ground.state)
        unit.add([batch])
    for ordinal, case in enumerate(cases):
        if _is_news(case):
            _record(case, ordinal, version, batch, unit)
    unit.send("route", leads=False)  # many records are half of what is left to write
    before = {case.wanted.lead.id: case.wanted.lead.owner_id for case in [*cases, *behind]}
    placed = [case for case in cases if case.outcome and case.outcome.kind == "assigned"]
    assignments.own([_placing(case, ground) for case in placed], unit)
    alarms = [
        case for case in cases if case.outcome and case.outcome.kind != "assigned" and _settle(case, ground, unit)
    ]
    for case in behind:
        _queue_up(case, ground, unit)
    assignments.write_leads([case.wanted.lead for case in [*cases, *behind]], before, unit)
    turns = [(case.outcome, case.wanted.lead.id, case.decision.id) for case in placed if case.outcome and case.decision]
    assignments.book(turns, after, ground.pools, ground.joiners, ground.taken, ground.state, unit)
    failpoint("assign.after_update")
    broken = [rule.key for rule in ruleset.rules if rule.fault]
    _raise_alarms([case.outcome for case in alarms if case.outcome], broken, ruleset, unit)


def _is_news(case: Case) -> bool:
    """A waiting lead that still waits for the same reason needs no second record."""
    outcome = case.outcome
    return outcome is not None and (outcome.kind != "held" or outcome.reason != case.wanted.lead.held)


def _record(case: Case, ordinal: int, version: Version, batch: DecisionBatch, unit: Unit) -> None:
    outcome, target = case.outcome, case.target
    assert outcome is not None  # noqa: S101  # chosen just above
    fields = {key: value for key, value in case.facts.items() if not key.startswith("@")}
    beside = {key: value for key, value in case.facts.items() if key.startswith("@")}
    case.decision = decisions.record(
        unit,
        kind=Decision.Kind.ROUTING,
        lead=case.wanted.lead,
        facts={**facts_to_json(fields, LEAD), **beside},
        outcome=outcome.codes(),
        why=explained(target, outcome, case.wanted.barred) | ({"fair": case.fair} if case.fair else {}),
        version=version,
        batch=batch,
        ordinal=ordinal,
        seed=case.seed,
        propensity=outcome.propensity,
    )


def facts_recorded(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as they were, read back from a record or given to the preview."""
    fields = {key: value for key, value in raw.items() if not key.startswith("@")}
    return {**facts_from_json(fields, LEAD), **{key: value for key, value in raw.items() if key.startswith("@")}}


def _placing(case: Case, ground: Ground) -> Placing:
    outcome = case.outcome
    assert outcome is not None  # noqa: S101
    return Placing(
        lead=case.wanted.lead,
        rep_id=_uuid(outcome.rep),
        team_id=ground.teams[outcome.rep],
        how=outcome.how,
        pool=ground.pools.get(outcome.pool),
        decision=case.decision,
        rule=outcome.rule,
        units=outcome.units,
        cause=case.wanted.cause,
        before=case.wanted.lead.owner_id,
    )


def _settle(case: Case, ground: Ground, unit: Unit) -> bool:
    """Hold the lead, or put it where reps claim; True when somebody should be told."""
    outcome, lead = case.outcome, case.wanted.lead
    assert outcome is not None  # noqa: S101
    pool = ground.pools.get(outcome.pool)
    if outcome.kind == "pool":
        assignments.hold(lead, "", unit, pool=outcome.pool)
        lead.held_at, lead.team_id = None, pool.team_id if pool else None
        _note(case, Kind.RELEASED, {"pool": outcome.pool, "reason": "by_rule"}, unit)
        return False
    if outcome.reason in LOOK_AGAIN:
        until = availability.moment_of(outcome.until) or unit.at + LOOK_AGAIN[outcome.reason]
        until = min(until, unit.at + timedelta(days=1))
    else:
        until = None
    news = assignments.hold(lead, outcome.reason, unit, until=until, pool=outcome.pool)
    lead.team_id = pool.team_id if pool else None
    if news:
        opens = availability.moment_of(outcome.until)
        data = {"reason": outcome.reason, "until": opens.isoformat() if opens else None, "pool": outcome.pool}
        _note(case, Kind.HELD, data | ({"detail": outcome.detail} if outcome.detail else {}), unit)
    return news and outcome.reason in ALARMING


def _queue_up(case: Case, ground: Ground, unit: Unit) -> None:
    """More leads wait than one batch takes: this one waits behind them, and the ticker comes at once."""
    lead, pool = case.wanted.lead, _first_pool(case.target)
    assignments.hold(lead, "no_capacity", unit, until=unit.at, pool=pool)
    lead.team_id = ground.pools[pool].team_id if pool in ground.pools else None
    _note(case, Kind.HELD, {"reason": "no_capacity", "until": None, "pool": pool, "detail": "behind"}, unit)
    unit.wake("due")


def _note(case: Case, kind: str, data: dict[str, Any], unit: Unit) -> None:
    decided = case.decision.id if case.decision else None
    version = case.decision.version_id if case.decision else None
    unit.record(kind, case.wanted.lead, data=data, cause=case.wanted.cause, decision=decided, version=version)


def _raise_alarms(outcomes: Sequence[Outcome], broken: Sequence[str], ruleset: Ruleset, unit: Unit) -> None:
    """One notice a day per pool and reason to the watcher, and one per rule that can no longer be read."""
    day = f"{unit.at:%Y-%m-%d}"
    wanted = {f"{o.pool}:{o.reason}": {"pool": o.pool, "reason": o.reason, "rule": o.rule} for o in outcomes}
    wanted |= {f"broken:{key}": {"rule": key, "reason": "broken"} for key in broken}
    if not wanted:
        return
    people = selectors.watchers(ruleset.watcher) or selectors.watchers("")
    rows = [
        Notice(user_id=who, key=f"leads_held:{key}:{day}:{who}", kind="leads_held", data=data, at=unit.at)
        for who in people
        for key, data in wanted.items()
    ]
    unit.add_once(rows)


def _no_rules(wanted: Sequence[Wanted], unit: Unit) -> None:
    """No ruleset in force: nothing is lost, everything is held and looked at again."""
    before = {w.lead.id: w.lead.owner_id for w in wanted}
    for w in wanted:
        if assignments.hold(w.lead, "no_rule", unit, until=unit.at + LOOK_AGAIN["no_rule"]):
            unit.record(Kind.HELD, w.lead, data={"reason": "no_rule", "until": None, "pool": ""}, cause=w.cause)
    assignments.write_leads([w.lead for w in wanted], before, unit)
