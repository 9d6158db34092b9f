"""A condition as one sentence in the reader's language, with its typography; nothing here is ever stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from math import ceil
from typing import Any, Final

from django.utils.text import capfirst
from django.utils.translation import npgettext, pgettext

from leadops.conditions.durations import Duration
from leadops.conditions.fields import Field, Vocabulary
from leadops.conditions.operators import DURATION, LIST, NONE, OPERATORS, RANGE
from leadops.conditions.phrases import COMING, SEVERAL_REFUSED, TOGETHER, WINDOWS, phrase
from leadops.conditions.tree import ALWAYS, All, AnyOf, Json, Leaf, Node
from leadops.conditions.validate import parse
from leadops.dates import day_words, instant_words, language, local
from leadops.money import format_number

Labels = Mapping[str, str]
# Comparisons of one field in a row are said as one: `any` of these, `all` of their denials.
GATHERED: Final = {"eq": "in", "contains": "contains", "starts_with": "starts_with", "ends_with": "ends_with"}
REFUSED: Final = {"ne": "not_in"}
TALLEST_SENTENCE: Final = 3  # groups in groups in groups; beyond, only brackets would tell them apart


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an outline."""

    depth: int
    text: str


def _begun(said: str) -> str:
    """The first letter a capital one, but for the name of a parameter: `utm_medium` is written as it is sent."""
    return said if "_" in said.split(" ", 1)[0] else capfirst(said)


def sentence(tree: Json | Node, vocabulary: Vocabulary, *, inside: bool = False) -> str:
    """The whole condition in the active language; `inside` another sentence it begins with a small letter.

    “The country is France or Belgium, and the company has at least 50 people; or the score is 60 or more.”
    """
    node = gathered(parse(tree, vocabulary))
    said = pgettext("condition", "always") if node == ALWAYS else _said(node, {}, _height(node))
    return said if inside else _begun(said)


def leaf_sentence(leaf: Leaf) -> str:
    """One comparison in words."""
    return _begun(_compared(leaf, {}))


# -- the tree in the shape it is said -------------------------------------------------------------------------


def gathered(node: Node) -> Node:
    """Groups in groups of their own sort opened, groups of one replaced by it, and lists said as lists."""
    if isinstance(node, Leaf):
        return node
    sort: type[All] | type[AnyOf] = All if isinstance(node, All) else AnyOf
    children: list[Node] = []
    for child in map(gathered, node.children):  # type: ignore[union-attr]  # Not was pushed away
        opened = child.children if isinstance(child, (All, AnyOf)) and isinstance(child, sort) else (child,)
        for each in opened:
            last = children[-1] if children else None
            joined = _gathered(last, each, sort) if isinstance(last, Leaf) and isinstance(each, Leaf) else None
            if joined is None:
                children.append(each)
            else:
                children[-1] = joined
    return children[0] if len(children) == 1 else sort(tuple(children), node.path)


def _gathered(one: Leaf, other: Leaf, sort: type[Node]) -> Leaf | None:
    """Both comparisons as one with a list of values, where the group means just that."""
    said = _sort_of(one, sort)
    if said is None or one.field != other.field or said != _sort_of(other, sort):
        return None
    value = list(dict.fromkeys([*_values(one), *_values(other)]))
    return replace(one, operator=OPERATORS[said], value=tuple(value), negated=False)


def _sort_of(leaf: Leaf, sort: type[Node]) -> str | None:
    meaning = leaf.operator.meaning(leaf.negated)
    if leaf.operator.shape not in (LIST, "one") or leaf.field.kind not in ("text", "choice"):
        return None
    if sort is AnyOf and meaning in GATHERED:
        return GATHERED[meaning]
    return REFUSED.get(meaning) if sort is All else None


def _values(leaf: Leaf) -> tuple[Any, ...]:
    return tuple(leaf.value) if isinstance(leaf.value, (tuple, list)) else (leaf.value,)


def _height(node: Node) -> int:
    """How many groups lie in one another: 0 for a comparison."""
    return 0 if isinstance(node, Leaf) else 1 + max((_height(child) for child in node.children), default=0)  # type: ignore[union-attr]


# -- groups ---------------------------------------------------------------------------------------------------


def _said(node: Node, labels: dict[str, Labels], tallest: int, depth: int = 0) -> str:
    """A group is joined more loosely the further out it lies: semicolons, commas, bare words, at last brackets."""
    if isinstance(node, Leaf):
        return _compared(node, labels)
    parts = [_said(child, labels, tallest, depth + 1) for child in node.children]  # type: ignore[union-attr]
    looseness = 2 - depth if tallest > 1 else 1
    if isinstance(node, All):
        words = _joined(parts, _and(looseness), looseness)
    elif depth:
        words = _joined(_alternatives(parts), _or_else(looseness), looseness)
    else:
        words = _joined(parts, _or(looseness), looseness)
    return words if looseness >= 0 else f"({words})"


def _alternatives(parts: Sequence[str]) -> list[str]:
    first, *others = parts
    return [
        pgettext("condition", "either %(first)s") % {"first": first},
        *(pgettext("condition after either", "%(next)s") % {"next": part} for part in others),
    ]


def _joined(parts: Sequence[str], final: str, looseness: int) -> str:
    """“A and B and C”, “A, B, and C” or “A; B; and C”."""
    if looseness <= 0 or len(parts) == 2:
        return final.join(parts)
    semicolon = pgettext("condition between groups", "; ")
    between = semicolon if looseness == 2 else pgettext("condition between comparisons", ", ")
    return final.join((between.join(parts[:-1]), parts[-1]))


