"""What the server alone needs for the pipeline's batches: the same statements again, one after the other, and nobody thinks between.

It is the ceiling of P2 in one process: however fast a batch were decided, one connection writes its rows no sooner. The claim,
a thirteenth of it, has a connection of its own in the pipeline.
"""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from benchmarks import pipeline

COPY = "leadops_bench_again"
Said = tuple[str, Any, bool]  # statement, values, within a transaction


def leads_per_second(url: str, batches: int, start: int) -> float:
    """Batches of a thousand are made once, and then said again to a copy of the house as it was before them."""
    from django.db import connection

    from capture import pipeline as real

    pipeline.preload(1000 * batches, start)
    connection.close()
    with psycopg.connect(urlunsplit(urlsplit(url)._replace(path="/postgres")), autocommit=True) as server:
        source = urlsplit(url).path[1:]
        server.execute(f"DROP DATABASE IF EXISTS {COPY} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {COPY} TEMPLATE {source}")
        try:
            said: list[Said] = []

            def note(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
                said.append((sql, params, connection.in_atomic_block))
                return execute(sql, params, many, context)

            with connection.execute_wrapper(note):
                while real.run_batch(1000).claimed:
                    pass
            again = psycopg.connect(
                urlunsplit(urlsplit(url)._replace(path=f"/{COPY}")),
                autocommit=True,
                options=connection.settings_dict["OPTIONS"]["options"],
                cursor_factory=psycopg.ClientCursor,
            )
            with again:
                before = _owned(again)
                began = time.perf_counter()
                _say(again, said)
                took = time.perf_counter() - began
                made = _owned(again) - before
        finally:
            server.execute(f"DROP DATABASE IF EXISTS {COPY} WITH (FORCE)")
    if made != 1000 * batches:
        raise SystemExit(f"what was said again gave {made} leads an owner, not {1000 * batches}")
    return 1000 * batches / took


def _owned(house: psycopg.Connection[Any]) -> int:
    ((count,),) = house.execute("SELECT count(*) FROM leadops_lead WHERE owner_id IS NOT NULL").fetchall()
    return int(count)


def _say(again: psycopg.Connection[Any], said: list[Said]) -> None:
    """As the pipeline said it: by the same kinds of cursor, with its transactions."""
    from leadops.packing import Packed, cursor_for

    packing, within = cursor_for(again), False
    for sql, params, atomic in said:
        if atomic is not within:
            again.execute("BEGIN" if atomic else "COMMIT")
            within = atomic
        packed = isinstance(params, list) and params and isinstance(params[0], Packed)
        (packing if packed else again.cursor()).execute(sql, params)
    if within:
        again.execute("COMMIT")
