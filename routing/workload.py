"""What reps have: units of open work, and what they received lately; exact counts.

The database writes an entry wherever an owner has more or fewer open leads; here they are added up and made few.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models
from django.db.models import Aggregate, Count, Exists, F, IntegerField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Cast, Coalesce

from leadops.models import IS_OPEN, OPEN_STAGES, Lead, Rep, RepTerms
from routing.models import Assignment, LoadEntry

HOUR, DAY, MONTH = timedelta(hours=1), timedelta(days=1), timedelta(days=30)
WORK = ("load", "hour", "day", "month")
MOST_ENTRIES = 500


def work_of(rep_ids: Sequence[Any], at: datetime, *, live: bool = True) -> dict[str, dict[str, int]]:
    """Units of open work, and leads received within the last hour, 24 hours and 30 days; exact counts, one query.

    Live, whatever was given is counted: who waited for the lock may carry an earlier moment than who had it.
    """
    rows = working(rep_ids, at, live).values("pk", *WORK)
    return {str(row["pk"]): {name: int(row[name]) for name in WORK} for row in rows}


def working(rep_ids: Sequence[Any], at: datetime, live: bool, terms: QuerySet[RepTerms] | None = None) -> Any:
    """With the `terms` of a rep, what was received is counted where they cap it: nobody asks for it elsewhere."""
    mine = Assignment.objects.filter(rep=OuterRef("pk")).order_by()
    mine = mine if live else mine.filter(started_at__lte=at)

    def received(span: timedelta, cap: str) -> Coalesce | models.Case:
        found = _number(mine.filter(started_at__gt=at - span).values("rep"), Count("*"))
        if terms is None:
            return found
        return models.Case(models.When(Exists(terms.filter(**{f"{cap}__isnull": False})), then=found), default=0)

    # each open lead is one unit, and counted as it changes; what a rule made more of is kept by an index of its own
    heavy = Assignment.objects.filter(rep=OuterRef("pk"), ended_at__isnull=True, units__gt=1).order_by()
    more = heavy.filter(Exists(Lead.objects.filter(IS_OPEN, pk=OuterRef("lead"), owner=OuterRef("rep"))))
    return Rep.objects.filter(pk__any=list(rep_ids)).annotate(
        load=_open_leads(rep_ids) + _number(more.values("rep"), Sum(F("units") - 1)),
        hour=received(HOUR, "cap_hour"),
        day=received(DAY, "cap_day"),
        month=received(MONTH, "cap_month"),
    )


class _ByRep(Subquery):
    """Counts of (rep, n) as one object: worked out once for all reps of the statement around it."""

    template = "(SELECT jsonb_object_agg(o.rep, o.n) FROM (%(subquery)s) AS o (rep, n))"


def _open_leads(rep_ids: Sequence[Any]) -> Coalesce:
    """A rep's open leads, as the database keeps them, added up for all of them at once."""
    mine = LoadEntry.objects.filter(rep__any=[uuid.UUID(str(rep)) for rep in rep_ids]).order_by()
    counted = _ByRep(mine.values("rep").annotate(n=Sum("delta")), output_field=models.JSONField())
    shape: Any = {"template": "(%(expressions)s)", "arg_joiner": " ->> ", "output_field": models.TextField()}
    told = models.Func(counted, Cast("pk", models.TextField()), **shape)
    return Coalesce(Cast(told, IntegerField()), 0)


def _number(group: QuerySet[Any, Any], what: Aggregate) -> Coalesce:
    """One aggregate of the rows of a group, zero where there are none."""
    return Coalesce(Subquery(group.annotate(n=what).values("n"), output_field=IntegerField()), 0)


# -- the entries themselves ----------------------------------------------------------------------------------

_STAGES = ", ".join(f"'{stage}'" for stage in OPEN_STAGES)
_OPEN = f"absorbed_by_id IS NULL AND stage IN ({_STAGES})"
_APART = f"""
SELECT rep, coalesce(l.n, 0) - coalesce(e.n, 0) AS delta
FROM (SELECT owner_id AS rep, count(*) AS n FROM leadops_lead WHERE owner_id IS NOT NULL AND {_OPEN} GROUP BY 1) l
FULL JOIN (SELECT rep_id AS rep, sum(delta) AS n FROM routing_loadentry GROUP BY 1) e USING (rep)
WHERE coalesce(l.n, 0) <> coalesce(e.n, 0)
"""  # noqa: S608  # a text of ours
_FOLD = """
WITH gone AS (DELETE FROM routing_loadentry RETURNING rep_id, delta)
INSERT INTO routing_loadentry (rep_id, delta) SELECT rep_id, sum(delta) FROM gone GROUP BY 1 HAVING sum(delta) <> 0
"""


def apart() -> dict[str, int]:
    """Reps whose entries differ from a count of their open leads, and by how much; none in a sound house."""
    with connection.cursor() as cursor:
        cursor.execute(_APART)
        return {str(rep): int(delta) for rep, delta in cursor.fetchall()}


def settle() -> None:
    """Add what is missing: where leads came or went while the database's own writing was off."""
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO routing_loadentry (rep_id, delta) {_APART}")


def fold() -> None:
    """One row for each rep; whoever reads meanwhile sees all rows of before or the one."""
    with connection.cursor() as cursor:
        cursor.execute(_FOLD)


def next_fold(at: datetime) -> datetime | None:
    """Now, when a fold would take away so many entries that adding them up is felt."""
    found = LoadEntry.objects.aggregate(rows=Count("pk"), reps=Count("rep", distinct=True))
    return at if found["rows"] - found["reps"] > MOST_ENTRIES else None
