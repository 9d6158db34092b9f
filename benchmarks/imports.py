"""P13: a file of leads through the whole path, from its bytes to owned leads, against COPY of the same rows.

Alone: `python -m benchmarks.imports --rows 100000`, with `DATABASE_URL` set; `--profile` says where the time goes.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import os
import pstats
import subprocess
import sys
import time

import psycopg

from benchmarks import house

COLUMNS = ("First name", "Last name", "E-mail", "Phone", "Company", "Job title", "Country", "Employees", "Comment")


def rows(count: int, start: int) -> list[tuple[str, ...]]:
    return [
        (
            "Ada",
            f"Lovelace{n % 9973}",
            f"ada{n}@fair{n % 5000}.example",
            f"+336{n % 100_000_000:08d}",
            f"Fair {n % 5000}",
            "Responsable énergie",
            "France",
            str(20 + n % 900),
            "Nous cherchons à réduire notre consommation sur douze sites.",
        )
        for n in range(start, start + count)
    ]


def file_of(table: list[tuple[str, ...]]) -> bytes:
    return "\r\n".join(";".join(row) for row in [COLUMNS, *table]).encode()


def copy_per_second(url: str, table: list[tuple[str, ...]]) -> float:
    """The limit: the same cells into a table without index or constraint, by one COPY."""
    with psycopg.connect(url) as conn, conn.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE copied (" + ", ".join(f"c{n} text" for n in range(len(COLUMNS))) + ")")
        began = time.perf_counter()
        with cursor.copy("COPY copied FROM STDIN") as copy:
            for row in table:
                copy.write_row(row)
        conn.commit()
        return len(table) / (time.perf_counter() - began)


def rows_per_second(table: list[tuple[str, ...]]) -> dict[str, float]:
    """Rows a second of the dry run, of the commit to its end, and of both with the upload; one process does it all."""
    from capture import pipeline
    from capture.imports import services, work
    from leadops.access import actor_of
    from leadops.models import Lead, Role
    from leadops.testing import member
    from leadops.unit import in_unit

    actor = actor_of(member(f"Ingrid {time.time()}", Role.REVENUE_OPS))
    before, began = Lead.objects.count(), time.perf_counter()
    file, _new = in_unit(lambda unit: services.upload("leads", "fair.csv", [file_of(table)], unit), actor=actor)
    in_unit(lambda unit: services.set_mapping(file.pk, file.mapping, {"route": "now"}, unit), actor=actor)
    sent = time.perf_counter()
    work.run_all()
    checked = time.perf_counter()
    in_unit(lambda unit: services.commit(file.pk, unit), actor=actor)
    while work.next_at(file.created_at) is not None:
        work.run_all()
        while pipeline.run_batch(1000).claimed:
            pass
    done = time.perf_counter()
    if (made := Lead.objects.count() - before) != len(table):
        raise SystemExit(f"{made} leads of {len(table)} rows")
    n = len(table)
    return {"dry run": n / (checked - sent), "commit": n / (done - checked), "all": n / (done - began)}


def main() -> None:
    ask = argparse.ArgumentParser()
    ask.add_argument("--rows", type=int, default=100_000)
    ask.add_argument("--profile", action="store_true")
    chosen = ask.parse_args()
    url = house.database()
    os.environ |= {"DATABASE_URL": url, "LEADOPS_MODE": "test", "DJANGO_SETTINGS_MODULE": "leadops.settings"}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], check=True)
    import django

    django.setup()
    house.furnish()
    rows_per_second(rows(1000, 50_000_000))  # warm
    table = rows(chosen.rows, 60_000_000)
    limit = copy_per_second(url, table)
    profile = cProfile.Profile()
    if chosen.profile:
        profile.enable()
    found = rows_per_second(table)
    profile.disable()
    print(f"P13 {chosen.rows} rows; COPY {limit:.0f} rows/s; load {os.getloadavg()[0]:.1f}")
    for what, speed in found.items():
        print(f"  {what:<8}{speed:>8.0f} rows/s  ratio {speed / limit:.4f}")
    if chosen.profile:
        out = io.StringIO()
        pstats.Stats(profile, stream=out).sort_stats("cumulative").print_stats(45)
        print(out.getvalue())


if __name__ == "__main__":
    main()
