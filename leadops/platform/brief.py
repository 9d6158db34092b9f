"""A cache of this process alone that forgets within seconds: for what another process may end at any moment, such as a session.

Each web process has a memory of its own; what one deletes, the others find out only by asking the database again.
"""

from __future__ import annotations

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache

SECONDS = 5.0


class Brief(LocMemCache):
    """Whatever time is asked for, nothing is kept longer than `SECONDS`."""

    def get_backend_timeout(self, timeout: float | int | None = DEFAULT_TIMEOUT) -> float | None:
        wanted = SECONDS if timeout is None or timeout is DEFAULT_TIMEOUT else min(float(timeout), SECONDS)
        return super().get_backend_timeout(wanted)
