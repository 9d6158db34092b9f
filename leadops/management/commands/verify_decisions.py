"""`manage.py verify_decisions`: the chain of seals over the journal, and decisions decided again; ends with 1 when one differs."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leadops import moment, seals
from leadops.decisions import DecisionBatch
from leadops.journal import Seal
from routing import replay

SHOWN = 20
BATCHES = 1000


class Command(BaseCommand):
    help = "Recomputes every seal over the journal and decides the newest routing batches again from what was recorded."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--batches", type=int, default=BATCHES, help="newest routing batches to decide again")
        parser.add_argument("--all", action="store_true", help="all of them")
        parser.add_argument(
            "--noted", default="", help="a digest this command printed earlier: it must still be in the chain"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        seals.seal_new(moment.now())
        faults = [f"seal {each.seal.pk} of {each.seal.at:%Y-%m-%d %H:%M}: {each.why}" for each in seals.broken()]
        last = Seal.objects.filter(table=seals.TABLE).order_by("-id").first()
        if options["noted"] and not _held(options["noted"]):
            faults.append("the digest noted earlier is not in the chain any more")
        answers = self._again(None if options["all"] else options["batches"])
        said = ", ".join(f"{count} {answer}" for answer, count in sorted(answers.items())) or "none"
        self.stdout.write(f"seals: {Seal.objects.filter(table=seals.TABLE).count()}; decisions decided again: {said}")
        if last is not None:
            self.stdout.write(
                f"the chain ends in {bytes(last.digest).hex()}: note it elsewhere, and give it to --noted"
            )
        if answers["different"]:
            faults.append(f"{answers['different']} decisions differ when they are decided again")
        if faults:
            raise CommandError("\n".join(faults[:SHOWN]))

    def _again(self, most: int | None) -> Counter[str]:
        rows = DecisionBatch.objects.filter(kind="routing").order_by("-pk")
        found: Counter[str] = Counter()
        for batch in (rows if most is None else rows[:most]).iterator():
            found.update(each.answer for each in replay.replay(batch))
        return found


def _held(noted: str) -> bool:
    try:
        return Seal.objects.filter(table=seals.TABLE, digest=bytes.fromhex(noted)).exists()
    except ValueError as fault:
        raise CommandError("--noted is a digest in hexadecimal") from fault
