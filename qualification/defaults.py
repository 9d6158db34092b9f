"""The scorecard and the MQL definition a fresh house starts with; marketing ops publishes its own over them."""

from __future__ import annotations

from typing import Any


def _line(key: str, fr: str, en: str, when: dict[str, Any], points: int) -> dict[str, Any]:
    return {"key": key, "label": {"fr": fr, "en": en}, "when": when, "points": points}


def _one(field: str, op: str, value: Any = None) -> dict[str, Any]:
    comparison = {"field": field, "op": op}
    return {"all": [comparison if value is None else {**comparison, "value": value}]}


def _any(field: str, op: str, *values: str) -> dict[str, Any]:
    return {"any": [{"field": field, "op": op, "value": value} for value in values]}


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
    _line("industry_known", "Secteur connu", "Industry known", _one("industry", "is_known"), 2),
    _line("own_domain", "Adresse d’entreprise", "Company e-mail address", _one("free_mail", "is_false"), 5),
]
ENGAGEMENT = [
    _line("hand_raiser", "Demande à être contacté", "Asks to be contacted", _one("hand_raiser", "is_true"), 25),
    _line(
        "touches_2",
        "Au moins 2 contacts en 30 jours",
        "At least 2 touches in 30 days",
        _one("touches_30d", "gte", 2),
        8,
    ),
    _line(
        "touches_5",
        "Au moins 5 contacts en 30 jours",
        "At least 5 touches in 30 days",
        _one("touches_30d", "gte", 5),
        7,
    ),
    _line("active_week", "Actif cette semaine", "Active this week", _one("touches_7d", "gte", 2), 5),
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
]
SCORECARD: dict[str, Any] = {
    "groups": [
        {"key": "fit", "cap": 50, "lines": FIT},
        {"key": "engagement", "cap": 40, "lines": ENGAGEMENT},
        {"key": "negative", "cap": 40, "lines": NEGATIVE},
    ],
    "bands": [{"key": "hot", "from": 60}, {"key": "warm", "from": 30}, {"key": "cold", "from": 0}],
    "grades": [{"key": "A", "from": 35}, {"key": "B", "from": 20}, {"key": "C", "from": 0}],
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
    "note": "",
}
DEFAULTS: list[tuple[str, str, dict[str, Any]]] = [("scorecard", "house", SCORECARD), ("mql", "house", MQL)]
