"""From a stored submission to its drafts, guarded against bodies that hang or break their reader; it writes nothing.

The guard: in a process's main thread an interval timer interrupts an adapter that takes too long (the pattern matcher
of Python looks for signals too). Elsewhere only the database's own limits hold, so what once killed or hung a worker is
read by workers alone. Code outside the adapter is never interrupted: a database call must not be left half done.
"""

from __future__ import annotations

import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from capture.adapters import ADAPTERS, Draft, Unreadable
from capture.adapters.base import IDENTITY, UTM
from capture.adapters.coercion import draft_from
from capture.adapters.rows import ROWS
from capture.models import Submission

READ_LIMIT = 2.0  # seconds one body may take
BATCH_LIMIT = 4.0  # seconds the bodies of one batch may take together; a thousand usual ones take a twentieth of one
LEAST = 0.02  # seconds each may take still when those are used up; alone, in its next turn, it has its two again
EDITABLE = (*IDENTITY, *UTM)


class Poisoned(Exception):
    """One submission breaks its reader: it is set apart, the others go on."""

    def __init__(self, submission_id: uuid.UUID, cause: str) -> None:
        super().__init__(cause)
        self.submission_id = submission_id
        self.cause = cause


class _TooLong(BaseException):
    """Not an Exception: an adapter that catches everything must not catch this."""


TICK = 0.05  # seconds between two looks at the clock while bodies are read

_ready = False  # the alarm is ours: set once for many readings, where setting it for each costs as much as a reading
_until: float | None = None  # by the monotonic clock: when the reading under way has taken too long
_left: float | None = None  # seconds that the batch at work has for its bodies; None: none is at work


def _interrupt(signum: int, frame: Any) -> None:
    global _until
    if _until is not None and time.monotonic() >= _until:
        _until = None
        raise _TooLong


def _in_main_thread() -> bool:
    return threading.get_ident() == threading.main_thread().ident


@contextmanager
def interruptible() -> Iterator[None]:
    """Around many readings: an alarm is for them, none of it is left over. The queue's own timer goes on afterwards."""
    global _ready
    if _ready or not _in_main_thread():
        yield
        return
    began = time.monotonic()
    outer, _ = signal.setitimer(signal.ITIMER_REAL, 0)  # the queue's own timer for the whole task
    before = signal.signal(signal.SIGALRM, _interrupt)
    _ready = True
    try:
        signal.setitimer(signal.ITIMER_REAL, TICK, TICK)
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        _ready = False
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, max(0.001, outer - (time.monotonic() - began)) if outer else 0)


@contextmanager
def one_batch() -> Iterator[None]:
    """Around a batch, whatever of it is read how often: bodies that all take long must not keep it from its end."""
    global _left
    before, _left = _left, BATCH_LIMIT
    try:
        yield
    finally:
        _left = before


def _allowed() -> float:
    """Seconds for the next body."""
    return READ_LIMIT if _left is None else min(READ_LIMIT, max(LEAST, _left))


def _limited(seconds: float, read: Callable[..., list[Draft]], *asked: Any) -> list[Draft]:
    """What `read` gives. Raises `_TooLong` from inside it when it takes longer; in the main thread alone."""
    global _until, _left
    if not _in_main_thread():
        return read(*asked)
    with nullcontext() if _ready else interruptible():
        began = time.monotonic()
        _until = began + seconds
        try:
            return read(*asked)
        finally:
            _until = None
            if _left is not None:
                _left -= time.monotonic() - began


def drafts_of(submission: Submission) -> list[Draft]:
    """What the submission says, with a person's corrections laid over it. Raises `Unreadable` or `Poisoned`."""
    said = submission.edited
    edited: dict[str, Any] = {k: v for k, v in said.items() if k in EDITABLE and v} if said else {}
    try:
        drafts = _read(submission)
    except Unreadable:
        if not edited:
            raise
        drafts = [Draft()]
    if edited and drafts:
        _lay_over(drafts[0], edited, submission)
    return drafts


def _read(submission: Submission) -> list[Draft]:
    # a row of a file is read as its import put it down, whatever its source sends else
    adapter = ROWS if submission.file_id else ADAPTERS.get(submission.source.adapter)
    if adapter is None:
        raise Unreadable("no-adapter", f"No adapter is called {submission.source.adapter!r}.")
    seconds = _allowed()
    try:
        return _limited(seconds, adapter.read, submission, submission.source)
    except Unreadable:
        raise
    except _TooLong as fault:
        raise Poisoned(submission.pk, f"reading took more than {seconds:.2g} s") from fault
    except Exception as fault:  # whatever an adapter does, only its own submission pays for it
        raise Poisoned(submission.pk, f"{type(fault).__name__}: {fault}"[:500]) from fault


def _lay_over(draft: Draft, edited: dict[str, Any], submission: Submission) -> None:
    corrected = draft_from(edited, source=submission.source, received_at=submission.received_at)
    for name in EDITABLE:
        value = getattr(corrected, name)
        if value:
            setattr(draft, name, value)
    mended = {f"{name}-invalid" for name in edited} | {f"{name}-cut" for name in edited}
    draft.warnings = [*(w for w in draft.warnings if w not in mended), *corrected.warnings]
