"""Work the ticker asks for: fetch, call the service, nothing else; may run twice."""

from __future__ import annotations

from leadops.access import system
from leadops.unit import in_unit
from qualification import services


def reassess() -> int:
    """Score and judge again what a publication made due, one batch."""
    return in_unit(services.reassess, actor=system("reassess"))


def wake_recycled() -> int:
    """Bring back recycled leads whose date has come."""
    return in_unit(services.wake_recycled, actor=system("ticker"))
