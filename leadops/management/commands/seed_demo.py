"""`manage.py seed_demo`: the demo company with no past yet; a second run keeps what is there. `play_demo` tells its past."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from leadops import ids, moment
from leadops.demo import company
from leadops.demo.arrivals import DAYS
from leadops.demo.cast import PEOPLE
from leadops.models import Lead

KEPT = settings.VAR / "demo_password"


class Command(BaseCommand):
    help = "Fill an empty database with the demo company."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--leads", type=int, default=6000)
        parser.add_argument("--days", type=int, default=DAYS)
        parser.add_argument("--seed", type=int, default=7)

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.MODE not in ("demo", "test"):
            raise CommandError("the demo company lives in demo mode only: run `make demo`")
        if not company.exists():
            if Lead.objects.exists():
                raise CommandError("this database holds real leads: the demo company is for an empty one")
            self._found(options["leads"], options["days"], options["seed"])
        self._sign_ins()

    def _found(self, leads: int, days: int, seed: int) -> None:
        until = moment.now().replace(second=0, microsecond=0)
        password = ids.token(9)
        KEPT.write_text(password)
        KEPT.chmod(0o600)
        company.found(seed, leads, days, until, password)
        self.stdout.write(
            f"The demo company is founded; its {days} days and {leads} leads are told while you look around."
        )

    def _sign_ins(self) -> None:
        password = KEPT.read_text().strip() if KEPT.exists() else "?"
        seen: set[str] = set()
        self.stdout.write("Sign in (the page also has a button for each):")
        for one in PEOPLE:
            if one.role not in seen:
                seen.add(one.role)
                self.stdout.write(f"  {one.role:<14} {one.email:<22} {password}")
