"""Faults for the running house of the tests: payloads that kill, hang or break whoever reads them; shorter waits."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

from django.apps import AppConfig

KILL, HANG, RAISE = "kill-the-worker", "hang-the-reader", "break-the-reader"
LEASE = 2.0
CANARY_EVERY = 1.0


def faulty(read: Callable[..., Any]) -> Callable[..., Any]:
    """The real reader, unless the body asks for a fault."""

    def reading(received: Any, source: Any) -> Any:
        body = bytes(received.body)
        if KILL.encode() in body:
            os.kill(os.getpid(), signal.SIGKILL)
        while HANG.encode() in body:
            pass
        if RAISE.encode() in body:
            raise ValueError(RAISE)
        return read(received, source)

    return reading


class Faults(AppConfig):
    name = "leadops.platform.tests"
    label = "faults"

    def ready(self) -> None:
        adapter = import_module("capture.adapters").ADAPTERS["json"]
        adapter.read = faulty(adapter.read)
        import_module("capture.pipeline").LEASE = timedelta(seconds=LEASE)
        import_module("capture.pipeline").BACK_OFF = timedelta(seconds=0.2)
        import_module("leadops.platform.ticker").CANARY_EVERY = CANARY_EVERY
