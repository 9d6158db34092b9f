"""P2 and P11: a burst through the real pipeline in one process, and how many statements a batch costs."""

from __future__ import annotations

import hashlib
import math
import time

from benchmarks import house
from benchmarks.limits import Cost


def preload(count: int, start: int, sources: int = 1) -> None:
    """Submissions as the intake leaves them, by one bulk insert; in turns from so many sources."""
    from capture.models import Source, Submission
    from leadops import moment

    by_slug, at = {source.slug: source for source in Source.objects.all()}, moment.now()
    rows = []
    for n in range(start, start + count):
        raw = house.body(n)
        rows.append(
            Submission(
                source=by_slug[f"bench-{n % sources}"],
                delivery_key=f"p{n}",
                body=raw,
                digest=hashlib.sha256(raw).digest(),
                received_at=at,
                content_type="application/json",
                headers={"content-type": "application/json"},
            )
        )
    Submission.objects.bulk_create(rows, batch_size=2000)


def leads(url: str, count: int, start: int) -> Cost:
    """Captured to assigned, with decision records, clocks, journal and queue rows; the processor's time is this process's
    and the database's."""
    preload(count, start)
    with house.server_time(url) as database:
        own = time.process_time()
        rate = _drained_per_second(count)
        own = time.process_time() - own
    return Cost(rate, (own + database.seconds) / count * 1e6)


def leads_per_second(count: int, start: int) -> float:
    """The rate alone."""
    preload(count, start)
    return _drained_per_second(count)


def _drained_per_second(count: int) -> float:
    from leadops.models import Lead

    before = Lead.objects.filter(owner__isnull=False).count()
    began = time.perf_counter()
    drain()
    took = time.perf_counter() - began
    made = Lead.objects.filter(owner__isnull=False).count() - before
    if made != count:
        raise SystemExit(f"{made} of {count} leads were assigned")
    return count / took


def drain() -> None:
    """Batches of a thousand, in this process, until nothing is pending."""
    from capture import pipeline

    while pipeline.run_batch(1000, until=math.inf).claimed:
        pass


def statements(count: int, start: int) -> int:
    """SQL statements of one warm batch."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from capture import pipeline

    preload(count, start)
    with CaptureQueriesContext(connection) as queries:
        pipeline.run_batch(count)
    return len([q for q in queries if not str(q["sql"]).startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))])
