"""`manage.py verify_leads`: every open lead is owned, held, in a pool or resting, and counted with its owner; ends with 1 when
one is not."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from leadops import moment
from routing import selectors, workload

SHOWN = 20


class Command(BaseCommand):
    help = "Count open leads that nobody answers for (neither owned, held, in a pool nor resting), and recount loads."

    def handle(self, *args: Any, **options: Any) -> None:
        rows = selectors.astray(moment.now())
        count = rows.count()
        if count:
            shown = ", ".join(str(key) for key in rows.values_list("pk", flat=True)[:SHOWN])
            raise CommandError(f"{count} open leads are astray: {shown}{' …' if count > SHOWN else ''}")
        if apart := workload.apart():
            raise CommandError(f"{len(apart)} reps have more or fewer open leads than is counted: {apart}")
        self.stdout.write("every open lead is owned, held, in a pool or resting")
