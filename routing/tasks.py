"""What the queue runs for routing: fetch, call, nothing else; may run twice."""

from __future__ import annotations

from leadops import batch, moment
from leadops.access import system
from leadops.unit import in_unit
from routing import absences, departures, selectors, workload

AT_A_TIME = 500


def drain_held() -> int:
    """Look again at held leads that are due, and move on the leads of reps who left."""
    ticker = system("ticker")
    moved = batch.run("left behind", selectors.leads_left_behind(AT_A_TIME), actor=ticker)
    departures.finish(ticker)
    return moved + batch.run("held leads", selectors.due(moment.now(), AT_A_TIME), actor=ticker)


def welcome_back() -> int:
    """Tell reps whose absence is over what happened meanwhile."""
    return in_unit(absences.welcome_back, actor=system("ticker"))


def fold_loads() -> None:
    """Make few of the entries that count open leads."""
    workload.fold()
