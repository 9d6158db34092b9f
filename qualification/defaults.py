"""The scorecard, MQL definition and framework a fresh house starts with; marketing ops publishes its own over them."""

from __future__ import annotations

from typing import Any


def _line(key: str, fr: str, en: str, when: dict[str, Any], points: int) -> dict[str, Any]:
    return {"key": key, "label": {"fr": fr, "en": en}, "when": when, "points": points}


def _one(field: str, op: str, value: Any = None) -> dict[str, Any]:
    comparison = {"field": field, "op": op}
    return {"all": [comparison if value is None else {**comparison, "value": value}]}


def _any(field: str, op: str, *values: str) -> dict[str, Any]:
    return {"any": [{"field": field, "op": op, "value": value} for value in values]}


def _acts(key: str, fr: str, en: str, points: int, **touch: Any) -> dict[str, Any]:
    return {"key": key, "label": {"fr": fr, "en": en}, "points": points, "touch": touch}


SERVED = ("manufacturing", "retail", "healthcare", "hospitality", "logistics", "real_estate", "food", "public")
NEAR = ["FR", "BE", "CH", "LU", "MC", "CA", "MA", "TN"]
FIT = [
    _line("size_small", "De 10 à 49 salariés", "10 to 49 employees", _one("employees", "between", [10, 49]), 5),
    _line("size_medium", "De 50 à 249 salariés", "50 to 249 employees", _one("employees", "between", [50, 249]), 12),
    _line("size_large", "250 salariés et plus", "250 employees or more", _one("employees", "gte", 250), 18),
    _line(
        "title_leads",
        "Dirige (direction, fondateur)",
        "Leads the company (chief, founder)",
        {
            "any": [
                *_any("title", "starts_with", "ceo", "cto", "cfo", "coo", "cio", "dg", "daf", "dsi", "pdg")["any"],
                *_any("title", "contains", "chief", "president", "founder", "fondateur", "general manager", "owner")[
                    "any"
                ],
            ]
        },
        15,
    ),
    _line(
        "title_directs",
        "Dirige un service",
        "Heads a department",
        _any("title", "contains", "direct", "head of", "vice president", "responsable", "manager", "chef de"),
        10,
    ),
    _line("country_near", "Pays où nous vendons", "A country we sell in", _one("country", "in", NEAR), 10),
    _line(
        "industry_served",
        "Secteur que nous servons",
        "An industry we serve",
        _any("industry", "eq", *SERVED),
        6,
    ),
    _line("industry_known", "Secteur connu", "Industry known", _one("industry", "is_known"), 2),
    _line("own_domain", "Adresse d’entreprise", "Company e-mail address", _one("free_mail", "is_false"), 5),
]
ENGAGEMENT = [
    _line("hand_raiser", "Demande à être contacté", "Asks to be contacted", _one("hand_raiser", "is_true"), 20),
    _acts(
        "inquiries", "Demandes", "Inquiries", 6, kinds=["inquiry"], days=30, most=3, decay="halves", half_life_days=10
    ),
    _acts(
        "replies",
        "Réponses à nos messages",
        "Replies to our messages",
        8,
        kinds=["reply", "call"],
        days=45,
        most=3,
        decay="linear",
    ),
    _acts(
        "events", "Événements et webinaires", "Events and webinars", 8, kinds=["event"], days=90, most=2, decay="linear"
    ),
    _acts(
        "downloads",
        "Téléchargements",
        "Downloads",
        5,
        kinds=["download"],
        days=60,
        most=3,
        decay="halves",
        half_life_days=14,
    ),
    _acts(
        "visits", "Visites et clics", "Visits and clicks", 1, kinds=["visit", "click"], days=14, most=5, decay="none"
    ),
]
NEGATIVE = [
    _line("free_mail", "Adresse gratuite", "Free e-mail address", _one("free_mail", "is_true"), -8),
    _line("size_tiny", "Moins de 3 salariés", "Fewer than 3 employees", _one("employees", "lt", 3), -10),
    _line(
        "title_junior",
        "Stage ou alternance",
        "Intern or apprentice",
        _any("title", "contains", "internship", "stagiaire", "apprenti", "alternant"),
        -15,
    ),
    _acts("bounces", "Message non remis", "Mail bounced", -6, kinds=["bounce"], days=90, most=2, decay="none"),
    _acts(
        "complaints",
        "S’est plaint d’un message",
        "Complained about a mail",
        -20,
        kinds=["complaint"],
        days=180,
        most=1,
        decay="none",
    ),
]
SCORECARD: dict[str, Any] = {
    "groups": [
        {"key": "fit", "cap": 50, "lines": FIT},
        {"key": "engagement", "cap": 40, "lines": ENGAGEMENT},
        {"key": "negative", "cap": 40, "lines": NEGATIVE},
    ],
    "bands": [{"key": "hot", "from": 60}, {"key": "warm", "from": 30}, {"key": "cold", "from": 0}],
    "grades": [{"key": "A", "from": 35}, {"key": "B", "from": 22}, {"key": "C", "from": 10}, {"key": "D", "from": 0}],
    "levels": [{"key": "1", "from": 25}, {"key": "2", "from": 10}, {"key": "3", "from": 0}],
    "knockouts": [
        {
            "key": "student",
            "label": {"fr": "Étudiant ou candidat", "en": "Student or job seeker"},
            "when": _any("title", "contains", "student", "etudiant", "job seeker", "recherche d'emploi"),
        }
    ],
}
MQL: dict[str, Any] = {
    "when": {
        "all": [
            {"not": {"field": "knocked_out", "op": "is_true"}},
            {
                "any": [
                    {
                        "all": [
                            {"field": "hand_raiser", "op": "is_true"},
                            {"field": "free_mail", "op": "is_false"},
                        ]
                    },
                    {"field": "score", "op": "gte", "value": 50},
                ]
            },
        ]
    },
    "scorecards": ["house@1"],
    "cooldown_days": 30,
    "most_cycles": 4,
    "note": "",
}


