"""What a fresh house starts with in routing: two calendars, one pool for everybody, rules that only name it."""

from __future__ import annotations

from typing import Any

from routing.models import Pool

DAY = [["09:00", "12:30"], ["13:30", "18:00"]]
ROUND_THE_CLOCK = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
EVERYONE = "everyone"

DEFAULTS: list[tuple[str, str, dict[str, Any]]] = [
    (
        "calendar",
        "house",
        {
            "name": {"fr": "Horaires de la maison", "en": "House hours"},
            "zone": "Europe/Paris",
            "week": dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), DAY),
            "holidays": {"country": "FR"},
        },
    ),
    (
        "calendar",
        "always",
        {
            "name": {"fr": "24 h/24, tous les jours", "en": "Round the clock"},
            "zone": "Europe/Paris",
            "week": ROUND_THE_CLOCK,
        },
    ),
    (
        "ruleset",
        "house",
        {
            "triggers": {"capture": "hand_raiser", "mql": True},
            "rules": [],
            "fallback": {"pool": EVERYONE, "watcher": "revenue_ops", "nobody": "hold_until_open"},
        },
    ),
]


def ensure_defaults() -> Pool:
    """The rows the shipped versions name; safe to repeat, to be called before they are published."""
    pool, _created = Pool.objects.get_or_create(
        key=EVERYONE, defaults={"name": {"fr": "Tout le monde", "en": "Everyone"}, "claimable": True}
    )
    return pool
