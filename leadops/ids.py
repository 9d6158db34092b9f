"""Identifiers with an address outside: UUIDv7 (RFC 9562) in creation order, secrets, and short forms to read aloud.

Nothing here decides when something happened: the time inside an id orders, it does not testify.
"""

from __future__ import annotations

import os
import secrets
import struct
import threading
import time
import uuid
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from datetime import datetime
from random import Random

COUNTER_BITS = 26  # rand_a (12 bits) and the head of rand_b (14): 67 million ids in order inside one millisecond
COUNTER_TOP = 1 << COUNTER_BITS
RANDOM_BITS = 48  # the tail of rand_b, fresh for every id

BLOCK = 4096  # bytes of chance fetched from the system at once

_SEVEN = 7 << 76 | 2 << 62  # version and variant
_lock = threading.Lock()
_block, _used = b"", 0
_tails: list[int] = []  # of ids to come
_last = 0  # the latest real millisecond used; a clock set back does not take ids back
_count = secrets.randbelow(COUNTER_TOP // 2)
_told: tuple[Random, Callable[[], datetime]] | None = None  # chance and clock of `seeded`


def chance(nbytes: int) -> bytes:
    """Bytes nobody can foretell, from blocks of the system's: asking for each few of them is most of what an id costs."""
    global _block, _used
    with _lock:
        if _used + nbytes > len(_block):
            _block, _used = os.urandom(max(BLOCK, nbytes)), 0
        _used += nbytes
        return _block[_used - nbytes : _used]


def uuid7(at: datetime | None = None) -> uuid.UUID:
    """A new id: after every earlier one of this process, or stamped with a past instant when one is given.

    The counter never starts over, so ids made for the same `at` keep the order in which they were made.
    """
    global _last, _count
    with _lock:
        if _told is not None:
            tail = _told[0].getrandbits(RANDOM_BITS)
        else:
            if not _tails:
                _tails.extend(word >> 64 - RANDOM_BITS for word in _words(os.urandom(BLOCK)))
            tail = _tails.pop()
        count = _count = _count + 1
        wrapped = count >= COUNTER_TOP
        if wrapped:
            count = _count = 0
        if at is None and _told is not None:
            at = _told[1]()
        if at is None:
            milli = time.time_ns() // 1_000_000
            if wrapped or milli < _last:
                milli = max(milli, _last + wrapped)
            _last = milli
        else:
            milli = int(at.timestamp() * 1000)
    if not 0 <= milli < 1 << 48:
        raise ValueError(f"no id can carry {at}")
    return _made(milli << 80 | _SEVEN | count >> 14 << 64 | (count & 0x3FFF) << 48 | tail)


@contextmanager
def seeded(seed: int, clock: Callable[[], datetime]) -> Iterator[None]:
    """Ids of this process that come out the same each time: for a story that is told again, never for secrets."""
    global _told, _count
    before, kept = _told, _count
    _told, _count = (Random(seed), clock), 0  # noqa: S311  no id is a secret
    try:
        yield
    finally:
        _told, _count = before, max(kept, _count)


_words = struct.Struct(f">{BLOCK // 8}Q").unpack
_blank = object.__new__
_set_int, _set_safe = uuid.UUID.int.__set__, uuid.UUID.is_safe.__set__  # type: ignore[attr-defined,misc]  # its slots
_unknown = uuid.SafeUUID.unknown


def _made(value: int) -> uuid.UUID:
    """`uuid.UUID(int=value)` without its questions: ids are a tenth of a batch's cost."""
    made = _blank(uuid.UUID)
    _set_int(made, value)
    _set_safe(made, _unknown)
    return made


def of_text(text: bytes) -> uuid.UUID:
    """The id a server wrote, which is sure to be one."""
    return _made(int(text.replace(b"-", b""), 16))


def token(nbytes: int = 32) -> str:
    """A secret for a link or a key, safe in a URL."""
    return secrets.token_urlsafe(nbytes)


def short(value: uuid.UUID) -> str:
    """Eight characters to read aloud: the random end, since ids made together share their beginning."""
    return value.hex[-8:]


def unused(base: str, taken: Container[str | None]) -> str:
    """A key nobody has: the base itself, else with the first number that is free (`fair`, `fair-2`)."""
    return next(key for n in range(1, 10_000) if (key := base if n == 1 else f"{base}-{n}") not in taken)


def _renew_child() -> None:
    global _lock, _block, _used
    _lock = threading.Lock()
    _block, _used = b"", 0
    _tails.clear()


# a fork while another thread holds the lock must not stop the child, nor may two processes use the same chance
os.register_at_fork(after_in_child=_renew_child)
