"""The only source of business time; everything else receives it as `at`, and nothing here decides anything.

Under demo and test settings alone (`settings.MOMENT_OFFSET_FILE` is a path) time can be moved or frozen, for all
processes by a small file, for this process by `at()`. In production the setting is None and every lever refuses.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

# of reckoning with days: before, zones had seconds; beyond, a day has no next one
FIRST_DAY, LAST_DAY = date(1971, 1, 1), date(9000, 12, 31)
LOOK_EVERY = 0.2  # seconds between two looks at the shared file: now() is called thousands of times a batch


@dataclass(frozen=True, slots=True)
class _Shift:
    """What the shared file said when it was last read, and how to know that it changed."""

    path: Path | None = None
    stamp: tuple[int, int, int] | None = None  # mtime, inode, size; None: no file
    looked: float = -1e9
    offset: timedelta = timedelta(0)
    frozen: datetime | None = None


_shift = _Shift()
# A module global and not a context variable: the threads of a live test server must see the test's instant.
_override: datetime | None = None


def now() -> datetime:
    """The instant the business lives in, aware, in UTC."""
    path: Path | None = settings.MOMENT_OFFSET_FILE
    if path is None:
        return datetime.now(UTC)
    if _override is not None:
        return _override
    shift = _current(path)
    return shift.frozen if shift.frozen is not None else datetime.now(UTC) + shift.offset


def can_be_kept(at: datetime) -> bool:
    """Whether it can be shown again in every zone: not at the ends of the calendar."""
    return 1900 <= at.year <= LAST_DAY.year


def today(zone: str) -> date:
    """The business day in a zone."""
    return now().astimezone(ZoneInfo(zone)).date()


def move(*, seconds: float) -> None:
    """Shift business time by this much from where it stands now, for every process; a frozen time stays frozen."""
    path = _lever()
    shift = _current(path, afresh=True)
    if shift.frozen is not None:
        _write(path, {"frozen": (shift.frozen + timedelta(seconds=seconds)).isoformat()})
    else:
        _write(path, {"offset": shift.offset.total_seconds() + seconds})


def freeze(at: datetime) -> None:
    """Stop business time at an instant, for every process."""
    _write(_lever(), {"frozen": _utc(at).isoformat()})


def release() -> None:
    """Give business time back to the real clock, for every process."""
    path = _lever()
    path.unlink(missing_ok=True)
    _current(path, afresh=True)


@contextmanager
def at(instant: datetime) -> Iterator[datetime]:
    """Hold business time at an instant in this process only, all threads; nests."""
    global _override
    _lever()
    before, _override = _override, _utc(instant)
    try:
        yield _override
    finally:
        _override = before


def _lever() -> Path:
    path: Path | None = settings.MOMENT_OFFSET_FILE
    if path is None:
        raise RuntimeError("business time cannot be moved here: MOMENT_OFFSET_FILE is set in demo and test modes only")
    return path


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(UTC)


def _current(path: Path, *, afresh: bool = False) -> _Shift:
    """The shared shift, read again only when the file changed, and looked at only so often."""
    global _shift
    seen, tick = _shift, time.monotonic()
    same = seen.path is path  # identity: settings hand out one object, and comparing paths costs more than the rest
    if same and not afresh and tick - seen.looked < LOOK_EVERY:
        return seen
    try:
        found = path.stat()
        stamp = (found.st_mtime_ns, found.st_ino, found.st_size)
        if same and not afresh and stamp == seen.stamp:
            fresh = _Shift(path, stamp, tick, seen.offset, seen.frozen)
        else:
            fresh = _Shift(path, stamp, tick, *_parse(path.read_text()))
    except FileNotFoundError:  # nobody moved time, or somebody just released it
        fresh = _Shift(path, None, tick)
    _shift = fresh
    return fresh


def _parse(text: str) -> tuple[timedelta, datetime | None]:
    try:
        body = json.loads(text)
        if "frozen" in body:
            return timedelta(0), _utc(datetime.fromisoformat(body["frozen"]))
        return timedelta(seconds=float(body["offset"])), None
    except (ValueError, KeyError, TypeError, OverflowError) as fault:
        raise RuntimeError(
            f"the moment file is not readable: {text[:80]!r}; remove it to return to real time"
        ) from fault


def _write(path: Path, body: dict[str, Any]) -> None:
    """Replace the file in one step, so that no reader ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, fresh = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    with os.fdopen(handle, "w") as out:
        json.dump(body, out)
    os.replace(fresh, path)
    _current(path, afresh=True)


@register()
def only_where_time_may_move(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """leadops.E010: production time is real time."""
    if settings.MOMENT_OFFSET_FILE is None or settings.MODE in ("demo", "test"):
        return []
    return [
        Error(
            f"MOMENT_OFFSET_FILE is set in {settings.MODE} mode",
            hint="Business time may be moved in demo and test modes only; set it to None.",
            id="leadops.E010",
        )
    ]
