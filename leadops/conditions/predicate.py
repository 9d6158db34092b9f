"""Reader one: a condition compiled to closures over facts, three-valued; it touches no database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leadops.conditions.fields import Vocabulary
from leadops.conditions.tree import ALWAYS, All, Json, Leaf, Node, leaves
from leadops.conditions.validate import parse

Answer = bool | None
Test = Callable[[Mapping[str, Any], datetime], Answer]


@dataclass(frozen=True)
class Predicate:
    """True, False or None (unknown) for one row's facts; a rule fires only on True."""

    test: Test
    used_fields: frozenset[str]
    tree: Node

    def __call__(self, facts: Mapping[str, Any], at: datetime) -> Answer:
        return self.test(facts, at)


def compile(tree: Json | Node, vocabulary: Vocabulary) -> Predicate:
    """Compile once per version, ask for every row; raises `Invalid` for a document that cannot be used."""
    node = parse(tree, vocabulary)
    return Predicate(_test(node), frozenset(leaf.field.key for leaf in leaves(node)), node)


def _test(node: Node) -> Test:
    if isinstance(node, Leaf):
        return leaf_test(node)
    tests = tuple(_test(child) for child in node.children)  # type: ignore[union-attr]  # Not was pushed away
    if len(tests) == 1:
        return tests[0]
    return _group(tests, decisive=not isinstance(node, All))


def _group(tests: tuple[Test, ...], decisive: bool) -> Test:
    """One decisive answer settles a group; without it, one unknown leaves it unknown."""
    otherwise = not decisive

    def group(facts: Mapping[str, Any], at: datetime) -> Answer:
        answer: Answer = otherwise
        for test in tests:
            found = test(facts, at)
            if found is decisive:
                return decisive
            if found is None:
                answer = None
        return answer

    return group


def leaf_test(leaf: Leaf) -> Test:
    """The closure of one comparison."""
    if leaf.operator.unknown_is_answer:
        return _presence(leaf)
    return _fixed(leaf) if leaf.operator.bind is None else _relative(leaf)


def _presence(leaf: Leaf) -> Test:
    key, test, negated, empty = leaf.field.key, leaf.operator.test, leaf.negated, leaf.field.typed.empty_is_unknown

    def presence(facts: Mapping[str, Any], at: datetime) -> Answer:
        fact = facts.get(key)
        return test(None if empty and fact == "" else fact, None) is not negated

    return presence


def _fixed(leaf: Leaf) -> Test:
    key, test, value, negated = leaf.field.key, leaf.operator.test, leaf.operand, leaf.negated
    empty = leaf.field.typed.empty_is_unknown

    def fixed(facts: Mapping[str, Any], at: datetime) -> Answer:
        fact = facts.get(key)
        if fact is None or (empty and not fact):
            return None
        return test(fact, value) is not negated

    return fixed


def _relative(leaf: Leaf) -> Test:
    """The bound is worked out once per instant: a batch asks thousands of rows at the same one."""
    key, test, negated = leaf.field.key, leaf.operator.test, leaf.negated
    last: tuple[datetime | None, Any] = (None, None)

    def relative(facts: Mapping[str, Any], at: datetime) -> Answer:
        nonlocal last
        fact = facts.get(key)
        if fact is None:
            return None
        bound_at, bound = last
        if bound_at is not at:
            bound = leaf.operator.at(leaf.operand, at, leaf.field.kind)
            last = (at, bound)
        return test(fact, bound) is not negated

    return relative


ALWAYS_TRUE = Predicate(_test(ALWAYS), frozenset(), ALWAYS)
