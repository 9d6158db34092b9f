"""Pages with many leads in the database: the inbox of a rep, the reports of the house; p50 and p95 in ms, statements."""

from __future__ import annotations

import os
import statistics
import time
from datetime import date, timedelta

YEAR = timedelta(days=365)
EACH = 6  # lives of each story: enough for every rep to have some of most
REP, EXECUTIVE = "rep.0@example.com", "exec.bench@example.com"
# what, address, reader, p50 it must stay below at ten thousand leads (milliseconds)
PAGES = (
    ("inbox page", "/inbox", REP, 150),
    ("source report", "/reports/sources", EXECUTIVE, 500),
    ("source report, a year", "/reports/sources?period=custom&first_day={first}&last_day={last}", EXECUTIVE, None),
    ("funnel", "/reports/funnel", EXECUTIVE, None),
    ("funnel, a year", "/reports/funnel?period=custom&first_day={first}&last_day={last}", EXECUTIVE, None),
    ("response", "/reports/response", EXECUTIVE, None),
    ("overview", "/reports/executive", EXECUTIVE, None),
    ("velocity", "/reports/velocity", EXECUTIVE, None),
    ("deals", "/reports/deals", EXECUTIVE, None),
    ("live", "/reports/live", EXECUTIVE, None),
    ("response, a year", "/reports/response?period=custom&first_day={first}&last_day={last}", EXECUTIVE, None),
)


class House:
    """Grows by copies of lived leads, spread over a year that ends now."""

    def __init__(self) -> None:
        from benchmarks import patterns, stories
        from leadops import moment
        from leadops.models import Role
        from leadops.testing import member

        self.until = moment.now()
        stories.furnish()
        stories.spend((self.until - YEAR).date(), self.until.date(), self.until)
        member("Exec Bench", Role.EXECUTIVE)
        lives = stories.live(EACH, self.until - timedelta(days=1))
        self.lived = [patterns.pattern_of(life, share) for life, share in lives]
        self.copies = 0

    def grow(self, leads: int) -> float:
        """Until it holds so many leads; returns the seconds this took."""
        from benchmarks import copies
        from leadops.models import Lead
        from reports import facts

        began, more = time.perf_counter(), leads - Lead.objects.count()
        if more > 0:
            copies.write(self.lived, more, self.until - YEAR, self.until, self.copies)
            self.copies += more
            facts.rebuild()
        return time.perf_counter() - began


def rows(turns: int = 30) -> list[tuple[str, float, float, int, float | None, float]]:
    """(what, p50, p95, statements, must, load average) of each page, as the house is now."""
    first, last = date.today() - timedelta(days=364), date.today()
    found = []
    for what, url, reader, must in PAGES:
        p50, p95, statements = timed(url.format(first=first, last=last), reader, turns)
        found.append((what, p50, p95, statements, must, os.getloadavg()[0]))
    return found


def timed(url: str, user_email: str, turns: int = 30) -> tuple[float, float, int]:
    """p50 and p95 milliseconds of a page through the whole stack, in process, and its statements."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from leadops.models import User

    client = Client()
    client.force_login(User.objects.get(email=user_email), backend="leadops.desk.signin.EmailBackend")
    spans = []
    for _turn in range(turns):
        began = time.perf_counter()
        answer = client.get(url)
        spans.append((time.perf_counter() - began) * 1000)
        if answer.status_code != 200:
            raise SystemExit(f"{url}: {answer.status_code}")
    with CaptureQueriesContext(connection) as queries:
        client.get(url)
    spans.sort()
    return statistics.median(spans), spans[int(len(spans) * 0.95)], len(queries)
