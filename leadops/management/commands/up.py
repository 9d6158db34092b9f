"""`manage.py up`: becomes the parent process (`leadops/platform/parent.py`); loads settings first so that a bad value stops it."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Starts the private PostgreSQL if needed, migrates, and runs web, live, ticker and clusters until Ctrl-C."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--demo", dest="mode", action="store_const", const="demo", help="with the demo company")
        which.add_argument(
            "--serve", dest="mode", action="store_const", const="serve", help="an empty, real installation"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        mode = options["mode"] or ("demo" if settings.MODE == "demo" else "serve")
        os.chdir(settings.BASE_DIR)
        # replaced, not imported: the parent runs for months and needs none of Django's memory
        os.execv(sys.executable, [sys.executable, "-m", "leadops.platform.parent", f"--{mode}"])  # noqa: S606
