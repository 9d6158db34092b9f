"""True, false and unknown: the tables of logic, negation, presence, what `used_fields` names, and explanations."""

from __future__ import annotations

import ast
import json
import time
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import leadops.conditions
from leadops.conditions.explain import explain, leaves_of, render, without_personal
from leadops.conditions.facts import facts_from_json, facts_to_json
from leadops.conditions.predicate import compile
from leadops.conditions.tests.vocabulary import AT, ROWS
from leadops.conditions.tree import Leaf, Not, leaves, pushed
from leadops.conditions.validate import Invalid, parse, read

T, F, U = True, False, None
YES = {"field": "free_mail", "op": "is_true"}
PARTNER = {"field": "attr.partner", "op": "is_true"}
SOURCES = sorted(Path(leadops.conditions.__path__[0]).glob("*.py"))


@pytest.mark.parametrize(("one", "two"), list(product([T, F, U], repeat=2)))
def test_groups_follow_the_three_valued_tables(one: bool | None, two: bool | None) -> None:
    facts = {"free_mail": one, "attr.partner": two}
    both = F if F in (one, two) else U if U in (one, two) else T
    either = T if T in (one, two) else U if U in (one, two) else F
    turned = {T: F, F: T, U: U}
    assert compile({"all": [YES, PARTNER]}, ROWS)(facts, AT) is both
    assert compile({"any": [YES, PARTNER]}, ROWS)(facts, AT) is either
    assert compile({"not": {"all": [YES, PARTNER]}}, ROWS)(facts, AT) is turned[both]
    assert compile({"not": {"any": [YES, PARTNER]}}, ROWS)(facts, AT) is turned[either]
    assert compile({"not": YES}, ROWS)(facts, AT) is turned[one]


@pytest.mark.parametrize("facts", [{}, {"country": None}, {"country": ""}])
def test_an_unknown_country_never_fires_a_country_rule_even_negated(facts: dict[str, Any]) -> None:
    rule = {"field": "country", "op": "eq", "value": "FR"}
    assert compile(rule, ROWS)(facts, AT) is None
    assert compile({"not": rule}, ROWS)(facts, AT) is None
    assert compile({"field": "country", "op": "is_unknown"}, ROWS)(facts, AT) is True


def test_an_empty_condition_always_holds() -> None:
    assert compile({}, ROWS)({}, AT) is True
    assert compile({"all": []}, ROWS)({}, AT) is True


def test_no_answer_to_several_choices_is_an_answer_when_it_was_given() -> None:
    rule = compile({"field": "tags", "op": "has_none", "value": ["a"]}, ROWS)
    assert rule({"tags": []}, AT) is True
    assert rule({"tags": None}, AT) is None


def test_negation_is_pushed_to_the_leaves() -> None:
    tree = {"not": {"any": [YES, {"not": {"all": [PARTNER, {"not": YES}]}}]}}
    node = read(tree, ROWS, strict=True)
    assert isinstance(node, Not)
    low = pushed(node)
    assert not isinstance(low, Not)
    assert [leaf.negated for leaf in leaves(low)] == [True, False, True]
    assert all(isinstance(leaf, Leaf) for leaf in leaves(low))
    assert [leaf.path for leaf in leaves(low)] == ["not.any[0]", "not.any[1].not.all[0]", "not.any[1].not.all[1].not"]


def test_a_predicate_names_the_fields_it_reads() -> None:
    assert compile({"all": [YES, {"not": PARTNER}]}, ROWS).used_fields == {"free_mail", "attr.partner"}


def test_the_same_predicate_follows_the_instant_it_is_asked_at() -> None:
    rule = compile({"field": "seen_at", "op": "within_last", "value": "P7D"}, ROWS)
    facts = {"seen_at": AT}
    answers = [rule(facts, at) for at in (AT, AT + timedelta(days=7), AT + timedelta(days=8), AT - timedelta(1), AT)]
    assert answers == [True, True, False, False, True]


