"""The condition as it stands on a page, half typed or not: read from flat input names, changed by buttons, written back.

It keeps what was typed, renders nothing and decides nothing about validity.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as made
from typing import Any, Final

from leadops.conditions.fields import Vocabulary
from leadops.conditions.operators import OPERATORS, accepted
from leadops.conditions.typed import from_typed, to_typed
from leadops.conditions.validate import DEEPEST, MOST_COMPARISONS, Fault

Path = tuple[int, ...]
Json = dict[str, Any]
MODES: Final = ("all", "any", "none", "not_all")
WORDS: Final[dict[str, tuple[str, ...]]] = {
    "all": ("all",), "any": ("any",), "none": ("not", "any"), "not_all": ("not", "all"),
}  # fmt: skip
MOST_INPUTS: Final = 4 * MOST_COMPARISONS  # nodes read from one request


@dataclass
class Row:
    """One comparison as typed: texts only."""

    field: str = ""
    op: str = ""
    values: list[str] = made(default_factory=list)
    upto: str = ""
    unit: str = ""


@dataclass
class Group:
    mode: str = "all"
    members: list[Row | Group] = made(default_factory=list)


@dataclass
class Draft:
    """The whole builder. `action` is the button that was pressed, `focus` the part it concerned."""

    root: Group
    action: str = ""
    focus: Path | None = None


@dataclass(frozen=True)
class Written:
    """A draft as a condition document, and where each of its parts stands on the page."""

    document: Json
    places: dict[str, Path]

    def place(self, fault: Fault) -> Path:
        """The part of the page a fault belongs to: the innermost whose path it starts with."""
        inside = [path for path in self.places if not path or fault.path == path or fault.path.startswith(f"{path}.")]
        return self.places[max(inside, key=len)]


# -- from the page ----------------------------------------------------------------------------------------


def process(data: Mapping[str, Any], prefix: str, vocabulary: Vocabulary) -> Draft:
    """What was typed, with the pressed builder button already applied; `action` is empty when none was."""
    nodes = _nodes(data, prefix)
    root = _built((), nodes, 1)
    draft = Draft(root if isinstance(root, Group) else Group())
    pressed = (_all(data, f"{prefix}-do") or [""])[-1]
    if pressed:
        _press(draft, pressed, vocabulary)
    return draft


def _all(data: Mapping[str, Any], name: str) -> list[str]:
    if hasattr(data, "getlist"):
        return [str(each) for each in data.getlist(name)]
    found = data.get(name, [])
    return [str(each) for each in found] if isinstance(found, (list, tuple)) else [str(found)]


def _nodes(data: Mapping[str, Any], prefix: str) -> dict[Path, dict[str, list[str]]]:
    nodes: dict[Path, dict[str, list[str]]] = {}
    for name in data:
        if not name.startswith(f"{prefix}-"):
            continue
        *steps, part = name[len(prefix) + 1 :].split("-")
        if part == "do" or len(steps) > DEEPEST or not all(s.isascii() and s.isdigit() and len(s) < 6 for s in steps):
            continue
        path = tuple(int(step) for step in steps)
        if path in nodes or len(nodes) < MOST_INPUTS:
            nodes.setdefault(path, {})[part] = _all(data, name)
    return nodes


def _built(path: Path, nodes: dict[Path, dict[str, list[str]]], depth: int) -> Row | Group:
    parts = nodes.get(path, {})
    if "mode" not in parts:
        return Row(
            _last(parts, "field"),
            _last(parts, "op"),
            parts.get("value", []),
            _last(parts, "upto"),
            _last(parts, "unit"),
        )
    mode = _last(parts, "mode")
    below = sorted(each for each in nodes if len(each) == len(path) + 1 and each[: len(path)] == path)
    return Group(mode if mode in MODES else "all", [_built(each, nodes, depth + 1) for each in below])


def _last(parts: Mapping[str, list[str]], name: str) -> str:
    return (parts.get(name) or [""])[-1]


# -- buttons ----------------------------------------------------------------------------------------------


def _press(draft: Draft, pressed: str, vocabulary: Vocabulary) -> None:
    """Apply a button; one that fits no part of this draft changes nothing but is still not a save."""
    action, _, where = pressed.partition(":")
    draft.action = action or "refresh"
    steps = where.split("-") if where else []
    if all(step.isascii() and step.isdigit() and len(step) < 6 for step in steps):
        draft.focus = _applied(draft.root, draft.action, tuple(int(step) for step in steps))
    for row in rows_of(draft.root):
        _fit(row, vocabulary)


def _applied(root: Group, action: str, path: Path) -> Path | None:
    if action in ("add", "group"):
        target = find(root, path)
        if not isinstance(target, Group):
            return None
        target.members.append(Row() if action == "add" else Group("any", [Row()]))
        return (*path, len(target.members) - 1)
    around = find(root, path[:-1]) if path else None
    if not isinstance(around, Group) or path[-1] >= len(around.members):
        return None
    here = path[-1]
    if action == "remove":
        around.members.pop(here)
        return (*path[:-1], min(here, len(around.members) - 1)) if around.members else path[:-1]
    other = here + {"up": -1, "down": 1}.get(action, 0)
    if 0 <= other < len(around.members):
        around.members[here], around.members[other] = around.members[other], around.members[here]
        return (*path[:-1], other)
    return path


def _fit(row: Row, vocabulary: Vocabulary) -> None:
    """After the field was changed, an operator it does not know gives way to its first one."""
    known = vocabulary.get(row.field)
    if known is None:
        return
    offered = accepted(known.kind)
    if row.op not in {operator.key for operator in offered}:
        row.op, row.values, row.upto, row.unit = offered[0].key, [], "", ""


def find(group: Group, path: Path) -> Row | Group | None:
    found: Row | Group = group
    for step in path:
        if not isinstance(found, Group) or step >= len(found.members):
            return None
        found = found.members[step]
    return found


def rows_of(group: Group) -> Iterator[Row]:
    for member in group.members:
        if isinstance(member, Group):
            yield from rows_of(member)
        else:
            yield member


# -- to a document ----------------------------------------------------------------------------------------


def written(draft: Draft, vocabulary: Vocabulary) -> Written:
    """The document the draft says, complete or not."""
    places: dict[str, Path] = {"": ()}
    if not draft.root.members and draft.root.mode in ("all", "any"):
        return Written({}, places)
    return Written(_group(draft.root, (), "", places, vocabulary), places)


def _group(group: Group, at: Path, path: str, places: dict[str, Path], vocabulary: Vocabulary) -> Json:
    for word in WORDS[group.mode]:
        path = f"{path}.{word}" if path else word
        places[path] = at
    members = []
    for position, member in enumerate(group.members):
        inner, place = f"{path}[{position}]", (*at, position)
        places[inner] = place
        if isinstance(member, Group):
            members.append(_group(member, place, inner, places, vocabulary))
        else:
            members.append(_row(member, vocabulary))
    body: Json = {WORDS[group.mode][-1]: members}
    return {"not": body} if len(WORDS[group.mode]) == 2 else body


def _row(row: Row, vocabulary: Vocabulary) -> Json:
    body: Json = {"field": row.field, "op": row.op}
    known, operator = vocabulary.get(row.field), OPERATORS.get(row.op)
    if known is None or operator is None or operator.shape == "none":
        return body
    return {**body, "value": from_typed(known, operator, row.values, row.upto, row.unit)}


# -- from a document --------------------------------------------------------------------------------------


def drafted(document: Any, vocabulary: Vocabulary) -> Draft:
    """A stored document on the page; one that is broken since is shown as far as it can be read."""
    node = _node(document, vocabulary, 0) if isinstance(document, Mapping) and document else Group()
    return Draft(node if isinstance(node, Group) else Group("all", [node]))


def _node(body: Any, vocabulary: Vocabulary, depth: int) -> Row | Group:
    if not isinstance(body, Mapping) or depth > 2 * DEEPEST:
        return Row()
    for mode, words in WORDS.items():
        inner: Any = body
        for word in words:
            inner = inner.get(word) if isinstance(inner, Mapping) else None
        if isinstance(inner, (list, tuple)):
            return Group(mode, [_node(each, vocabulary, depth + 1) for each in inner])
    if "not" in body:
        return Group("none", [_node(body["not"], vocabulary, depth + 1)])
    return _stored_row(body, vocabulary)


def _stored_row(body: Mapping[str, Any], vocabulary: Vocabulary) -> Row:
    row = Row(str(body.get("field", "")), str(body.get("op", "")))
    known, operator = vocabulary.get(row.field), OPERATORS.get(row.op)
    if known is not None and operator is not None:
        row.values, row.upto, row.unit = to_typed(known, operator, body.get("value"))
    return row
