"""The one writer that gives submissions their ends: claims first, resolves in one unit, splits off whoever breaks it.

Three guards stand between one bad body and the rest. Starts are counted in a transaction of their own before the work.
What a batch of hundreds left when its worker died is claimed a few at a time, what died twice alone: what kills its
worker takes nobody with it for long, and nobody waits for hundreds of starts of one. A reader that raises or hangs
is named (`Poisoned`) and set apart at once. A batch that fails or takes too long for another reason is halved until the
guilty one is alone. The third start that fails is the last: quarantined as `dead`, with its cause, open to replay.

A start that never came back accuses nobody: its worker may have been killed from outside, several times in a row while a
host is unwell. Such deaths are counted apart. After the third the submission waits five minutes, alone, and is then
started once more; what is dead after that died at two times that have nothing to do with each other, and is poison. Four
kills are fewer than the parent bears before it slows a cluster down (`supervisor.Patience.deaths`).
A start that ended because the database went away or somebody pressed Ctrl-C is given back. A cluster that is stopped lets
its workers finish what they have, so that is no start lost either.
"""

from __future__ import annotations

import gc
import logging
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Case, F, Value, When

from capture import services
from capture.items import Ahead
from capture.models import Submission
from capture.reading import Poisoned
from leadops import moment
from leadops.access import Actor, system
from leadops.batch import database_gone
from leadops.failpoints import failpoint
from leadops.unit import Unit, in_unit

log = logging.getLogger("leadops.capture")
flow = logging.getLogger("leadops.flow")
Resolve = Callable[[Sequence[uuid.UUID], Unit], list[Submission]]
ACTOR = system("pipeline")
LOCK = 0x6C656164_0001  # the advisory lock of the one writer
LEASE = timedelta(seconds=15)  # rows of a worker that died are taken up again after this
BACK_OFF = (timedelta(seconds=2), timedelta(seconds=30))  # after the first failed start, after each later one
MOST_FAILURES = 3  # starts that ended in a fault of its own
MOST_DEATHS = 4  # starts whose worker did not come back, the last of them after `SECOND_CHANCE`
# after the third death: whatever killed the workers is over by then, or it is the submission
SECOND_CHANCE = timedelta(minutes=5)
FEW = 32  # so many of a batch of a thousand that died are tried together: its root costs the fewest starts
RETRIES = 2.0  # seconds of one run for those that were started before; then what came meanwhile has its turn
STATEMENT_LIMIT = 5000  # milliseconds one statement of a batch may take
GONE = "the worker ended while it was at work on it"

# What a paused source received waits until it is resumed; every reader of what is pending says so by this.
_flows = "source_id NOT IN (SELECT id FROM capture_source WHERE state = 'paused')"
# The rows are picked once, before the update: as a plain sub-select the planner may pick again for each row it joins.
_claim_fresh = f"""
WITH taken AS MATERIALIZED (
  SELECT id FROM capture_submission WHERE "end" = 'pending' AND starts = 0 AND {_flows}
  AND (lease_until IS NULL OR lease_until <= %s) ORDER BY priority, id LIMIT %s FOR UPDATE SKIP LOCKED)
UPDATE capture_submission s SET starts = s.starts + 1, lease_until = %s FROM taken WHERE s.id = taken.id
RETURNING s.priority, s.id, EXISTS (SELECT 1 FROM capture_submission WHERE "end" = 'pending' AND starts > 0)
"""  # noqa: S608  # a text of ours


def _again(which: str, most: int) -> str:
    return f"""
WITH taken AS MATERIALIZED (
  SELECT id FROM capture_submission WHERE "end" = 'pending' AND starts {which} AND {_flows}
  AND (lease_until IS NULL OR lease_until <= %s) ORDER BY priority, id LIMIT {most} FOR UPDATE SKIP LOCKED)
UPDATE capture_submission s SET starts = s.starts + 1,
  lease_until = CASE WHEN s.starts - s.failures = %s THEN %s ELSE %s END FROM taken WHERE s.id = taken.id
RETURNING s.priority, s.id, s.starts - 1 - s.failures
"""  # noqa: S608  # a text of ours


_claim_few = _again("= 1 AND failures = 0", FEW)
_claim_alone = _again("> 0 AND NOT (starts = 1 AND failures = 0)", 1)


@dataclass(slots=True)
class Result:
    """What a run did: `ran` False = another worker holds the lock and does it."""

    ran: bool = True
    claimed: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    dead: int = 0
    submissions: list[Submission] = field(default_factory=list)


