"""`manage.py prepare_house`: migrations, what a house starts with, and in demo mode the demo company; one process, safe to repeat."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from leadops import moment, sealed
from leadops.demo.models import Demo
from leadops.desk import first_run, people
from leadops.platform import unfinished
from leadops.sealed import Secret
from leadops.shipped import install_defaults

DEMO = (
    "This database holds the demo company, whose accounts sign in with printed passwords. For a house of your own take"
    " another clone or DATABASE_URL, or remove this one with `make clean`; `make demo` shows it again."
)


OTHER_KEY = (
    "this house was made with another secret key: put the old one back, in SECRET_KEY or as the file var/secret_key. Where"
    " it is lost, `manage.py prepare_house --new-key` goes on with this one; then every secret must be set anew"
)


class Command(BaseCommand):
    help = "Bring the database to where the house can open."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--new-key", action="store_true", help="although the house was made with another SECRET_KEY"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with connection.cursor() as cursor:
            if unfinished.stands(cursor):
                raise CommandError(unfinished.LINE)
        call_command("migrate", interactive=False, verbosity=0, skip_checks=True)
        if options["new_key"] or not Secret.objects.filter(owner=sealed.HOUSE).exists():
            sealed.take_key(moment.now())
        elif not sealed.same_key():
            raise CommandError(OTHER_KEY)
        install_defaults()
        if settings.MODE == "demo":
            call_command("seed_demo", skip_checks=True)
        elif settings.MODE == "serve" and Demo.objects.exclude(state=Demo.State.ERASED).exists():
            raise CommandError(DEMO)
        elif not people.anybody():
            self.stdout.write(
                f"leadops: nobody has an account here yet. The first administrator begins at\n  {first_run.address()}"
            )
