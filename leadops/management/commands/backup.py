"""`manage.py backup [--to FOLDER] [--keep N]`: the whole house as one file beside its manifest; the house may be open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from leadops.backup import dumping, manifest
from leadops.platform.dumps import DumpFailed


class Command(BaseCommand):
    help = "Makes a backup and prints its folder as the last line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", type=Path, default=None, help="folder of backups (BACKUP_DIR, else var/backups)")
        parser.add_argument("--keep", type=int, default=0, help="delete all but the newest so many (0: none)")

    def handle(self, *args: Any, **options: Any) -> None:
        home = options["to"] or Path(settings.BACKUPS)
        try:
            made = dumping.backup(home)
        except DumpFailed as fault:
            raise CommandError(str(fault)) from fault
        except OSError as fault:
            raise CommandError(f"{fault.filename or home} cannot be written to: {fault.strerror}") from fault
        for gone in dumping.thin(home, options["keep"]):
            self.stdout.write(f"deleted {gone}")
        told = manifest.read(made)
        rows = sum(count for count, _digest in told.tables.values())
        self.stdout.write(f"{rows} rows of {len(told.tables)} tables, {told.size} bytes, sha256 {told.sha256}")
        self.stdout.write("The secret key is not in it: keep SECRET_KEY (or var/secret_key) elsewhere, apart.")
        self.stdout.write(str(made))
