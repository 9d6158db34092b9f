"""Django's PostgreSQL engine on connections that a frozen server cannot hold, where a server that takes nothing counts as
one that is away, and where ids and moments are read in half the time; it changes nothing else of it.
"""

from __future__ import annotations

import uuid
from contextlib import suppress
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from django.conf import settings
from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import BaseTzLoader
from psycopg.adapt import Buffer, Loader

from leadops import ids
from leadops.platform.watched import WatchedConnection

WatchedConnection.patience = settings.DATABASE_SILENCE


# What Django calls an OperationalError, answered everywhere by "come back in a moment": psycopg files a server that was
# made read-only (a standby, an emergency brake) among the internal errors, which would be a fault of ours.
AWAY = (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction)


class _Id(Loader):
    def load(self, data: Buffer) -> uuid.UUID:
        return ids.of_text(bytes(data))


UTC = ZoneInfo("UTC")  # as Django names the zone of the connection (`settings.DATABASES`)


class Moment(BaseTzLoader):  # type: ignore[misc]
    """A moment told in UTC is read by Python itself; any other, and what is none to it, goes the driver's way."""

    timezone: Any = UTC

    def load(self, data: Buffer) -> datetime:
        told = bytes(data)
        if told.endswith(b"+00"):
            with suppress(ValueError):
                return datetime.fromisoformat(told[:-3].decode()).replace(tzinfo=UTC)
        usual: datetime = super().load(data)
        return usual


class DatabaseWrapper(base.DatabaseWrapper):
    Database: Any = SimpleNamespace(**{**vars(psycopg), "connect": WatchedConnection.connect, "OperationalError": AWAY})

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        made = super().get_new_connection(conn_params)
        made.adapters.register_loader("uuid", _Id)
        if self.timezone == UTC:
            made.adapters.register_loader("timestamptz", Moment)
        return made
