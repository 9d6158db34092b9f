"""P3, P5, P10 and P12: parts of the house that work at the same time, or on a house that has grown, each against itself alone.

The processes are the product's: its web server, and as many followers as `make serve` has workers for what is urgent, each
one turning the batch that its workers turn.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from benchmarks import accept, house, pipeline

TICK = 0.05  # how often the ticker looks for submissions
FOLLOWERS = 2  # TASK_WORKERS as shipped
POOLS = 50


@contextmanager
def followers(url: str, count: int = FOLLOWERS) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that give every pending submission its end, until the block is left."""
    env = {**os.environ, "DATABASE_URL": url}
    made = [subprocess.Popen([sys.executable, "-m", "benchmarks.together"], env=env) for _each in range(count)]
    try:
        yield made
    finally:
        for each in made:
            each.send_signal(signal.SIGCONT)
            each.send_signal(signal.SIGTERM)
        for each in made:
            each.wait(15)


def sustained(url: str, keys: list[str], seconds: float) -> float:
    """P3: leads a second from the first post to the last assigned owner, everything at once on the same processors."""
    with accept.web(url) as server, followers(url), psycopg.connect(url, autocommit=True) as conn:
        accept.posts(server, keys, 0.5)
        drained(conn)
        began = time.perf_counter()
        taken = accept.posts(server, keys, seconds)
        drained(conn)
        return taken.count / (time.perf_counter() - began)


def drained(conn: psycopg.Connection[Any]) -> None:
    """Waits until no submission is pending; three minutes without an end stop the measurement."""
    until = time.monotonic() + 180
    while conn.execute("SELECT 1 FROM capture_submission WHERE \"end\" = 'pending' LIMIT 1").fetchone():
        if time.monotonic() > until:
            raise SystemExit("submissions stay pending")
        time.sleep(0.01)


def accepted_in(url: str, keys: list[str], seconds: float) -> float:
    """P5: posts a second into this house; what was posted is taken out again, so that the house stays as it was grown."""
    with psycopg.connect(url, autocommit=True) as conn:
        before = conn.execute("SELECT now()").fetchone()
        try:
            with accept.web(url) as server:
                accept.posts(server, keys, 0.5)
                return accept.posts(server, keys, seconds).rate
        finally:
            conn.execute("SET session_replication_role = replica")
            conn.execute("DELETE FROM capture_submission WHERE \"end\" = 'pending' AND received_at >= %s", before)
            conn.execute("VACUUM capture_submission")


def keys_of(url: str) -> list[str]:
    """The addresses of the sources of a grown house."""
    with psycopg.connect(url) as conn:
        return [key for (key,) in conn.execute("SELECT key FROM capture_source WHERE slug ~ '^bench-[0-9]+$'")]


def with_sums(count: int, start: int) -> tuple[float, float]:
    """P10: seconds of a burst through the pipeline, and of reading its facts into the sums afterwards, which a recount confirms."""
    from django.db import connection

    from reports import facts

    while facts.keep():
        pass
    pipeline.preload(count, start)
    began = time.perf_counter()
    pipeline.drain()
    worked = time.perf_counter()
    while facts.keep():
        pass
    kept = time.perf_counter()
    held = _sums(connection)
    facts.rebuild()
    if held != _sums(connection):
        raise SystemExit("the sums differ from a recount")
    return worked - began, kept - worked


def _sums(connection: Any) -> set[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_class c"
            " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = ''"
            " WHERE c.relkind = 'r' AND c.relname LIKE 'reports\\_%%' AND c.relname NOT IN ('reports_factsread')"
            " GROUP BY 1 ORDER BY 1"
        )
        found: set[tuple[object, ...]] = set()
        for table, columns in cursor.fetchall():
            cursor.execute(
                f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM (SELECT {columns} FROM {table}) t"
            )
            found.add((table, *cursor.fetchone()))
    return found


def furnish_pools() -> None:
    """A pool for each of fifty sources, all of the same twelve reps, and the rules that lead there."""
    from leadops.models import Rep
    from leadops.testing import DAWN
    from routing.models import Pool, PoolMember

    reps = list(Rep.objects.order_by("pk")[: house.REPS])
    for n in range(POOLS):
        made = Pool.objects.create(key=f"bench-{n}", name={"en": f"Bench {n}"})
        for rep in reps:
            PoolMember.objects.create(pool=made, rep=rep, weight=1, valid_from=DAWN, known_from=DAWN)


def rule_pools(one: bool) -> None:
    """The same fifty rules: each source to its own pool, or all of them to one."""
    from leadops.testing import put_in_force

    def when(n: int) -> dict[str, Any]:
        return {"all": [{"field": "source", "op": "eq", "value": f"bench-{n}"}]}

    given = [
        {
            "key": f"bench-{n}",
            "label": {"fr": f"Source {n}", "en": f"Source {n}"},
            "when": when(n),
            "to": {"pool": "bench-0" if one else f"bench-{n}"},
        }
        for n in range(POOLS)
    ]
    fallback = {"pool": "everyone", "watcher": "revenue_ops", "nobody": "hold_until_open"}
    put_in_force(
        "ruleset", "house", {"triggers": {"capture": "hand_raiser", "mql": True}, "rules": given, "fallback": fallback}
    )


def spread_per_second(url: str, count: int, start: int) -> float:
    """P12: leads a second of a burst over fifty sources, by all followers at once."""
    with followers(url) as workers, psycopg.connect(url, autocommit=True) as conn:
        pipeline.preload(FOLLOWERS * 1000, start + count, sources=POOLS)
        drained(conn)  # every follower has read the rules
        for each in workers:
            each.send_signal(signal.SIGSTOP)
        since = conn.execute("SELECT now()").fetchone()
        pipeline.preload(count, start, sources=POOLS)
        began = time.perf_counter()
        for each in workers:
            each.send_signal(signal.SIGCONT)
        drained(conn)
        took = time.perf_counter() - began
        owned = "SELECT count(*) FROM leadops_lead l JOIN capture_submission s ON s.id = l.submission WHERE l.owner_id IS NOT NULL AND s.received_at >= %s"
        if (found := conn.execute(owned, since).fetchone()) != (count,):
            raise SystemExit(f"{found} of {count} leads were assigned")
        return count / took


def follow() -> None:
    """One follower: the task of a worker, as often as the ticker asks for it, until it is told to end."""
    import django

    django.setup()
    from capture.tasks import run_pipeline

    going = True

    def end(*_signal: object) -> None:
        nonlocal going
        going = False

    signal.signal(signal.SIGTERM, end)
    while going:
        if not run_pipeline():
            time.sleep(TICK)


if __name__ == "__main__":
    follow()
