"""Which open leads of today each policy of a draft would take, the first true one winning; it stores nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, F, Q, QuerySet, SmallIntegerField, When, Window
from django.db.models.functions import RowNumber

from leadops.access import Actor, leads_visible_to
from leadops.conditions import sql
from leadops.conditions.fields import LEAD
from leadops.conditions.validate import Invalid
from leadops.models import IS_OPEN, Lead

SAMPLE = 5
COUNTED = 1000  # more are said as "more than"
EVERY = Q(pk__isnull=False)


@dataclass(frozen=True, slots=True)
class Taken:
    """How many open leads a policy would take (at most COUNTED are counted), and the latest of them."""

    key: str
    count: int
    leads: list[Lead]


def taken(actor: Actor, body: dict[str, Any], at: datetime, only: str = "") -> list[Taken]:
    """For each policy in order, or only the one of a key; one whose condition cannot be read takes none."""
    keys: list[str] = []
    cases: list[When] = []
    for policy in body.get("policies", []):
        try:
            mine = sql.where(policy.get("when") or {}, LEAD, at)
        except Invalid:
            continue
        keys.append(str(policy.get("key")))
        cases.append(When(mine or EVERY, then=len(keys) - 1))
        if only and keys[-1] == only:
            break
    wanted = [n for n, key in enumerate(keys) if not only or key == only]
    found = _found(leads_visible_to(actor).filter(IS_OPEN, absorbed_by__isnull=True), cases, wanted)
    leads = Lead.objects.select_related("person").in_bulk([pk for pks, _n in found.values() for pk in pks])
    nothing: tuple[list[Any], int] = ([], 0)
    return [
        Taken(keys[place], min(n, COUNTED), [leads[pk] for pk in pks])
        for place in wanted
        for pks, n in [found.get(place, nothing)]
    ]


def _found(rows: QuerySet[Lead], cases: Sequence[When], wanted: Sequence[int]) -> dict[int, tuple[list[Any], int]]:
    """Place of a policy -> its latest leads and their number, in one pass over the rows whatever the policies."""
    if not wanted:
        return {}
    # the first case that is true, so what is unknown is not taken
    placed = rows.annotate(place=Case(*cases, output_field=SmallIntegerField())).filter(place__in=wanted)
    counted = placed.annotate(
        n=Window(Count("pk"), partition_by=F("place")),
        nth=Window(RowNumber(), partition_by=F("place"), order_by=F("pk").desc()),
    )
    found: dict[int, tuple[list[Any], int]] = {}
    for place, pk, n in counted.filter(nth__lte=SAMPLE).order_by("place", "nth").values_list("place", "pk", "n"):
        found.setdefault(place, ([], n))[0].append(pk)
    return found
