"""What the queue runs for clocks: fetch, call, nothing else; may run twice, late, or beside its twin."""

from __future__ import annotations

import time

from leadops import batch, moment
from leadops.access import system
from routing.sla import ladder

AT_A_TIME = 200  # leads in one unit, some tenths of a second
LONGEST = (
    2.0  # seconds of one task: a backlog delays neither new leads nor the heartbeat, the next task goes on with it
)


def climb() -> int:
    """Fire the rungs that are due, the earliest first, in batches of leads, for a while; how many leads were done."""
    fired, until = 0, time.monotonic() + LONGEST
    while due := ladder.due_leads(moment.now(), AT_A_TIME):
        fired += batch.run("clocks", due, actor=system("ticker"))
        if time.monotonic() > until:
            break
    return fired
