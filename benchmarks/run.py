"""`make bench`: the performance table, each figure beside its limit of the same run, in alternating rounds."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections import defaultdict
from typing import Any

from benchmarks import accept, grow, house, imports, limits, pipeline, server_alone, together

SIZES = {"10k": [10_000], "100k": [10_000, 100_000], "1m": [10_000, 1_000_000]}  # of houses, by SIZE
AGAIN = 4  # batches whose statements are said again
AGAIN_TOLD = "P2's statements again, one after the other, without the process that made them, leads/s"
# An action or page for one person -> its bar, p95 in milliseconds
P95 = {"lead": ("P7", 150.0), "search": ("P7", 100.0), "action": ("P7", 120.0)}


def main() -> None:
    ask = argparse.ArgumentParser()
    ask.add_argument("--rounds", type=int, default=3)
    ask.add_argument("--seconds", type=float, default=4)
    ask.add_argument("--burst", type=int, default=2000)
    size = os.environ.get("SIZE", "10k").lower()
    if size not in SIZES:
        raise SystemExit(f"SIZE is one of {', '.join(SIZES)}, not {size!r}")
    ask.add_argument("--leads", type=int, nargs="+", default=SIZES[size], help="houses; the first is the yardstick")
    ask.add_argument("--rows", type=int, default=10_000, help="of the imported file")
    ask.add_argument("--only", default="", choices=("", "pages"), help="leave the rest out")
    ask.add_argument("--json", action="store_true")
    chosen = ask.parse_args()
    server = os.environ["DATABASE_URL"]
    url = house.database()
    os.environ |= {"DATABASE_URL": url, "LEADOPS_MODE": "test", "DJANGO_SETTINGS_MODULE": "leadops.settings"}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], check=True)
    import django

    django.setup()
    keys, _reps = house.furnish()
    print(
        f"limit driven by {'pgbench' if limits.pgbench() else 'psycopg (no pgbench here: understated)'}; {chosen.rounds} rounds;"
        f" Python {platform.python_version()} ({platform.python_compiler()})"
    )
    rows = measure(url, keys, chosen) if "pages" not in chosen.only else []
    rows += page_rows(server, chosen.leads, chosen.rounds)
    if len(chosen.leads) > 1 and "pages" not in chosen.only:
        rows.append(grown_row(server, chosen.leads, chosen))
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
    taken, limit, cost, burst, alone, start = [], [], [], [], [], 10_000_000
    with accept.web(url) as server:
        accept.posts(server, keys, 1)  # every thread has its connection and its statement
        for _round in range(chosen.rounds):
            bare = limits.cost(url, 8, chosen.seconds)
            with house.server_time(url) as database:
                taken.append(accept.posts(server, keys, chosen.seconds))
            each = taken[-1]
            limit.append(bare.rate)
            cost.append((bare.processor, each.web + each.client + database.seconds / each.count * 1e6))
    _drain()
    for _round in range(chosen.rounds):
        burst.append(pipeline.leads_per_second(chosen.burst, start))
        limit.append(limits.leads_per_second(url, 8, chosen.seconds))
        alone.append(server_alone.leads_per_second(url, AGAIN, start + chosen.burst))
        start += chosen.burst + 1000 * AGAIN
    counts = [pipeline.statements(n, start + n * 10) for n in (1, 100, 1000)]
    l8 = statistics.median(limit)
    rows = [
        row("L8", "six writes of a lead, 8 clients, leads/s", l8, None, None, None),
        row("P1", accepted(taken), statistics.median(each.rate for each in taken), l8, 0.33, 0.40),
        processor_row(cost),
        row("P2", f"pipeline, burst of {chosen.burst}, one process, leads/s", statistics.median(burst), l8, 0.40, 1.0),
        row("P2db", AGAIN_TOLD, statistics.median(alone), l8, None, None),
        row("P11", f"SQL statements of a batch of 1, 100, 1000: {counts}", max(counts), None, 25, 15, least=False),
    ]
    table = imports.rows(chosen.rows, 60_000_000)
    copied, brought = limits.copied_per_second(url, chosen.rows), imports.rows_per_second(table)["all"]
    rows[5:5] = [sustained_row(url, keys, chosen)]
    rows.append(sums_row(chosen, start + 100_000))
    rows.append(spread_row(url, chosen, start + 200_000))
    rows.append(row("P13", f"import of {chosen.rows} rows, full path, rows/s", brought, copied, 0.05, 0.10))
    return rows


def accepted(taken: list[accept.Taken]) -> str:
    p50, web, client = (statistics.median(getattr(each, name) for each in taken) for name in ("p50", "web", "client"))
    return (
        f"accept: committed and 202, 8 clients, posts/s (p50 {p50:.1f} ms; us each: web {web:.0f}, client {client:.0f})"
    )


def sustained_row(url: str, keys: list[str], chosen: argparse.Namespace) -> dict[str, object]:
    """Each round beside the limit of its own."""
    pairs = [
        (together.sustained(url, keys, chosen.seconds), limits.leads_per_second(url, 8, chosen.seconds))
        for _round in range(chosen.rounds)
    ]
    ours, l8 = (statistics.median(side) for side in zip(*pairs, strict=True))
    return row(
        "P3", "accept and pipeline at once, from the first post to the last owner, leads/s", ours, l8, 0.20, 0.35
    )


def sums_row(chosen: argparse.Namespace, start: int) -> dict[str, object]:
    """How much of the pipeline's rate is left where the same processor also keeps the sums of the reports."""
    spans = [together.with_sums(chosen.burst, start + n * chosen.burst) for n in range(chosen.rounds)]
    alone = chosen.burst / statistics.median(worked for worked, _kept in spans)
    both = chosen.burst / statistics.median(worked + kept for worked, kept in spans)
    return row("P10", "pipeline with the sums of the reports, equal to a recount, leads/s", both, alone, 0.85, 0.92)


