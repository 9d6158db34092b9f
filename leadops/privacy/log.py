"""What must outlive a restore, written beside the backups: who was erased, by ids and keyed hashes alone.

The table is the truth and the file follows it; a line says only what an erasure needs to be done once more.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from leadops import moment
from leadops.privacy.models import Erasure

logger = logging.getLogger("leadops.privacy")
NAME = "erasures.jsonl"


def path() -> Path:
    return Path(settings.BACKUPS) / NAME


def write_new() -> int:
    """Append what does not stand in the log yet; a line may stand twice, none is missing. How many were written."""
    with transaction.atomic():
        rows = list(Erasure.objects.select_for_update(skip_locked=True).filter(logged_at=None).order_by("at", "id"))
        if not rows:
            return 0
        path().parent.mkdir(parents=True, exist_ok=True)
        with path().open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(line_of(row)) + "\n" for row in rows)
            file.flush()
            os.fsync(file.fileno())
        path().chmod(0o600)
        Erasure.objects.filter(pk__in=[row.pk for row in rows]).update(logged_at=moment.now())
    return len(rows)


def follow() -> None:
    """The same after a commit, where nothing can be refused any more: what the disk refuses is left to the ticker."""
    try:
        write_new()
    except OSError:
        logger.exception("the log of erasures cannot be written")


def waiting() -> bool:
    return Erasure.objects.filter(logged_at=None).exists()


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


def lines(file: Path) -> Iterator[dict[str, Any]]:
    """Every erasure once, in order; a last line cut short by a crash is passed over, it was never said to be written."""
    seen: set[str] = set()
    for text in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        try:
            line = json.loads(text)
        except json.JSONDecodeError:
            continue
        if line["erasure"] not in seen:
            seen.add(line["erasure"])
            yield line
