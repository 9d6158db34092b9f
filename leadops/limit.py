"""How often one key may do something: buckets in this process's memory, each process with its share.

A limit never loses anything: who is told to wait is told for how long.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings

MOST_KEYS = 20_000  # the oldest fall out: a flood of addresses must not fill the memory


@dataclass(slots=True)
class _Bucket:
    level: float
    at: float


class Limit:
    """A bucket per key of `most` tokens that fills in `seconds`; `share` splits it among the web processes."""

    def __init__(self, most: float, seconds: float, *, share: bool = True) -> None:
        parts = settings.WEB_WORKERS if share else 1
        self.most = max(1.0, math.ceil(most / parts))
        self.rate = self.most / seconds
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def _bucket(self, key: str) -> _Bucket:
        now = time.monotonic()
        found = self._buckets.get(key)
        if found is None:
            found = self._buckets[key] = _Bucket(self.most, now)
            if len(self._buckets) > MOST_KEYS:
                self._buckets.popitem(last=False)
        found.level = min(self.most, found.level + (now - found.at) * self.rate)
        found.at = now
        return found

    def take(self, key: str) -> int:
        """0 when one more may pass; else the seconds to wait, and nothing is taken."""
        with self._lock:
            bucket = self._bucket(key)
            if bucket.level >= 1:
                bucket.level -= 1
                return 0
            return max(1, math.ceil((1 - bucket.level) / self.rate))

    def spent(self, key: str) -> bool:
        """Whether nothing is left, without taking."""
        with self._lock:
            return key in self._buckets and self._bucket(key).level < 1

    def forget(self) -> None:
        with self._lock:
            self._buckets.clear()


@lru_cache(maxsize=4096)
def network(address: str) -> str:
    """Who sends, to a limit: of an IPv6 address the network of a household or a firm, which has more of them than can be counted."""
    try:
        told = ip_address(address)
    except ValueError:
        return address
    if isinstance(told, IPv6Address):
        return str(told.ipv4_mapped or ip_network((int(told) >> 64 << 64, 64)))
    return str(told)
