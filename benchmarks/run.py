"""`make bench`: the performance table, each figure beside its limit of the same run, in alternating rounds."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys

from benchmarks import accept, house, imports, limits, pipeline


def main() -> None:
    ask = argparse.ArgumentParser()
    ask.add_argument("--rounds", type=int, default=3)
    ask.add_argument("--seconds", type=float, default=4)
    ask.add_argument("--burst", type=int, default=2000)
    ask.add_argument("--leads", type=int, nargs="+", default=[10_000])
    ask.add_argument("--rows", type=int, default=10_000, help="of the imported file")
    ask.add_argument("--json", action="store_true")
    chosen = ask.parse_args()
    url = house.database()
    os.environ |= {"DATABASE_URL": url, "LEADOPS_MODE": "test", "DJANGO_SETTINGS_MODULE": "leadops.settings"}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], check=True)
    import django

    django.setup()
    keys, _reps = house.furnish()
    print(
        f"limit driven by {'pgbench' if limits.pgbench() else 'psycopg (no pgbench here: understated)'}; {chosen.rounds} rounds"
    )
    rows = measure(url, keys, chosen)
    for row in rows:
        print(
            f"{row['id']:<6}{row['what']:<92}{row['value']:>10}  limit {row['limit'] or '—':>8}  ratio {row['ratio'] or '—':>6}  must {row['must'] or '—'}"
        )
    if chosen.json:
        print(json.dumps({"rows": rows}))


def row(
    name: str, what: str, value: float, limit: float | None, must: float | None, aim: float | None, least: bool = True
) -> dict[str, object]:
    ratio = round(value / limit, 3) if limit else None
    seen = ratio if ratio is not None else value
    passed = None if must is None else (seen >= must if least else seen <= must)
    return {
        "id": name,
        "what": what,
        "value": round(value, 1),
        "limit": round(limit, 1) if limit else None,
        "ratio": ratio,
        "must": must,
        "aim": aim,
        "pass": passed,
    }


def measure(url: str, keys: list[str], chosen: argparse.Namespace) -> list[dict[str, object]]:
    taken, limit, burst, start = [], [], [], 10_000_000
    with accept.web(url):
        for _round in range(chosen.rounds):
            limit.append(limits.leads_per_second(url, 8, chosen.seconds))
            taken.append(accept.posts_per_second(keys, chosen.seconds))
    _drain()
    for _round in range(chosen.rounds):
        burst.append(pipeline.leads_per_second(chosen.burst, start))
        limit.append(limits.leads_per_second(url, 8, chosen.seconds))
        start += chosen.burst
    counts = [pipeline.statements(n, start + n * 10) for n in (1, 100, 1000)]
    l8 = statistics.median(limit)
    rows = [
        row("L8", "six writes of a lead, 8 clients, leads/s", l8, None, None, None),
        row("P1", "accept: committed and 202, 8 clients, posts/s", statistics.median(taken), l8, 0.33, 0.40),
        row("P2", f"pipeline, burst of {chosen.burst}, one process, leads/s", statistics.median(burst), l8, 0.40, 1.0),
        row("P11", f"SQL statements of a batch of 1, 100, 1000: {counts}", max(counts), None, 25, 15, least=False),
    ]
    table = imports.rows(chosen.rows, 60_000_000)
    copied, brought = imports.copy_per_second(url, table), imports.rows_per_second(table)["all"]
    rows.append(row("P13", f"import of {chosen.rows} rows, full path, rows/s", brought, copied, 0.05, 0.10))
    return rows + page_rows(chosen)


def page_rows(chosen: argparse.Namespace) -> list[dict[str, object]]:
    """Each page at each size asked for; the first size is the one a figure is promised at."""
    from benchmarks import pages
    from leadops.models import Lead

    filled, found = pages.House(), []
    for leads in chosen.leads:
        took = filled.grow(leads)
        count = Lead.objects.count()
        print(f"grown to {count} leads in {took:.0f} s")
        for what, p50, p95, statements, must, load in pages.rows():
            told = f"{what} at {count} leads, p50 ms (p95 {p95:.0f}; {statements} statements; load {load:.1f})"
            found.append(row("page", told, p50, None, must if leads == chosen.leads[0] else None, None, least=False))
    return found


def _drain() -> None:
    from capture import pipeline as capture_pipeline

    while capture_pipeline.run_batch(1000).claimed:
        pass


if __name__ == "__main__":
    main()
