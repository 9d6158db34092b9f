"""What the queue runs for the desk and the ground: fetch, call, nothing else; may run twice."""

from __future__ import annotations

from leadops import moment
from leadops.access import system
from leadops.desk import services
from leadops.effects import runner
from leadops.platform import queue
from leadops.rest import idempotency
from leadops.unit import claim_stalled, in_unit, resume

TICKER = system("ticker")


def resume_stalled() -> int:
    """Retry the later phases of stalled leads, each alone so that one cannot stop the others."""
    return sum(resume(lead_id, actor=TICKER) for lead_id in claim_stalled(moment.now()))


def wake_snoozed() -> int:
    return in_unit(services.wake, actor=TICKER)


def send_effects() -> int:
    return runner.run()


def purge() -> int:
    """Drop what is kept for a while only: results of tasks, answered calls of the API."""
    return queue.purge_results() + idempotency.purge(moment.now())
