"""`python -m benchmarks.grow --leads N`: a house of so many leads, kept until the code that made it changes.

It is a database of its own (`leadops_grown_N`) on the server of `DATABASE_URL`, which is the private one in `var/pg`
unless told otherwise. What is in it was lived by the real services and copied (`stories`, `patterns`, `copies`); each
copied decision carries the facts, salt and digest of its own lead, so it is verified and replayed like any other. Nothing
here is ever read by the product.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

BASE = Path(__file__).resolve().parent.parent
YEAR = timedelta(days=365)
EACH = 6  # lives of each story: enough for every rep to have some of most
YOUNG = timedelta(days=7)  # its last day is the day it was made: pages that show today would be empty later
MADE_BY = ("stories", "patterns", "copies", "bare", "grow", "house")
BYTES_EACH = 22_000  # of disk per lead, indexes and facts included


def name(leads: int) -> str:
    return f"leadops_grown_{leads}"


def url_of(server: str, leads: int) -> str:
    """Its address, whether it is there or not."""
    return urlunsplit(urlsplit(server)._replace(path=f"/{name(leads)}"))


def fingerprint() -> str:
    """What made it: the modules that grow it and every migration there is."""
    told = hashlib.sha256()
    for module in MADE_BY:
        told.update((BASE / "benchmarks" / f"{module}.py").read_bytes())
    for path in sorted(BASE.glob("*/migrations/*.py")):
        told.update(path.relative_to(BASE).as_posix().encode() + path.read_bytes())
    return told.hexdigest()[:16]


def kept(server: str, leads: int) -> bool:
    """Whether such a house stands, whole, made by this very code and not long ago."""
    with psycopg.connect(server, autocommit=True) as conn:
        found = conn.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name(leads)]
        ).fetchone()
    made_by, _, at = ((found and found[0]) or "").partition(" ")
    return bool(at) and made_by == fingerprint() and datetime.now(UTC) - datetime.fromisoformat(at) < YOUNG


def ready(server: str, leads: int) -> str:
    """The address of a house of so many leads, grown first where there is none; in a process of its own."""
    if not kept(server, leads):
        command = [sys.executable, "-m", "benchmarks.grow", "--leads", str(leads)]
        subprocess.run(command, check=True, env={**os.environ, "DATABASE_URL": server})
    return url_of(server, leads)


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--leads", type=int, required=True)
    ask.add_argument("--anew", action="store_true", help="even where one stands")
    chosen = ask.parse_args()
    server = os.environ["DATABASE_URL"]
    if kept(server, chosen.leads) and not chosen.anew:
        print(f"{name(chosen.leads)} stands already")
        return
    has_room(server, [chosen.leads])
    with psycopg.connect(server, autocommit=True) as conn:
        wanted = sql.Identifier(name(chosen.leads))
        conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(wanted))
        conn.execute(sql.SQL("CREATE DATABASE {}").format(wanted))
    url = url_of(server, chosen.leads)
    os.environ |= {"DATABASE_URL": url, "LEADOPS_MODE": "test", "DJANGO_SETTINGS_MODULE": "leadops.settings"}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], check=True, cwd=BASE)
    _fill(chosen.leads)
    with psycopg.connect(server, autocommit=True) as conn:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        conn.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(wanted, sql.Literal(f"{fingerprint()} {at}")))


def has_room(server: str, sizes: Iterable[int]) -> None:
    """For those of these houses that do not stand yet; said before anything is measured.

    Where the server's disk is ours to see, two thirds of what is free must be enough: sorts and the log want some, too.
    """
    leads = sum(size for size in sizes if not kept(server, size))
    with psycopg.connect(server) as conn:
        folder = Path(conn.execute("SHOW data_directory").fetchone()[0])  # type: ignore[index]
    if folder.exists():
        free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
        if leads * BYTES_EACH > free * 2 / 3:
            raise SystemExit(
                f"{leads} leads want {leads * BYTES_EACH / 2**30:.0f} GiB, two thirds of {free / 2**30:.0f} free at most"
            )


def _fill(leads: int) -> None:
    """Twelve reps and an executive; a year that ends now, of copies of lives lived ten weeks ago; then checked."""
    import django

    django.setup()

    from benchmarks import checked, copies, house, patterns, stories
    from leadops import moment
    from leadops.models import Lead, Role
    from leadops.testing import member
    from reports import facts

    until = moment.now()
    with _told("lives lived"):
        house.furnish()
        stories.furnish()
        stories.spend((until - YEAR).date(), until.date(), until)
        member("Exec Bench", Role.EXECUTIVE)
        lives = stories.live(EACH, until - timedelta(days=1))
        facts.rebuild()
        lived = [patterns.pattern_of(life, share) for life, share in lives]
    more = leads - Lead.objects.count()
    with _told(f"{more} leads copied, and their facts"):
        copies.write(lived, more, until - YEAR, until)
    with _told("vacuumed"):
        _vacuum()
    with _told("checked"):
        for told in checked.all_of_it():
            print(told, flush=True)


def _vacuum() -> None:
    """VACUUM and ANALYZE, as autovacuum would have done by and by; pages that were frozen as they came are passed over."""
    from django.db import connection

    names = connection.introspection.table_names()  # of everything there is
    connection.close()  # a connection does not survive being shared by two processes
    with multiprocessing.get_context("fork").Pool(os.cpu_count()) as sweepers:
        for _done in sweepers.imap_unordered(_vacuum_one, names):
            pass


def _vacuum_one(name: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")  # the patience of a page is none for a whole database
        cursor.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(name)))


@contextmanager
def _told(what: str) -> Iterator[None]:
    """What a step took: on the clock, and of the processors (ours with our writers, the server's)."""
    from benchmarks import house

    began, own = time.perf_counter(), os.times()
    with house.server_time(os.environ["DATABASE_URL"]) as server:
        yield
    spent, now = time.perf_counter() - began, os.times()
    ours = sum(now[:4]) - sum(own[:4])
    load = os.getloadavg()[0]
    print(
        f"{what} in {spent:.1f} s; processor {ours:.1f} s here, {server.seconds:.1f} s server; load {load:.1f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
