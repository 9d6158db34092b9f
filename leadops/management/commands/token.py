"""`manage.py token NAME --user E-MAIL --scope …`: makes an API token and prints it as its last line, once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leadops import access
from leadops.access import system
from leadops.desk.tokens import grant
from leadops.errors import Refused
from leadops.models import Membership, Role, User
from leadops.unit import in_unit


class Command(BaseCommand):
    help = "Makes an API token for a user and prints it, once, as the last line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="what the token is for")
        parser.add_argument("--user", default="", help="e-mail of its maker; else the one revenue ops user there is")
        parser.add_argument(
            "--scope", default="", help=f"scopes, by comma: `all`, or some of {', '.join(access.scopes_known())}"
        )
        parser.add_argument("--days", type=int, default=None, help="days until it expires; else it does not")

    def handle(self, *args: Any, **options: Any) -> None:
        scopes = [name.strip() for name in options["scope"].split(",") if name.strip()]
        if not scopes:
            raise CommandError("say what it may do: --scope leads:read,leads:write or --scope all")
        if options["days"] is not None and not 1 <= options["days"] <= 3650:
            raise CommandError("--days is a whole number from 1 to 3650")
        user = self._maker(options["user"])
        try:
            text = in_unit(
                lambda unit: grant(user, options["name"][:80], scopes, unit, options["days"]), actor=system("operator")
            )
        except Refused as refusal:
            raise CommandError(str(refusal.message)) from refusal
        self.stdout.write(f"Token “{options['name']}” of {user.email}, scopes {', '.join(sorted(scopes))}:")
        self.stdout.write(text)

    def _maker(self, email: str) -> User:
        if email:
            user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
            if user is None:
                raise CommandError(f"no active user has the e-mail {email}")
            return user
        rows = Membership.objects.filter(role=Role.REVENUE_OPS, team__isnull=True, user__is_active=True)
        found = list(rows.select_related("user").order_by("user__created_at", "user__email"))
        if not found:
            raise CommandError("name its maker: --user E-MAIL")
        return found[0].user
