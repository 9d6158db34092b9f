"""Sources as the intake needs them, kept in this process for a second or two; reads two tables, writes none."""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from capture.adapters import ADAPTERS, Adapter
from capture.models import Source
from leadops import sealed

KEEP = 1.5  # seconds: how long a changed key, state or secret may go unnoticed
MOST = 2_000
TOGETHER = 200  # sources looked at again in one go
_key = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class LiveSource:
    """What accepting a request of a source depends on."""

    id: uuid.UUID
    slug: str
    adapter: Adapter
    signed: bool
    scheme: str
    mapping: dict[str, Any]
    secrets: tuple[str, ...]
    handshakes: tuple[str, ...]


_lock = threading.Lock()
_known: dict[str, tuple[float, LiveSource | None]] = {}


def by_key(key: str, at: datetime) -> LiveSource | None:
    """The source at /in/<key>, unless there is none or it has ended."""
    if not _key.fullmatch(key):
        return None
    now = time.monotonic()
    found = _known.get(key)
    if found is None or now - found[0] > KEEP:
        # the intake has no beginning of a request at which a connection that died meanwhile would be noticed
        connection.health_check_done = connection.in_atomic_block  # type: ignore[attr-defined]
        fresh = _read({key, *_stale(now)}, at)
        with _lock:
            if len(_known) >= MOST:
                _known.clear()
            _known.update((each, (now, source)) for each, source in fresh.items())
        return fresh[key]
    return found[1]


def remembered(key: str) -> str:
    """The name in figures of whoever was last seen at this key, however long ago; empty where nobody was."""
    found = _known.get(key)
    return found[1].slug if found and found[1] else ""


def _stale(now: float) -> list[str]:
    """Sources in use whose time is up too: all are read at once, however many a house has."""
    held = list(_known.items())
    return [key for key, (read_at, source) in held if source is not None and now - read_at > KEEP][:TOGETHER]


def forget() -> None:
    """Look again at the next request (tests, and whoever just changed a source in this process)."""
    with _lock:
        _known.clear()


def _read(keys: set[str], at: datetime) -> dict[str, LiveSource | None]:
    rows = list(Source.objects.filter(key__in=keys).exclude(state=Source.State.ENDED))
    owners = [owner for row in rows for owner in (f"source:{row.slug}", f"handshake:{row.slug}")]
    secrets = sealed.live_of(owners, at) if owners else {}
    return {**dict.fromkeys(keys), **{row.key: _of(row, secrets) for row in rows}}


def live(source: Source, at: datetime) -> LiveSource:
    """One source as it is now, read past the memory."""
    return _of(source, sealed.live_of([f"source:{source.slug}", f"handshake:{source.slug}"], at))


def _of(source: Source, secrets: Mapping[str, list[str]]) -> LiveSource:
    adapter = ADAPTERS.get(source.adapter, ADAPTERS["json"])
    held = tuple(secrets.get(f"source:{source.slug}", ()))
    return LiveSource(
        id=source.pk,
        slug=source.slug,
        adapter=adapter,
        signed=source.signed,
        scheme=(source.scheme or adapter.scheme) if held else "",  # without a secret nothing can be checked
        mapping=source.mapping if isinstance(source.mapping, dict) else {},
        secrets=held,
        handshakes=tuple(secrets.get(f"handshake:{source.slug}", ())) if source.scheme == "meta" else (),
    )
