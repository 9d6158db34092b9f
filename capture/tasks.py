"""What the queue runs for capture: drain the waiting submissions. A hint to look, harmless to repeat."""

from __future__ import annotations

import time

from capture import claiming, pipeline
from leadops import moment

ROUND = 2.0  # seconds one task may work before it hands over to the next
BATCH = 1000
# From so many at once on they come faster than they are worked off one by one: a short wait fills the next batch, whose
# fixed part (some twenty statements) is then shared by more of them.
RUSH, GATHER = 25, 0.06  # submissions; seconds


def run_pipeline() -> int:
    """Resolve what waits until nothing does or the time is up; returns how many got an end."""
    until, done = time.monotonic() + ROUND, 0
    while time.monotonic() < until:
        result = pipeline.run_batch(BATCH, until=until)
        done += sum(result.ends.values())
        if not result.ran or not result.claimed or not claiming.waiting(moment.now()):
            break
        if RUSH <= result.claimed < BATCH:
            time.sleep(GATHER)
    return done
