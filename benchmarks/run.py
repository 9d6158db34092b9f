"""`make bench`: the performance table, each figure beside its limit of the same run, in alternating rounds.

A ratio is the median over the rounds, in each of which either side comes first in its turn; seven of them or more are what a bar is
judged by (`turns.interval`).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from benchmarks import accept, grow, house, imports, limits, pipeline, server_alone, together
from benchmarks.turns import Row, line

One, Other = TypeVar("One"), TypeVar("Other")
SIZES = {"10k": [10_000], "100k": [10_000, 100_000], "1m": [10_000, 1_000_000]}  # of houses, by SIZE
AGAIN = 4  # batches whose statements are said again
AGAIN_TOLD = "P2's statements again, one after the other, without the process that made them, leads/s"
Pages = dict[str, list[dict[str, Any]]]  # by key, what `benchmarks.pages` told each turn
# An action or page for one person -> its bar, p95 in milliseconds
P95 = {"lead": ("P7", 150.0), "search": ("P7", 100.0), "action": ("P7", 120.0)}


def end_as_asked() -> None:
    """Whoever ends this process by a signal ends those it started, too."""
    signal.signal(signal.SIGTERM, lambda *_told: sys.exit(143))


def main() -> None:
    end_as_asked()
    ask = argparse.ArgumentParser()
    ask.add_argument("--rounds", type=int, default=7, help="of fewer than five no interval is told")
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
    grow.has_room(server, chosen.leads)
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
    told = []
    for row in rows_of(server, url, keys, chosen):
        told.append(row.told())
        print(line(told[-1]), flush=True)  # what was measured is told, whatever becomes of the rest
    if chosen.json:
        print(json.dumps({"rows": told}))


def rows_of(server: str, url: str, keys: list[str], chosen: argparse.Namespace) -> Iterator[Row]:
    if chosen.only != "pages":
        yield from measure(url, keys, chosen)
    yield from page_rows(server, chosen.leads, chosen.rounds)
    if len(chosen.leads) > 1 and chosen.only != "pages":
        yield grown_row(server, chosen.leads, chosen)


def measure(url: str, keys: list[str], chosen: argparse.Namespace) -> Iterator[Row]:
    """Each part counts its people from ten millions of its own: nobody is met twice."""
    yield from accept_rows(url, keys, chosen)
    _drain()
    yield from pipeline_rows(url, keys, chosen, 10_000_000)
    yield sustained_row(url, keys, chosen)
    counts = [pipeline.statements(n, 20_000_000 + n * 10) for n in (1, 100, 1000)]
    what = f"SQL statements of a batch of 1, 100, 1000: {counts}"
    yield Row("P11", what, [(max(counts), None)], 25, 15, least=False)
    yield sums_row(chosen, 30_000_000)
    yield spread_row(url, chosen, 40_000_000)
    yield import_row(url, chosen, 60_000_000)


def _both(turn: int, one: Callable[[], One], other: Callable[[], Other]) -> tuple[One, Other]:
    """Both of a pair; who comes first changes from turn to turn, so that a machine that slows down favours neither."""
    if turn % 2:
        second = other()
        return one(), second
    return one(), other()


def _accepted(url: str, server: Any, keys: list[str], seconds: float) -> tuple[accept.Taken, float]:
    """What was taken, and the processor's microseconds of a post on all sides."""
    with house.server_time(url) as database:
        taken = accept.posts(server, keys, seconds)
    return taken, taken.web + taken.client + database.seconds / taken.count * 1e6


