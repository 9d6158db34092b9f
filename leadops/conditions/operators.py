"""The table of operators: for each its label, kinds, shape, Python test, SQL, negated SQL and words, side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
Phrase = str | Promise
Phrases = Mapping[str, Phrase]  # by kind; "" is every other kind


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
    phrases: Phrases
    not_phrases: Phrases
    unknown_is_answer: bool = False
    bind: Callable[[Any, datetime, str], Any] | None = None

    def at(self, value: Any, at: datetime, kind: str) -> Any:
        return value if self.bind is None else self.bind(value, at, kind)

    def phrase(self, kind: str, negated: bool) -> Phrase:
        words = self.not_phrases if negated else self.phrases
        return words[kind] if kind in words else words[""]


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

# What a sentence says; %(field)s is the label, %(value)s the value in words.
IS, IS_NOT = (
    {"": pgettext_lazy("condition", "%(field)s is %(value)s")},
    {"": pgettext_lazy("condition", "%(field)s is not %(value)s")},
)
EQUALS: Phrases = {
    **IS,
    "day": pgettext_lazy("condition", "%(field)s is on %(value)s"),
    "number": pgettext_lazy("condition", "%(field)s equals %(value)s"),
    "count": pgettext_lazy("condition", "%(field)s equals %(value)s"),
}
EQUALS_NOT: Phrases = {
    **IS_NOT,
    "day": pgettext_lazy("condition", "%(field)s is not on %(value)s"),
    "number": pgettext_lazy("condition", "%(field)s does not equal %(value)s"),
    "count": pgettext_lazy("condition", "%(field)s does not equal %(value)s"),
}
KNOWN, UNKNOWN = (
    {"": pgettext_lazy("condition", "%(field)s is known")},
    {"": pgettext_lazy("condition", "%(field)s is unknown")},
)
YES, NO = {"": pgettext_lazy("condition", "%(field)s: yes")}, {"": pgettext_lazy("condition", "%(field)s: no")}
AT_LEAST, LESS = (
    {"": pgettext_lazy("condition", "%(field)s is at least %(value)s")},
    {"": pgettext_lazy("condition", "%(field)s is less than %(value)s")},
)
AT_MOST, MORE = (
    {"": pgettext_lazy("condition", "%(field)s is at most %(value)s")},
    {"": pgettext_lazy("condition", "%(field)s is more than %(value)s")},
)
BEFORE, FROM = (
    {"": pgettext_lazy("condition", "%(field)s is before %(value)s")},
    {"": pgettext_lazy("condition", "%(field)s is on or after %(value)s")},
)
AFTER, UNTIL = (
    {"": pgettext_lazy("condition", "%(field)s is after %(value)s")},
    {"": pgettext_lazy("condition", "%(field)s is on or before %(value)s")},
)

OPERATORS: Final[dict[str, Operator]] = {
    operator.key: operator
    for operator in (
        Operator(
            "eq", pgettext_lazy("condition", "is"), (*TEXTS, *NUMBERS, "day"), ONE,
            lambda fact, value: fact == value,
            lambda e, value, kind: to.joined(e, "=", to.one(value, kind)),
            lambda e, value, kind: to.is_none(e, [value], kind),
            EQUALS, EQUALS_NOT,
        ),
        Operator(
            "ne", pgettext_lazy("condition", "is not"), (*TEXTS, *NUMBERS, "day"), ONE,
            lambda fact, value: fact != value,
            lambda e, value, kind: to.is_none(e, [value], kind),
            lambda e, value, kind: to.joined(e, "=", to.one(value, kind)),
            EQUALS_NOT, EQUALS,
        ),
        Operator(
            "in", pgettext_lazy("condition", "is one of"), (*TEXTS, *NUMBERS), LIST,
            lambda fact, value: fact in value,
            to.is_any,
            to.is_none,
            EQUALS, EQUALS_NOT,
        ),
        Operator(
            "not_in", pgettext_lazy("condition", "is none of"), (*TEXTS, *NUMBERS), LIST,
            lambda fact, value: fact not in value,
            to.is_none,
            to.is_any,
            EQUALS_NOT, EQUALS,
        ),
        Operator(
            "contains", pgettext_lazy("condition", "contains"), ("text",), ONE,
            lambda fact, value: value in fact,
            lambda e, value, kind: to.like(e, f"%{to.escaped(value)}%"),
            lambda e, value, kind: to.not_like(e, f"%{to.escaped(value)}%", kind),
            {"": pgettext_lazy("condition", "%(field)s contains %(value)s")}, {"": pgettext_lazy("condition", "%(field)s does not contain %(value)s")},
        ),
        Operator(
            "not_contains", pgettext_lazy("condition", "does not contain"), ("text",), ONE,
            lambda fact, value: value not in fact,
            lambda e, value, kind: to.not_like(e, f"%{to.escaped(value)}%", kind),
            lambda e, value, kind: to.like(e, f"%{to.escaped(value)}%"),
            {"": pgettext_lazy("condition", "%(field)s does not contain %(value)s")}, {"": pgettext_lazy("condition", "%(field)s contains %(value)s")},
        ),
        Operator(
            "starts_with", pgettext_lazy("condition", "starts with"), ("text",), ONE,
            lambda fact, value: fact.startswith(value),
            lambda e, value, kind: to.like(e, f"{to.escaped(value)}%"),
            lambda e, value, kind: to.not_like(e, f"{to.escaped(value)}%", kind),
            {"": pgettext_lazy("condition", "%(field)s starts with %(value)s")}, {"": pgettext_lazy("condition", "%(field)s does not start with %(value)s")},
        ),
        Operator(
            "ends_with", pgettext_lazy("condition", "ends with"), ("text",), ONE,
            lambda fact, value: fact.endswith(value),
            lambda e, value, kind: to.like(e, f"%{to.escaped(value)}"),
            lambda e, value, kind: to.not_like(e, f"%{to.escaped(value)}", kind),
            {"": pgettext_lazy("condition", "%(field)s ends with %(value)s")}, {"": pgettext_lazy("condition", "%(field)s does not end with %(value)s")},
        ),
        Operator(
            "gte", pgettext_lazy("condition", "is at least"), NUMBERS, ONE,
            lambda fact, value: fact >= value, _sign(">="), _sign("<"), AT_LEAST, LESS,
        ),
        Operator(
            "gt", pgettext_lazy("condition", "is more than"), NUMBERS, ONE,
            lambda fact, value: fact > value, _sign(">"), _sign("<="), MORE, AT_MOST,
        ),
        Operator(
            "lte", pgettext_lazy("condition", "is at most"), NUMBERS, ONE,
            lambda fact, value: fact <= value, _sign("<="), _sign(">"), AT_MOST, MORE,
        ),
        Operator(
            "lt", pgettext_lazy("condition", "is less than"), NUMBERS, ONE,
            lambda fact, value: fact < value, _sign("<"), _sign(">="), LESS, AT_LEAST,
        ),
        Operator(
            "between", pgettext_lazy("condition", "is between"), (*NUMBERS, *TIMES), RANGE,
            _inside, _between, _not_between,
            {"": pgettext_lazy("condition", "%(field)s is between %(value)s")}, {"": pgettext_lazy("condition", "%(field)s is not between %(value)s")},
        ),
        Operator(
            "before", pgettext_lazy("condition", "is before"), TIMES, ONE,
            lambda fact, value: fact < value, _sign("<"), _sign(">="), BEFORE, FROM,
        ),
        Operator(
            "after", pgettext_lazy("condition", "is after"), TIMES, ONE,
            lambda fact, value: fact > value, _sign(">"), _sign("<="), AFTER, UNTIL,
        ),
        Operator(
            "on_or_before", pgettext_lazy("condition", "is on or before"), TIMES, ONE,
            lambda fact, value: fact <= value, _sign("<="), _sign(">"), UNTIL, AFTER,
        ),
        Operator(
            "on_or_after", pgettext_lazy("condition", "is on or after"), TIMES, ONE,
            lambda fact, value: fact >= value, _sign(">="), _sign("<"), FROM, BEFORE,
        ),
        Operator(
            "within_last", pgettext_lazy("condition", "is within the last"), TIMES, DURATION,
            _inside, _between, _not_between,
            {"": pgettext_lazy("condition", "%(field)s is within the last %(value)s")}, {"": pgettext_lazy("condition", "%(field)s is not within the last %(value)s")},
            bind=_past_window,
        ),
        Operator(
            "more_than_ago", pgettext_lazy("condition", "is more than … ago"), TIMES, DURATION,
            lambda fact, value: fact < value, _sign("<"), _sign(">="),
            {"": pgettext_lazy("condition", "%(field)s is more than %(value)s ago")}, {"": pgettext_lazy("condition", "%(field)s is not more than %(value)s ago")},
            bind=_horizon,
        ),
        Operator(
            "within_next", pgettext_lazy("condition", "is within the next"), TIMES, DURATION,
            _inside, _between, _not_between,
            {"": pgettext_lazy("condition", "%(field)s is within the next %(value)s")}, {"": pgettext_lazy("condition", "%(field)s is not within the next %(value)s")},
            bind=_coming_window,
        ),
        Operator(
            "has_any", pgettext_lazy("condition", "includes one of"), ("multi",), LIST,
            lambda fact, value: not value.isdisjoint(fact),
            lambda e, value, kind: to.codes_test(e, "?|", value),
            lambda e, value, kind: to.not_codes_test(e, "?|", value, kind),
            {"": pgettext_lazy("condition", "%(field)s includes %(value)s")}, {"": pgettext_lazy("condition", "%(field)s excludes %(value)s")},
        ),
        Operator(
            "has_all", pgettext_lazy("condition", "includes all of"), ("multi",), LIST,
            lambda fact, value: value.issubset(fact),
            lambda e, value, kind: to.codes_test(e, "?&", value),
            lambda e, value, kind: to.not_codes_test(e, "?&", value, kind),
            {"": pgettext_lazy("condition", "%(field)s includes all of %(value)s")}, {"": pgettext_lazy("condition", "%(field)s does not include all of %(value)s")},
        ),
        Operator(
            "has_none", pgettext_lazy("condition", "includes none of"), ("multi",), LIST,
            lambda fact, value: value.isdisjoint(fact),
            lambda e, value, kind: to.not_codes_test(e, "?|", value, kind),
            lambda e, value, kind: to.codes_test(e, "?|", value),
            {"": pgettext_lazy("condition", "%(field)s excludes %(value)s")}, {"": pgettext_lazy("condition", "%(field)s includes %(value)s")},
        ),
        Operator(
            "is_true", pgettext_lazy("condition", "is yes"), ("flag",), NONE,
            lambda fact, value: fact is True,
            lambda e, value, kind: to.wrapped(e),
            lambda e, value, kind: to.wrapped(e, "NOT (", ")"),
            YES, NO,
        ),
        Operator(
            "is_false", pgettext_lazy("condition", "is no"), ("flag",), NONE,
            lambda fact, value: fact is False,
            lambda e, value, kind: to.wrapped(e, "NOT (", ")"),
            lambda e, value, kind: to.wrapped(e),
            NO, YES,
        ),
        Operator(
            "is_known", pgettext_lazy("condition", "is known"), MAY_BE_UNKNOWN, NONE,
            lambda fact, value: fact is not None,
            lambda e, value, kind: to.known(e, kind),
            lambda e, value, kind: to.unknown(e, kind),
            KNOWN, UNKNOWN, unknown_is_answer=True,
        ),
        Operator(
            "is_unknown", pgettext_lazy("condition", "is unknown"), MAY_BE_UNKNOWN, NONE,
            lambda fact, value: fact is None,
            lambda e, value, kind: to.unknown(e, kind),
            lambda e, value, kind: to.known(e, kind),
            UNKNOWN, KNOWN, unknown_is_answer=True,
        ),
    )
}  # fmt: skip


def accepted(kind: str) -> list[Operator]:
    """The operators a kind can be asked with, in menu order."""
    return [operator for operator in OPERATORS.values() if kind in operator.kinds]
