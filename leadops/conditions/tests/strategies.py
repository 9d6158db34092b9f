"""Condition documents of every shape for the property tests."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from leadops.conditions.fields import Field
from leadops.conditions.kinds import number_to_json
from leadops.conditions.operators import DURATION, LIST, NONE, RANGE, Operator, accepted
from leadops.conditions.tests.vocabulary import AT, DAYS, INSTANTS, NUMBERS, ROWS, TAGS, TEXTS

CODES = ["FR", "BE", "DE", "gold", "silver"]
Json = dict[str, Any]


def operands(field: Field) -> st.SearchStrategy[Any]:
    """JSON values a field can be compared with: those of the rows, their neighbours and others."""
    if field.kind == "text":
        return st.one_of(st.sampled_from([*TEXTS, "dup", "É", "A", "b", " Dupont "]), st.sampled_from("%_\\'?ad日"))
    if field.kind == "choice":
        return st.sampled_from([code for code in CODES if code.isupper()] if field.choices else CODES)
    if field.kind == "multi":
        return st.sampled_from([code for code, _ in TAGS])
    if field.kind in ("number", "count"):
        return st.one_of(st.sampled_from([number_to_json(n) for n in NUMBERS]), st.integers(-2, 8), st.just("59.9991"))
    if field.kind == "day":
        return st.one_of(st.sampled_from(DAYS), st.dates(date(2026, 3, 1), date(2026, 3, 20))).map(date.isoformat)
    near = st.datetimes(datetime(2026, 3, 1), datetime(2026, 3, 20), timezones=st.just(UTC))
    return st.one_of(st.sampled_from(INSTANTS), near).map(datetime.isoformat)


def values(field: Field, operator: Operator) -> st.SearchStrategy[Any]:
    if operator.shape == NONE:
        return st.none()
    if operator.shape == DURATION:
        return st.sampled_from(
            ["P7D", "P1D", "P400D"] if field.kind == "day" else ["P7D", "PT48H", "PT2H", "PT1M", 604800]
        )
    if operator.shape == LIST:
        return st.lists(operands(field), min_size=1, max_size=3)
    if operator.shape == RANGE:
        read = field.typed.read_operand
        return st.tuples(operands(field), operands(field)).map(lambda ends: sorted(ends, key=read))
    return operands(field)


@st.composite
def comparisons(draw: st.DrawFn) -> Json:
    field = draw(st.sampled_from(ROWS.all()))
    operator = draw(st.sampled_from(accepted(field.kind)))
    body: Json = {"field": field.key, "op": operator.key}
    if operator.shape != NONE:
        body["value"] = draw(values(field, operator))
    return body


def _grown(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    members = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        st.builds(lambda each: {"all": each}, members),
        st.builds(lambda each: {"any": each}, members),
        st.builds(lambda each: {"not": each}, inner),
    )


def _deep(tree: Json) -> int:
    inner = tree.get("all") or tree.get("any") or ([tree["not"]] if "not" in tree else [])
    return 1 + max(map(_deep, inner)) if inner else 0


trees = st.one_of(st.recursive(comparisons(), _grown, max_leaves=8).filter(lambda tree: _deep(tree) <= 6), st.just({}))
moments = st.sampled_from([AT, AT - timedelta(hours=1), AT + timedelta(days=3), AT - timedelta(days=399)])
