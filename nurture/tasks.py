"""Work the ticker asks for: fetch, call the service, nothing else; may run twice."""

from __future__ import annotations

import time

from leadops import batch, moment
from leadops.access import system
from leadops.unit import in_unit
from nurture import groups, selectors

AT_A_TIME = 200
SLICE = 4.0  # seconds of one group before the worker is given back


def advance() -> int:
    """Do the steps that are due."""
    due = selectors.due_leads(moment.now(), AT_A_TIME)
    return batch.run(selectors.DOOR, due, actor=system("ticker"))


def look_for_entries() -> int:
    """Leads that meet an entry condition by the passing of time: nothing happened to them that would tell."""
    found = selectors.waiting_to_enter(moment.now(), AT_A_TIME)
    return batch.run(selectors.ENTRIES, found, actor=system("ticker"))


def carry_out_groups() -> int:
    """Move every group on that enters or is taken back, chunk by chunk."""
    done = 0
    for group in groups.at_work():
        until = time.monotonic() + SLICE
        while leads := groups.due_leads(group):
            done += batch.run(groups.DOOR, leads, actor=system("ticker"))
            if time.monotonic() > until:
                return done
        in_unit(lambda unit, group=group: groups.finish(group.pk, unit), actor=system("ticker"))  # type: ignore[misc]
    return done
