"""The predicate and the filter give one answer: on generated trees, and on every operator × kind × missing value."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings

from leadops.conditions import sql
from leadops.conditions.explain import explain
from leadops.conditions.fields import Field
from leadops.conditions.operators import DURATION, LIST, NONE, OPERATORS, RANGE, Operator, accepted
from leadops.conditions.predicate import compile
from leadops.conditions.tests.models import Row
from leadops.conditions.tests.strategies import moments, trees
from leadops.conditions.tests.vocabulary import AT, ROWS
from leadops.conditions.validate import validate
from leadops.tests.scale import sized

EXAMPLES = sized(300, 10_000, ci=1_000)
Json = dict[str, Any]


def by_filter(tree: Json, at: datetime) -> set[int]:
    with transaction.atomic():  # a fault in one example must not hide behind the aborted transaction of the next
        return set(sql.apply(Row.objects.all(), tree, at, ROWS).values_list("pk", flat=True))


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(tree=trees, at=moments)
def test_both_readers_agree_on_every_tree(rows: list[Row], tree: Json, at: datetime) -> None:
    facts = ROWS.facts_for(rows, at)
    predicate = compile(tree, ROWS)
    answers = {pk: predicate(known, at) for pk, known in facts.items()}
    assert by_filter(tree, at) == {pk for pk, answer in answers.items() if answer is True}
    if tree:
        assert by_filter({"not": tree}, at) == {pk for pk, answer in answers.items() if answer is False}
    canonical = compile(validate(tree, ROWS), ROWS)
    assert {pk: canonical(known, at) for pk, known in facts.items()} == answers
    some = rows[0].pk
    assert explain(tree, facts[some], at, ROWS)["result"] is answers[some]


# Values that are true for some rows and not for others.
SAMPLES: dict[str, tuple[Any, Any, Any]] = {  # one, list, range
    "text": ("a_b", ["100%", "null"], None),
    "choice": ("FR", ["FR", "BE"], None),
    "multi": (None, ["a", "b"], None),
    "number": (60, [60, "0.1"], [0, 60]),
    "count": (1, [1, 2], [1, 2]),
    "day": ("2026-03-12", None, ["2026-03-05", "2026-03-12"]),
    "instant": ("2026-03-10T00:00:00Z", None, ["2026-03-04T23:30:00Z", "2026-03-11T23:30:00Z"]),
}
PARTS = {"contains": "_", "not_contains": "_", "starts_with": "a", "ends_with": "b"}
WALK = [(field, operator) for field in ROWS.all() for operator in accepted(field.kind)]


def sample(field: Field, operator: Operator) -> Json:
    if operator.shape == NONE:
        return {"field": field.key, "op": operator.key}
    one, several, ends = SAMPLES[field.kind]
    if field.key == "attr.tier":
        one, several = "gold", ["gold", "bronze"]
    value = {DURATION: "P5D", LIST: several, RANGE: ends}.get(operator.shape, PARTS.get(operator.key, one))
    return {"field": field.key, "op": operator.key, "value": value}


@pytest.mark.parametrize(("field", "operator"), WALK, ids=lambda each: each.key)
def test_each_operator_on_each_kind_of_field_with_and_without_a_value(
    rows: list[Row], field: Field, operator: Operator
) -> None:
    leaf = sample(field, operator)
    facts = {pk: known[field.key] for pk, known in ROWS.facts_for(rows, AT, [field.key]).items()}
    missing = {pk for pk, fact in facts.items() if fact is None}
    true, false = by_filter(leaf, AT), by_filter({"not": leaf}, AT)
    predicate = compile(leaf, ROWS)
    answers = {pk: predicate({field.key: fact}, AT) for pk, fact in facts.items()}
    assert true == {pk for pk, answer in answers.items() if answer is True}
    assert false == {pk for pk, answer in answers.items() if answer is False}
    assert true, "the sample tells nothing apart"
    assert false, "the sample tells nothing apart"
    if field.kind == "count":
        assert not missing
    else:
        assert missing
    if operator.unknown_is_answer:
        assert true | false == set(facts)
        assert missing in (true, false)
    else:
        assert not missing & (true | false), "a missing value is never true and never false"


def test_every_operator_and_every_kind_is_walked() -> None:
    assert {operator.key for _, operator in WALK} == set(OPERATORS)
    assert {field.kind for field, _ in WALK} == {
        "text", "choice", "multi", "number", "count", "day", "instant", "flag",
    }  # fmt: skip


def test_facts_for_many_rows_cost_one_query_per_counted_field(rows: list[Row], django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        ROWS.facts_for(rows, AT)


def test_a_day_is_the_houses_day(rows: list[Row], settings: Any) -> None:
    tree = {"field": "asked_on", "op": "within_last", "value": "P1D"}
    settings.REPORTING_ZONE = "Europe/Paris"
    paris = set(sql.apply(Row.objects.all(), tree, AT, ROWS).values_list("asked_on", flat=True))
    settings.REPORTING_ZONE = "UTC"
    utc = set(sql.apply(Row.objects.all(), tree, AT, ROWS).values_list("asked_on", flat=True))
    assert {day.day for day in paris} == {11, 12}
    assert {day.day for day in utc} == {10, 11}