def accept_rows(url: str, keys: list[str], chosen: argparse.Namespace) -> Iterator[Row]:
    """P1 by rates, and by processor time, which other work on the machine disturbs least; and beside bare Django."""
    bare, floor, taken, costs = [], [], [], []
    with accept.web(url) as server, accept.bare() as django_alone:
        for each in (server, django_alone):
            accept.posts(each, keys, 1)  # every thread has its connection and its statement
        for turn in range(chosen.rounds):
            limit, (ours, cost) = _both(
                turn, lambda: limits.cost(url, 8, chosen.seconds), lambda: _accepted(url, server, keys, chosen.seconds)
            )
            bare.append(limit)
            taken.append(ours)
            costs.append(cost)
            floor.append(accept.posts(django_alone, keys, chosen.seconds))
    yield Row("L8", "six writes of a lead, 8 clients, leads/s", [(each.rate, None) for each in bare])
    alone = [(each.rate, limit.rate) for each, limit in zip(floor, bare, strict=True)]
    yield Row("D", "bare Django: one INSERT by the ORM and nothing else, served as our web is, posts/s", alone)
    rates = [(ours.rate, limit.rate) for ours, limit in zip(taken, bare, strict=True)]
    yield Row("P1", accepted(taken), rates, 0.33, 0.40)
    beside = [(ours.rate, each.rate) for ours, each in zip(taken, floor, strict=True)]
    yield Row("P1d", "accept against bare Django's one INSERT, posts/s", beside, 0.75)
    told = "accept: processor time of a post against that of six writes (us; web, database and client)"
    spent = [(ours, limit.processor) for ours, limit in zip(costs, bare, strict=True)]
    yield Row("P1cpu", told, spent, 0.33, 0.40, of="cost")


def pipeline_rows(url: str, keys: list[str], chosen: argparse.Namespace, start: int) -> Iterator[Row]:
    """P2 by rates and by processor time, beside bare Django, and what the server alone needs for the same statements."""
    rates, spent, alone, floor = [], [], [], []
    pipeline.leads_per_second(1000, start)
    with accept.bare() as django_alone:
        accept.posts(django_alone, keys, 1)
        for turn in range(chosen.rounds):
            place = start + 2000 + turn * (chosen.burst + 1000 * AGAIN)
            limit, burst = _both(
                turn,
                lambda: limits.cost(url, 8, chosen.seconds),
                lambda place=place: pipeline.leads(url, chosen.burst, place),  # type: ignore[misc]
            )
            rates.append((burst.rate, limit.rate))
            spent.append((burst.processor, limit.processor))
            alone.append((server_alone.leads_per_second(url, AGAIN, place + chosen.burst), limit.rate))
            floor.append((burst.rate, accept.posts(django_alone, keys, chosen.seconds).rate))
    yield Row("P2", f"pipeline, burst of {chosen.burst}, one process, leads/s", rates, 0.40, 1.0)
    yield Row("P2d", "pipeline against bare Django's one INSERT, leads/s", floor)
    told = "pipeline: processor time of a lead against that of six writes (us; process and database)"
    yield Row("P2cpu", told, spent, 0.40, 1.0, of="cost")
    yield Row("P2db", AGAIN_TOLD, alone)


def accepted(taken: list[accept.Taken]) -> str:
    p50, web, client = (statistics.median(getattr(each, name) for each in taken) for name in ("p50", "web", "client"))
    return (
        f"accept: committed and 202, 8 clients, posts/s (p50 {p50:.1f} ms; us each: web {web:.0f}, client {client:.0f})"
    )


def sustained_row(url: str, keys: list[str], chosen: argparse.Namespace) -> Row:
    turns = [
        _both(
            turn,
            lambda: together.sustained(url, keys, chosen.seconds),
            lambda: limits.leads_per_second(url, 8, chosen.seconds),
        )
        for turn in range(chosen.rounds)
    ]
    return Row("P3", "accept and pipeline at once, from the first post to the last owner, leads/s", turns, 0.20, 0.35)


def sums_row(chosen: argparse.Namespace, start: int) -> Row:
    """How much of the pipeline's rate is left where the same processor also keeps the sums of the reports."""
    spans = [together.with_sums(chosen.burst, start + n * chosen.burst) for n in range(chosen.rounds)]
    turns = [(chosen.burst / (worked + kept), chosen.burst / worked) for worked, kept in spans]
    return Row("P10", "pipeline with the sums of the reports, equal to a recount, leads/s", turns, 0.85, 0.92)


def spread_row(url: str, chosen: argparse.Namespace, start: int) -> Row:
    """The same leads and rules, to one pool and to fifty."""
    together.furnish_pools()
    turns = []
    for turn in range(chosen.rounds):
        place = start + 2 * turn * (chosen.burst + 10_000)
        turns.append(
            _both(
                turn,
                lambda place=place: _spread(url, chosen, True, place),  # type: ignore[misc]
                lambda place=place: _spread(url, chosen, False, place + chosen.burst + 10_000),  # type: ignore[misc]
            )
        )
    what = f"one pool in strict turns, against fifty; {together.FOLLOWERS} workers, leads/s"
    return Row("P12", what, turns, 0.7, 0.9)


