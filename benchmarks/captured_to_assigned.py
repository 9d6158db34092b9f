"""Measures a running house: from the sending of a posted lead to the commit that assigned it, and where the time goes.

    .venv/bin/python -m benchmarks.captured_to_assigned [leads per second] [seconds] [--leads N]

Its own private server (with commit times recorded) in a temporary folder; nothing of this checkout's data is touched.
With `--leads` a copy of a grown house on this checkout's private server, which is started anew for it.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from benchmarks import grow
from leadops.platform import cluster_files, postgres
from leadops.platform.supervisor import Patience
from leadops.platform.tests.house import SOURCE, House, until

CLIENTS = 8
QUERY = """
SELECT s.id::text, extract(epoch FROM s.received_at)::float8,
       extract(epoch FROM pg_xact_commit_timestamp(s.xid::text::xid))::float8,
       extract(epoch FROM j.at)::float8,
       extract(epoch FROM pg_xact_commit_timestamp(j.xid::text::xid))::float8
FROM capture_submission s JOIN leadops_journalentry j ON j.lead_id = s.lead_id AND j.kind = 'assigned'
"""
TASKS = """
SELECT extract(epoch FROM started)::float8, extract(epoch FROM stopped)::float8
FROM django_q_task WHERE func LIKE '%%run_pipeline' ORDER BY started
"""


def post_all(house: House, rate: float, seconds: float) -> dict[str, float]:
    """Post at an even pace from several clients; when each submission was sent."""
    sent: dict[str, float] = {}
    count, begin = int(rate * seconds), time.monotonic() + 0.5
    todo = iter(range(count))
    lock = threading.Lock()

    def client() -> None:
        line = http.client.HTTPConnection("127.0.0.1", house.port, timeout=30)
        while True:
            with lock:
                number = next(todo, None)
            if number is None:
                return
            time.sleep(max(0.0, begin + number / rate - time.monotonic()))
            name = f"m{os.getpid()}x{number}"
            body = json.dumps({"email": f"{name}@{name}.example", "name": name, "company": name, "country": "FR"})
            at = time.time()
            line.request("POST", f"/in/{SOURCE}", body, {"Content-Type": "application/json"})
            answer = line.getresponse()
            said = json.loads(answer.read())
            assert answer.status == 202, said
            sent[said["submission"]] = at

    clients = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for each in clients:
        each.start()
    for each in clients:
        each.join()
    return sent


def processor_times(house: House) -> dict[str, float]:
    """Seconds each child (its whole group) and the database server used so far."""
    used: dict[str, float] = {}
    server = cluster_files.postmaster(cluster_files.files_of(house.var).data)
    tops = {name: house.leader(name) for name in house.supervisor.watched}
    tops["postgresql"] = psutil.Process(server)
    for name, top in tops.items():
        times = [each.cpu_times() for each in (top, *top.children(recursive=True))]
        used[name] = sum(each.user + each.system for each in times)
    return used


def line_of(name: str, seconds: list[float]) -> str:
    found = sorted(seconds)
    at = [found[min(len(found) - 1, int(len(found) * share))] * 1000 for share in (0.5, 0.95, 0.99)]
    return (
        f"{name:<44} p50 {at[0]:7.1f} ms   p95 {at[1]:7.1f} ms   p99 {at[2]:7.1f} ms   max {found[-1] * 1000:7.1f} ms"
    )


def report(house: House, sent: dict[str, float]) -> None:
    rows = [row for row in house.ask(QUERY) if row[0] in sent]
    tasks = house.ask(TASKS)
    enqueued = [max((task[0] for task in tasks if task[0] <= at <= task[1]), default=None) for _, _, _, at, _ in rows]
    print(f"{len(rows)} of {len(sent)} assigned; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    print(line_of("sent -> assigned (committed)", [row[4] - sent[row[0]] for row in rows]))
    print(line_of("  sent -> submission committed", [row[2] - sent[row[0]] for row in rows]))
    known = [(row, at) for row, at in zip(rows, enqueued, strict=True) if at is not None]
    print(line_of("  committed -> task enqueued (bell, ticker)", [max(0.0, at - row[2]) for row, at in known]))
    print(line_of("  enqueued -> unit begins (queue, worker)", [row[3] - max(at, row[2]) for row, at in known]))
    print(line_of("  unit begins -> committed (pipeline)", [row[4] - row[3] for row in rows]))


class GrownHouse(House):
    """The same house over a copy of a grown one, on this checkout's private server."""

    leads = 0

    def database(self) -> str:
        server = postgres.ensure()
        grown = grow.ready(server, self.leads)
        with psycopg.connect(server, autocommit=True) as conn:
            conn.execute("DROP DATABASE IF EXISTS leadops_p4 WITH (FORCE)")
            conn.execute(
                sql.SQL("CREATE DATABASE leadops_p4 TEMPLATE {}").format(sql.Identifier(grow.name(self.leads)))
            )
        return grown.replace(grow.name(self.leads), "leadops_p4")


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("rate", type=float, nargs="?", default=20.0, help="leads per second")
    ask.add_argument("seconds", type=float, nargs="?", default=30.0)
    ask.add_argument("--leads", type=int, default=0, help="over a grown house of so many")
    chosen = ask.parse_args()
    rate, seconds = chosen.rate, chosen.seconds
    postgres.OPTIONS["track_commit_timestamp"] = "on"
    top = Path(tempfile.mkdtemp(prefix="lo"))
    top.chmod(0o755)
    house = (GrownHouse if chosen.leads else House)(top, Patience(), "leadops.settings")
    if isinstance(house, GrownHouse):
        postgres.stop()  # it starts anew with commit times recorded
        house.leads = chosen.leads
    try:
        began = time.monotonic()
        house.start()
        until(house.ready, 120, look=0.5)
        print(f"ready after {time.monotonic() - began:.1f} s")
        # what fell due since the house was grown is worked off first, as it would have been all along
        until(lambda: not house.ask("SELECT 1 FROM routing_clock WHERE state = 'running' AND next_at <= now()"), 600)
        print(f"nothing overdue after {time.monotonic() - began:.1f} s")
        for warm in range(20):
            house.flows(f"warm{warm}", 30)
        house.command(sys.executable, "-m", "benchmarks.queue_wake")
        before = {} if chosen.leads else processor_times(house)
        sent = post_all(house, rate, seconds)
        for name, used in ({} if chosen.leads else processor_times(house)).items():
            print(f"processor time of {name:<24} {(used - before.get(name, 0.0)) / seconds * 100:5.1f} %")
        until(lambda: not house.ask("SELECT 1 FROM capture_submission WHERE \"end\" = 'pending'"), 120)
        report(house, sent)
    finally:
        house.stop()
        cluster_files.remove(house.var)
        shutil.rmtree(top)


if __name__ == "__main__":
    main()
