"""/healthz: the process is up. /readyz: database, migrations, live, ticker and clusters make progress. They change nothing."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from leadops.effects import stop
from leadops.platform import heartbeats

STALE = {"ticker": 40.0, "live": 40.0, "cluster:now": 60.0, "cluster:long": 60.0}  # seconds


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


def parts() -> dict[str, bool]:
    """Every part that must be well for work to flow, with its state; the first that fails hides what depends on it."""
    try:
        if not _migrated():
            return {"database": True, "migrations": False}
        ages = heartbeats.ages()
    except Error:
        connection.close()
        return {"database": False}
    young = {name: ages.get(name, float("inf")) < limit for name, limit in STALE.items()}
    return {"database": True, "migrations": True, **young}


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "up"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 only when work really flows; each part is named with its state. Mail that is stopped stops no work."""
    state = parts()
    if all(state.values()):
        mail = stop.silence() or ("kept" if settings.MODE == "demo" else "leaves")
        return JsonResponse({"status": "ready", "parts": state, "mail": mail})
    return JsonResponse({"status": "not ready", "parts": state}, status=503, headers={"Retry-After": "5"})
