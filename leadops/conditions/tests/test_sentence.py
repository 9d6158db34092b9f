"""What a condition says to a French and to an English reader, typography included, and the API's schema of it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given, settings

from leadops.conditions.operators import OPERATORS, accepted
from leadops.conditions.phrases import PHRASES, SEVERAL_REFUSED
from leadops.conditions.schema import schema
from leadops.conditions.sentence import outline, sentence
from leadops.conditions.tests.strategies import trees
from leadops.conditions.tests.test_two_readers import WALK, sample
from leadops.conditions.tests.vocabulary import ROWS

NBSP = "\u00a0"


def leaf(field: str, op: str, *value: Any) -> dict[str, Any]:
    return {"field": field, "op": op, **({"value": value[0]} if value else {})}


def quoted(words: str) -> str:
    return f"«{NBSP}{words}{NBSP}»"


# The test fields have no words of their own: what a field is called is its label, quoted.
SAID: list[tuple[Any, str, str]] = [
    ({}, "Always", "Toujours"),
    (leaf("country", "eq", "FR"), "“Country” is France", f"{quoted('Country')} est France"),
    (
        leaf("country", "in", ["FR", "BE", "DE"]),
        "“Country” is Belgium, Germany or France",
        f"{quoted('Country')} est Belgium, Germany ou France",
    ),
    (
        {"not": leaf("country", "in", ["FR", "BE"])},
        "“Country” is neither Belgium nor France",
        f"{quoted('Country')} n’est ni Belgium ni France",
    ),
    ({"not": leaf("country", "eq", "FR")}, "“Country” is not France", f"{quoted('Country')} n’est pas France"),
    (
        leaf("name", "contains", "DUPÔNT"),
        "“Name” contains “dupont”",
        f"{quoted('Name')} contient {quoted('dupont')}",
    ),
    (leaf("score", "gte", 1234.5), "“Score” is 1,234.5 or more", f"{quoted('Score')} est de 1{NBSP}234,5 ou plus"),
    (leaf("score", "eq", "0.123456"), "“Score” is 0.123456", f"{quoted('Score')} est de 0,123456"),
    ({"not": leaf("score", "gte", 60)}, "“Score” is less than 60", f"{quoted('Score')} est de moins de 60"),
    (
        leaf("hits_7d", "between", [1, 3]),
        "“Visits in 7 days” is between 1 and 3",
        f"{quoted('Visits in 7 days')} se situe entre 1 et 3",
    ),
    (leaf("free_mail", "is_true"), "“Free mail” is yes", f"{quoted('Free mail')} vaut oui"),
    ({"not": leaf("free_mail", "is_true")}, "“Free mail” is no", f"{quoted('Free mail')} vaut non"),
    (leaf("score", "is_known"), "“Score” is known", f"On connaît {quoted('Score')}"),
    ({"not": leaf("score", "is_known")}, "“Score” is not known", f"On ne connaît pas {quoted('Score')}"),
    (
        leaf("tags", "has_all", ["a", "b"]),
        "“Tags” includes all of Alpha and Beta",
        f"{quoted('Tags')} comprend à la fois Alpha et Beta",
    ),
    (leaf("tags", "has_all", ["a"]), "“Tags” includes Alpha", f"{quoted('Tags')} comprend Alpha"),
    (
        leaf("tags", "has_none", ["a", "b"]),
        "“Tags” includes neither Alpha nor Beta",
        f"{quoted('Tags')} ne comprend ni Alpha ni Beta",
    ),
    (
        {"not": leaf("tags", "has_none", ["a", "b"])},
        "“Tags” includes Alpha or Beta",
        f"{quoted('Tags')} comprend Alpha ou Beta",
    ),
    (
        leaf("seen_at", "within_last", "P7D"),
        "“Last seen” is in the last 7 days",
        f"{quoted('Last seen')} se situe au cours des 7 derniers jours",
    ),
    (
        leaf("seen_at", "within_next", "PT1H"),
        "“Last seen” is in the next hour",
        f"{quoted('Last seen')} se situe au cours de la prochaine heure",
    ),
    (
        leaf("seen_at", "more_than_ago", "P1D"),
        "“Last seen” is more than 1 day ago",
        f"{quoted('Last seen')} remonte à plus de 1 jour",
    ),
    (
        {"not": leaf("seen_at", "within_last", "PT48H")},
        "“Last seen” is not in the last 48 hours",
        f"{quoted('Last seen')} ne se situe pas au cours des 48 dernières heures",
    ),
    (
        leaf("asked_on", "between", ["2026-03-05", "2026-03-12"]),
        "“Asked on” is between 5 Mar 2026 and 12 Mar 2026",
        f"{quoted('Asked on')} se situe entre le 5 mars 2026 et le 12 mars 2026",
    ),
    (leaf("asked_on", "eq", "2026-03-12"), "“Asked on” is 12 Mar 2026", f"{quoted('Asked on')} est le 12 mars 2026"),
    (
        leaf("asked_on", "before", "2026-03-12"),
        "“Asked on” is before 12 Mar 2026",
        f"{quoted('Asked on')} est avant le 12 mars 2026",
    ),
    (
        {"not": {"any": [leaf("free_mail", "is_true"), {"all": [leaf("score", "lt", 10)]}]}},
        "“Free mail” is no, and “Score” is 10 or more",
        f"{quoted('Free mail')} vaut non, et {quoted('Score')} est de 10 ou plus",
    ),
]


@pytest.mark.parametrize(("tree", "english", "french"), SAID)
def test_a_condition_reads_as_a_sentence(tree: Any, english: str, french: str) -> None:
    with translation.override("en"):
        assert sentence(tree, ROWS) == english
    with translation.override("fr"):
        assert sentence(tree, ROWS) == french


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(("field", "operator"), WALK, ids=lambda each: each.key)
def test_every_comparison_and_its_negation_say_different_things(language: str, field: Any, operator: Any) -> None:
    tree = sample(field, operator)
    with translation.override(language):
        said, denied = sentence(tree, ROWS), sentence({"not": tree}, ROWS)
    assert said != denied
    assert str(field.label) in said and "%(" not in said + denied


def test_every_operator_and_phrase_is_translated() -> None:
    meanings = {meaning for operator in OPERATORS.values() for meaning in (operator.says, operator.denies)}
    assert meanings | set(SEVERAL_REFUSED.values()) == set(PHRASES)
    phrases = [message for words in PHRASES.values() for message in words.values()]
    for message in [*(operator.label for operator in OPERATORS.values()), *phrases]:
        with translation.override("en"):
            english = str(message)
        with translation.override("fr"):
            assert str(message) != english


KEYS = [*(field.key for field in ROWS.all()), *OPERATORS]
RAW = [key for key in KEYS if "_" in key or "." in key] + ["%(", "{", "None", "P7D", "PT"]


@given(tree=trees)
@settings(max_examples=300, deadline=None)
def test_every_tree_reads_as_a_sentence_without_a_key_in_it(tree: Any) -> None:
    for code in ("en", "fr"):
        with translation.override(code):
            said, lines = sentence(tree, ROWS), outline(tree, ROWS)
        words = re.sub(r"“.*?”|«.*?»", "", said)
        assert said.strip() == said and said[0] == said[0].upper() and len(said) > 3
        assert not [key for key in RAW if key in words]
        assert ("(" in words) == bool(
            lines
        )  # brackets only where commas and semicolons no longer tell, and then a list
        assert words.count("(") == words.count(")")


@given(tree=trees)
@settings(max_examples=200, deadline=None)
def test_a_sentence_and_its_denial_differ_in_both_languages(tree: Any) -> None:
    if tree:
        for code in ("en", "fr"):
            with translation.override(code):
                assert sentence(tree, ROWS) != sentence({"not": tree}, ROWS)


def test_the_schema_offers_every_field_with_its_operators_and_nothing_else() -> None:
    made = schema(ROWS)
    assert json.loads(json.dumps(made)) == made
    offered: dict[str, set[str]] = {}
    for each in made["ConditionComparison"]["oneOf"]:
        offered.setdefault(each["properties"]["field"]["const"], set()).update(each["properties"]["op"]["enum"])
    assert offered == {field.key: {op.key for op in accepted(field.kind)} for field in ROWS.all()}
    countries = [
        each["properties"]["value"]["enum"]
        for each in made["ConditionComparison"]["oneOf"]
        if each["properties"]["field"]["const"] == "country" and "eq" in each["properties"]["op"]["enum"]
    ]
    assert countries == [["FR", "BE", "DE"]]
