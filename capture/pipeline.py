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
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Case, F, Value, When

from capture import claiming, erased, services
from capture.items import Ahead
from capture.models import Submission
from capture.reading import Poisoned, one_batch
from leadops import moment
from leadops.access import Actor, system
from leadops.batch import database_gone
from leadops.effects import suppression
from leadops.failpoints import failpoint
from leadops.unit import Unit, in_unit

log = logging.getLogger("leadops.capture")
flow = logging.getLogger("leadops.flow")
Resolve = Callable[[Sequence[uuid.UUID], Unit], list[Submission]]
ACTOR = system("pipeline")
LOCK = 0x6C656164_0001  # the advisory lock of the one writer
BACK_OFF = (timedelta(seconds=2), timedelta(seconds=30))  # after the first failed start, after each later one
MOST_FAILURES = 3  # starts that ended in a fault of its own
RETRIES = 2.0  # seconds of one run for those that were started before; then what came meanwhile has its turn
TROUBLE = 15.0  # seconds of one batch with bodies that break their reader; then the rest has its next turn
STATEMENT_LIMIT = 5000  # milliseconds one statement of a batch may take
TURN = 0.0005  # seconds one thread may keep the other from the interpreter
GONE = "the worker ended while it was at work on it"


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

    With `until` (of `time.monotonic`) batch follows batch while there are full ones: each is claimed before its turn, in
    another thread, and its bodies are read while the one before it is written.
    """
    result = Result()
    with _one_writer(wait) as mine:
        if not mine:
            return Result(ran=False)
        _give_back_pending()
        claim, ahead = claiming.fresh(at or moment.now(), limit), None
        turns = [claim.ids]  # claimed, and their turn has not come
        many = until is not None and len(claim.ids) == limit
        with _given_back(turns), _beside() if many else nullcontext() as beside:
            while True:
                result.claimed += len(claim.ids)
                failpoint("job.after_claim")
                full = until is not None and len(claim.ids) == limit and time.monotonic() < until
                following = Ahead(beside.submit(claiming.ahead, at, limit, turns)) if beside and full else None
                turns.remove(claim.ids)
                _work(claim.ids, ACTOR, at, result, partial(_resolve, ahead=ahead, following=following))
                if claim.others:
                    _retry(at, result)
                coming = following.claim() if following else None
                if coming is None or not coming.ids:
                    return result
                claim, ahead = coming, following


@contextmanager
def _beside() -> Iterator[ThreadPoolExecutor]:
    """A thread with a database connection of its own, which is closed with it; nobody waits long for the interpreter."""
    before = sys.getswitchinterval()
    with ThreadPoolExecutor(1, "claims") as thread:
        try:
            sys.setswitchinterval(TURN)
            yield thread
        finally:
            sys.setswitchinterval(before)
            thread.submit(lambda: connection.close())  # that thread's own


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
            Submission.objects.filter(pk__in=claimed).update(starts=F("starts") + 1, lease_until=now + claiming.LEASE)
        result.claimed = len(claimed)
        _work(claimed, actor, None, result)
    return result


def _retry(at: datetime | None, result: Result) -> None:
    """Those that were started before, for a short while: a batch that ended with its worker leaves hundreds."""
    until = time.monotonic() + RETRIES
    while _retry_some(at or moment.now(), at, result) and time.monotonic() < until:
        pass


def _retry_some(now: datetime, at: datetime | None, result: Result) -> bool:
    """A few whose batch died under them, or else one that is suspected more; whether there was any."""
    rows = claiming.again(now)
    result.claimed += len(rows)
    if rows and rows[0][2] >= claiming.MOST_DEATHS:  # its last start did not come back either
        _bury(rows[0][1], now, result)
    elif rows:
        _work([row[1] for row in rows], ACTOR, at, result)
    return bool(rows)


def _work(
    ids: Sequence[uuid.UUID], actor: Actor, at: datetime | None, result: Result, resolve: Resolve | None = None
) -> None:
    """Resolve the batch; whoever breaks it is set apart, and the rest is done in arrival order."""
    todo = [list(ids)]
    with _given_back(todo), _uncollected(), one_batch():
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
    until = time.monotonic() + TROUBLE
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
            if time.monotonic() > until:  # the queue would end this worker, and blame all that it holds
                _unstarted.update(key for rest in todo for key in rest)
                todo.clear()
                _give_back_pending()
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
        cursor.execute(
            f"SELECT set_config('statement_timeout', %s, true), ({suppression.LAST_ERASED})", [str(STATEMENT_LIMIT)]
        )
        unit.memo[erased.LAST] = cursor.fetchone()[1]
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
