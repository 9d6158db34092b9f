"""`manage.py lint_migrations`: whether the migrations since the baseline may run on a house at work; ends with 1 when one may not."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from leadops.platform import migration_rules


class Command(BaseCommand):
    help = "Reads the migrations for what would lock a large table, cannot be undone, or breaks code that still runs."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        faults = migration_rules.faults()
        if faults:
            raise CommandError("\n".join(faults))
        self.stdout.write("migrations may run on a house at work")
