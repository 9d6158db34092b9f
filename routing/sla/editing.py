"""The SLA policies as they are edited: one draft, policy by policy; pure documents in, documents out, nothing is judged."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

from django.utils.text import slugify

from leadops import ids

Body = dict[str, Any]
RUNGS, SPARE = 6, 2  # rows of steps offered for each clock, and those beyond the steps it has
UNITS: Final = {"hours": 3600, "minutes": 60, "seconds": 1}
NEW_LADDER: Final = [
    {"at": 80, "do": "remind"},
    {"at": 100, "do": "breach"},
    {"at": 200, "do": "escalate"},
    {"at": 400, "do": "take_away", "on": False},
]


def new_policy(body: Body, name: Mapping[str, str]) -> tuple[Body, str]:
    """The document with one more policy and its key; placed last, it takes only what the others leave."""
    base = slugify(name.get("en") or name.get("fr") or "")[:40] or "policy"
    key = ids.unused(base, {policy.get("key") for policy in body.get("policies", [])})
    clock = {"kind": "first_attempt", "target": 3600, "from": "assigned", "calendar": "rep"}
    made = {"key": key, "label": dict(name), "when": {}, "clocks": [{**clock, "ladder": copy.deepcopy(NEW_LADDER)}]}
    return {**body, "policies": [*body.get("policies", []), made]}, key


def policy_of(body: Body, key: str) -> Body | None:
    return next((policy for policy in body.get("policies", []) if policy.get("key") == key), None)


def with_policy(body: Body, key: str, policy: Body) -> Body:
    return {**body, "policies": [policy if each.get("key") == key else each for each in body.get("policies", [])]}


def without(body: Body, key: str) -> Body:
    return {**body, "policies": [each for each in body.get("policies", []) if each.get("key") != key]}


def moved(body: Body, key: str, by: int) -> Body:
    """The policy one place up (-1) or down (1); at the end of the list nothing changes."""
    rows = list(body.get("policies", []))
    here = next((n for n, each in enumerate(rows) if each.get("key") == key), -1)
    there = here + by
    if here >= 0 and 0 <= there < len(rows):
        rows[here], rows[there] = rows[there], rows[here]
    return {**body, "policies": rows}


def clock_of(policy: Body, kind: str) -> Body | None:
    return next((clock for clock in policy.get("clocks", []) if clock.get("kind") == kind), None)


def span(seconds: Any) -> tuple[int, str]:
    """Seconds in the largest unit that holds them whole."""
    if not isinstance(seconds, int):
        return 1, "hours"
    return next((seconds // size, unit) for unit, size in UNITS.items() if seconds % size == 0)
