"""Step one of routing: which rule speaks for these facts, and where it wants the lead. Pure; knows no rep's state.

A rule that wants one person (a rep, the account's owner) and names no further pool lets the next matching rule speak
when that person cannot take the lead: `Target.otherwise`. The fallback speaks last, always.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from leadops.conditions.facts import fact_to_json
from leadops.conditions.fields import LEAD, Vocabulary
from leadops.conditions.predicate import Answer, Predicate, compile, leaf_test
from leadops.conditions.tree import Leaf, leaf_to_json, leaves
from leadops.conditions.validate import Invalid

OWNER = "@account_owner"  # facts that are no fields: the rep who owns the account, and the lead's language
LANGUAGE = "@language"
FALLBACK = "fallback"
NOBODY = ("hold_until_open", "hold", "assign_anyway")
Trigger = Callable[[Mapping[str, Any], datetime], bool]


@dataclass(frozen=True, slots=True)
class Step:
    """One place to try. `kind`: pool, rep (id or e-mail in `key`), account_owner, claim (a pool reps take from), hold."""

    kind: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    key: str
    label: Mapping[str, str]
    when: Predicate | None  # None = broken: skipped, and said so
    steps: tuple[Step, ...]
    nobody: str = NOBODY[0]
    skills: Mapping[str, int] = field(default_factory=dict)
    languages: tuple[str, ...] = ()  # ("@lead",) = the lead's own language
    units: int = 1
    tests: tuple[tuple[Leaf, dict[str, Any], Callable[..., Answer]], ...] = ()
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Ruleset:
    """A compiled version of kind `ruleset`. `used_fields` are the facts it must be given."""

    rules: tuple[Rule, ...]
    fallback: Rule
    watcher: str
    hand_raiser: Predicate | None  # None = the flag `hand_raiser` itself
    on_mql: bool
    used_fields: frozenset[str]
    pools: frozenset[str]
    people: frozenset[str]


@dataclass(frozen=True, slots=True)
class Target:
    """Where a lead shall go, what its rep must bring, and how that was found: codes and values, no sentence."""

    rule: str
    steps: tuple[Step, ...]
    nobody: str = NOBODY[0]
    skills: Mapping[str, int] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    units: int = 1
    matched: tuple[dict[str, Any], ...] = ()
    skipped: tuple[dict[str, Any], ...] = ()
    otherwise: Target | None = None

    def chain(self) -> list[Target]:
        found: list[Target] = []
        link: Target | None = self
        while link is not None:
            found.append(link)
            link = link.otherwise
        return found


# -- compiling ------------------------------------------------------------------------------------------


def compile_ruleset(body: Mapping[str, Any], vocabulary: Vocabulary = LEAD) -> Ruleset:
    """The rules as the decision reads them; total: a rule that cannot be read any more is kept as broken."""
    rules = tuple(_rule(raw, vocabulary) for raw in body.get("rules", ()))
    last = body.get("fallback") or {}
    fallback = Rule(
        FALLBACK,
        last.get("label") or {},
        compile({}, vocabulary),
        (Step("pool", str(last.get("pool", ""))),),
        last.get("nobody", NOBODY[0]),
    )
    triggers = body.get("triggers") or {}
    capture = triggers.get("capture", "hand_raiser")
    hand_raiser = compile(capture, vocabulary) if isinstance(capture, dict) else None
    used = {key for rule in rules if rule.when for key in rule.when.used_fields}
    steps = [step for rule in (*rules, fallback) for step in rule.steps]
    return Ruleset(
        rules=rules,
        fallback=fallback,
        watcher=str(last.get("watcher", "")),
        hand_raiser=hand_raiser,
        on_mql=bool(triggers.get("mql", True)),
        used_fields=frozenset(used | (hand_raiser.used_fields if hand_raiser else frozenset())),
        pools=frozenset(step.key for step in steps if step.kind in ("pool", "claim") and step.key),
        people=frozenset(step.key for step in steps if step.kind == "rep"),
    )


def steps_of(raw: Mapping[str, Any]) -> tuple[Step, ...]:
    """`to` and then the pools of `else`, in order."""
    to = raw.get("to") or {}
    first = next((Step(kind, "" if to[kind] is True else str(to[kind])) for kind in to), None)
    return tuple([first] if first else []) + tuple(Step("pool", str(key)) for key in raw.get("else") or ())


def _rule(raw: Mapping[str, Any], vocabulary: Vocabulary) -> Rule:
    need = raw.get("require") or {}
    languages = need.get("languages") or ()
    when, fault = None, ""
    try:
        when = compile(raw.get("when") or {}, vocabulary)
    except Invalid as invalid:
        fault = invalid.faults[0].code
    return Rule(
        key=str(raw.get("key", "")),
        label=raw.get("label") or {},
        when=when,
        steps=steps_of(raw),
        nobody=raw.get("nobody", NOBODY[0]),
        skills={str(code): int(level) for code, level in (need.get("skills") or {}).items()},
        languages=(LANGUAGE,) if languages == "lead" else tuple(languages),
        units=int(raw.get("units", 1)),
        tests=tuple((leaf, _static(leaf), leaf_test(leaf)) for leaf in leaves(when.tree)) if when else (),
        fault=fault,
    )


def _static(leaf: Leaf) -> dict[str, Any]:
    body = leaf_to_json(leaf)
    body = body.get("not", body)
    if leaf.field.personal:  # which comparison, not with what: this is kept beside no personal data
        body = {key: kept for key, kept in body.items() if key != "value"}
    return {**body, "negated": leaf.negated, "path": leaf.path}


# -- matching -------------------------------------------------------------------------------------------


def match(facts: Mapping[str, Any], ruleset: Ruleset, at: datetime) -> Target:
    """The first rule whose condition is true of the facts, with the comparisons it met and those that ruled others out."""
    return _match(facts, ruleset, at, 0)


def _match(facts: Mapping[str, Any], ruleset: Ruleset, at: datetime, start: int) -> Target:
    skipped: list[dict[str, Any]] = []
    for position in range(start, len(ruleset.rules)):
        rule = ruleset.rules[position]
        if rule.when is not None and rule.when.test(facts, at) is True:
            lonely = len(rule.steps) == 1 and rule.steps[0].kind in ("rep", "account_owner")
            otherwise = _match(facts, ruleset, at, position + 1) if lonely else None
            return _target(rule, facts, at, skipped, otherwise)
        skipped.append(_ruled_out(rule, facts, at))
    return _target(ruleset.fallback, facts, at, skipped, None)


def _target(
    rule: Rule, facts: Mapping[str, Any], at: datetime, skipped: Sequence[dict[str, Any]], otherwise: Target | None
) -> Target:
    owner, spoken = facts.get(OWNER), facts.get(LANGUAGE)
    steps = tuple(Step("account_owner", str(owner or "")) if s.kind == "account_owner" else s for s in rule.steps)
    languages = tuple([str(spoken)] if spoken else []) if rule.languages == (LANGUAGE,) else rule.languages
    return Target(
        rule=rule.key,
        steps=steps,
        nobody=rule.nobody,
        skills=rule.skills,
        languages=languages,
        units=rule.units,
        matched=tuple(_leaf(leaf, static, facts, test(facts, at)) for leaf, static, test in rule.tests),
        skipped=tuple(skipped),
        otherwise=otherwise,
    )


def _ruled_out(rule: Rule, facts: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """A rule that did not speak, with the first comparison that was not true."""
    if rule.when is None:
        return {"rule": rule.key, "fault": rule.fault}
    for leaf, static, test in rule.tests:
        answer = test(facts, at)
        if answer is not True:
            return {"rule": rule.key, "leaf": _leaf(leaf, static, facts, answer)}
    return {"rule": rule.key}


def _leaf(leaf: Leaf, static: dict[str, Any], facts: Mapping[str, Any], answer: Answer) -> dict[str, Any]:
    fact = None if leaf.field.personal else fact_to_json(leaf.field, facts.get(leaf.field.key))
    return {**static, "fact": fact, "result": answer}


def is_wanted_at_capture(
    ruleset: Ruleset, trigger: str, hand_raiser: bool, facts: Mapping[str, Any], at: datetime
) -> bool:
    """Whether a lead is routed when it arrives: the source may say now or only at MQL, else the ruleset's trigger."""
    if trigger in ("now", "mql"):
        return trigger == "now"
    return hand_raiser if ruleset.hand_raiser is None else ruleset.hand_raiser.test(facts, at) is True
