"""A sequence or template as it is edited: one draft, changed part by part; pure documents in, documents out.

What a body may be is said by `kinds`, who may by the versions' own services.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from leadops.access import Actor
from leadops.unit import Unit
from leadops.versions import services as versions
from leadops.versions.models import Version
from nurture import waiting
from nurture.sequence import BY_HAND, CALL, MAIL, OPTIONAL_EXITS, WAIT

Body = dict[str, Any]
NEW_STEPS: dict[str, Body] = {
    MAIL: {"kind": MAIL, "template": ""},
    WAIT: {"kind": WAIT, "days": 2},
    CALL: {"kind": CALL, "text": {"fr": "", "en": ""}},
}


def new_sequence(name: Mapping[str, str]) -> Body:
    return {
        "name": dict(name),
        "goal": {},
        "by": BY_HAND,
        "entry": {},
        "needs_consent": False,
        "exits": list(OPTIONAL_EXITS),
        "window": {"calendar": "house", "opens": "09:00", "closes": "18:00"},
        "steps": [],
    }


def new_template(name: Mapping[str, str]) -> Body:
    return {"name": dict(name), "subject": {"fr": "", "en": ""}, "body": {"fr": "", "en": ""}}


def put_policy_in_force(body: Body, reason: str, unit: Unit) -> Version:
    """A new cap on mails, drafted and published in one act."""
    made = versions.draft(waiting.KIND, waiting.KEY, body, actor=unit.actor, at=unit.at)
    return versions.publish(made.pk, unit=unit, reason=reason)


def save(version: Version, body: Body, *, actor: Actor, unit: Unit) -> Version:
    return versions.save_draft(version.pk, body, actor=actor, at=unit.at)


# -- steps ---------------------------------------------------------------------------------------------


def typed_steps(body: Body, posted: Mapping[str, str]) -> list[Body]:
    """The steps with what was typed for each, in the order of the numbers beside them."""
    placed = []
    for position, step in enumerate(body.get("steps", ())):
        step = copy.deepcopy(step)
        if step.get("kind") == MAIL:
            step["template"] = posted.get(f"template-{position}", step.get("template", ""))
        elif step.get("kind") == WAIT:
            days = posted.get(f"days-{position}", str(step.get("days", "")))
            step["days"] = int(days) if days.isascii() and days.isdigit() and len(days) < 4 else 0
        elif step.get("kind") == CALL:
            step["text"] = {
                language: posted.get(f"text-{language}-{position}", (step.get("text") or {}).get(language, ""))[:300]
                for language in ("fr", "en")
            }
        placed.append((_place(posted.get(f"place-{position}", ""), position + 1), step))
    return [step for _place_, step in sorted(placed, key=lambda pair: pair[0])]


def _place(text: str, otherwise: int) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return float(otherwise)


def acted(steps: list[Body], action: str, value: str) -> list[Body]:
    """The steps after a button: one added at the end, moved by one place, or removed. What fits no step changes nothing."""
    steps = list(steps)
    if action == "add" and value in NEW_STEPS:
        return [*steps, copy.deepcopy(NEW_STEPS[value])]
    here = int(value) if value.isascii() and value.isdigit() and len(value) < 4 else -1
    if not 0 <= here < len(steps):
        return steps
    if action == "remove":
        steps.pop(here)
    other = here + {"up": -1, "down": 1}.get(action, 0)
    if 0 <= other < len(steps) and other != here:
        steps[here], steps[other] = steps[other], steps[here]
    return steps
