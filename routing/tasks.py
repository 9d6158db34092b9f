"""What the queue runs for routing: fetch, call, nothing else; may run twice."""

from __future__ import annotations

from leadops.access import system
from leadops.unit import in_unit
from routing import services


def drain_held() -> int:
    """Look again at held leads that are due, and move on the leads of reps who left."""
    return in_unit(services.drain_held, actor=system("ticker"))
