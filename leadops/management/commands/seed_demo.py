"""`manage.py seed_demo`: the demo company and its short past; a second run keeps what is there."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from leadops import ids, moment
from leadops.demo import company, play
from leadops.models import Lead
from leadops.shipped import install_defaults

KEPT = settings.VAR / "demo_password"


class Command(BaseCommand):
    help = "Fill an empty database with the demo company."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--leads", type=int, default=40)
        parser.add_argument("--seed", type=int, default=7)

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.MODE not in ("demo", "test"):
            raise CommandError("the demo company lives in demo mode only: run `make demo`")
        if not company.exists():
            if Lead.objects.exists():
                raise CommandError("this database holds real leads: the demo company is for an empty one")
            self._fill(options["leads"], options["seed"])
        self._sign_ins()

    def _fill(self, leads: int, seed: int) -> None:
        began, now = time.monotonic(), moment.now()
        install_defaults()
        password = ids.token(9)
        KEPT.write_text(password)
        KEPT.chmod(0o600)
        company.make(password, now)
        company.publish_rules(now - timedelta(days=60))
        count = play.play(now, seed, leads, lambda text: self.stdout.write(f"  {text}"))
        self.stdout.write(f"Demo company: {count} leads, {play.DAYS} days, {time.monotonic() - began:.1f} s")

    def _sign_ins(self) -> None:
        password = KEPT.read_text().strip() if KEPT.exists() else "?"
        seen: set[str] = set()
        self.stdout.write("Sign in (the page also has a button for each):")
        for one in company.PEOPLE:
            if one.role not in seen:
                seen.add(one.role)
                self.stdout.write(f"  {one.role:<14} {one.email:<22} {password}")
