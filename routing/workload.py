"""What reps have: units of open work, and what they received lately; exact counts. Reads only."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Aggregate, Count, Exists, F, IntegerField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Cast, Coalesce

from leadops.models import IS_OPEN, Lead, Rep, RepTerms
from routing.models import Assignment

HOUR, DAY, MONTH = timedelta(hours=1), timedelta(days=1), timedelta(days=30)
WORK = ("load", "hour", "day", "month")


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

    # each open lead is one unit, counted in an index alone; what a rule made more of is kept by an index of its own
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
    """A rep's open leads, counted for all of them at once: rep by rep a young house's plan reads them all each time."""
    mine = Lead.objects.filter(IS_OPEN, owner__any=[uuid.UUID(str(rep)) for rep in rep_ids]).order_by()
    counted = _ByRep(mine.values("owner").annotate(n=Count("*")), output_field=models.JSONField())
    shape: Any = {"template": "(%(expressions)s)", "arg_joiner": " ->> ", "output_field": models.TextField()}
    told = models.Func(counted, Cast("pk", models.TextField()), **shape)
    return Coalesce(Cast(told, IntegerField()), 0)


def _number(group: QuerySet[Any, Any], what: Aggregate) -> Coalesce:
    """One aggregate of the rows of a group, zero where there are none."""
    return Coalesce(Subquery(group.annotate(n=what).values("n"), output_field=IntegerField()), 0)