def test_an_explanation_gives_each_leaf_with_the_value_it_met() -> None:
    tree = {
        "all": [{"field": "score", "op": "gte", "value": 60}, {"not": YES}, {"field": "name", "op": "eq", "value": "x"}]
    }
    facts = {"score": 59, "free_mail": None, "name": "dupont"}
    told = explain(tree, facts, AT, ROWS)
    assert json.loads(json.dumps(told)) == told
    assert [(leaf["field"], leaf["fact"], leaf["result"]) for leaf in leaves_of(told)] == [
        ("score", 59, False),
        ("free_mail", None, None),
        ("name", "dupont", False),
    ]
    assert told["result"] is False
    assert [(line.text, line.met, line.answer) for line in render(told, ROWS)] == [
        ("all of", "", "false"),
        ("“Score” is 60 or more", "59", "false"),
        ("“Free mail” is no", "unknown", "unknown"),
        ("“Name” is “x”", "“dupont”", "false"),
    ]
    kept = list(leaves_of(without_personal(told)))
    assert kept[2]["fact"] is None and kept[2]["value"] is None and kept[0]["fact"] == 59
    assert "dupont" not in json.dumps(without_personal(told))


def test_a_leaf_kept_in_its_shortest_form_is_looked_up_before_it_is_shown() -> None:
    kept = {"op": "eq", "value": 1, "negated": False, "path": "", "fact": 2, "result": False}
    hidden = {**kept, "value": None, "fact": None}
    for field, shown in (("score", kept), ("name", hidden), ("gone since", hidden)):
        assert without_personal({**kept, "field": field}, ROWS) == {**shown, "field": field}
    assert without_personal({**kept, "field": "score"}, ROWS, frozenset({"score"}))["fact"] is None


def test_an_explanation_of_a_field_that_is_gone_is_still_shown() -> None:
    told = {"field": "gone", "op": "eq", "value": 1, "negated": False, "path": "", "fact": 2, "result": False}
    (line,) = render({**told, "personal": False}, ROWS)
    assert (line.text, line.met) == ("gone eq 1", "2")


def test_facts_survive_their_own_json(rows: list[Any]) -> None:
    for known in ROWS.facts_for(rows, AT).values():
        body = json.loads(json.dumps(facts_to_json(known, ROWS)))
        again = facts_from_json(body, ROWS)
        assert facts_to_json(again, ROWS) == body
        assert {key: tuple(v) if isinstance(v, list) else v for key, v in known.items()} == again


def test_facts_edited_on_screen_are_folded_and_checked() -> None:
    assert facts_from_json({"name": " DUPÔNT ", "score": "", "hits_7d": None}, ROWS) == {
        "name": "dupont", "score": None, "hits_7d": 0,
    }  # fmt: skip
    with pytest.raises(Invalid) as refused:
        facts_from_json({"score": "much", "nobody": 1}, ROWS)
    assert [(fault.path, fault.code) for fault in refused.value.faults] == [
        ("score", "not-a-number"),
        ("nobody", "unknown-field"),
    ]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_no_reader_negates_in_the_orm_and_none_uses_patterns(source: Path) -> None:
    for node in ast.walk(ast.parse(source.read_text())):
        assert not isinstance(node, ast.Invert), "~Q makes unknown true"
        assert not (isinstance(node, ast.Attribute) and node.attr in ("exclude", "extra", "raw")), node.attr
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = {alias.name for alias in node.names} | {getattr(node, "module", None) or ""}
            assert not names & {"re", "regex", "RawSQL"}
            assert not any(name.startswith(("leadops.models", "rest_framework", "django.http")) for name in names)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert "iregex" not in node.value and "__regex" not in node.value


def test_a_comparison_costs_less_than_a_few_microseconds(capsys: pytest.CaptureFixture[str]) -> None:
    leaf_bodies = [
        {"field": "country", "op": "in", "value": ["FR", "BE"]},
        {"field": "score", "op": "gte", "value": 60},
        {"not": YES},
        {"field": "seen_at", "op": "within_last", "value": "P7D"},
    ]
    rule = compile({"all": leaf_bodies}, ROWS)
    facts = {"country": "FR", "score": 80, "free_mail": False, "seen_at": AT}
    assert rule(facts, AT) is True
    started = time.perf_counter()
    for _ in range(20_000):
        rule(facts, AT)
    each = (time.perf_counter() - started) / 20_000 / len(leaf_bodies) * 1e6
    with capsys.disabled():
        print(f"\nconditions: {each:.2f} µs per comparison")
    assert each < 20  # a guard against recompiling per call, not a benchmark


def test_parsing_is_not_needed_twice() -> None:
    node = parse({"not": YES}, ROWS)
    assert parse(node, ROWS) == node
