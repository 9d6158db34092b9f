"""What the queue runs for clocks: fetch, call, nothing else; may run twice, late, or beside its twin."""

from __future__ import annotations

from leadops import batch, moment
from leadops.access import system
from routing.sla import ladder

ROUNDS = 40


def climb() -> int:
    """Fire every rung that is due, in batches of leads; how many leads were done."""
    fired = 0
    for _round in range(ROUNDS):
        due = ladder.due_leads(moment.now())
        if not due:
            return fired
        fired += batch.run("clocks", due, actor=system("ticker"))
    return fired
