"""`manage.py remove_second_factor E-MAIL`: for the last administrator whose phone and codes are lost; the password stays."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leadops.access import system
from leadops.desk import second_factor
from leadops.errors import Refused
from leadops.models import User
from leadops.unit import in_unit


class Command(BaseCommand):
    help = "Removes the second factor of a user and ends every session of theirs; the password alone opens until they set one up."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].strip().lower()).first()
        if user is None:
            raise CommandError(f"there is no user {options['email']}")
        try:
            in_unit(lambda unit: second_factor.take_from(user, unit), actor=system("operator"))
        except Refused as refusal:
            raise CommandError(str(refusal.message)) from refusal
        self.stdout.write(f"{user.email} signs in with the password alone")
