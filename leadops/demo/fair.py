"""The trade show's badge file: sixty people scanned twice, one of them with another address; and how it was imported."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable

from capture.imports import services as imports
from capture.imports import tasks
from capture.models import Import
from leadops.access import Actor
from leadops.demo.arrivals import FIRST, KINDS, LAST, PLACES
from leadops.unit import Unit, in_unit

NAME = "badges-salon-lyon.csv"
PAIRS = 60
HEADER = ("First name", "Last name", "Email", "Company", "Phone", "Country", "Job title", "Employees")


def badges() -> bytes:
    """The file as the badge reader wrote it: always the same bytes."""
    dice = random.Random("badges")  # noqa: S311  a story, not a secret
    lines = [",".join(HEADER)]
    for n in range(PAIRS):
        first, last = dice.choice(FIRST), dice.choice(LAST)
        company = f"{dice.choice(KINDS)} {dice.choice(PLACES)}"
        email, phone = f"badge{n}@salon{n}.example", f"+334720{n:05d}"
        rest = f"{company},{phone},FR,Responsable énergie,{dice.choice((60, 180, 480))}"
        lines.append(f"{first},{last},{email},{rest}")
        again = "privee.badge@boite.example" if n == PAIRS - 1 else email.upper()
        lines.append(f"{first.upper()},{last},{again},{rest}")
    return ("\n".join(lines) + "\n").encode()


def digest() -> str:
    return hashlib.sha256(badges()).hexdigest()


def bring_in(actor: Actor) -> None:
    """Upload, match, try, commit: as marketing does it on the page, with the background work done at once."""
    file, _new = in_unit(lambda unit: imports.upload(Import.Kind.LEADS, NAME, [badges()], unit), actor=actor)

    def matched(unit: Unit) -> Import:
        return imports.set_mapping(file.pk, file.mapping, {"source": "event-lyon", "route": "mql"}, unit)

    _done(matched, actor)
    _done(lambda unit: imports.commit(file.pk, unit), actor)


def _done(work: Callable[[Unit], object], actor: Actor) -> None:
    in_unit(work, actor=actor)
    tasks.run_imports()
