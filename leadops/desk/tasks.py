"""What the queue runs for the desk and the ground: fetch, call, nothing else; may run twice."""

from __future__ import annotations

from leadops import audited, batch, moment, seals, stalled
from leadops.access import system
from leadops.desk import selectors
from leadops.effects import runner
from leadops.platform import queue
from leadops.rest import idempotency

TICKER = system("ticker")
AT_A_TIME = 500


def resume_stalled() -> int:
    """Try what is left for stalled leads, each alone so that one cannot stop the others."""
    return sum(batch.resume(lead_id, actor=TICKER) for lead_id in stalled.claim(moment.now()))


def wake_snoozed() -> int:
    """Bring back the leads whose snooze is over."""
    return batch.run("snoozes", selectors.snooze_over(moment.now(), AT_A_TIME), actor=TICKER)


def send_effects() -> int:
    return runner.run()


def seal_journal() -> int:
    """The rows committed since the last seal; whoever comes second finds none."""
    return seals.seal_new(moment.now())


def purge() -> int:
    """Drop what is kept for a while only: results of tasks, answered calls of the API, from where people acted."""
    at = moment.now()
    return queue.purge_results() + idempotency.purge(at) + audited.forget_origins(at)
