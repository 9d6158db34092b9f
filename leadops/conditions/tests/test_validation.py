"""What a condition document may be: faults with their path and code, bounds, and one canonical form."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from leadops.conditions.fields import Vocabulary, column
from leadops.conditions.operators import OPERATORS
from leadops.conditions.predicate import compile
from leadops.conditions.tests.strategies import trees
from leadops.conditions.tests.vocabulary import AT, ROWS
from leadops.conditions.validate import Invalid, parse, validate
from leadops.conditions.words import REFUSALS


def leaf(field: str, op: str, *value: Any) -> dict[str, Any]:
    return {"field": field, "op": op, **({"value": value[0]} if value else {})}


OK = leaf("score", "gte", 60)


def nested(depth: int) -> dict[str, Any]:
    tree: dict[str, Any] = OK
    for _ in range(depth):
        tree = {"all": [tree, OK]}
    return tree


@pytest.mark.parametrize(
    ("document", "path", "code"),
    [
        (None, "", "not-a-condition"),
        ([], "", "not-a-condition"),
        ("x", "", "not-a-condition"),
        ({"all": [OK], "any": [OK]}, "", "not-a-condition"),
        ({"none": [OK]}, "", "not-a-condition"),
        ({"all": OK}, "all", "not-a-list"),
        ({"any": []}, "any", "empty-group"),
        ({"all": [{"all": []}]}, "all[0].all", "empty-group"),
        ({"all": [OK, {}]}, "all[1]", "not-a-condition"),
        ({"not": {}}, "not", "not-a-condition"),
        ({"not": [OK]}, "not", "not-a-condition"),
        ({"all": [{**OK, "sql": "1=1"}]}, "all[0]", "unknown-key"),
        ({"all": [{"op": "eq", "value": 1}]}, "all[0].field", "no-field"),
        ({"all": [leaf("score", "")]}, "all[0].op", "no-operator"),
        (leaf("nobody", "eq", 1), "field", "unknown-field"),
        ({"field": ["score"], "op": "eq"}, "field", "unknown-field"),
        (leaf("score", "regex", "a+"), "op", "unknown-operator"),
        ({"field": "score", "op": {}}, "op", "unknown-operator"),
        (leaf("score", "contains", "a"), "op", "operator-not-for-kind"),
        (leaf("hits_7d", "is_unknown"), "op", "operator-not-for-kind"),
        ({"all": [OK, {"any": [leaf("score", "eq", "sixty")]}]}, "all[1].any[0].value", "not-a-number"),
        (leaf("score", "eq", True), "value", "not-a-number"),
        (leaf("score", "eq", float("nan")), "value", "not-a-number"),
        (leaf("score", "eq", "Infinity"), "value", "not-a-number"),
        (leaf("score", "eq", "1e999999999"), "value", "out-of-range"),
        (leaf("score", "eq", "0." + "1" * 40), "value", "out-of-range"),
        (leaf("score", "eq", [60]), "value", "not-a-number"),
        (leaf("score", "eq"), "value", "empty"),
        (leaf("score", "eq", ""), "value", "empty"),
        (leaf("score", "is_known", 1), "value", "no-value-wanted"),
        (leaf("score", "between", [1]), "value", "not-a-range"),
        (leaf("score", "between", [1, None]), "value", "empty"),
        (leaf("score", "between", [2, 1]), "value", "range-reversed"),
        (leaf("score", "in", 1), "value", "not-a-list"),
        (leaf("score", "in", []), "value", "empty"),
        (leaf("score", "in", list(range(501))), "value", "too-many-values"),
        (leaf("name", "eq", 5), "value", "not-text"),
        (leaf("name", "contains", " \u0301\x00 "), "value", "empty"),
        (leaf("name", "eq", "x" * 201), "value", "too-long"),
        (leaf("country", "eq", "XX"), "value", "unknown-choice"),
        (leaf("country", "in", ["FR", "XX"]), "value", "unknown-choice"),
        (leaf("attr.tier", "eq", "a\x00b"), "value", "not-a-code"),
        (leaf("tags", "has_any", "a"), "value", "not-a-list"),
        (leaf("asked_on", "before", "31/12/2026"), "value", "not-a-day"),
        (leaf("asked_on", "before", "2026-02-30"), "value", "not-a-day"),
        (leaf("asked_on", "within_last", "PT48H"), "value", "whole-days-only"),
        (leaf("seen_at", "before", "2026-01-01T10:00:00"), "value", "no-zone"),
        (leaf("seen_at", "before", "0001-01-01T00:00:00+10:00"), "value", "out-of-range"),
        (leaf("seen_at", "within_last", "P0D"), "value", "not-a-duration"),
        (leaf("seen_at", "within_last", "P1Y"), "value", "not-a-duration"),
        (leaf("seen_at", "within_last", -5), "value", "not-a-duration"),
        (leaf("seen_at", "within_last", "P99999999D"), "value", "out-of-range"),
        (nested(7), ".".join(["all[0]"] * 6), "too-deep"),
        ({"all": [OK] * 61}, "all", "too-many"),
        ({"all": [{"any": [OK] * 31}, {"any": [OK] * 30}]}, "", "too-many"),
    ],
)
def test_a_fault_is_named_with_its_path(document: Any, path: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        validate(document, ROWS)
    assert (path, code) in [(fault.path, fault.code) for fault in refused.value.faults]
    assert refused.value.code == "condition-invalid"


def test_every_fault_is_reported_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        validate({"all": [leaf("x", "eq", 1), leaf("score", "eq", "a"), OK]}, ROWS)
    assert [fault.path for fault in refused.value.faults] == ["all[0].field", "all[1].value"]


def test_the_limits_themselves_are_allowed() -> None:
    assert validate(nested(6), ROWS) == nested(6)
    assert len(validate({"all": [OK] * 60}, ROWS)["all"]) == 60


def test_a_hostile_depth_costs_nothing() -> None:
    tree: dict[str, Any] = OK
    for _ in range(100_000):
        tree = {"not": tree}
    with pytest.raises(Invalid):
        validate(tree, ROWS)


@pytest.mark.parametrize(
    ("document", "canonical"),
    [
        ({}, {"all": []}),
        ({"all": []}, {"all": []}),
        (OK, {"all": [OK]}),
        (leaf("name", "eq", "  Élodie   DUPÔNT "), {"all": [leaf("name", "eq", "elodie dupont")]}),
        (leaf("country", "in", ["FR", "BE", "FR"]), {"all": [leaf("country", "in", ["BE", "FR"])]}),
        (leaf("score", "eq", "60.0"), {"all": [leaf("score", "eq", 60)]}),
        (leaf("score", "eq", 0.1), {"all": [leaf("score", "eq", 0.1)]}),
        (leaf("score", "eq", "-0"), {"all": [leaf("score", "eq", 0)]}),
        (
            leaf("score", "eq", "123456789012345.678"),
            {"all": [leaf("score", "eq", "123456789012345.678")]},
        ),
        (leaf("asked_on", "eq", "20260311"), {"all": [leaf("asked_on", "eq", "2026-03-11")]}),
        (
            leaf("seen_at", "before", "2026-03-11T10:00:00+02:00"),
            {"all": [leaf("seen_at", "before", "2026-03-11T08:00:00Z")]},
        ),
        (leaf("seen_at", "within_last", 3600), {"all": [leaf("seen_at", "within_last", "PT1H")]}),
        (leaf("asked_on", "within_last", 7), {"all": [leaf("asked_on", "within_last", "P7D")]}),
        (leaf("score", "is_known", None), {"all": [leaf("score", "is_known")]}),
        ({"not": {"not": OK}}, {"all": [OK]}),
        ({"not": {"any": [OK]}}, {"not": OK}),
        ({"not": {"all": [{"not": OK}]}}, {"all": [OK]}),
    ],
)
def test_a_document_has_one_canonical_form(document: Any, canonical: Any) -> None:
    assert validate(document, ROWS) == canonical


@settings(max_examples=200, deadline=None)
@given(tree=trees)
def test_the_canonical_form_is_its_own_canonical_form(tree: dict[str, Any]) -> None:
    once = validate(tree, ROWS)
    assert validate(once, ROWS) == once


json_like = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.sampled_from(list(OPERATORS))
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["all", "any", "not", "field", "op", "value", "x"]), inner, max_size=3),
    ),
    max_leaves=10,
)


@settings(max_examples=300, deadline=None)
@given(document=json_like)
def test_any_json_is_read_or_refused(document: Any) -> None:
    try:
        validate(document, ROWS)
    except Invalid as refused:
        assert refused.faults  # refusing is one of the two right answers


@settings(max_examples=300, deadline=None)
@given(field=st.sampled_from(ROWS.all()), op=st.sampled_from(list(OPERATORS)), value=json_like)
def test_any_value_is_read_or_refused(field: Any, op: str, value: Any) -> None:
    try:
        validate(leaf(field.key, op, value), ROWS)
    except Invalid as refused:
        assert all(fault.code in REFUSALS and fault.message for fault in refused.faults)


def test_a_choice_retired_since_does_not_break_what_was_published() -> None:
    assert parse(leaf("country", "eq", "XX"), ROWS)
    assert compile(leaf("country", "eq", "XX"), ROWS)({"country": "XX"}, AT) is True


def test_a_field_gone_since_is_shown_as_broken_not_as_false() -> None:
    with pytest.raises(Invalid):
        compile(leaf("gone", "eq", 1), ROWS)


def test_a_key_means_one_thing() -> None:
    vocabulary = Vocabulary("twice")
    field = column("score", "Score", "number")
    vocabulary.register(field)
    vocabulary.register(field)
    with pytest.raises(ValueError, match="already registered"):
        vocabulary.register(column("score", "Other", "text"))


def test_the_message_is_in_the_readers_language() -> None:
    with translation.override("fr"), pytest.raises(Invalid) as refused:
        validate(leaf("nobody", "eq", 1), ROWS)
    assert refused.value.faults[0].message == "Il n’existe pas de champ «\u00a0nobody\u00a0»."
