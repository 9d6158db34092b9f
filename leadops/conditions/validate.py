"""Reads a condition document, bringing values into canonical form, and names the path of every fault; it decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from leadops.conditions.durations import duration
from leadops.conditions.fields import Field, Vocabulary
from leadops.conditions.kinds import Unreadable
from leadops.conditions.operators import DURATION, LIST, NONE, OPERATORS, RANGE, Operator
from leadops.conditions.tree import ALWAYS, All, AnyOf, Json, Leaf, Node, Not, pushed, to_json
from leadops.conditions.words import refusal
from leadops.errors import Refused

DEEPEST: Final = 6
MOST_COMPARISONS: Final = 60
MOST_VALUES: Final = 500
MOST_FAULTS: Final = 50


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong and where: `all[1].any[0].value`."""

    path: str
    code: str
    message: str


class Invalid(Refused):
    """A condition that cannot be used; shown as broken, never taken as false."""

    def __init__(self, faults: list[Fault]) -> None:
        first = faults[0]
        message = f"{first.path}: {first.message}" if first.path else first.message
        super().__init__(
            "condition-invalid",
            message,
            faults=[{"path": each.path, "code": each.code, "message": each.message} for each in faults],
        )
        self.faults = faults


def validate(document: Any, vocabulary: Vocabulary) -> Json:
    """The canonical document; raises `Invalid`. For what somebody writes now: choices must exist today."""
    return to_json(read(document, vocabulary, strict=True))


def parse(document: Any, vocabulary: Vocabulary) -> Node:
    """The tree the readers take, negation at the leaves. A choice that was retired since does not break it."""
    if isinstance(document, (Leaf, All, AnyOf, Not)):
        return pushed(document)
    return pushed(read(document, vocabulary, strict=False))


def read(document: Any, vocabulary: Vocabulary, *, strict: bool) -> Node:
    """The tree as written, or `Invalid` with every fault found."""
    reader = _Reader(vocabulary, strict)
    node = reader.root(document)
    if reader.faults:
        raise Invalid(reader.faults)
    return node


class _Reader:
    """One reading: collects faults instead of stopping at the first, within bounds an attacker cannot stretch."""

    def __init__(self, vocabulary: Vocabulary, strict: bool) -> None:
        self.vocabulary = vocabulary
        self.strict = strict
        self.faults: list[Fault] = []
        self.seen = 0
        self.choices: dict[str, dict[str, str]] = {}

    def fault(self, path: str, code: str, **values: Any) -> Node:
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(path, code, refusal(code, **values)))
        return ALWAYS

    def root(self, document: Any) -> Node:
        if isinstance(document, Mapping) and (not document or dict(document) == {"all": []}):
            return ALWAYS
        return self.node(document, "", 1)

    def node(self, body: Any, path: str, depth: int) -> Node:
        if not isinstance(body, Mapping):
            return self.fault(path, "not-a-condition")
        if "field" in body or "op" in body:
            return self.leaf(body, path)
        if len(body) != 1 or next(iter(body)) not in ("all", "any", "not"):
            return self.fault(path, "not-a-condition")
        if depth > DEEPEST:
            return self.fault(path, "too-deep", limit=DEEPEST)
        word, inner = next(iter(body.items()))
        here = f"{path}.{word}" if path else word
        if word == "not":
            return Not(self.node(inner, here, depth + 1), path)
        return self.group(word, inner, path, here, depth)

    def group(self, word: str, members: Any, path: str, here: str, depth: int) -> Node:
        if not isinstance(members, (list, tuple)):
            return self.fault(here, "not-a-list")
        if not members:
            return self.fault(here, "empty-group")
        if len(members) > MOST_COMPARISONS:
            return self.fault(here, "too-many", limit=MOST_COMPARISONS)
        children = []
        for position, member in enumerate(members):
            if self.seen > MOST_COMPARISONS:
                break
            children.append(self.node(member, f"{here}[{position}]", depth + 1))
        return All(tuple(children), path) if word == "all" else AnyOf(tuple(children), path)

    def leaf(self, body: Mapping[str, Any], path: str) -> Node:
        self.seen += 1
        if self.seen > MOST_COMPARISONS:
            return self.fault("", "too-many", limit=MOST_COMPARISONS)
        at = _under(path)
        extra = sorted(str(key) for key in set(body) - {"field", "op", "value"})
        if extra:
            return self.fault(path, "unknown-key", key=extra[0][:40])
        if body.get("field", "") in ("", None):
            return self.fault(at("field"), "no-field")
        if body.get("op", "") in ("", None):
            return self.fault(at("op"), "no-operator")
        field = self.vocabulary.get(body["field"]) if isinstance(body.get("field"), str) else None
        if field is None:
            return self.fault(at("field"), "unknown-field", field=str(body.get("field"))[:60])
        operator = OPERATORS.get(body["op"]) if isinstance(body.get("op"), str) else None
        if operator is None:
            return self.fault(at("op"), "unknown-operator", operator=str(body.get("op"))[:60])
        if field.kind not in operator.kinds:
            return self.fault(at("op"), "operator-not-for-kind", operator=operator.label, kind=field.typed.label)
        return self.compared(field, operator, body.get("value"), path)

    def compared(self, field: Field, operator: Operator, raw: Any, path: str) -> Node:
        where = _under(path)("value")
        try:
            value = self.value(field, operator, raw)
        except Unreadable as fault:
            return self.fault(where, fault.code)
        if self.strict and field.choices and operator.shape != NONE:
            offered = self.choices.setdefault(field.key, field.labelled())
            missing = next((each for each in _each(operator, value) if each not in offered), None)
            if missing is not None:
                return self.fault(where, "unknown-choice", choice=missing)
        return Leaf(field, operator, value, path)

    def value(self, field: Field, operator: Operator, raw: Any) -> Any:
        if operator.shape == NONE:
            if raw is not None:
                raise Unreadable("no-value-wanted")
            return None
        if raw is None or raw == "":
            raise Unreadable("empty")
        if operator.shape == DURATION:
            return duration(raw, field.kind)
        if operator.shape == LIST:
            return _listed(raw, field.typed.read_operand)
        if operator.shape == RANGE:
            return _ranged(raw, field.typed.read_operand)
        return field.typed.read_operand(raw)


def _under(path: str) -> Callable[[str], str]:
    return lambda key: f"{path}.{key}" if path else key


def _each(operator: Operator, value: Any) -> tuple[Any, ...]:
    return tuple(value) if operator.shape == LIST else (value,)


def _listed(raw: Any, read_one: Callable[[Any], Any]) -> tuple[Any, ...]:
    if not isinstance(raw, (list, tuple)):
        raise Unreadable("not-a-list")
    if not raw:
        raise Unreadable("empty")
    if len(raw) > MOST_VALUES:
        raise Unreadable("too-many-values")
    return tuple(sorted({read_one(each) for each in raw}))


def _ranged(raw: Any, read_one: Callable[[Any], Any]) -> tuple[Any, Any]:
    if not isinstance(raw, (list, tuple)) or len(raw) != 2:
        raise Unreadable("not-a-range")
    if any(end is None or end == "" for end in raw):
        raise Unreadable("empty")
    low, high = read_one(raw[0]), read_one(raw[1])
    if high < low:
        raise Unreadable("range-reversed")
    return low, high
