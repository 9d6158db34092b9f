"""P13: a file of leads through the whole path, from its bytes to owned leads, against COPY of the rows such leads leave.

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

from benchmarks import house, limits

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
    limit = limits.copied_per_second(url, chosen.rows)
    profile = cProfile.Profile()
    if chosen.profile:
        profile.enable()
    found = rows_per_second(table)
    profile.disable()
    print(f"P13 {chosen.rows} rows; COPY of all rows of a lead {limit:.0f} leads/s; load {os.getloadavg()[0]:.1f}")
    for what, speed in found.items():
        print(f"  {what:<8}{speed:>8.0f} rows/s  ratio {speed / limit:.4f}")
    if chosen.profile:
        out = io.StringIO()
        pstats.Stats(profile, stream=out).sort_stats("cumulative").print_stats(45)
        print(out.getvalue())


if __name__ == "__main__":
    main()
