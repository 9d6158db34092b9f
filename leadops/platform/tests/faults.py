"""Faults for the running house of the tests: payloads that kill, hang, gorge or break their reader; shorter waits; a guard taken out."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from django.apps import AppConfig

KILL, HANG, RAISE, QUOTE = "kill-the-worker", "hang-the-reader", "break-the-reader", "break-with-its-own-words"
GORGE = "gorge-the-reader"
GORGED, MOUTHFUL = 4 * 2**30, 64 * 2**20  # bytes wanted, and at a time; never written to, so that no machine suffers
LEASE = 2.0
CANARY_EVERY = 1.0
STARTS_NOTE = "FAULTS_STARTS_NOTE"  # the file that gets a line each time a worker begins to read what kills it
UNCOUNTED = "FAULTS_UNCOUNTED"  # set: the pipeline counts no starts, as a plain queue would not

COUNT = "SET starts = s.starts + 1,"


def uncounted(claim: str) -> str:
    """The pipeline's own claim without the one thing that ends a killer: the count."""
    if claim.count(COUNT) != 1:
        raise LookupError(f"the claim no longer counts its starts by {COUNT!r}: take the guard out where it is now")
    return claim.replace(COUNT, "SET")


def faulty(read: Callable[..., Any]) -> Callable[..., Any]:
    """The real reader, unless the body asks for a fault."""

    def reading(received: Any, source: Any) -> Any:
        body = bytes(received.body)
        if KILL.encode() in body:
            with Path(os.environ[STARTS_NOTE]).open("a") as note:
                note.write(f"{os.getpid()}\n")
            os.kill(os.getpid(), signal.SIGKILL)
        while HANG.encode() in body:
            pass
        if GORGE.encode() in body:
            held = [bytes(MOUTHFUL) for _each in range(GORGED // MOUTHFUL)]
            del held
        if RAISE.encode() in body:
            raise ValueError(RAISE)
        if QUOTE.encode() in body:
            raise ValueError(body.decode())
        return read(received, source)

    return reading


class Faults(AppConfig):
    name = "leadops.platform.tests"
    label = "faults"

    def ready(self) -> None:
        adapter = import_module("capture.adapters").ADAPTERS["json"]
        adapter.read = faulty(adapter.read)
        pipeline, claiming = import_module("capture.pipeline"), import_module("capture.claiming")
        claiming.LEASE = claiming.SECOND_CHANCE = timedelta(seconds=LEASE)
        pipeline.BACK_OFF = (timedelta(seconds=0.2), timedelta(seconds=0.2))
        if os.environ.get(UNCOUNTED):
            claiming.LEASE = timedelta(seconds=0.5)
            claiming._claim_fresh = uncounted(claiming._claim_fresh)
        import_module("leadops.platform.ticker").CANARY_EVERY = CANARY_EVERY