def _spread(url: str, chosen: argparse.Namespace, one: bool, place: int) -> float:
    together.rule_pools(one)
    return together.spread_per_second(url, chosen.burst, place)


def import_row(url: str, chosen: argparse.Namespace, start: int) -> Row:
    turns = []
    for turn in range(chosen.rounds):
        table = imports.rows(chosen.rows, start + turn * chosen.rows)
        turns.append((imports.rows_per_second(table)["all"], limits.copied_per_second(url, chosen.rows)))
    return Row("P13", f"import of {chosen.rows} rows, full path, rows/s", turns, 0.05, 0.10)


def grown_row(server: str, sizes: list[int], chosen: argparse.Namespace) -> Row:
    """Posts a second into the largest house against the smallest, in turns."""
    turns = []
    for _round in range(chosen.rounds):
        small, large = (
            together.accepted_in(url, together.keys_of(url), chosen.seconds)
            for url in (grow.ready(server, leads) for leads in (sizes[0], sizes[-1]))
        )
        turns.append((large, small))
    return Row("P5", f"accept at {sizes[-1]} leads, against {sizes[0]}, posts/s", turns, 0.90, 0.95)


def page_rows(server: str, sizes: list[int], rounds: int) -> list[Row]:
    """Each page at each size, in turns; the first size is what the others are compared with."""
    urls = {leads: grow.ready(server, leads) for leads in sizes}
    seen: dict[int, Pages] = {leads: defaultdict(list) for leads in sizes}
    for turn in range(rounds):
        for leads, url in urls.items():
            command = [sys.executable, "-m", "benchmarks.pages", "--turns", "10", *(["--no-raw"] if turn else [])]
            told = subprocess.run(command, check=True, env={**os.environ, "DATABASE_URL": url}, capture_output=True)
            for each in json.loads(told.stdout.splitlines()[-1])["rows"]:
                seen[leads][each["key"]].append(each)
    return [row for leads in sizes for row in _rows_of(leads, seen[leads], sizes[0], seen[sizes[0]])]


def _rows_of(leads: int, seen: Pages, first: int, base: Pages) -> Iterator[Row]:
    """P6 to P9 of one size, as far as they can be said of it."""
    million = leads >= 1_000_000
    for key, turns in seen.items():
        p95, used = (statistics.median(turn[name] for turn in turns) for name in ("p95", "processor"))
        told = f"{turns[0]['what']} at {leads} leads (p95 {p95:.0f}, processor {used:.1f} ms; {turns[0]['statements']} statements)"
        if key in P95:
            name, must = P95[key]
            yield Row(name, f"p95 ms: {told}", [(turn["p95"], None) for turn in turns], must, must / 2, least=False)
        if key == "inbox":
            pairs = [(turn["processor"], bare["processor"]) for turn, bare in zip(turns, seen["bare"], strict=True)]
            yield Row("P6cpu", f"processor ms, against a bare page: {told}", pairs, 5, 3, least=False)
        raw = next((turn["raw"] for turn in turns if turn["raw"]), None)  # once: it takes minutes
        if raw:  # what it is promised at; smaller houses leave nothing to save
            must, aim = (0.015, 0.005) if million else (None, None)
            against = [(turn["p50"], raw) for turn in turns]
            yield Row("P8", f"p50 ms, against raw rows (counted once): {told}", against, must, aim, least=False)
        if leads != first and (raw or key == "inbox"):
            pairs = [(turn["p50"], then["p50"]) for turn, then in zip(turns, base[key], strict=True)]
            name, must, aim = ("P6", 1.15, 1.03) if key == "inbox" else ("P9", 1.5, 1.2)
            yield Row(name, f"p50 ms, against {first} leads: {told}", pairs, must, aim, least=False)


def _drain() -> None:
    from capture import pipeline as capture_pipeline

    while capture_pipeline.run_batch(1000).claimed:
        pass


if __name__ == "__main__":
    main()
