"""`manage.py create_source NAME`: a source for the operator, through the same service; prints its address and secret."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from capture import services
from capture.adapters import ADAPTERS
from capture.models import Source
from capture.signatures import SCHEMES
from leadops.access import system
from leadops.errors import Refused
from leadops.unit import in_unit

OPERATOR = system("operator")


class Command(BaseCommand):
    help = "Creates a source and prints its key, and its secret when it asks for signatures."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--slug", default="", help="its immutable name in figures")
        parser.add_argument("--adapter", choices=sorted(ADAPTERS), default="json")
        parser.add_argument("--channel", default="")
        parser.add_argument("--trigger", choices=Source.Trigger.values, default=Source.Trigger.RULES)
        parser.add_argument("--scheme", choices=["", *SCHEMES], default="", help="how requests are signed")
        parser.add_argument("--secret", default="", help="the sender's secret; else one is made")
        parser.add_argument("--signed", action="store_true", help="refuse what is not signed")
        parser.add_argument("--mapping", default="{}", help='JSON: {"email": "contact.mail"}')

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            mapping = json.loads(options["mapping"])
        except ValueError as fault:
            raise CommandError(f"--mapping is not JSON: {fault}") from fault
        if not isinstance(mapping, dict):
            raise CommandError("--mapping is a JSON object")
        named = ("name", "slug", "adapter", "channel", "trigger", "scheme", "secret")
        values = {name: options[name] for name in named} | {"mapping": mapping}
        values["signed"] = bool(options["signed"] or options["scheme"] or options["secret"])
        try:
            made = in_unit(lambda unit: services.create_source(values, unit=unit), actor=OPERATOR)
        except Refused as refusal:
            raise CommandError(str(refusal.message)) from refusal
        self.stdout.write(f"source: {made.source.slug}\naddress: /in/{made.source.key}\nkey: {made.source.key}")
        if made.secret:
            self.stdout.write(f"secret: {made.secret}")
