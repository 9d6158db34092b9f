"""`manage.py erase_person E-MAIL|ID --reason asked`: erases one person, as the page does; asks nothing, so it wants --yes."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leadops.access import system
from leadops.errors import Refused
from leadops.fold import fold_email
from leadops.models import PersonEmail
from leadops.privacy import erasing
from leadops.privacy.models import Erasure

OPERATOR = system("operator")


class Command(BaseCommand):
    help = "Erases a person with all their leads for good; counts, balances and chains stay."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("person", help="an e-mail address of theirs, or their id")
        parser.add_argument("--reason", choices=Erasure.Reason.values, default="asked")
        parser.add_argument("--company", action="store_true", help="their company names them: erase it, too")
        parser.add_argument("--yes", action="store_true", help="it cannot be taken back")

    def handle(self, *args: Any, **options: Any) -> None:
        person = self._person(options["person"])
        if not options["yes"]:
            raise CommandError(f"this erases person {person} for good; say --yes")
        try:
            done = erasing.erase(person, options["reason"], OPERATOR, company=options["company"])
        except Refused as refusal:
            raise CommandError(str(refusal.message)) from refusal
        self.stdout.write(f"erased {done.person_id}: {sum(done.rows.values())} rows in {len(done.rows)} tables")

    def _person(self, named: str) -> uuid.UUID:
        if "@" in named:
            rows = PersonEmail.objects.filter(folded=fold_email(named))
            found: uuid.UUID | None = rows.values_list("person", flat=True).first()
            if found is None:
                raise CommandError("nobody has this address")
            return found
        try:
            return uuid.UUID(named)
        except ValueError:
            raise CommandError("neither an e-mail address nor an id") from None
