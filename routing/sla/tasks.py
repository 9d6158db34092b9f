"""What the queue runs for clocks: fetch, call, nothing else; may run twice, late, or beside its twin."""

from __future__ import annotations

from leadops import moment
from leadops.access import system
from leadops.unit import Unit, in_unit
from routing import services
from routing.sla import ladder

ROUNDS = 40


def climb() -> int:
    """Fire every rung that is due, in batches of leads."""
    fired = 0
    for _round in range(ROUNDS):
        due = ladder.due_leads(moment.now())
        if not due:
            return fired

        def work(unit: Unit) -> None:
            taken = ladder.climb(due, unit)  # noqa: B023  run before the next round
            if taken:
                services.take_away([lead for lead, _reason in taken], unit, reason="breach")

        in_unit(work, actor=system("ticker"))
        fired += len(due)
    return fired
