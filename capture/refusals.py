"""Requests that were refused, counted in this process's memory and flushed every second; never in the way of one.

What is lost when a process is killed is at most a second of counts, never a submission.
"""

from __future__ import annotations

import threading
from collections import Counter
from datetime import date, datetime

from django.conf import settings
from django.db import connection

from leadops import moment

UNKNOWN = "?"  # requests to keys that name no source

_lock = threading.Lock()
_counts: Counter[tuple[str, date, str]] = Counter()
_last: dict[tuple[str, date, str], datetime] = {}


def count(source_slug: str, code: str) -> None:
    """One more refusal of a source today (the house's day)."""
    key = (source_slug, moment.today(settings.REPORTING_ZONE), code)
    with _lock:
        _counts[key] += 1
        _last[key] = moment.now()


def pending() -> bool:
    return bool(_counts)


def forget() -> None:
    """What was counted and not written is let go."""
    with _lock:
        _counts.clear()
        _last.clear()


def flush() -> int:
    """Write what was counted, all rows in one statement; what cannot be written now is kept for the next time."""
    with _lock:
        counts, last = dict(_counts), dict(_last)
        _counts.clear()
        _last.clear()
    if not counts:
        return 0
    try:
        _write(counts, last)
    except Exception:
        with _lock:
            _counts.update(counts)
            for key, at in last.items():
                _last.setdefault(key, at)
        raise
    return sum(counts.values())


def _write(counts: dict[tuple[str, date, str], int], last: dict[tuple[str, date, str], datetime]) -> None:
    rows = sorted(counts)  # one order for every process, so that two flushes never wait for each other in a ring
    values = ", ".join(["(%s, %s, %s, %s, %s)"] * len(rows))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO capture_refusal AS kept (source_slug, day, code, count, last_at) VALUES {values} "  # noqa: S608 (placeholders only)
            "ON CONFLICT (source_slug, day, code) DO UPDATE SET count = kept.count + EXCLUDED.count, "
            "last_at = greatest(kept.last_at, EXCLUDED.last_at)",
            [value for key in rows for value in (*key, counts[key], last[key])],
        )
