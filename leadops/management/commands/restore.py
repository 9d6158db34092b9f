"""`manage.py restore FOLDER [--over] [--other-key]`: a backup in the place of this house, checked; its mail stays stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from leadops.backup import restoring
from leadops.backup.manifest import NotTrusted
from leadops.platform import startup
from leadops.platform.dumps import DumpFailed


class Command(BaseCommand):
    help = "Restores a backup, does the erasures since again, holds what fell due. Stop the house first."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument(
            "--over", action="store_true", help="in the place of a house that is lived in (backed up first)"
        )
        parser.add_argument("--other-key", action="store_true", help="although it was made with another SECRET_KEY")

    def handle(self, *args: Any, **options: Any) -> None:
        over, other_key = options["over"], options["other_key"]
        try:
            with startup.alone(settings.VAR / "run", 0):
                done = restoring.restore(options["folder"], over=over, other_key=other_key, say=self.stdout.write)
        except (NotTrusted, DumpFailed, startup.CannotStart) as fault:
            raise CommandError(str(fault)) from fault
        self.stdout.write(
            f"people erased since who were erased again: {done.erased}; messages that were due and are held: {done.held}"
        )
        self.stdout.write(f"{done.noes} addresses whose owners said no since are on the list again")
        self.stdout.write(
            "Nothing leaves the house until `manage.py release_mail`: look at /admin and the effects first."
        )
