"""Work the ticker asks for: fetch, call the service, nothing else; may run twice."""

from __future__ import annotations

from leadops import batch, moment
from leadops.access import system
from nurture import selectors

AT_A_TIME = 200


def advance() -> int:
    """Do the steps that are due."""
    due = selectors.due_leads(moment.now(), AT_A_TIME)
    return batch.run(selectors.DOOR, due, actor=system("ticker"))


def look_for_entries() -> int:
    """Leads that meet an entry condition by the passing of time: nothing happened to them that would tell."""
    found = selectors.waiting_to_enter(moment.now(), AT_A_TIME)
    return batch.run(selectors.ENTRIES, found, actor=system("ticker"))
