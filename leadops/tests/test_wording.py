"""What conditions on a lead say to a salesperson, word for word in both languages."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from capture.attribution import TOUCH
from leadops.conditions.fields import LEAD
from leadops.conditions.sentence import outline, sentence
from leadops.models import AttributeDef
from leadops.testing import SourceFactory

pytestmark = pytest.mark.django_db
NBSP = "\u00a0"


def leaf(field: str, op: str, *value: Any) -> dict[str, Any]:
    return {"field": field, "op": op, **({"value": value[0]} if value else {})}


CONTACT, FREE = leaf("hand_raiser", "is_true"), leaf("free_mail", "is_true")
NEAR, SCORE = leaf("country", "in", ["FR", "BE"]), leaf("score", "gte", 60)

SAID: list[tuple[Any, str, str]] = [
    ({}, "Always", "Toujours"),
    (CONTACT, "The prospect asked to be contacted", "Le prospect a demandé à être contacté"),
    (
        {"not": CONTACT},
        "The prospect did not ask to be contacted",
        "Le prospect n’a pas demandé à être contacté",
    ),
    (FREE, "The person uses a free e-mail address", "La personne utilise une adresse e-mail gratuite"),
    (
        leaf("free_mail", "is_false"),
        "The person does not use a free e-mail address",
        "La personne n’utilise pas d’adresse e-mail gratuite",
    ),
    (leaf("owner_known", "is_false"), "The lead has no owner", "Le lead n’a pas de responsable"),
    (leaf("account_owner_known", "is_true"), "The account has an owner", "Le compte a un responsable"),
    (
        {"not": leaf("knocked_out", "is_true")},
        "The scorecard does not rule the lead out",
        "La grille de score n’exclut pas le lead",
    ),
    (
        leaf("has_open_opportunity", "is_false"),
        "The lead has no open opportunity",
        "Le lead n’a pas d’opportunité ouverte",
    ),
    (NEAR, "The country is Belgium or France", "Le pays est Belgique ou France"),
    (
        leaf("country", "not_in", ["FR", "BE", "CH"]),
        "The country is neither Belgium nor Switzerland nor France",
        "Le pays n’est ni Belgique ni Suisse ni France",
    ),
    (leaf("country", "is_unknown"), "The country is not known", "On ne connaît pas le pays"),
    (
        leaf("employees", "gte", 50),
        "The company has at least 50 employees",
        "L’entreprise compte au moins 50 salariés",
    ),
    (
        leaf("employees", "lte", 1),
        "The company has at most 1 employee",
        "L’entreprise compte au plus 1 salarié",
    ),
    (
        leaf("employees", "between", [1000, 4999]),
        "The company has between 1,000 and 4,999 employees",
        f"L’entreprise compte entre 1{NBSP}000 et 4{NBSP}999 salariés",
    ),
    (
        {"not": leaf("employees", "is_known")},
        "The company’s size is not known",
        "On ne connaît pas la taille de l’entreprise",
    ),
    (SCORE, "The score is 60 or more", "Le score est de 60 ou plus"),
    (leaf("stage", "in", ["mql", "sal"]), "The stage is MQL or SAL", "L’étape est MQL ou SAL"),
    (leaf("band", "ne", "cold"), "The score band is not Cold", "Le palier de score n’est pas Froid"),
    (leaf("source", "eq", "website"), "The source is Web site", "La source est Web site"),
    (
        leaf("language", "in", ["fr", "en"]),
        "The person’s language is English or French",
        "La langue de la personne est anglais ou français",
    ),
    (
        leaf("industry", "eq", "real_estate"),
        "The industry is real estate",
        "Le secteur est immobilier",
    ),
    (
        leaf("industry", "in", ["food", "deep_sea"]),
        "The industry is “deep sea” or food",
        f"Le secteur est «{NBSP}deep sea{NBSP}» ou agroalimentaire",
    ),
    (
        leaf("received_at", "within_last", "P30D"),
        "The lead arrived in the last 30 days",
        "Le lead est arrivé au cours des 30 derniers jours",
    ),
    (
        {"not": leaf("received_at", "within_last", "PT1H")},
        "The lead did not arrive in the last hour",
        "Le lead n’est pas arrivé au cours de la dernière heure",
    ),
    (
        leaf("received_at", "on_or_after", "2026-03-05T13:05:00Z"),
        "The lead arrived on 5 Mar 2026, 13:05 or later",
        "Le lead est arrivé le 5 mars 2026 à 13:05 ou après",
    ),
    (
        leaf("last_inbound_at", "more_than_ago", "P90D"),
        "The last sign of life is more than 90 days ago",
        "Le dernier signe de vie remonte à plus de 90 jours",
    ),
    (
        leaf("touches_7d", "gte", 3),
        "The number of touches in the last 7 days is 3 or more",
        "Le nombre de contacts des 7 derniers jours est de 3 ou plus",
    ),
    (
        {"any": [leaf("title", "contains", "chief"), leaf("title", "contains", "founder")]},
        "The job title contains “chief” or “founder”",
        f"La fonction contient «{NBSP}chief{NBSP}» ou «{NBSP}founder{NBSP}»",
    ),
    (
        {"all": [leaf("country", "ne", "FR"), leaf("country", "ne", "BE")]},
        "The country is neither France nor Belgium",
        "Le pays n’est ni France ni Belgique",
    ),
    (
        {"all": [CONTACT, leaf("country", "eq", "FR"), SCORE]},
        "The prospect asked to be contacted, the country is France, and the score is 60 or more",
        "Le prospect a demandé à être contacté, le pays est France, et le score est de 60 ou plus",
    ),
    (
        {"any": [{"all": [NEAR, leaf("employees", "gte", 50)]}, SCORE]},
        "The country is Belgium or France, and the company has at least 50 employees; or the score is 60 or more",
        "Le pays est Belgique ou France, et l’entreprise compte au moins 50 salariés"
        f"{NBSP}; ou le score est de 60 ou plus",
    ),
    (
        {"all": [NEAR, {"any": [SCORE, CONTACT]}]},
        "The country is Belgium or France; and either the score is 60 or more, or the prospect asked to be contacted",
        f"Le pays est Belgique ou France{NBSP}; et soit le score est de 60 ou plus, "
        "soit le prospect a demandé à être contacté",
    ),
    (
        {"all": [{"not": leaf("knocked_out", "is_true")}, {"any": [{"all": [CONTACT, {"not": FREE}]}, SCORE]}]},
        "The scorecard does not rule the lead out; and either the prospect asked to be contacted and the person does "
        "not use a free e-mail address, or the score is 60 or more",
        f"La grille de score n’exclut pas le lead{NBSP}; et soit le prospect a demandé à être contacté et la personne "
        "n’utilise pas d’adresse e-mail gratuite, soit le score est de 60 ou plus",
    ),
    (leaf("account_budget", "gte", 5), "“Budget” is 5 or more", f"«{NBSP}Budget{NBSP}» est de 5 ou plus"),
]


@pytest.fixture
def known(db: None) -> None:
    SourceFactory(slug="website", name="Web site")
    AttributeDef.objects.create(owner="account", key="budget", kind="number", labels={"fr": "Budget", "en": "Budget"})


@pytest.mark.parametrize(("tree", "english", "french"), SAID)
@pytest.mark.usefixtures("known")
def test_a_condition_on_a_lead_is_said_as_a_salesperson_would(tree: Any, english: str, french: str) -> None:
    with translation.override("en"):
        assert sentence(tree, LEAD) == english
    with translation.override("fr"):
        assert sentence(tree, LEAD) == french


@pytest.mark.usefixtures("known")
def test_inside_another_sentence_it_begins_small() -> None:
    with translation.override("fr"):
        assert sentence(SCORE, LEAD, inside=True) == "le score est de 60 ou plus"


@pytest.mark.usefixtures("known")
def test_a_tree_too_deep_for_commas_is_an_indented_list() -> None:
    deep = {"all": [CONTACT, {"any": [SCORE, {"all": [NEAR, {"any": [FREE, leaf("cycle", "eq", 2)]}]}]}]}
    with translation.override("en"):
        assert [(line.depth, line.text) for line in outline(deep, LEAD)] == [
            (0, "All of this:"),
            (1, "The prospect asked to be contacted"),
            (1, "One of these at least:"),
            (2, "The score is 60 or more"),
            (2, "All of this:"),
            (3, "The country is Belgium or France"),
            (3, "One of these at least:"),
            (4, "The person uses a free e-mail address"),
            (4, "The cycle is 2"),
        ]
        assert outline({"all": [NEAR, {"any": [SCORE, CONTACT]}]}, LEAD) == []


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("vocabulary", [LEAD, TOUCH], ids=lambda each: each.name)
def test_every_field_the_house_ships_has_a_name_in_a_sentence_or_words_for_all_it_may_be_asked(vocabulary: Any) -> None:
    own = [field for field in vocabulary.all() if not field.subject and not field.key.startswith("account_budget")]
    for field in own:
        assert field.says is not None, field.key
        assert {"known", "unknown"} <= set(field.says), field.key
