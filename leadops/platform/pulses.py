"""Reads how long ago each child last proved that it makes progress, by plain SQL on its own connection; it judges nothing.

The rows are written by work that had to run: `cluster:now` and `cluster:long` by a task in that cluster, `ticker` and
`live` by their own loops. Ages are measured by the database's clock, so hosts may disagree about the time.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping

import psycopg

from leadops.platform.watched import WatchedConnection

QUERY = "select name, extract(epoch from clock_timestamp() - at)::float8 from leadops_heartbeat"
CLOSED = "select current_setting('transaction_read_only') = 'on'"

IN_TIME = 3.0  # seconds; the statement itself may take no longer


class Pulses:
    """One lasting connection to the heartbeats."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connection: psycopg.Connection[tuple[str, float]] | None = None

    def ages(self) -> Mapping[str, float] | None:
        """Seconds since each row was written; None when the database (or its table) does not answer in time, or is
        read-only, so that nobody could have written.

        What a frozen database answers once it goes on counts its own silence as everybody's: it is no answer either.
        """
        asked = time.monotonic()
        try:
            if self.connection is None:
                self.connection = WatchedConnection.connect(
                    self.url, autocommit=True, connect_timeout=3, application_name="leadops-parent"
                )
                self.connection.execute("set statement_timeout = '3s'")
            found = dict(self.connection.execute(QUERY).fetchall())
            closed = self.connection.execute(CLOSED).fetchone()
        except psycopg.Error:
            self.close()
            return None
        in_time = time.monotonic() - asked < IN_TIME
        return found if in_time and closed is not None and not closed[0] else None

    def close(self) -> None:
        if self.connection is not None:
            with contextlib.suppress(psycopg.Error):
                self.connection.close()
        self.connection = None
