"""/healthz: the process is up. /readyz: database, migrations, ticker and clusters make progress."""

from __future__ import annotations

from functools import lru_cache

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from leadops.platform import heartbeats

STALE = {"ticker": 40.0, "cluster:now": 60.0, "cluster:long": 60.0}


@lru_cache(maxsize=1)
def _migrated_once(_: bool) -> None:
    """Marker of a positive answer; a negative one is asked again."""


def _migrated() -> bool:
    if _migrated_once.cache_info().currsize:
        return True
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return False
    _migrated_once(True)
    return True


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "up"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 only when work really flows; each part is named with its state."""
    try:
        ages = heartbeats.ages()
        parts = {"database": True, "migrations": _migrated()}
    except DatabaseError:
        connection.close()
        return JsonResponse(
            {"status": "not ready", "parts": {"database": False}}, status=503, headers={"Retry-After": "5"}
        )
    parts |= {name: ages.get(name, 1e9) < limit for name, limit in STALE.items()}
    ready = all(parts.values())
    return JsonResponse({"status": "ready" if ready else "not ready", "parts": parts}, status=200 if ready else 503)
