"""An import at work: dry run, rows in by chunks, the end. Every chunk commits with how far it came, so that whatever
stops a worker, the next one goes on at the row. It decides nothing about a row: its kind does.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Count

from capture.imports import erasing, undoing
from capture.imports.kinds import BAD, KNOWN, NEW, Row, Verdict, kind_of
from capture.imports.rows import batches
from capture.models import Import, ImportFault, Submission
from leadops import moment
from leadops.access import system
from leadops.effects import plan
from leadops.errors import Refused
from leadops.failpoints import failpoint
from leadops.journal import Kind
from leadops.models import Lead
from leadops.unit import Unit, in_unit

log = logging.getLogger("leadops.imports")
State = Import.State
AT_WORK = (State.CHECKING, State.LOADING, State.SETTLING, State.UNDOING)
CHECKED_AT_ONCE = 1000  # rows
SLICE = 4.0  # seconds of loading before the worker is given back
MOST_STARTS = 3


class _Changed(Exception):
    """Somebody moved the import on: this worker stops where it is."""


def next_at(at: datetime) -> datetime | None:
    """Now, while an import waits for a worker; None otherwise."""
    return at if Import.objects.filter(state__in=AT_WORK).exists() else None


def run_all() -> int:
    """Move every import on that nobody else is at work on; gives how many."""
    done = 0
    for file_id in list(Import.objects.filter(state__in=AT_WORK).order_by("id").values_list("pk", flat=True)):
        with _mine(file_id) as mine:
            if mine:
                _move_on(file_id)
                done += 1
    return done


@contextmanager
def _mine(file_id: uuid.UUID) -> Iterator[bool]:
    """One worker per import; the lock ends with the connection, so that a dead worker cannot keep it."""
    key = int.from_bytes(file_id.bytes[8:], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        held = bool(cursor.fetchone()[0])
    try:
        yield held
    finally:
        if held and connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


def _move_on(file_id: uuid.UUID) -> None:
    """One step; a fault is counted before the step is tried again, and the third one stops the import with its cause."""
    file = Import.objects.get(pk=file_id)
    steps = {State.CHECKING: _check, State.LOADING: _load, State.SETTLING: _settle, State.UNDOING: _undo}
    step = steps.get(State(file.state))
    if step is None:
        return
    try:
        step(file)
    except _Changed:
        return
    except Refused as refused:
        _stop(file, str(refused.message))
    except Exception as fault:
        log.exception("import step failed", extra={"import": str(file.pk), "state": file.state})
        if not connection.is_usable():
            raise
        file.starts += 1
        Import.objects.filter(pk=file.pk).update(starts=file.starts)
        if file.starts >= MOST_STARTS:
            _stop(file, f"{type(fault).__name__}: {fault}")


def _stop(file: Import, cause: str) -> None:
    """Not committed: back to its mapping. Being taken back: finished as before, what went stays gone, and it may be
    taken back again. Else stopped until somebody goes on."""
    after_commit = State.DONE if file.state == State.UNDOING else State.FAILED
    state = after_commit if file.committed_at else State.MAPPING
    rows = Import.objects.filter(pk=file.pk, state=file.state)
    rows.update(state=state, error=cause.replace("\x00", "")[:500])


# -- the dry run -----------------------------------------------------------------------------------------


def _check(file: Import) -> None:
    """From the first row, in one go: what stands twice in a file is seen by remembering the rows before."""
    check = kind_of(file.kind).checker(file.options)
    found: Counter[str] = Counter()
    for rows in batches(file, CHECKED_AT_ONCE):
        verdicts = _judged(rows, check([row for row in rows if not row.bad]))
        found.update(outcome for outcome, _reason, _detail in verdicts)
        with transaction.atomic():
            _still(file)
            _keep_faults(file, rows, verdicts)
            Import.objects.filter(pk=file.pk).update(next_row=rows[-1].number)
    ended = Import.objects.filter(pk=file.pk, state=State.CHECKING)
    ended.update(state=State.CHECKED, found=dict(found), rows=sum(found.values()), starts=0)


def _judged(rows: Sequence[Row], verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts of readable rows with those of rows that are none put between them."""
    each = iter(verdicts)
    return [(BAD, row.bad, row.detail) if row.bad else next(each) for row in rows]


def _still(file: Import) -> Import:
    """The import as it stands, locked; stops this worker when it is no longer in the state it was taken up in."""
    row = Import.objects.select_for_update().get(pk=file.pk)
    if row.state != file.state:
        raise _Changed
    return row


def _keep_faults(file: Import, rows: Sequence[Row], verdicts: Sequence[Verdict]) -> None:
    faults = [
        ImportFault(file=file, row=row.number, reason=reason[:40], detail=detail[:300])
        for row, (outcome, reason, detail) in zip(rows, verdicts, strict=True)
        if outcome == BAD
    ]
    ImportFault.objects.bulk_create(
        faults, update_conflicts=True, unique_fields=["file", "row"], update_fields=["reason", "detail"]
    )


