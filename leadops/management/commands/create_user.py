"""`manage.py create_user E-MAIL --role ROLE --team KEY|--house`: lets somebody in; prints the link that sets the password."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leadops.access import system
from leadops.desk import passwords, people
from leadops.errors import Refused
from leadops.models import Role, Team, User
from leadops.unit import in_unit

OPERATOR = system("operator")


class Command(BaseCommand):
    help = "Creates a user with one role and prints, as its last line, the link with which they set their password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--role", required=True, choices=Role.values)
        where = parser.add_mutually_exclusive_group(required=True)
        where.add_argument("--team", default="", help="key of the team in which the role holds")
        where.add_argument("--house", action="store_true", help="the role holds for the whole house")
        parser.add_argument("--name", default="", help="else what stands before the @")
        parser.add_argument("--language", choices=["fr", "en"], default=None)

    def handle(self, *args: Any, **options: Any) -> None:
        team = Team.objects.filter(key=options["team"]).first() if options["team"] else None
        if options["team"] and team is None:
            known = ", ".join(Team.objects.order_by("key").values_list("key", flat=True)) or "none yet"
            raise CommandError(f"no team has the key {options['team']} (known: {known})")
        profile = {"language": options["language"]} if options["language"] else {}

        def work(unit: Any) -> User:
            return people.create_user(options["email"], options["name"], options["role"], team, unit, **profile)

        try:
            user = in_unit(work, actor=OPERATOR)
        except Refused as refusal:
            raise CommandError(str(refusal.message)) from refusal
        where = team.key if team else "the whole house"
        self.stdout.write(f"{user.email} is {options['role']} in {where}. To set the password (three days, once):")
        self.stdout.write(passwords.address_for(user))
