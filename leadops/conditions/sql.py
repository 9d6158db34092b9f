"""Reader two: the same condition as a filter; rows where it is true. Negation lives in the operators' own negated SQL."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from leadops.conditions.fields import LEAD, Vocabulary
from leadops.conditions.tree import AnyOf, Json, Leaf, Node
from leadops.conditions.validate import parse

Row = TypeVar("Row", bound=Model)


def where(tree: Json | Node, vocabulary: Vocabulary, at: datetime) -> Q:
    """The condition as a `Q`: true where it is true, never where it is unknown."""
    return _where(parse(tree, vocabulary), at)


def apply(queryset: QuerySet[Row], tree: Json | Node, at: datetime, vocabulary: Vocabulary = LEAD) -> QuerySet[Row]:
    """The rows of a queryset for which the condition is true."""
    return queryset.filter(where(tree, vocabulary, at))


def _where(node: Node, at: datetime) -> Q:
    if isinstance(node, Leaf):
        return _leaf(node, at)
    whole = Q()
    for child in node.children:  # type: ignore[union-attr]  # Not was pushed away
        whole = whole | _where(child, at) if isinstance(node, AnyOf) else whole & _where(child, at)
    return whole


def _leaf(leaf: Leaf, at: datetime) -> Q:
    value = leaf.operator.at(leaf.operand, at, leaf.field.kind)
    read = leaf.operator.not_sql if leaf.negated else leaf.operator.sql
    return read(leaf.field.expression(at), value, leaf.field.typed)
