"""What several parts of one page ask for is read once in its request; outside of a request it is read each time.

For small tables of words and names, that no request changes and then shows.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from leadops.models import Reason, Status

T = TypeVar("T")
_kept: ContextVar[dict[Hashable, Any] | None] = ContextVar("leadops.kept", default=None)


@contextmanager
def keeping() -> Iterator[None]:
    """One request."""
    before = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(before)


def kept(key: Hashable, read: Callable[[], T]) -> T:
    """What `read` gives; in a request it is asked once for each key."""
    held = _kept.get()
    if held is None:
        return read()
    if key not in held:
        held[key] = read()
    found: T = held[key]
    return found


def reasons() -> list[Reason]:
    """All reasons, in the order of the model."""
    return kept(Reason, lambda: list(Reason.objects.all()))


def statuses() -> list[Status]:
    """All statuses, in the order of the model."""
    return kept(Status, lambda: list(Status.objects.all()))
