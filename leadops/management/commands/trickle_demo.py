"""`manage.py trickle_demo`: leads keep coming to the demo company by its signed door, once its past is told."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from leadops.demo import trickle


class Command(BaseCommand):
    help = "Post a lead about every thirty seconds to the real signed endpoint of this house."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.MODE not in ("demo", "test"):
            raise CommandError("the demo company lives in demo mode only: run `make demo`")
        trickle.run(f"http://127.0.0.1:{settings.PORT}")
