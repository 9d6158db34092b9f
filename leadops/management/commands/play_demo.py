"""`manage.py play_demo`: tells the past of the demo company in the ticker's place, then becomes the ticker."""

from __future__ import annotations

import os
import sys
import time
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from leadops import moment
from leadops.demo import models, play
from leadops.demo.models import Demo
from leadops.platform import ticker

LIFE_EVERY = 10.0  # seconds between two signs of life to the parent
MOVED_EVERY = 0.2  # seconds between two moves of the house's moment: other processes look no more often


class Command(BaseCommand):
    help = "Tell the past of the demo company through the real services; then do what `ticker` does."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--once", action="store_true", help="end when the past is told")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.MODE not in ("demo", "test"):
            raise CommandError("the demo company lives in demo mode only: run `make demo`")
        self.shown = self.moved = -1e9
        demo = models.current()
        if demo is not None and demo.state == Demo.State.PLAYING:
            self._tell(demo)
        if not options["once"]:  # two tickers in one house would be harmless, but this one has a past to end first
            os.execv(sys.executable, [sys.executable, sys.argv[0], "ticker", "--skip-checks"])  # noqa: S606

    def _tell(self, demo: Demo) -> None:
        """Until it is over, every process of the house lives in the moment that is told."""
        began, used = time.monotonic(), time.process_time()
        try:
            count = play.play(demo, self._say, self._before)
        finally:
            if models.Demo.objects.filter(state=Demo.State.LIVE).exists():
                moment.release()
        wall, own = time.monotonic() - began, time.process_time() - used
        self._say(f"{count} leads, {demo.days} days, {wall:.0f} s, {own:.0f} s of them computing")

    def _before(self, at: datetime) -> None:
        now = time.monotonic()
        if now - self.moved > MOVED_EVERY:
            moment.freeze(at)
            self.moved = now
        if now - self.shown > LIFE_EVERY:
            ticker.show_life()
            self.shown = now

    def _say(self, text: str) -> None:
        self.stdout.write(f"Demo company: {text}")
        self.stdout.flush()
