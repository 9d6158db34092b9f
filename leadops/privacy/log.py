"""What must outlive a restore, written beside the backups: who was erased and who said no, by ids and keyed hashes alone.

The table is the truth and the file follows it; a line says only what an erasure needs to be done once more.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from leadops import moment
from leadops.models import Suppression
from leadops.privacy.models import Erasure

logger = logging.getLogger("leadops.privacy")
NAME, NOES = "erasures.jsonl", "suppressions.jsonl"
SETTLED = timedelta(seconds=30)
AT_A_TIME = 5000
TAIL = 4096  # bytes in which the last line ends


def path(name: str = NAME) -> Path:
    return Path(settings.BACKUPS) / name


def write_new() -> int:
    """Append what does not stand in the log yet; a line may stand twice, none is missing. How many were written."""
    with transaction.atomic():
        rows = list(_untold().select_for_update(skip_locked=True).order_by("at", "id"))
        if not rows:
            return 0
        _append(path(), map(line_of, rows))
        Erasure.objects.filter(pk__in=[row.pk for row in rows]).update(logged_at=moment.now())
    return len(rows)


def follow() -> None:
    """The same after a commit, where nothing can be refused any more: what the disk refuses is left to the ticker."""
    try:
        write_new()
    except OSError:
        logger.exception("the log of erasures cannot be written")


def _untold() -> QuerySet[Erasure]:
    """What stands in no line yet: everything, where the backups were moved and the log was not."""
    return Erasure.objects.filter(logged_at=None) if path().exists() else Erasure.objects.all()


def waiting() -> bool:
    """Whether there is anything to write; a log that cannot be read says yes, so that whoever writes it says why."""
    try:
        return _untold().exists() or _noes(moment.now()).exists()
    except OSError:
        return True


def _noes(at: datetime) -> QuerySet[Suppression]:
    """Entries of the list of suppressions that no line tells of; the newest wait until whoever wrote them has committed."""
    return Suppression.objects.filter(pk__gt=last_no(), at__lte=at - SETTLED).order_by("pk")


def write_noes(*, stopped: bool = False) -> int:
    """Append who said no since the last line, by keyed hash; how many. `stopped`: nobody is at work, nothing is waited for."""
    rows = list(_noes(moment.now() + (SETTLED if stopped else timedelta()))[:AT_A_TIME])
    _append(path(NOES), (no_of(row) for row in rows))
    return len(rows)


def no_of(row: Suppression) -> dict[str, Any]:
    said = {"channel": row.channel, "reason": row.reason, "origin": row.origin, "at": row.at.isoformat()}
    return {"id": row.pk, "digest": bytes(row.digest).hex(), **said}


def last_no() -> int:
    """The id in the last whole line; 0 where there is none."""
    file = path(NOES)
    if not file.exists():
        return 0
    with file.open("rb") as raw:
        raw.seek(max(0, file.stat().st_size - TAIL))
        ends = raw.read().split(b"\n")
    for end in reversed(ends):
        with suppress(ValueError, KeyError, TypeError):  # cut short, or the rest of one that was
            return int(json.loads(end)["id"])
    return 0


def _append(file: Path, told: Iterable[dict[str, Any]]) -> None:
    """Whole lines, on the disk before anything is said to be written; of what the disk refuses nothing is left."""
    text = "".join(json.dumps(line) + "\n" for line in told).encode()
    if not text:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab+", buffering=0) as out:
        fcntl.flock(out, fcntl.LOCK_EX)  # what a writer takes back is its own alone
        size = out.seek(0, os.SEEK_END)
        if size and os.pread(out.fileno(), 1, size - 1) != b"\n":
            text = b"\n" + text  # one that was cut short by a crash takes no other with it
        try:
            while text:
                text = text[out.write(text) :]
            os.fsync(out.fileno())
        except OSError:
            with suppress(OSError):
                os.ftruncate(out.fileno(), size)
            raise
    file.chmod(0o600)


def line_of(row: Erasure) -> dict[str, Any]:
    return {
        "erasure": str(row.pk),
        "person": str(row.person_id),
        "people": row.people,
        "digests": row.digests,
        "reason": row.reason,
        "company": row.company,
        "at": row.at.isoformat(),
    }


def lines(file: Path, key: str = "erasure") -> Iterator[dict[str, Any]]:
    """Every line once, in order; one cut short by a crash was never said to be written, and is passed over with a word."""
    seen: set[object] = set()
    for number, text in enumerate(file.read_text(encoding="utf-8").splitlines() if file.exists() else (), 1):
        try:
            line = json.loads(text)
        except json.JSONDecodeError:
            logger.error("a line of a log cannot be read", extra={"file": file.name, "line": number})
            continue
        if line[key] not in seen:
            seen.add(line[key])
            yield line
