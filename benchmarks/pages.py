"""Pages with many leads in the database: the inbox of one rep, the source report of the house; p50 and p95 in ms."""

from __future__ import annotations

import statistics
import time


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
