"""Django's PostgreSQL engine on connections that a frozen server cannot hold; it changes nothing else of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import psycopg
from django.conf import settings
from django.db.backends.postgresql import base

from leadops.platform.watched import WatchedConnection

WatchedConnection.patience = settings.DATABASE_SILENCE


class DatabaseWrapper(base.DatabaseWrapper):
    Database: Any = SimpleNamespace(**{**vars(psycopg), "connect": WatchedConnection.connect})