@contextmanager
def _one_writer(wait: float) -> Iterator[bool]:
    """The advisory lock, tried for `wait` seconds; it ends with the connection, so a dead worker cannot keep it."""
    until = time.monotonic() + wait
    held = _locked()
    while not held and time.monotonic() < until:
        time.sleep(0.02)
        held = _locked()
    try:
        yield held
    finally:
        if held and connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _locked() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def run_batch(
    limit: int = 1000, at: datetime | None = None, *, wait: float = 0.0, until: float | None = None
) -> Result:
    """Take up to `limit` waiting submissions, live ones before imported ones, and some that failed before.

    With `until` (of `time.monotonic`) batch follows batch while there are full ones: each is claimed before its turn and
    its bodies are read while the one before it is written.
    """
    result = Result()
    with _one_writer(wait) as mine:
        if not mine:
            return Result(ran=False)
        _give_back_pending()
        fresh, others = _claim(at or moment.now(), limit)
        claimed, ahead = [fresh], None  # batches whose turn has not come
        with _given_back(claimed):
            while claimed:
                result.claimed += len(fresh)
                failpoint("job.after_claim")
                full = until is not None and len(fresh) == limit and time.monotonic() < until
                coming, others_come = _claim(at or moment.now(), limit) if full else ([], False)
                following = Ahead(coming) if coming else None
                if following is not None:
                    claimed.append(coming)
                    following.fetch()
                claimed.remove(fresh)
                _work(fresh, ACTOR, at, result, partial(_resolve, ahead=ahead, following=following))
                if others:
                    _retry(at, result)
                fresh, others, ahead = coming, others_come, following
    return result


def run_now(ids: Sequence[uuid.UUID], actor: Actor, *, wait: float = 1.0) -> Result:
    """Resolve just these at once, for a person who waits; not `ran` = they are being routed by the worker."""
    result = Result()
    with _one_writer(wait) as mine:
        if not mine:
            return Result(ran=False)
        now = moment.now()
        rows = Submission.objects.filter(pk__in=list(ids), end=Submission.End.PENDING, starts__lt=MOST_FAILURES)
        with transaction.atomic():
            claimed = list(rows.select_for_update(skip_locked=True).order_by("id").values_list("pk", flat=True))
            Submission.objects.filter(pk__in=claimed).update(starts=F("starts") + 1, lease_until=now + LEASE)
        result.claimed = len(claimed)
        _work(claimed, actor, None, result)
    return result


