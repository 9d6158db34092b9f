"""How these tests post: a source, a client, and the state of this process as at its start."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from capture import limits, live_sources, refusals
from capture.models import Source
from leadops import moment, sealed
from leadops.testing import SourceFactory

NOON = datetime(2026, 3, 10, 12, 0, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def fresh_process() -> Iterator[None]:
    """Nothing remembered from another test: sources, buckets, counts."""
    live_sources.forget()
    limits.forget_all()
    refusals._counts.clear()
    refusals._last.clear()
    yield
    live_sources.forget()


@pytest.fixture
def noon() -> Iterator[datetime]:
    with moment.at(NOON) as at:
        yield at


@contextmanager
def round_trips(most: int) -> Iterator[None]:
    """What this connection asks of the server, by whatever way: each Query or Sync of the protocol is a round trip."""
    connection.ensure_connection()
    raw = connection.connection.pgconn
    with tempfile.TemporaryFile("w+b") as told:
        raw.trace(told.fileno())
        try:
            yield
        finally:
            raw.untrace()
        told.seek(0)
        sent = re.findall(rb"\tF\t\d+\t(Query|Sync)\b", told.read())
    assert len(sent) == most, sent


def source(slug: str = "website", secret: str = "", **values: Any) -> Source:
    made: Source = SourceFactory(slug=slug, **values)
    if secret:
        sealed.put(f"source:{slug}", secret, moment.now())
    return made


def send(body: Any, key: str = "key-website", client: Client | None = None, **extra: Any) -> Any:
    raw = body if isinstance(body, bytes | str) else json.dumps(body)
    extra.setdefault("content_type", "application/json")
    return (client or Client()).generic("POST", f"/in/{key}", raw, **extra)
