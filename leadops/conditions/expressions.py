"""The few SQL tests the operators are made of, each three-valued as SQL is; it never folds and never says exclude."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, Expression, F, Func, Q, Subquery, TextField, Value

from leadops.conditions.kinds import Kind, array_column

Operand = Expression | F | Subquery


def joined(left: Operand, sign: str, right: Expression, close: str = "") -> Q:
    """`(left sign right)` as a condition; unknown (NULL) on either side stays unknown."""
    test = Func(left, right, arg_joiner=f" {sign} ", template=f"(%(expressions)s{close})", output_field=BooleanField())
    return Q(test)


def wrapped(expression: Operand, before: str = "", after: str = "") -> Q:
    return Q(Func(expression, template=f"({before}%(expressions)s{after})", output_field=BooleanField()))


def one(value: Any, kind: Kind) -> Value:
    """One parameter of the kind's own type, so that no column type rounds or folds it."""
    return Value(value, output_field=kind.operand_column())


def many(values: Sequence[Any], kind: Kind) -> Value:
    return Value(list(values), output_field=array_column(kind))


def known(expression: Operand, kind: Kind) -> Q:
    if kind.key == "multi":
        return wrapped(expression, "jsonb_typeof(", ") = 'array'")
    return wrapped(expression, "", " <> ''") if kind.empty_is_unknown else wrapped(expression, "", " IS NOT NULL")


def unknown(expression: Operand, kind: Kind) -> Q:
    if kind.key == "multi":
        return wrapped(expression, "jsonb_typeof(", ") IS DISTINCT FROM 'array'")
    if kind.empty_is_unknown:
        return wrapped(expression, "(", " <> '') IS NOT TRUE")
    return wrapped(expression, "", " IS NULL")


def is_any(expression: Operand, values: Sequence[Any], kind: Kind) -> Q:
    return joined(expression, "= ANY (", many(sorted(values), kind), ")")


def is_none(expression: Operand, values: Sequence[Any], kind: Kind) -> Q:
    """Known and none of these: where '' means unknown, it is one of "these"."""
    refused = [*sorted(values), ""] if kind.empty_is_unknown else sorted(values)
    return joined(expression, "<> ALL (", many(refused, kind), ")")


def escaped(value: str) -> str:
    """Text with the two wildcards of LIKE and its escape taken literally."""
    return value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def like(expression: Operand, pattern: str) -> Q:
    return joined(expression, "LIKE", Value(pattern, output_field=TextField()))


def not_like(expression: Operand, pattern: str, kind: Kind) -> Q:
    return joined(expression, "NOT LIKE", Value(pattern, output_field=TextField())) & known(expression, kind)


def between(expression: Operand, bounds: Sequence[Any], kind: Kind, sign: str = "BETWEEN") -> Q:
    low, high = (one(bound, kind) for bound in bounds)
    edges = Func(low, high, arg_joiner=" AND ", template="%(expressions)s", output_field=kind.operand_column())
    return joined(expression, sign, edges)


def codes_test(expression: Operand, sign: str, values: Sequence[str]) -> Q:
    """A jsonb array against a list of codes with `?|` or `?&`."""
    return joined(expression, sign, Value(sorted(values), output_field=ArrayField(TextField())))


def not_codes_test(expression: Operand, sign: str, values: Sequence[str], kind: Kind) -> Q:
    right = Value(sorted(values), output_field=ArrayField(TextField()))
    refused = Func(
        expression, right, arg_joiner=f" {sign} ", template="(NOT (%(expressions)s))", output_field=BooleanField()
    )
    return Q(refused) & known(expression, kind)
