"""Carries a reassignment out, or back, chunk by chunk, each in a unit of its own; may be called again after a crash. A door."""

from __future__ import annotations

import uuid

from leadops.access import Actor
from leadops.unit import in_unit
from routing import reassigning, taking_back


def carry_out(plan_id: uuid.UUID, actor: Actor) -> int:
    """Move every lead of the plan that is still as it was planned; how many rows were settled."""
    settled = 0
    while some := in_unit(lambda unit: reassigning.carry_out(plan_id, unit), actor=actor):
        settled += some
    return settled


def take_back(plan_id: uuid.UUID, actor: Actor) -> int:
    """Give the leads back on which nobody worked since; how many rows were settled."""
    settled = 0
    while some := in_unit(lambda unit: taking_back.take_back(plan_id, unit), actor=actor):
        settled += some
    return settled
