"""`manage.py verify_leads`: every open lead is owned, held, in a pool or resting, and counted with its owner; ends with 1 when
one is not."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leadops import moment
from routing import selectors, workload

SHOWN = 20


class Command(BaseCommand):
    help = "Count open leads that nobody answers for (neither owned, held, in a pool nor resting), and recount loads."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--settle", action="store_true", help="set the loads of reps right first")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = selectors.astray(moment.now())
        count = rows.count()
        if count:
            shown = ", ".join(str(key) for key in rows.values_list("pk", flat=True)[:SHOWN])
            raise CommandError(f"{count} open leads are astray: {shown}{' …' if count > SHOWN else ''}")
        if options["settle"]:
            workload.settle()
        if apart := workload.apart():
            shown = ", ".join(f"{rep} {delta:+d}" for rep, delta in sorted(apart.items())[:SHOWN])
            raise CommandError(f"{len(apart)} reps have more or fewer open leads than is counted (--settle): {shown}")
        self.stdout.write("every open lead is owned, held, in a pool or resting")
