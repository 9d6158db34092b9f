"""Who is at work next: submissions are claimed in order of arrival, their starts counted before the work begins.

A claim is a lease: what a worker that died had is taken up again when it ends, a few at a time, then alone.
"""

from __future__ import annotations

import logging
import uuid
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import InterfaceError, OperationalError, connection, transaction

from capture import knowledge
from capture.models import Submission
from leadops import moment

log = logging.getLogger("leadops.capture")
LEASE = timedelta(seconds=15)  # rows of a worker that died are taken up again after this
MOST_DEATHS = 4  # starts whose worker did not come back, the last of them after `SECOND_CHANCE`
# after the third death: whatever killed the workers is over by then, or it is the submission
SECOND_CHANCE = timedelta(minutes=5)
FEW = 32  # so many of a batch of a thousand that died are tried together: its root costs the fewest starts

# What a paused source received waits until it is resumed; every reader of what is pending says so by this.
flows = "source_id NOT IN (SELECT id FROM capture_source WHERE state = 'paused')"
# In the order of `submission_next`: as an EXISTS, a planner who believes that there are many reads the table.
_first = "ORDER BY starts, priority, id LIMIT 1"
# The rows are picked once, before the update: as a plain sub-select the planner may pick again for each row it joins.
_claim_fresh = f"""
WITH taken AS MATERIALIZED (
  SELECT id FROM capture_submission WHERE "end" = 'pending' AND starts = 0 AND {flows}
  AND (lease_until IS NULL OR lease_until <= %s) ORDER BY priority, id LIMIT %s FOR UPDATE SKIP LOCKED)
UPDATE capture_submission s SET starts = s.starts + 1, lease_until = %s FROM taken WHERE s.id = taken.id
RETURNING s.priority, s.id, pg_current_xact_id()::xid::text,
  (SELECT id FROM capture_submission
   WHERE "end" = 'pending' AND starts > 0 AND (lease_until IS NULL OR lease_until <= %s) {_first}) IS NOT NULL
"""  # noqa: S608  # a text of ours


def _again(which: str, most: int) -> str:
    return f"""
WITH taken AS MATERIALIZED (
  SELECT id FROM capture_submission WHERE "end" = 'pending' AND starts {which} AND {flows}
  AND (lease_until IS NULL OR lease_until <= %s) ORDER BY starts, priority, id LIMIT {most} FOR UPDATE SKIP LOCKED)
UPDATE capture_submission s SET starts = s.starts + 1,
  lease_until = CASE WHEN s.starts - s.failures = %s THEN %s ELSE %s END FROM taken WHERE s.id = taken.id
RETURNING s.priority, s.id, s.starts - 1 - s.failures
"""  # noqa: S608  # a text of ours


_claim_few = _again("= 1 AND failures = 0", FEW)
_claim_alone = _again("> 0 AND NOT (starts = 1 AND failures = 0)", 1)


class Claim(NamedTuple):
    """A batch in order of arrival, under the stamp its rows bear for as long as nobody changes them.

    `others`: some that were started before could be taken, too.
    """

    ids: list[uuid.UUID]
    stamp: str
    others: bool


def fresh(now: datetime, limit: int) -> Claim:
    """The next that wait; whether any that was started before could be taken, too, is unknown when none is claimed."""
    with connection.cursor() as cursor:  # one statement is its own transaction
        cursor.execute(_claim_fresh, [now, limit, now + LEASE, now])
        rows = sorted(cursor.fetchall())
    return Claim([row[1] for row in rows], *rows[0][2:]) if rows else Claim([], "", True)


def ahead(at: datetime | None, limit: int, turns: list[list[uuid.UUID]]) -> tuple[Claim, list[Submission]]:
    """The next batch and its rows, while the one before it is at work: what fails here is done in its turn."""
    claim = Claim([], "", True)
    try:
        claim = fresh(at or moment.now(), limit)
        if claim.ids:
            turns.append(claim.ids)
            return claim, knowledge.rows_of(claim.ids)
    except (OperationalError, InterfaceError):
        log.warning("no batch could be read ahead", exc_info=True)
    return claim, []


def again(now: datetime) -> list[tuple[int, uuid.UUID, int]]:
    """A few whose batch died under them, else one that is suspected more: priority, id and deaths so far, in order."""
    return _taken(_claim_few, now) or _taken(_claim_alone, now)


def _taken(claim: str, now: datetime) -> list[tuple[int, uuid.UUID, int]]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # where many failed lately the whole table looks cheap
        cursor.execute(claim, [now, MOST_DEATHS - 2, now + SECOND_CHANCE, now + LEASE])
        return sorted(cursor.fetchall())


def waiting(at: datetime) -> bool:
    """Whether any submission could be taken now."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM capture_submission WHERE \"end\" = 'pending' AND {flows}"  # noqa: S608
            f" AND (lease_until IS NULL OR lease_until <= %s) {_first}",
            [at],
        )
        return cursor.fetchone() is not None
