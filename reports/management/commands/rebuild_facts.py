"""`manage.py rebuild_facts`: makes the derived rows of the reports anew. Figures stay right meanwhile, only slower."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from reports import facts


class Command(BaseCommand):
    help = "Makes the derived rows of the reports anew from leads and journal."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{facts.rebuild()} leads")
