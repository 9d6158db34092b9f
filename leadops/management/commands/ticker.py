"""`manage.py ticker`: the process that notices what is due."""

from __future__ import annotations

import signal
from typing import Any

from django.core.management.base import BaseCommand

from leadops.platform.ticker import Ticker


class Command(BaseCommand):
    help = "Notice what is due and enqueue it."

    def handle(self, *args: Any, **options: Any) -> None:
        ticker = Ticker()

        def stop(*_: object) -> None:
            ticker.stopped = True

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        ticker.run()