def waiting(at: datetime) -> bool:
    """Whether any submission could be taken now."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT EXISTS (SELECT 1 FROM capture_submission WHERE \"end\" = 'pending' AND {_flows}"  # noqa: S608
            " AND (lease_until IS NULL OR lease_until <= %s))",
            [at],
        )
        return bool(cursor.fetchone()[0])


def _claim(now: datetime, limit: int) -> tuple[list[uuid.UUID], bool]:
    """Those claimed, in order; and whether any that was started before may wait (unknown when none is claimed)."""
    with connection.cursor() as cursor:  # one statement is its own transaction
        cursor.execute(_claim_fresh, [now, limit, now + LEASE])
        rows = sorted(cursor.fetchall())
    return [row[1] for row in rows], not rows or rows[0][2]


def _retry(at: datetime | None, result: Result) -> None:
    """Those that were started before, for a short while: a batch that ended with its worker leaves hundreds."""
    until = time.monotonic() + RETRIES
    while _retry_some(at or moment.now(), at, result) and time.monotonic() < until:
        pass


def _retry_some(now: datetime, at: datetime | None, result: Result) -> bool:
    """A few whose batch died under them, or else one that is suspected more; whether there was any."""
    rows = _claimed_again(_claim_few, now) or _claimed_again(_claim_alone, now)
    result.claimed += len(rows)
    if rows and rows[0][2] >= MOST_DEATHS:  # its last start did not come back either
        _bury(rows[0][1], now, result)
    elif rows:
        _work([row[1] for row in rows], ACTOR, at, result)
    return bool(rows)


def _claimed_again(claim: str, now: datetime) -> list[tuple[int, uuid.UUID, int]]:
    """Priority, id and deaths so far, in order."""
    with connection.cursor() as cursor:
        cursor.execute(claim, [now, MOST_DEATHS - 2, now + SECOND_CHANCE, now + LEASE])
        return sorted(cursor.fetchall())


def _work(
    ids: Sequence[uuid.UUID], actor: Actor, at: datetime | None, result: Result, resolve: Resolve | None = None
) -> None:
    """Resolve the batch; whoever breaks it is set apart, and the rest is done in arrival order."""
    todo = [list(ids)]
    with _given_back(todo), _uncollected():
        _work_off(todo, actor, at, result, resolve or _resolve)


_unstarted: set[uuid.UUID] = set()  # claimed, but not to blame: their starts are to be given back


@contextmanager
def _given_back(batches: list[list[uuid.UUID]]) -> Iterator[None]:
    """What stands in these batches when the database goes away or somebody presses Ctrl-C is not to blame for that."""
    try:
        yield
    except BaseException as fault:
        if database_gone(fault) or isinstance(fault, KeyboardInterrupt):
            _unstarted.update(key for batch in batches for key in batch)
            with suppress(OperationalError, InterfaceError):  # the next run gives them back
                _give_back_pending()
        raise


def _give_back_pending() -> None:
    """Undo the starts of what the last run left through no fault of its own; what ended meanwhile is left alone."""
    if not _unstarted:
        return
    rows = Submission.objects.filter(pk__in=_unstarted, end=Submission.End.PENDING, starts__gt=0)
    rows.update(starts=F("starts") - 1, lease_until=None)
    _unstarted.clear()


@contextmanager
def _uncollected() -> Iterator[None]:
    """A batch makes a hundred thousand objects and drops them all together: the collector finds nothing and costs a sixth."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _work_off(todo: list[list[uuid.UUID]], actor: Actor, at: datetime | None, result: Result, resolve: Resolve) -> None:
    while todo:
        batch = todo[-1]  # stays in the list until it ended: what is there was claimed and not done
        if not batch:
            todo.pop()
            continue
        try:
            done = in_unit(partial(resolve, batch), actor=actor, at=at)
        except Poisoned as fault:
            log.error("submission cannot be read", extra={"submission": str(fault.submission_id)}, exc_info=fault)
            todo[-1] = [key for key in batch if key != fault.submission_id]
            _failed(fault.submission_id, fault.cause, at or moment.now(), result)
        except Exception as fault:
            if database_gone(fault):
                raise
            todo.pop()
            if len(batch) == 1:
                log.error("submission failed", extra={"submission": str(batch[0])}, exc_info=fault)
                _failed(batch[0], f"{type(fault).__name__}: {fault}", at or moment.now(), result)
            else:
                middle = len(batch) // 2
                todo += [batch[middle:], batch[:middle]]
        else:
            todo.pop()
            _tell(done)
            result.submissions += done
            result.ends.update(str(submission.end) for submission in done)


def _tell(done: Sequence[Submission]) -> None:
    """From the request that left it to the lead it became: the line by which a log is read from one side to the other."""
    for each in done if flow.isEnabledFor(logging.INFO) else ():
        if request := each.headers.get("leadops-request"):
            said = {"submission": str(each.pk), "request": request, "lead": str(each.lead_id or "") or None}
            flow.info("submission ended", extra={**said, "end": str(each.end)})


def _resolve(
    ids: Sequence[uuid.UUID], unit: Unit, *, ahead: Ahead | None = None, following: Ahead | None = None
) -> list[Submission]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(STATEMENT_LIMIT)])
    if following is not None:
        unit.meanwhile(following.portions())
    return services.resolve(ids, unit=unit, ahead=ahead)


def _failed(submission_id: uuid.UUID, cause: str, now: datetime, result: Result) -> None:
    """Note the cause; the third failed start is the last."""
    result.failed += 1
    rows = Submission.objects.filter(pk=submission_id, end=Submission.End.PENDING)
    first, later = BACK_OFF
    wait = Case(When(failures=0, then=Value(now + first)), default=Value(now + later))
    rows.update(error=_storable(cause), failures=F("failures") + 1, lease_until=wait)
    if rows.filter(failures__gte=MOST_FAILURES).exists():
        _bury(submission_id, now, result)


def _bury(submission_id: uuid.UUID, now: datetime, result: Result) -> None:
    """Dead-lettered: out of the pipeline's way, kept with its cause, waiting for a person's replay."""
    row = Submission.objects.get(pk=submission_id)
    Submission.objects.filter(pk=submission_id, end=Submission.End.PENDING).update(
        end=Submission.End.QUARANTINED, reason="dead", error=row.error or GONE, ended_at=now, lease_until=None
    )
    result.dead += 1
    result.ends[Submission.End.QUARANTINED] += 1


def _storable(cause: str) -> str:
    return cause.replace("\x00", "")[:500]
