"""`manage.py messages` brings the French catalogues in step with the sources; --check only says what is missing."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leadops.platform import messages, rawtext


class Command(BaseCommand):
    help = "Updates the translation catalogues, or with --check fails when a text is missing its French."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when anything is missing")
        parser.add_argument("--only", default="", choices=messages.FLOORS, help="update this catalogue alone")
        parser.add_argument("--prune", action="store_true", help="drop the translations that no source uses any more")

    def handle(self, *args: Any, check: bool = False, only: str = "", prune: bool = False, **options: Any) -> None:
        if not check:
            for floor, count in messages.update(only=only, prune=prune).items():
                self.stdout.write(f"{floor}: {count} messages")
        wrong = [*messages.faults(), *rawtext.faults()]
        for line in wrong:
            self.stdout.write(line)
        if wrong and check:
            raise CommandError(f"{len(wrong)} texts are not ready in both languages")
        self.stdout.write(f"{len(wrong)} left to do" if wrong else "Every text exists in both languages.")
