"""A house to measure in: a database of its own, twelve reps round the clock, one source; never the real one."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg
from psycopg import sql

NAME = "leadops_bench"
REPS = 12
SOURCES = 60  # each source has a rate limit of its own: a house this busy has many


def database(name: str = NAME) -> str:
    """The URL of a fresh database beside the one in DATABASE_URL."""
    url = os.environ["DATABASE_URL"]
    drop(name)
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def drop(name: str) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def processor_seconds(tops: list[psutil.Process]) -> float:
    """User and system time of these processes, of all below them, and of those below that have ended."""
    while True:
        try:
            return sum(_below(top) for top in tops)
        except psutil.NoSuchProcess:  # its time has just moved to its parent: read anew
            if not all(top.is_running() for top in tops):
                raise


def _below(top: psutil.Process) -> float:
    ended = top.cpu_times()
    alive = [one.cpu_times() for one in (top, *top.children(recursive=True))]
    return ended.children_user + ended.children_system + sum(each.user + each.system for each in alive)


@dataclass
class Used:
    seconds: float = 0.0


@contextmanager
def server_time(url: str) -> Iterator[Used]:
    """Processor time of the database server meanwhile; nothing where it runs on another machine."""
    with psycopg.connect(url, autocommit=True) as conn:
        pid = conn.execute("SELECT pg_backend_pid()").fetchone()[0]  # type: ignore[index]
        top = psutil.Process(pid).parent() if psutil.pid_exists(pid) else None
    tops = [top] if top is not None and "postgres" in top.name() else []
    used, before = Used(), processor_seconds(tops)
    yield used
    time.sleep(0.5)  # connections that just ended count once the server has noticed
    used.seconds = processor_seconds(tops) - before


def furnish() -> tuple[list[str], list[uuid.UUID]]:
    """Shipped versions, a team of twelve, sources; returns the sources' keys and the reps' ids."""
    from capture.models import Source
    from leadops.shipped import install_defaults
    from leadops.testing import DAWN, SourceFactory, rep
    from routing.models import Pool, PoolMember

    install_defaults()
    pool = Pool.objects.get(key="everyone")
    reps = [rep(f"Rep {i}") for i in range(REPS)]
    for one in reps:
        PoolMember.objects.create(pool=pool, rep=one, weight=Decimal(1), valid_from=DAWN, known_from=DAWN)
    made: list[Source] = [SourceFactory(slug=f"bench-{i}", hand_raiser=True) for i in range(SOURCES)]
    return [source.key for source in made], [one.pk for one in reps]


def body(n: int) -> bytes:
    """A realistic post of about a kilobyte, different for each n."""
    return json.dumps(
        {
            "id": f"bench-{n}",
            "first_name": "Ada",
            "last_name": f"Lovelace{n % 9973}",
            "email": f"ada{n}@company{n % 5000}.example",
            "phone": f"+336{n % 100_000_000:08d}",
            "company": f"Company {n % 5000}",
            "title": "Responsable énergie",
            "country": "FR",
            "employees": 20 + n % 900,
            "utm_source": "google",
            "utm_medium": "cpc",
            "utm_campaign": "spring",
            "message": "Nous cherchons à réduire notre consommation sur douze sites. " * 8,
        }
    ).encode()
