"""The clocks of a lead, on its page."""

from __future__ import annotations

from leadops import moment
from leadops.access import Actor
from leadops.models import Lead
from leadops.panels import Panel
from routing.models import Clock
from routing.sla import reading


def panels(lead: Lead, actor: Actor) -> list[Panel]:
    at = moment.now()
    rows = [
        {"clock": clock, "label": reading.kind_words(clock.kind), "state": state_of(clock, at)}
        for clock in reading.clocks_of(lead.pk)
    ]
    running = [row for row in rows if row["clock"].state == Clock.State.RUNNING]  # type: ignore[attr-defined]
    ended = [row for row in rows if row not in running]
    return [Panel("routing/sla_panel.html", {"running": running, "ended": ended, "lead": lead})]


def state_of(clock: Clock, at: object) -> str:
    """The chip's word: `late` was met after its moment, `breached` still waits."""
    if clock.state == Clock.State.CANCELLED:
        return "stopped"
    if clock.state == Clock.State.MET:
        return "met" if clock.breached_at is None else "late"
    if clock.breached_at is not None or (clock.state == Clock.State.RUNNING and clock.due_at <= at):  # type: ignore[operator]
        return "breached"
    return "running"