def spread_row(url: str, chosen: argparse.Namespace, start: int) -> dict[str, object]:
    """The same leads and rules, to one pool and to fifty."""
    together.furnish_pools()
    seen: dict[bool, list[float]] = {True: [], False: []}
    for turn in range(chosen.rounds):
        for one in (True, False):
            together.rule_pools(one)
            place = start + (2 * turn + one) * (chosen.burst + 10_000)
            seen[one].append(together.spread_per_second(url, chosen.burst, place))
    one, many = (statistics.median(seen[key]) for key in (True, False))
    what = f"one pool in strict turns, against fifty; {together.FOLLOWERS} workers, leads/s"
    return row("P12", what, one, many, 0.7, 0.9)


def grown_row(server: str, sizes: list[int], chosen: argparse.Namespace) -> dict[str, object]:
    """Posts a second into the largest house against the smallest, in turns."""
    seen: dict[int, list[float]] = defaultdict(list)
    for _round in range(chosen.rounds):
        for leads in (sizes[0], sizes[-1]):
            url = grow.ready(server, leads)
            seen[leads].append(together.accepted_in(url, together.keys_of(url), chosen.seconds))
    small, large = (statistics.median(seen[leads]) for leads in (sizes[0], sizes[-1]))
    return row("P5", f"accept at {sizes[-1]} leads, against {sizes[0]}, posts/s", large, small, 0.90, 0.95)


def processor_row(cost: list[tuple[float, float]]) -> dict[str, object]:
    """The same ratio by processor time, which other work on the machine disturbs least; a greater one is better."""
    bare, ours = (statistics.median(side) for side in zip(*cost, strict=True))
    ratio = round(statistics.median(limit / each for limit, each in cost), 3)
    told = "accept: processor time of a post against that of six writes (us; web, database and client)"
    return {**row("P1cpu", told, ours, bare, 0.33, 0.40), "ratio": ratio, "pass": ratio >= 0.33}


def page_rows(server: str, sizes: list[int], rounds: int) -> list[dict[str, object]]:
    """Each page at each size, in turns; the first size is what the others are compared with."""
    urls = {leads: grow.ready(server, leads) for leads in sizes}
    seen: dict[int, dict[str, list[dict[str, Any]]]] = {leads: defaultdict(list) for leads in sizes}
    for turn in range(rounds):
        for leads, url in urls.items():
            command = [sys.executable, "-m", "benchmarks.pages", "--turns", "10", *(["--no-raw"] if turn else [])]
            told = subprocess.run(command, check=True, env={**os.environ, "DATABASE_URL": url}, capture_output=True)
            for each in json.loads(told.stdout.splitlines()[-1])["rows"]:
                seen[leads][each["key"]].append(each)
    found = []
    for leads in sizes:
        found += _rows_of(leads, seen[leads], sizes[0], seen[sizes[0]])
    return found


Pages = dict[str, list[dict[str, Any]]]


def _rows_of(leads: int, seen: Pages, first: int, base: Pages) -> list[dict[str, object]]:
    """P6 to P9 of one size, as far as they can be said of it."""
    million = leads >= 1_000_000
    found = []
    for key, turns in seen.items():
        p50, p95, used = (statistics.median(turn[name] for turn in turns) for name in ("p50", "p95", "processor"))
        told = f"{turns[0]['what']} at {leads} leads (p95 {p95:.0f}, processor {used:.1f} ms; {turns[0]['statements']} statements)"
        if key in P95:
            name, must = P95[key]
            found.append(row(name, f"p95 ms: {told}", p95, None, must, must / 2, least=False))
        if key == "inbox":
            bare = statistics.median(turn["processor"] for turn in seen["bare"])
            found.append(row("P6cpu", f"processor ms, against a bare page: {told}", used, bare, 5, 3, least=False))
        raw = [turn["raw"] for turn in turns if turn["raw"]]
        if raw:  # what it is promised at; smaller houses leave nothing to save
            must, aim = (0.015, 0.005) if million else (None, None)
            found.append(
                row("P8", f"p50 ms, against raw rows: {told}", p50, statistics.median(raw), must, aim, least=False)
            )
        if leads != first and (raw or key == "inbox"):
            then = statistics.median(turn["p50"] for turn in base[key])
            name, must, aim = ("P6", 1.15, 1.03) if key == "inbox" else ("P9", 1.5, 1.2)
            found.append(row(name, f"p50 ms, against {first} leads: {told}", p50, then, must, aim, least=False))
    return found


def _drain() -> None:
    from capture import pipeline as capture_pipeline

    while capture_pipeline.run_batch(1000).claimed:
        pass


if __name__ == "__main__":
    main()
