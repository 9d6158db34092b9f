"""Leads that keep coming: posted over HTTP to the signed source of the demo, as a partner would. Reads one row, writes one count."""

from __future__ import annotations

import json
import logging
import random
import time
import urllib.error
import urllib.request
from datetime import datetime
from typing import Any

from django.db import InterfaceError, OperationalError, close_old_connections
from django.db.models import F

from capture import signatures
from leadops import moment
from leadops.demo import models
from leadops.demo.arrivals import draw
from leadops.demo.cast import ORIGINS
from leadops.demo.company import WEBHOOK_SECRET
from leadops.demo.models import Demo

log = logging.getLogger("leadops.demo")
EVERY = 30.0  # seconds between two leads at speed 1
LOOK = 0.5
PARTNER = next(one for one in ORIGINS if one.signed)
HOT = {
    "title": "Directrice générale",
    "employees": 480,
    "country": "FR",
    "message": "Rappelez-moi aujourd’hui, notre contrat expire.",
}


def run(address: str) -> None:
    """Until the process is ended; a house that does not answer is asked again."""
    last = time.monotonic()
    while True:
        time.sleep(LOOK)
        try:
            close_old_connections()
            demo = models.current()
            if demo is None or demo.state != Demo.State.LIVE:
                last = time.monotonic()
                continue
            since = time.monotonic() - last
            if demo.wanted:
                _send(address, demo, hot=True)
            elif not demo.paused and since >= EVERY / demo.speed:
                last = time.monotonic()
                _send(address, demo, hot=False)
        except (OSError, OperationalError, InterfaceError) as fault:
            log.warning("the trickle waits: %s", fault)
            time.sleep(5)


def _send(address: str, demo: Demo, *, hot: bool) -> None:
    body = body_of(demo, hot=hot)
    post(address, body, moment.now())
    done: dict[str, Any] = {"sent": F("sent") + 1}
    if hot:
        done["wanted"] = F("wanted") - 1
    Demo.objects.filter(pk=1, wanted__gte=int(hot)).update(**done)


def body_of(demo: Demo, *, hot: bool) -> dict[str, Any]:
    """The next lead: the same whoever sends it, so that one sent twice is one delivery."""
    n = demo.leads + demo.sent
    dice = random.Random(f"{demo.seed}:trickle:{n}")  # noqa: S311  a story, not a secret
    body = draw(n, demo.seed, PARTNER, dice, 15)
    return {**body, **HOT} if hot else body


def signed(body: dict[str, Any], at: datetime) -> tuple[bytes, dict[str, str]]:
    """The bytes to send and the header that signs them."""
    raw = json.dumps(body, ensure_ascii=False).encode()
    return raw, {"Idempotency-Key": body["id"], "Leadops-Signature": signatures.sign(WEBHOOK_SECRET, raw, at)}


def post(address: str, body: dict[str, Any], at: datetime) -> int:
    """One signed request; the status of the answer."""
    raw, headers = signed(body, at)
    headers["Content-Type"] = "application/json"
    request = urllib.request.Request(f"{address}/in/demo-{PARTNER.slug}", raw, headers)  # noqa: S310  our own loopback
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        status: int = answer.status
    return status
