"""What a condition says to a French and to an English reader, typography included, and the API's schema of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.utils import translation

from leadops.conditions.operators import OPERATORS, accepted
from leadops.conditions.schema import schema
from leadops.conditions.sentence import sentence
from leadops.conditions.tests.test_two_readers import WALK, sample
from leadops.conditions.tests.vocabulary import ROWS

NBSP = "\u00a0"


def leaf(field: str, op: str, *value: Any) -> dict[str, Any]:
    return {"field": field, "op": op, **({"value": value[0]} if value else {})}


SAID: list[tuple[Any, str, str]] = [
    ({}, "always", "toujours"),
    (leaf("country", "eq", "FR"), "Country is France", "Country est France"),
    (leaf("country", "in", ["FR", "BE"]), "Country is Belgium or France", "Country est Belgium ou France"),
    (
        leaf("country", "in", ["FR", "BE", "DE"]),
        "Country is Belgium, Germany or France",
        "Country est Belgium, Germany ou France",
    ),
    (
        leaf("country", "not_in", ["FR", "BE"]),
        "Country is neither Belgium nor France",
        "Country n’est ni Belgium ni France",
    ),
    (
        {"not": leaf("country", "in", ["FR", "BE"])},
        "Country is neither Belgium nor France",
        "Country n’est ni Belgium ni France",
    ),
    ({"not": leaf("country", "eq", "FR")}, "Country is not France", "Country n’est pas France"),
    (leaf("name", "contains", "DUPÔNT"), "Name contains “dupont”", f"Name contient «{NBSP}dupont{NBSP}»"),
    (leaf("score", "gte", 1234.5), "Score is at least 1,234.5", f"Score vaut au moins 1{NBSP}234,5"),
    ({"not": leaf("score", "gte", 60)}, "Score is less than 60", "Score vaut moins de 60"),
    (leaf("hits_7d", "between", [1, 3]), "Visits in 7 days is between 1 and 3", "Visits in 7 days est entre 1 et 3"),
    (leaf("free_mail", "is_true"), "Free mail: yes", f"Free mail{NBSP}: oui"),
    ({"not": leaf("free_mail", "is_true")}, "Free mail: no", f"Free mail{NBSP}: non"),
    (leaf("score", "is_known"), "Score is known", "Score a une valeur connue"),
    ({"not": leaf("score", "is_known")}, "Score is unknown", "Score n’a pas de valeur connue"),
    (
        leaf("tags", "has_all", ["a", "b"]),
        "Tags includes all of Alpha and Beta",
        "Tags comprend à la fois Alpha et Beta",
    ),
    (leaf("tags", "has_all", ["a"]), "Tags includes Alpha", "Tags comprend Alpha"),
    (leaf("tags", "has_none", ["a", "b"]), "Tags excludes Alpha and Beta", "Tags exclut Alpha et Beta"),
    ({"not": leaf("tags", "has_none", ["a", "b"])}, "Tags includes Alpha or Beta", "Tags comprend Alpha ou Beta"),
    (
        leaf("seen_at", "within_last", "P7D"),
        "Last seen is within the last 7 days",
        "Last seen date de moins de 7 jours",
    ),
    (leaf("seen_at", "more_than_ago", "P1D"), "Last seen is more than 1 day ago", "Last seen date de plus de 1 jour"),
    (
        {"not": leaf("seen_at", "within_last", "PT48H")},
        "Last seen is not within the last 48 hours",
        "Last seen ne date pas de moins de 48 heures",
    ),
    (
        {
            "all": [
                leaf("country", "in", ["FR", "BE"]),
                {"any": [leaf("score", "gte", 60), leaf("hits_7d", "gte", 3)]},
                {"not": leaf("free_mail", "is_true")},
            ]
        },
        "Country is Belgium or France, and (Score is at least 60, or Visits in 7 days is at least 3), and Free mail: no",
        f"Country est Belgium ou France, et (Score vaut au moins 60, ou Visits in 7 days vaut au moins 3), et Free mail{NBSP}: non",
    ),
    (
        {"not": {"any": [leaf("free_mail", "is_true"), {"all": [leaf("score", "lt", 10)]}]}},
        "Free mail: no, and Score is at least 10",
        f"Free mail{NBSP}: non, et Score vaut au moins 10",
    ),
]


@pytest.mark.parametrize(("tree", "english", "french"), SAID)
def test_a_condition_reads_as_a_sentence(tree: Any, english: str, french: str) -> None:
    with translation.override("en"):
        assert sentence(tree, ROWS) == english
    with translation.override("fr"):
        assert sentence(tree, ROWS) == french


def test_days_are_written_in_the_readers_form() -> None:
    tree = leaf("asked_on", "between", ["2026-03-05", "2026-03-12"])
    with translation.override("fr"):
        assert sentence(tree, ROWS) == "Asked on est entre le 5 mars 2026 et le 12 mars 2026"
        assert sentence(leaf("asked_on", "eq", "2026-03-12"), ROWS) == "Asked on est le 12 mars 2026"
        assert sentence(leaf("asked_on", "before", "2026-03-12"), ROWS) == "Asked on est avant le 12 mars 2026"
    with translation.override("en"):
        said = sentence(tree, ROWS)
    assert "2026" in said and "5" in said and " and " in said


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(("field", "operator"), WALK, ids=lambda each: each.key)
def test_every_comparison_and_its_negation_say_different_things(language: str, field: Any, operator: Any) -> None:
    tree = sample(field, operator)
    with translation.override(language):
        said, denied = sentence(tree, ROWS), sentence({"not": tree}, ROWS)
    assert said != denied
    assert str(field.label) in said and "%(" not in said + denied


def test_every_operator_and_phrase_is_translated() -> None:
    for operator in OPERATORS.values():
        messages = [operator.label, *operator.phrases.values(), *operator.not_phrases.values()]
        for message in messages:
            with translation.override("en"):
                english = str(message)
            with translation.override("fr"):
                assert str(message) != english


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
