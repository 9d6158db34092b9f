"""The identity of a request: one id in its answer, in every log line of it and beside the submission it left; it logs no path.

Named in a line are the route, never the address or the query: those hold tokens and what people search for.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import MutableMapping
from typing import Any

from django.conf import settings

from leadops import ids

log = logging.getLogger("leadops.request")
KEPT = "HTTP_LEADOPS_REQUEST"  # where the intake finds it; whatever a sender wrote there is overwritten
HEADER = "X-Request-ID"
GIVEN = re.compile(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")


def give(meta: MutableMapping[str, Any]) -> str:
    """The id a trusted proxy gave, else a new one: senders do not choose what stands in our log. Kept in `meta`."""
    given = meta.get("HTTP_X_REQUEST_ID", "") if settings.TRUSTED_PROXIES else ""
    own: str = given.lower() if GIVEN.fullmatch(given) else str(ids.uuid7())
    meta[KEPT] = own
    return own


def tell(method: str, route: str, status: int, began: float, **more: object) -> None:
    """One line per answer; `began` by `time.perf_counter()`."""
    level = logging.WARNING if status >= 500 else logging.INFO
    if log.isEnabledFor(level):
        took = round((time.perf_counter() - began) * 1000)
        log.log(level, "answered", extra={"method": method, "route": route, "status": status, "ms": took, **more})
