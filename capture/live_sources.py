"""Sources as the intake needs them, kept in this process for a second or two; reads two tables, writes none."""

from __future__ import annotations

import re
import threading
import time
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from capture.adapters import ADAPTERS, Adapter
from capture.models import Source
from leadops import sealed

KEEP = 1.5  # seconds: how long a changed key, state or secret may go unnoticed
MOST = 2_000
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
        found = (now, _read(key, at))
        with _lock:
            if len(_known) >= MOST:
                _known.clear()
            _known[key] = found
    return found[1]


def forget() -> None:
    """Look again at the next request (tests, and whoever just changed a source in this process)."""
    with _lock:
        _known.clear()


def _read(key: str, at: datetime) -> LiveSource | None:
    source = Source.objects.filter(key=key).exclude(state=Source.State.ENDED).first()
    return live(source, at) if source else None


def live(source: Source, at: datetime) -> LiveSource:
    adapter = ADAPTERS.get(source.adapter, ADAPTERS["json"])
    return LiveSource(
        id=source.pk,
        slug=source.slug,
        adapter=adapter,
        signed=source.signed,
        scheme=source.scheme or adapter.scheme,
        mapping=source.mapping if isinstance(source.mapping, dict) else {},
        secrets=tuple(sealed.live(f"source:{source.slug}", at)),
        handshakes=tuple(sealed.live(f"handshake:{source.slug}", at)) if source.scheme == "meta" else (),
    )
