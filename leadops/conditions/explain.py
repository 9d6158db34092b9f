"""Why a condition answered as it did: each comparison with the value it met; codes only, words are made at display."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import pgettext

from leadops.conditions.facts import fact_to_json
from leadops.conditions.fields import LEAD, Vocabulary
from leadops.conditions.predicate import Answer, leaf_test
from leadops.conditions.sentence import leaf_sentence, value_words
from leadops.conditions.tree import All, Json, Leaf, Node, leaf_to_json
from leadops.conditions.validate import Invalid, parse, read

Explanation = dict[str, Any]
Explainer = Callable[[Mapping[str, Any], datetime], Explanation]


def explain(tree: Json | Node, facts: Mapping[str, Any], at: datetime, vocabulary: Vocabulary = LEAD) -> Explanation:
    """The tree with a result at every node and the fact at every leaf; JSON, no label, no sentence."""
    return explainer(tree, vocabulary)(facts, at)


def explainer(tree: Json | Node, vocabulary: Vocabulary = LEAD, *, personal: bool = True) -> Explainer:
    """The same read once for many rows; without `personal` it says nothing of a person (see `without_personal`)."""
    return _explainer(parse(tree, vocabulary), personal)


def _explainer(node: Node, personal: bool) -> Explainer:
    if isinstance(node, Leaf):
        return _leaf(node, personal)
    parts = [_explainer(child, personal) for child in node.children]  # type: ignore[union-attr]
    word = "all" if isinstance(node, All) else "any"

    def group(facts: Mapping[str, Any], at: datetime) -> Explanation:
        children = [part(facts, at) for part in parts]
        return {"group": word, "result": _together(word, [c["result"] for c in children]), "children": children}

    return group


def _leaf(leaf: Leaf, personal: bool) -> Explainer:
    body = leaf_to_json(leaf)
    hidden = leaf.field.personal and not personal
    fixed = {**body.get("not", body), "negated": leaf.negated, "path": leaf.path, "fact": None}
    fixed |= {"personal": leaf.field.personal, "result": None}
    if hidden and "value" in fixed:
        fixed["value"] = None
    key, field, test = leaf.field.key, leaf.field, leaf_test(leaf)

    def told(facts: Mapping[str, Any], at: datetime) -> Explanation:
        fact = fact_to_json(field, facts[key]) if key in facts and not hidden else None
        return {**fixed, "fact": fact, "result": test(facts, at)}

    return told


def _together(word: str, results: list[Answer]) -> Answer:
    decisive = word == "any"
    if decisive in results:
        return decisive
    return None if None in results else not decisive


def leaves_of(explanation: Explanation) -> Iterator[Explanation]:
    """Every comparison of an explanation, in reading order."""
    if "group" not in explanation:
        yield explanation
    for child in explanation.get("children", ()):
        yield from leaves_of(child)


def without_personal(
    explanation: Explanation, vocabulary: Vocabulary = LEAD, also: frozenset[str] = frozenset()
) -> Explanation:
    """The explanation as it may be kept beside no personal data: which comparison, which answer, not what was met.

    A leaf that does not say whether it is personal (a decision keeps the shortest form) is looked up; one of a field
    that is gone since counts as personal. `also` names fields to treat alike.
    """
    if "group" in explanation:
        parts = explanation["children"]
        return {**explanation, "children": [without_personal(part, vocabulary, also) for part in parts]}
    if explanation["field"] not in also and not _is_personal(explanation, vocabulary):
        return explanation
    return {key: None if key in ("fact", "value") else kept for key, kept in explanation.items()}


def _is_personal(leaf: Explanation, vocabulary: Vocabulary) -> bool:
    if "personal" in leaf:
        return bool(leaf["personal"])
    field = vocabulary.get(leaf["field"])
    return field is None or field.personal


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an explanation as a page shows it."""

    depth: int
    text: str
    met: str  # the value it met, in words; '' for a group
    result: Answer
    answer: str


def render(explanation: Explanation, vocabulary: Vocabulary = LEAD, depth: int = 0) -> list[Line]:
    """The explanation in the active language; a field that is gone since is named by its key."""
    result = explanation["result"]
    if "group" not in explanation:
        text, met = _rendered(explanation, vocabulary)
        return [Line(depth, text, met, result, answer_words(result))]
    word = pgettext("condition", "all of") if explanation["group"] == "all" else pgettext("condition", "any of")
    lines = [Line(depth, word, "", result, answer_words(result))]
    for child in explanation["children"]:
        lines += render(child, vocabulary, depth + 1)
    return lines


def _rendered(explanation: Explanation, vocabulary: Vocabulary) -> tuple[str, str]:
    body = {key: explanation[key] for key in ("field", "op", "value") if key in explanation}
    field = vocabulary.get(explanation["field"])
    try:
        node = read({"not": body} if explanation["negated"] else body, vocabulary, strict=False)
    except Invalid:  # the vocabulary has changed since: the codes are all that is still true
        return " ".join(str(part) for part in body.values()), str(explanation["fact"] or "")
    leaf = parse(node, vocabulary)
    assert isinstance(leaf, Leaf) and field is not None  # noqa: S101  # a body with a field key reads as a leaf
    if explanation["fact"] is None:
        return leaf_sentence(leaf), pgettext("condition", "unknown")
    return leaf_sentence(leaf), value_words(field, field.typed.read_fact(explanation["fact"]))


def answer_words(result: Answer) -> str:
    if result is None:
        return pgettext("condition answer", "unknown")
    return pgettext("condition answer", "true") if result else pgettext("condition answer", "false")
