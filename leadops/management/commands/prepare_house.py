"""`manage.py prepare_house`: migrations, what a house starts with, and in demo mode the demo company; one process, safe to repeat."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from leadops.demo.models import Demo
from leadops.desk import first_run, people
from leadops.platform import unfinished
from leadops.shipped import install_defaults

DEMO = (
    "This database holds the demo company, whose accounts sign in with printed passwords. For a house of your own take"
    " another clone or DATABASE_URL, or remove this one with `make clean`; `make demo` shows it again."
)


class Command(BaseCommand):
    help = "Bring the database to where the house can open."

    def handle(self, *args: Any, **options: Any) -> None:
        with connection.cursor() as cursor:
            if unfinished.stands(cursor):
                raise CommandError(unfinished.LINE)
        call_command("migrate", interactive=False, verbosity=0, skip_checks=True)
        install_defaults()
        if settings.MODE == "demo":
            call_command("seed_demo", skip_checks=True)
        elif settings.MODE == "serve" and Demo.objects.exclude(state=Demo.State.ERASED).exists():
            raise CommandError(DEMO)
        elif not people.anybody():
            self.stdout.write(
                f"leadops: nobody has an account here yet. The first administrator begins at\n  {first_run.address()}"
            )
