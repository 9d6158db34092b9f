"""Django's PostgreSQL engine on connections that a frozen server cannot hold, where a server that takes nothing counts as
one that is away, and where an id is read in half the time; it changes nothing else of it.
"""

from __future__ import annotations

import uuid
from types import SimpleNamespace
from typing import Any

import psycopg
from django.conf import settings
from django.db.backends.postgresql import base
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


class DatabaseWrapper(base.DatabaseWrapper):
    Database: Any = SimpleNamespace(**{**vars(psycopg), "connect": WatchedConnection.connect, "OperationalError": AWAY})

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        made = super().get_new_connection(conn_params)
        made.adapters.register_loader("uuid", _Id)
        return made
