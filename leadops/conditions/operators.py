"""The table of operators: for each its label, kinds, shape, Python test, SQL, negated SQL and meanings, side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from leadops.conditions import expressions as to
from leadops.conditions.expressions import Operand
from leadops.conditions.fields import day_of
from leadops.conditions.kinds import Kind

NONE, ONE, LIST, RANGE, DURATION = "none", "one", "list", "range", "duration"
Sql = Callable[[Operand, Any, Kind], Q]


@dataclass(frozen=True, slots=True)
class Operator:
    """One way to compare. `test` sees a known fact, except where `unknown_is_answer`; so do both SQL forms.

    `bind` turns a value that is relative to the instant of reading into an absolute one, once, for both readers.
    """

    key: str
    label: Promise
    kinds: tuple[str, ...]
    shape: str
    test: Callable[[Any, Any], bool]
    sql: Sql
    not_sql: Sql
    says: str  # the meaning in `phrases`, as asked and as denied
    denies: str
    unknown_is_answer: bool = False
    bind: Callable[[Any, datetime, str], Any] | None = None

    def at(self, value: Any, at: datetime, kind: str) -> Any:
        return value if self.bind is None else self.bind(value, at, kind)

    def meaning(self, negated: bool) -> str:
        return self.denies if negated else self.says


def _now(at: datetime, kind: str) -> Any:
    return day_of(at) if kind == "day" else at


def _past_window(value: Any, at: datetime, kind: str) -> Any:
    now = _now(at, kind)
    return (value.before(now), now)


def _coming_window(value: Any, at: datetime, kind: str) -> Any:
    now = _now(at, kind)
    return (now, value.after(now))


def _horizon(value: Any, at: datetime, kind: str) -> Any:
    return value.before(_now(at, kind))


def _sign(sign: str) -> Sql:
    return lambda expression, value, kind: to.joined(expression, sign, to.one(value, kind))


def _between(expression: Operand, value: Any, kind: Kind) -> Q:
    return to.between(expression, value, kind)


def _not_between(expression: Operand, value: Any, kind: Kind) -> Q:
    return to.between(expression, value, kind, "NOT BETWEEN")


def _inside(fact: Any, bounds: Any) -> bool:
    return bool(bounds[0] <= fact <= bounds[1])


TEXTS: Final = ("text", "choice")
NUMBERS: Final = ("number", "count")
TIMES: Final = ("day", "instant")
MAY_BE_UNKNOWN: Final = ("text", "choice", "multi", "number", "day", "instant", "flag")

OPERATORS: Final[dict[str, Operator]] = {
    operator.key: operator
    for operator in (
        Operator(
            "eq", pgettext_lazy("condition", "is"), (*TEXTS, *NUMBERS, "day"), ONE,
            lambda fact, value: fact == value,
            lambda e, value, kind: to.joined(e, "=", to.one(value, kind)),
            lambda e, value, kind: to.is_none(e, [value], kind),
            "eq", "ne",
        ),
        Operator(
            "ne", pgettext_lazy("condition", "is not"), (*TEXTS, *NUMBERS, "day"), ONE,
            lambda fact, value: fact != value,
            lambda e, value, kind: to.is_none(e, [value], kind),
            lambda e, value, kind: to.joined(e, "=", to.one(value, kind)),
            "ne", "eq",
        ),
        Operator(
            "in", pgettext_lazy("condition", "is one of"), (*TEXTS, *NUMBERS), LIST,
            lambda fact, value: fact in value,
            to.is_any,
            to.is_none,
            "eq", "ne",
        ),
        Operator(
            "not_in", pgettext_lazy("condition", "is none of"), (*TEXTS, *NUMBERS), LIST,
            lambda fact, value: fact not in value,
            to.is_none,
            to.is_any,
            "ne", "eq",
        ),
        Operator(
            "contains", pgettext_lazy("condition", "contains"), ("text",), ONE,
            lambda fact, value: value in fact,
            lambda e, value, kind: to.like(e, f"%{to.escaped(value)}%"),
            lambda e, value, kind: to.not_like(e, f"%{to.escaped(value)}%", kind),
            "contains", "not_contains",
        ),
        Operator(
            "not_contains", pgettext_lazy("condition", "does not contain"), ("text",), ONE,
            lambda fact, value: value not in fact,
            lambda e, value, kind: to.not_like(e, f"%{to.escaped(value)}%", kind),
            lambda e, value, kind: to.like(e, f"%{to.escaped(value)}%"),
            "not_contains", "contains",
        ),
        Operator(
            "starts_with", pgettext_lazy("condition", "starts with"), ("text",), ONE,
            lambda fact, value: fact.startswith(value),
            lambda e, value, kind: to.like(e, f"{to.escaped(value)}%"),
            lambda e, value, kind: to.not_like(e, f"{to.escaped(value)}%", kind),
            "starts_with", "not_starts_with",
        ),
        Operator(
            "ends_with", pgettext_lazy("condition", "ends with"), ("text",), ONE,
            lambda fact, value: fact.endswith(value),
            lambda e, value, kind: to.like(e, f"%{to.escaped(value)}"),
            lambda e, value, kind: to.not_like(e, f"%{to.escaped(value)}", kind),
            "ends_with", "not_ends_with",
        ),
        Operator(
            "gte", pgettext_lazy("condition", "is at least"), NUMBERS, ONE,
            lambda fact, value: fact >= value, _sign(">="), _sign("<"), "gte", "lt",
        ),
        Operator(
            "gt", pgettext_lazy("condition", "is more than"), NUMBERS, ONE,
            lambda fact, value: fact > value, _sign(">"), _sign("<="), "gt", "lte",
        ),
        Operator(
            "lte", pgettext_lazy("condition", "is at most"), NUMBERS, ONE,
            lambda fact, value: fact <= value, _sign("<="), _sign(">"), "lte", "gt",
        ),
        Operator(
            "lt", pgettext_lazy("condition", "is less than"), NUMBERS, ONE,
            lambda fact, value: fact < value, _sign("<"), _sign(">="), "lt", "gte",
        ),
        Operator(
            "between", pgettext_lazy("condition", "is between"), (*NUMBERS, *TIMES), RANGE,
            _inside, _between, _not_between,
            "between", "not_between",
        ),
        Operator(
            "before", pgettext_lazy("condition", "is before"), TIMES, ONE,
            lambda fact, value: fact < value, _sign("<"), _sign(">="), "before", "on_or_after",
        ),
        Operator(
            "after", pgettext_lazy("condition", "is after"), TIMES, ONE,
            lambda fact, value: fact > value, _sign(">"), _sign("<="), "after", "on_or_before",
        ),
        Operator(
            "on_or_before", pgettext_lazy("condition", "is on or before"), TIMES, ONE,
            lambda fact, value: fact <= value, _sign("<="), _sign(">"), "on_or_before", "after",
        ),
        Operator(
            "on_or_after", pgettext_lazy("condition", "is on or after"), TIMES, ONE,
            lambda fact, value: fact >= value, _sign(">="), _sign("<"), "on_or_after", "before",
        ),
        Operator(
            "within_last", pgettext_lazy("condition", "is within the last"), TIMES, DURATION,
            _inside, _between, _not_between,
            "within_last", "not_within_last",
            bind=_past_window,
        ),
        Operator(
            "more_than_ago", pgettext_lazy("condition", "is more than … ago"), TIMES, DURATION,
            lambda fact, value: fact < value, _sign("<"), _sign(">="),
            "more_than_ago", "not_more_than_ago",
            bind=_horizon,
        ),
        Operator(
            "within_next", pgettext_lazy("condition", "is within the next"), TIMES, DURATION,
            _inside, _between, _not_between,
            "within_next", "not_within_next",
            bind=_coming_window,
        ),
        Operator(
            "has_any", pgettext_lazy("condition", "includes one of"), ("multi",), LIST,
            lambda fact, value: not value.isdisjoint(fact),
            lambda e, value, kind: to.codes_test(e, "?|", value),
            lambda e, value, kind: to.not_codes_test(e, "?|", value, kind),
            "has_any", "has_none",
        ),
        Operator(
            "has_all", pgettext_lazy("condition", "includes all of"), ("multi",), LIST,
            lambda fact, value: value.issubset(fact),
            lambda e, value, kind: to.codes_test(e, "?&", value),
            lambda e, value, kind: to.not_codes_test(e, "?&", value, kind),
            "has_all", "not_has_all",
        ),
        Operator(
            "has_none", pgettext_lazy("condition", "includes none of"), ("multi",), LIST,
            lambda fact, value: value.isdisjoint(fact),
            lambda e, value, kind: to.not_codes_test(e, "?|", value, kind),
            lambda e, value, kind: to.codes_test(e, "?|", value),
            "has_none", "has_any",
        ),
        Operator(
            "is_true", pgettext_lazy("condition", "is yes"), ("flag",), NONE,
            lambda fact, value: fact is True,
            lambda e, value, kind: to.wrapped(e),
            lambda e, value, kind: to.wrapped(e, "NOT (", ")"),
            "yes", "no",
        ),
        Operator(
            "is_false", pgettext_lazy("condition", "is no"), ("flag",), NONE,
            lambda fact, value: fact is False,
            lambda e, value, kind: to.wrapped(e, "NOT (", ")"),
            lambda e, value, kind: to.wrapped(e),
            "no", "yes",
        ),
        Operator(
            "is_known", pgettext_lazy("condition", "is known"), MAY_BE_UNKNOWN, NONE,
            lambda fact, value: fact is not None,
            lambda e, value, kind: to.known(e, kind),
            lambda e, value, kind: to.unknown(e, kind),
            "known", "unknown", unknown_is_answer=True,
        ),
        Operator(
            "is_unknown", pgettext_lazy("condition", "is unknown"), MAY_BE_UNKNOWN, NONE,
            lambda fact, value: fact is None,
            lambda e, value, kind: to.unknown(e, kind),
            lambda e, value, kind: to.known(e, kind),
            "unknown", "known", unknown_is_answer=True,
        ),
    )
}  # fmt: skip


def accepted(kind: str) -> list[Operator]:
    """The operators a kind can be asked with, in menu order."""
    return [operator for operator in OPERATORS.values() if kind in operator.kinds]
