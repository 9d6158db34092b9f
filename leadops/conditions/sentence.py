"""A condition as one sentence in the reader's language, with its typography; nothing here is ever stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import npgettext, pgettext

from leadops.conditions.durations import Duration
from leadops.conditions.fields import Field, Vocabulary
from leadops.conditions.operators import DURATION, LIST, NONE, OPERATORS, RANGE
from leadops.conditions.tree import ALWAYS, All, Json, Leaf, Node
from leadops.conditions.validate import parse

Labels = Mapping[str, str]


def sentence(tree: Json | Node, vocabulary: Vocabulary) -> str:
    """The whole condition in the active language: “Country is France or Belgium, and (Score is at least 60, or …)”."""
    node = parse(tree, vocabulary)
    labels: dict[str, Labels] = {}
    return pgettext("condition", "always") if node == ALWAYS else _said(node, labels)


def leaf_sentence(leaf: Leaf, labels: dict[str, Labels] | None = None) -> str:
    """One comparison in words."""
    known = {} if labels is None else labels
    if leaf.field.key not in known:
        known[leaf.field.key] = leaf.field.labelled()
    operator = leaf.operator
    if operator.key == "has_all" and len(leaf.value) == 1:
        operator = OPERATORS["has_any"]  # "all of" one is that one
    if _is_none_of(leaf):
        words = pgettext("condition", "%(field)s is neither %(value)s")
    else:
        words = str(operator.phrase(leaf.field.kind, leaf.negated))
    return words % {"field": str(leaf.field.label), "value": _value(leaf, known[leaf.field.key])}


def _is_none_of(leaf: Leaf) -> bool:
    """Several values refused at once read "neither A nor B": "not A or B" could mean two things."""
    return leaf.operator.key in ("in", "not_in") and (leaf.operator.key == "in") is leaf.negated and len(leaf.value) > 1


def _said(node: Node, labels: dict[str, Labels]) -> str:
    if isinstance(node, Leaf):
        return leaf_sentence(node, labels)
    children: Sequence[Node] = node.children  # type: ignore[union-attr]  # Not was pushed away
    if len(children) == 1:
        return _said(children[0], labels)
    together, apart = (
        pgettext("condition between comparisons", ", and "),
        pgettext("condition between comparisons", ", or "),
    )
    return (together if isinstance(node, All) else apart).join(_member(child, labels) for child in children)


def _member(node: Node, labels: dict[str, Labels]) -> str:
    """A part of a larger group, in parentheses when it is itself several."""
    said = _said(node, labels)
    while not isinstance(node, Leaf) and len(node.children) == 1:  # type: ignore[union-attr]
        node = node.children[0]  # type: ignore[union-attr]
    return said if isinstance(node, Leaf) else f"({said})"


def _value(leaf: Leaf, labels: Labels) -> str:
    shape = leaf.operator.shape
    if shape == NONE:
        return ""
    if shape == DURATION:
        return duration_words(leaf.value)
    if shape == RANGE:
        low, high = (value_words(leaf.field, end, labels) for end in leaf.value)
        times = leaf.field.kind in ("day", "instant")
        words = (
            pgettext("condition between days", "%(low)s and %(high)s")
            if times
            else pgettext("condition", "%(low)s and %(high)s")
        )
        return words % {"low": low, "high": high}
    if _is_none_of(leaf):
        return pgettext("condition between values", " nor ").join(
            value_words(leaf.field, each, labels) for each in leaf.value
        )
    if shape == LIST:
        together = leaf.operator.key in ("has_all", "has_none")
        if leaf.operator.key in ("has_any", "has_none") and leaf.negated:
            together = not together
        return listed([value_words(leaf.field, each, labels) for each in leaf.value], together)
    return value_words(leaf.field, leaf.value, labels)


def listed(words: Sequence[str], together: bool) -> str:
    """“A, B or C”, or “A, B and C”."""
    if len(words) == 1:
        return words[0]
    last = pgettext("condition between values", " and ") if together else pgettext("condition between values", " or ")
    return last.join((pgettext("condition between values", ", ").join(words[:-1]), words[-1]))


def value_words(field: Field, value: Any, labels: Labels | None = None) -> str:
    """One value as a person reads it: a choice by its label, numbers and days in the language's form."""
    if isinstance(value, bool):
        return pgettext("condition", "yes") if value else pgettext("condition", "no")
    if isinstance(value, (list, tuple, frozenset)):
        return listed([value_words(field, each, labels) for each in value], True) if value else "∅"
    if isinstance(value, (Decimal, int, float)):
        return str(number_format(value, use_l10n=True, force_grouping=True))
    if isinstance(value, datetime):
        return str(date_format(timezone.localtime(value), "DATETIME_FORMAT", use_l10n=True))
    if isinstance(value, date):
        return str(date_format(value, "DATE_FORMAT", use_l10n=True))
    if field.kind in ("choice", "multi"):
        known = field.labelled() if labels is None else labels
        return str(known.get(value, value))
    return pgettext("condition", "“%(text)s”") % {"text": value}


def duration_words(value: Duration) -> str:
    count = value.amount
    words = {
        "days": npgettext("condition", "%(count)s day", "%(count)s days", count),
        "hours": npgettext("condition", "%(count)s hour", "%(count)s hours", count),
        "minutes": npgettext("condition", "%(count)s minute", "%(count)s minutes", count),
        "seconds": npgettext("condition", "%(count)s second", "%(count)s seconds", count),
    }[value.unit]
    return words % {"count": number_format(count, use_l10n=True, force_grouping=True)}
