"""`manage.py release_mail`: ends the stop after a restore; what fell due before stays held for a person to send or not."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from leadops import moment
from leadops.effects import stop


class Command(BaseCommand):
    help = "Lets messages leave again that fall due from now on."

    def handle(self, *args: Any, **options: Any) -> None:
        if not stop.holds():
            self.stdout.write("nothing was stopped")
            return
        held = stop.end(moment.now())
        self.stdout.write(f"messages leave again; {held} that fell due meanwhile are held (/api/v1/effects?state=held)")
