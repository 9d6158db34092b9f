"""Django's PostgreSQL engine on connections that a frozen server cannot hold, where a server that takes nothing counts as
one that is away; it changes nothing else of it.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import psycopg
from django.conf import settings
from django.db.backends.postgresql import base

from leadops.platform.watched import WatchedConnection

WatchedConnection.patience = settings.DATABASE_SILENCE


# What Django calls an OperationalError, answered everywhere by "come back in a moment": psycopg files a server that was
# made read-only (a standby, an emergency brake) among the internal errors, which would be a fault of ours.
AWAY = (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction)


class DatabaseWrapper(base.DatabaseWrapper):
    Database: Any = SimpleNamespace(**{**vars(psycopg), "connect": WatchedConnection.connect, "OperationalError": AWAY})
