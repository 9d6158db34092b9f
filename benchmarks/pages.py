"""Pages of a grown house, through the whole stack and in process: time, processor time, statements.

`python -m benchmarks.pages` measures the house of `DATABASE_URL` and prints JSON as its last line; it changes nothing but
sessions and a note on one lead.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

REP, EXECUTIVE = "rep.0@example.com", "exec.bench@example.com"
YEAR = "?period=custom&first_day={first}&last_day={last}"
# key, what, address, reader
PAGES = (
    ("inbox", "inbox page", "/inbox", REP),
    ("lead", "lead page", "/leads/{lead}", REP),
    ("search", "search of leads", "/leads?q=Company+40000", REP),
    ("sources", "source report", "/reports/sources", EXECUTIVE),
    ("sources year", "source report, a year", f"/reports/sources{YEAR}", EXECUTIVE),
    ("funnel", "funnel", "/reports/funnel", EXECUTIVE),
    ("funnel year", "funnel, a year", f"/reports/funnel{YEAR}", EXECUTIVE),
    ("response", "response", "/reports/response", EXECUTIVE),
    ("response year", "response, a year", f"/reports/response{YEAR}", EXECUTIVE),
    ("overview", "overview", "/reports/executive", EXECUTIVE),
    ("velocity", "velocity", "/reports/velocity", EXECUTIVE),
    ("deals", "deals", "/reports/deals", EXECUTIVE),
    ("live", "live", "/reports/live", EXECUTIVE),
)


@dataclass(frozen=True)
class Seen:
    """Milliseconds of one page: p50 and p95 of its answer, processor time of both sides, and the same figures counted raw."""

    key: str
    what: str
    p50: float
    p95: float
    processor: float
    statements: int
    raw: float | None = None  # the statements of a report without kept facts, added up


def measure(turns: int, only: str = "", raw: bool = True) -> list[Seen]:
    """Every page, an action, and beside them a bare page of the same rows; `only` those whose key begins so.

    Without `raw` no report is counted from the rows themselves, which takes minutes in a large house.
    """
    from leadops.models import Lead, User

    rep = User.objects.get(email=REP)
    lead = Lead.objects.filter(owner=rep.pk, work__isnull=False).order_by("-pk").values_list("pk", flat=True)[0]
    days = {"first": date.today() - timedelta(days=364), "last": date.today()}
    found = []
    for key, what, url, reader in PAGES:
        if not key.startswith(only):
            continue
        ask = asking(reader, url.format(lead=lead, **days))
        counted = uncounted(ask) if raw and reader == EXECUTIVE else None
        found.append(timed(key, what, ask, turns, counted))
    if "action".startswith(only):
        note = asking(REP, f"/leads/{lead}/notes", {"text": "Rings back."})
        found.append(timed("action", "a note on a lead", note, turns))
    found.append(timed("bare", "bare page of 25 rows of a queue", bare(rep.pk), turns))
    return found


def asking(reader: str, url: str, posted: dict[str, str] | None = None) -> Callable[[], Any]:
    """One request of somebody signed in; anything but an answer or a way on stops the measurement."""
    from django.test import Client

    from leadops.models import User

    client = Client()
    client.force_login(User.objects.get(email=reader), backend="leadops.desk.signin.EmailBackend")

    def ask() -> None:
        answer = client.get(url) if posted is None else client.post(url, posted)
        if answer.status_code not in (200, 302, 303):
            raise SystemExit(f"{url}: {answer.status_code}")

    return ask


def bare(owner: Any) -> Callable[[], Any]:
    """What Django alone needs for a page of a queue: one query of 25 rows and a table of them, no middleware."""
    from django.http import HttpResponse
    from django.template import Context, Engine

    from leadops.work import Work

    page = Engine().from_string(
        "<table>{% for row in rows %}<tr><td>{{ row.lead.person.name }}</td><td>{{ row.lead.company }}</td>"
        "<td>{{ row.lead.stage }}</td><td>{{ row.due_at }}</td><td>{{ row.reason }}</td></tr>{% endfor %}</table>"
    )

    def ask() -> HttpResponse:
        queue = Work.objects.filter(owner=owner, wakes_at__isnull=True)
        rows = queue.select_related("lead__person").order_by("due_at", "-score_band", "-heat", "pk")[:25]
        return HttpResponse(page.render(Context({"rows": rows})))

    return ask


def uncounted(ask: Callable[[], Any]) -> float:
    """Milliseconds of a report's statements where no facts are kept: the figures from the rows themselves."""
    from django.db import connection, transaction
    from django.test.utils import CaptureQueriesContext

    from reports.models import FactsRead

    with transaction.atomic():
        FactsRead.objects.update(built_at=None)
        with CaptureQueriesContext(connection) as queries:
            ask()
        transaction.set_rollback(True)
    return sum(float(query["time"]) for query in queries) * 1000


def timed(key: str, what: str, ask: Callable[[], Any], turns: int, raw: float | None = None) -> Seen:
    import psutil
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        ask()
    statements = len(queries)
    server = psutil.Process(connection.connection.info.backend_pid)
    spans, used = [], used_by(server)
    for _turn in range(turns):
        began = time.perf_counter()
        ask()
        spans.append((time.perf_counter() - began) * 1000)
    used = used_by(server) - used
    spans.sort()
    p95 = spans[min(len(spans) - 1, int(len(spans) * 0.95))]
    return Seen(key, what, statistics.median(spans), p95, used / turns * 1000, statements, raw)


def used_by(server: Any) -> float:
    times = server.cpu_times()
    return time.process_time() + float(times.user + times.system)


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--turns", type=int, default=30)
    ask.add_argument("--only", default="", help="pages whose key begins so")
    ask.add_argument("--no-raw", action="store_true", help="no figures from the rows themselves")
    chosen = ask.parse_args()
    os.environ |= {"LEADOPS_MODE": "test", "DJANGO_SETTINGS_MODULE": "leadops.settings"}
    import django

    django.setup()
    import leadops.wsgi  # noqa: F401  what it loads and settles is the web's
    from leadops.models import Lead

    rows = [asdict(seen) for seen in measure(chosen.turns, chosen.only, not chosen.no_raw)]
    for row in rows:
        raw = "" if row["raw"] is None else f"   raw {row['raw']:8.1f} ms"
        print(
            f"{row['what']:<34} p50 {row['p50']:7.1f} ms   p95 {row['p95']:7.1f} ms   "
            f"processor {row['processor']:7.1f} ms   {row['statements']:3} statements{raw}"
        )
    print(json.dumps({"leads": Lead.objects.count(), "load": os.getloadavg()[0], "rows": rows}))


if __name__ == "__main__":
    main()
