"""Which open leads of today each policy of a draft would take, the first true one winning; it stores nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from leadops.access import Actor, leads_visible_to
from leadops.conditions import sql
from leadops.conditions.fields import LEAD
from leadops.conditions.validate import Invalid
from leadops.models import IS_OPEN, Lead

SAMPLE = 5
COUNTED = 1000  # a live count is read off the table, not added up to its end


@dataclass(frozen=True, slots=True)
class Taken:
    """How many open leads a policy would take (at most COUNTED are counted), and the latest of them."""

    key: str
    count: int
    leads: list[Lead]


def taken(actor: Actor, body: dict[str, Any], at: datetime, only: str = "") -> list[Taken]:
    """For each policy in order, or only the one of a key; one whose condition cannot be read takes none."""
    rows = leads_visible_to(actor).filter(IS_OPEN, absorbed_by__isnull=True)
    before: list[Q] = []
    found = []
    for policy in body.get("policies", []):
        try:
            mine = sql.where(policy.get("when") or {}, LEAD, at)
        except Invalid:
            continue
        if not only or policy.get("key") == only:
            found.append(_taken(str(policy.get("key")), rows.filter(mine), rows, before))
        before.append(mine)
        if only and policy.get("key") == only:
            break
    return found


def _taken(key: str, mine: QuerySet[Lead], rows: QuerySet[Lead], before: list[Q]) -> Taken:
    for earlier in before:
        # by key and not by a negated condition, which would take unknown for true
        mine = mine.exclude(pk__in=rows.filter(earlier).values("pk"))
    latest = mine.select_related("person").order_by("-pk")
    return Taken(key, mine.order_by()[:COUNTED].count(), list(latest[:SAMPLE]))