def _and(looseness: int) -> str:
    if looseness == 2:
        return pgettext("condition between groups", "; and ")
    return pgettext("condition between comparisons", ", and ") if looseness == 1 else pgettext("condition", " and ")


def _or(looseness: int) -> str:
    if looseness == 2:
        return pgettext("condition between groups", "; or ")
    return pgettext("condition between comparisons", ", or ")


def _or_else(looseness: int) -> str:
    """Between alternatives that "either" announces."""
    return pgettext("condition after either", ", or ") if looseness == 1 else pgettext("condition after either", " or ")


def outline(tree: Json | Node, vocabulary: Vocabulary) -> list[Line]:
    """A tree too deep for one sentence as the lines of an indented list; empty for any other."""
    node = gathered(parse(tree, vocabulary))
    return list(_lines(node, {}, 0)) if _height(node) > TALLEST_SENTENCE else []


def _lines(node: Node, labels: dict[str, Labels], depth: int) -> Iterator[Line]:
    if isinstance(node, Leaf):
        yield Line(depth, _begun(_compared(node, labels)))
        return
    words = (
        pgettext("condition list", "All of this:")
        if isinstance(node, All)
        else pgettext("condition list", "One of these at least:")
    )
    yield Line(depth, words)
    for child in node.children:  # type: ignore[union-attr]
        yield from _lines(child, labels, depth + 1)


# -- one comparison -------------------------------------------------------------------------------------------


def _compared(leaf: Leaf, labels: dict[str, Labels]) -> str:
    field, meaning = leaf.field, leaf.operator.meaning(leaf.negated)
    if field.key not in labels:
        labels[field.key] = field.labelled()
    several = isinstance(leaf.value, (tuple, list)) and len(leaf.value) > 1
    if leaf.operator.key == "has_all" and not several:  # "all of" one is that one
        meaning = "has_none" if leaf.negated else "has_any"
    if several:
        meaning = SEVERAL_REFUSED.get(meaning, meaning)
    words = phrase(meaning, field.kind, field.says)
    return str(
        words % {"field": _subject(field), "value": _value(leaf, meaning, labels[field.key]), "n": _whole(leaf.value)}
    )


def _subject(field: Field) -> str:
    return str(field.subject) or pgettext("condition", "“%(text)s”") % {"text": field.label}


def _whole(value: Any) -> int:
    """What the plural goes by: the larger end, rounded up."""
    last = value[-1] if isinstance(value, (tuple, list)) and value else value
    return ceil(abs(Decimal(last))) if isinstance(last, (int, Decimal)) else 2


def _value(leaf: Leaf, meaning: str, labels: Labels) -> str:
    field, shape, value = leaf.field, leaf.operator.shape, leaf.value
    if shape == NONE:
        return ""
    if shape == DURATION:
        return window_words(value, coming=meaning in COMING) if meaning in WINDOWS else duration_words(value)
    if shape == RANGE:
        low, high = (value_words(field, end, labels) for end in value)
        times = field.kind in ("day", "instant")
        words = (
            pgettext("condition between days", "%(low)s and %(high)s")
            if times
            else pgettext("condition", "%(low)s and %(high)s")
        )
        return words % {"low": low, "high": high}
    if not isinstance(value, (tuple, list)):
        return value_words(field, value, labels)
    each = [value_words(field, one, labels) for one in value]
    if meaning in SEVERAL_REFUSED.values():
        return pgettext("condition between values", " nor ").join(each)
    return listed(each, meaning in TOGETHER)


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
        return _number(Decimal(str(value)))
    if isinstance(value, datetime):
        return instant_words(local(value))
    if isinstance(value, date):
        return day_words(value)
    known = field.labelled() if labels is None else labels
    if value in known:
        return known[value]
    return field.names(value) if field.names else pgettext("condition", "“%(text)s”") % {"text": value}


def _number(value: Decimal) -> str:
    """Every decimal that is asked for: a bound shown rounded would be another bound."""
    places = -int(value.normalize().as_tuple().exponent)
    return format_number(value, language(), max(places, 0))


def duration_words(value: Duration) -> str:
    """“7 days”."""
    count = value.amount
    words = {
        "days": npgettext("condition", "%(count)s day", "%(count)s days", count),
        "hours": npgettext("condition", "%(count)s hour", "%(count)s hours", count),
        "minutes": npgettext("condition", "%(count)s minute", "%(count)s minutes", count),
        "seconds": npgettext("condition", "%(count)s second", "%(count)s seconds", count),
    }[value.unit]
    return words % {"count": format_number(count, language())}


def window_words(value: Duration, *, coming: bool) -> str:
    """“the last 7 days”, “the next 48 hours”; in French with its preposition."""
    count = value.amount
    if coming:
        words = {
            "days": npgettext("condition", "the next day", "the next %(count)s days", count),
            "hours": npgettext("condition", "the next hour", "the next %(count)s hours", count),
            "minutes": npgettext("condition", "the next minute", "the next %(count)s minutes", count),
            "seconds": npgettext("condition", "the next second", "the next %(count)s seconds", count),
        }[value.unit]
    else:
        words = {
            "days": npgettext("condition", "the last day", "the last %(count)s days", count),
            "hours": npgettext("condition", "the last hour", "the last %(count)s hours", count),
            "minutes": npgettext("condition", "the last minute", "the last %(count)s minutes", count),
            "seconds": npgettext("condition", "the last second", "the last %(count)s seconds", count),
        }[value.unit]
    return words % {"count": format_number(count, language())}
