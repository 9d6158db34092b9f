"""The condition once read: immutable nodes with their paths, negation pushed to the leaves; it reads no JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from leadops.conditions.durations import Duration
from leadops.conditions.fields import Field
from leadops.conditions.operators import DURATION, LIST, NONE, RANGE, Operator

Json = dict[str, Any]


@dataclass(frozen=True)
class Leaf:
    """One comparison. `value` is canonical, `operand` is what the tests take (a set where the shape is a list)."""

    field: Field
    operator: Operator
    value: Any
    path: str = ""
    negated: bool = False

    @property
    def operand(self) -> Any:
        return frozenset(self.value) if self.operator.shape == LIST else self.value


@dataclass(frozen=True)
class All:
    children: tuple[Node, ...]
    path: str = ""


@dataclass(frozen=True)
class AnyOf:
    children: tuple[Node, ...]
    path: str = ""


@dataclass(frozen=True)
class Not:
    """Only in a tree as written: `pushed` leaves none."""

    child: Node
    path: str = ""


Node = Leaf | All | AnyOf | Not
ALWAYS = All(())


def pushed(node: Node, negated: bool = False) -> Node:
    """The same condition with every negation at a leaf (De Morgan holds with unknown as well)."""
    if isinstance(node, Not):
        return pushed(node.child, not negated)
    if isinstance(node, Leaf):
        return replace(node, negated=node.negated is not negated)
    kept = (isinstance(node, All)) is not negated
    children = tuple(pushed(child, negated) for child in node.children)
    return All(children, node.path) if kept else AnyOf(children, node.path)


def leaves(node: Node) -> Iterator[Leaf]:
    """Every comparison, in reading order."""
    if isinstance(node, Leaf):
        yield node
    elif isinstance(node, Not):
        yield from leaves(node.child)
    else:
        for child in node.children:
            yield from leaves(child)


def to_json(node: Node) -> Json:
    """The canonical document of a tree as written; its root is always a group."""
    written = _to_json(node)
    return {"all": [written]} if "field" in written else written


def _to_json(node: Node) -> Json:
    if isinstance(node, Leaf):
        return leaf_to_json(node)
    if isinstance(node, Not):
        return _not_to_json(node.child)
    return {"all" if isinstance(node, All) else "any": [_to_json(child) for child in node.children]}


def _not_to_json(child: Node) -> Json:
    """One way to write a negation: not-not is nothing, and a group of one is its member."""
    while isinstance(child, (All, AnyOf)) and len(child.children) == 1:
        child = child.children[0]
    return _to_json(child.child) if isinstance(child, Not) else {"not": _to_json(child)}


def leaf_to_json(leaf: Leaf) -> Json:
    body: Json = {"field": leaf.field.key, "op": leaf.operator.key}
    if leaf.operator.shape != NONE:
        body["value"] = value_to_json(leaf.value, leaf)
    return {"not": body} if leaf.negated else body


def value_to_json(value: Any, leaf: Leaf) -> Any:
    if leaf.operator.shape == DURATION:
        return str(value) if isinstance(value, Duration) else value
    written = leaf.field.typed.to_json if leaf.field.kind != "multi" else str
    return [written(each) for each in value] if leaf.operator.shape in (LIST, RANGE) else written(value)