# -- taking the rows in ----------------------------------------------------------------------------------


def _load(file: Import) -> None:
    """Chunk after chunk, each one unit, for a slice of time; the rest is the next worker's."""
    until = time.monotonic() + SLICE
    kind = kind_of(file.kind)
    for rows in batches(file, kind.chunk, after=file.next_row):
        in_unit(lambda unit, rows=rows: _chunk(file, rows, unit), actor=system(f"import:{file.pk}"))  # type: ignore[misc]
        if time.monotonic() > until:
            return
    in_unit(lambda unit: _loaded(file, unit), actor=system(f"import:{file.pk}"))


def _chunk(file: Import, rows: Sequence[Row], unit: Unit) -> None:
    held = _still(file)
    if held.next_row >= rows[0].number:
        raise _Changed  # another worker was here
    verdicts = kind_of(file.kind).take(held, rows, unit)
    failpoint("import.mid_chunk")
    ends = Counter({str(key): int(n) for key, n in held.ends.items()})
    ends.update(outcome for outcome, _reason, _detail in verdicts)
    _keep_faults(file, rows, verdicts)
    Import.objects.filter(pk=file.pk).update(next_row=rows[-1].number, ends=dict(ends), starts=0)


def _loaded(file: Import, unit: Unit) -> None:
    _still(file)
    if file.kind == Import.Kind.LEADS:
        Import.objects.filter(pk=file.pk).update(state=State.SETTLING)
        unit.wake("due")
    else:
        _finish(file, unit, {str(k): int(v) for k, v in Import.objects.get(pk=file.pk).ends.items()})


# -- the end ---------------------------------------------------------------------------------------------


def _settle(file: Import) -> None:
    """Once every row has its end: count them, keep what was set aside as bad rows, tell the people concerned once."""
    rows = Submission.objects.filter(file=file)
    if rows.filter(end=Submission.End.PENDING).exists():
        return
    in_unit(lambda unit: _settled(file, unit), actor=system(f"import:{file.pk}"))


def _settled(file: Import, unit: Unit) -> None:
    _still(file)
    rows = Submission.objects.filter(file=file)
    bad = rows.filter(end__in=[Submission.End.QUARANTINED, Submission.End.SPAM]).values_list("row", "reason", "error")
    ImportFault.objects.filter(file=file).delete()
    ImportFault.objects.bulk_create(
        [ImportFault(file=file, row=row or 0, reason=reason, detail=error[:300]) for row, reason, error in bad],
        batch_size=2000,
    )
    erased = rows.filter(reason="erased").values_list("row", flat=True)
    if gone := {row for row in erased if row}:
        erasing.blank(file.pk, gone, ())  # the file says nothing of them either
    ends = dict(rows.order_by().values_list("end").annotate(n=Count("id")))
    owners = Lead.objects.filter(submissions__file=file, submissions__end="created", owner__isnull=False)
    counts = owners.order_by().values_list("owner").annotate(n=Count("id", distinct=True))
    for owner, count in counts.iterator():
        if owner != file.by_id:
            data = {"count": count, "import": str(file.pk)}
            key = f"import_leads:{file.pk}:{owner}"
            plan.notice(unit, user_id=owner, key=key, kind="import_leads", lead=None, data=data)
            plan.mail(unit, user_id=owner, key=key, purpose="import_leads", lead=None, body=data)
    _finish(file, unit, ends)


def _undo(file: Import) -> None:
    """Chunk after chunk, each one unit, for a slice of time; then it is taken back."""
    until = time.monotonic() + SLICE
    while in_unit(lambda unit: undoing.step(_still(file), unit), actor=system(f"import:{file.pk}")):
        if time.monotonic() > until:
            return
    in_unit(lambda unit: undoing.finish(_still(file), unit), actor=system(f"import:{file.pk}"))


def _finish(file: Import, unit: Unit, ends: dict[str, int]) -> None:
    Import.objects.filter(pk=file.pk).update(state=State.DONE, ends=ends, finished_at=moment.now(), starts=0)
    unit.record(Kind.IMPORTED, data={"import": str(file.pk), "kind": file.kind, "rows": file.rows, "ends": ends})
    if file.by_id:
        taken = sum(ends.get(key, 0) for key in ("created", "touched", NEW, KNOWN))
        data = {"count": taken, "bad": ends.get("quarantined", 0) + ends.get(BAD, 0), "import": str(file.pk)}
        plan.notice(unit, user_id=file.by_id, key=f"import_done:{file.pk}", kind="import_done", lead=None, data=data)
