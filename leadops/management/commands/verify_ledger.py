"""`manage.py verify_ledger`: what came in equals what became of it, day by day and source by source; ends with 1 where it does not."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from capture import ledger
from leadops import moment

SHOWN = 20


class Command(BaseCommand):
    help = "Check the ledger's equation over every day there is, or over those asked for."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--from", dest="first", type=date.fromisoformat, default=moment.FIRST_DAY, help="first day, as 2026-11-01"
        )
        parser.add_argument(
            "--to", dest="last", type=date.fromisoformat, default=None, help="last day, that day included"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        last = options["last"] or moment.today(settings.REPORTING_ZONE)
        rows = ledger.rows(options["first"], last)
        wrong = [f"{row.day} {row.source}" for row in rows if not row.balanced]
        if wrong:
            more = " …" if len(wrong) > SHOWN else ""
            raise CommandError(f"{len(wrong)} of {len(rows)} days do not balance: {', '.join(wrong[:SHOWN])}{more}")
        told = ledger.totals(rows)
        self.stdout.write(
            f"balanced: {told['deliveries']} deliveries, {told['created']} leads, {told['pending']} pending"
        )
