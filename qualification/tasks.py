"""Work the ticker asks for: fetch, call the service, nothing else; may run twice."""

from __future__ import annotations

from leadops import batch, moment
from leadops.access import system
from qualification import selectors

AT_A_TIME = 500


def reassess() -> int:
    """Score and judge again what a publication made due, one batch."""
    due = selectors.due_for_reassessment(moment.now(), AT_A_TIME)
    return batch.run("scores", due, actor=system("reassess"))


def wake_recycled() -> int:
    """Bring back recycled leads whose date has come."""
    due = selectors.rest_over(moment.now(), AT_A_TIME)
    return batch.run("recycled leads", due, actor=system("ticker"))