def _question(key: str, fr: str, en: str, needed: bool, *answers: tuple[str, str, str, int]) -> dict[str, Any]:
    """(key, French, English, worth in percent) of each answer, the best first."""
    rows = [{"key": each, "label": {"fr": in_fr, "en": in_en}, "worth": worth} for each, in_fr, in_en, worth in answers]
    return {"key": key, "label": {"fr": fr, "en": en}, "weight": 25, "needed": needed, "answers": rows}


FRAMEWORK: dict[str, Any] = {
    "name": {"fr": "BANT", "en": "BANT"},
    "minimum": 50,
    "questions": [
        _question(
            "budget", "Budget", "Budget", False,
            ("allocated", "Alloué", "Allocated", 100),
            ("possible", "Possible, à valider", "Possible, to be approved", 60),
            ("none", "Aucun", "None", 0),
        ),
        _question(
            "authority", "Pouvoir de décision", "Authority", False,
            ("decides", "Décide", "Decides", 100),
            ("influences", "Influence la décision", "Influences the decision", 60),
            ("none", "Ni l’un ni l’autre", "Neither", 0),
        ),
        _question(
            "need", "Besoin", "Need", True,
            ("clear", "Clair et exprimé", "Clear and stated", 100),
            ("latent", "Latent", "Latent", 50),
            ("none", "Aucun", "None", 0),
        ),
        _question(
            "timing", "Échéance", "Timing", False,
            ("quarter", "Dans les 3 mois", "Within 3 months", 100),
            ("year", "Dans l’année", "Within the year", 50),
            ("later", "Plus tard ou inconnue", "Later or unknown", 0),
        ),
    ],
}  # fmt: skip
DEFAULTS: list[tuple[str, str, dict[str, Any]]] = [
    ("scorecard", "house", SCORECARD),
    ("mql", "house", MQL),
    ("framework", "house", FRAMEWORK),
]
