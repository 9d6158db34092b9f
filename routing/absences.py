"""What an absence means for the leads of a rep: what is due meanwhile, who would take it, moving it, and the way back.

The absence itself is set by `reps`; leads move as a reassignment by the rules. It opens no transaction.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.fields import CharField
from django.db.models.functions import Cast, Concat

from leadops.effects import plan as effects
from leadops.effects.models import Notice
from leadops.models import IS_OPEN, Absence, Lead, Rep
from leadops.unit import Unit
from leadops.work import Work
from routing import reassigning, telling
from routing.choose import Outcome
from routing.models import Assignment, Reassignment

KEEP, URGENT, ALL = "keep", "urgent", "all"
FORGOTTEN = timedelta(days=3)  # who came back longer ago needs no greeting any more
BACK = "absence_over"


@dataclass(frozen=True, slots=True)
class Forecast:
    """Leads held, those due while away with the outcome the rules would give them now; `late`: due already."""

    held: int
    due: list[tuple[Lead, datetime]]
    outcomes: list[Outcome]
    late: int


def due_while_away(rep: Rep, start: datetime, end: datetime | None, at: datetime) -> QuerySet[Work]:
    """Work of this rep that falls due within the absence; what is late already counts when it begins now."""
    rows = Work.objects.filter(owner=rep, due_at__isnull=False)
    rows = rows if start <= at else rows.filter(due_at__gte=start)
    return rows if end is None else rows.filter(due_at__lt=end)


def forecast(rep: Rep, start: datetime, end: datetime | None, unit: Unit) -> Forecast:
    """What would have to be done while the rep is away, and who could; locks and changes nothing."""
    rows = list(
        due_while_away(rep, start, end, unit.at)
        .select_related("lead__person")
        .order_by("due_at", "lead")[: reassigning.MOST]
    )
    leads = [row.lead for row in rows]
    outcomes = reassigning.foresee(leads, reassigning.destination(reassigning.RULES), rep.pk, unit) if leads else []
    due = [(row.lead, row.due_at) for row in rows if row.due_at is not None]
    return Forecast(
        held=Lead.objects.filter(IS_OPEN, owner=rep).count(),
        due=due,
        outcomes=outcomes,
        late=sum(at <= unit.at for _lead, at in due),
    )


def hand_on(
    rep: Rep, which: str, start: datetime, end: datetime | None, reason: str, unit: Unit
) -> Reassignment | None:
    """Plan to give the rep's leads to others by the rules: those due meanwhile, or all; None = nothing to move."""
    rows = Lead.objects.filter(IS_OPEN, owner=rep)
    if which == URGENT:
        rows = rows.filter(pk__in=due_while_away(rep, start, end, unit.at).values("lead"))
    leads = list(rows.order_by("received_at", "id")[: reassigning.MOST]) if which in (URGENT, ALL) else []
    if not leads:
        return None
    made, _rows = reassigning.plan(leads, reassigning.RULES, reason, unit)
    return made


# -- the way back ----------------------------------------------------------------------------------------


def _over(at: datetime) -> QuerySet[Absence]:
    """Absences that ended lately and of which the rep was not told yet; a short busy spell is none."""
    key = Concat(Value(f"{BACK}:"), Cast(OuterRef("pk"), CharField()))
    rows = Absence.objects.exclude(kind=Absence.Kind.BUSY).filter(known_to__isnull=True, valid_to__gt=at - FORGOTTEN)
    found: QuerySet[Absence] = rows.filter(~Exists(Notice.objects.filter(key=key)))
    return found


def next_return(at: datetime) -> datetime | None:
    """When the ticker has to look: the first end of an absence."""
    first: datetime | None = _over(at).order_by("valid_to").values_list("valid_to", flat=True).first()
    return first


def welcome_back(unit: Unit) -> int:
    """One line and one mail per rep whose absence is over: what went to others meanwhile, what is due."""
    rows = list(_over(unit.at).filter(valid_to__lte=unit.at).select_related("rep").order_by("pk")[:200])
    due = telling.openings({row.rep_id for row in rows}, unit)
    for row in rows:
        data = {"count": _went(row), "due": _due(row.rep_id, unit.at)}
        key = f"{BACK}:{row.pk}"
        effects.notice(unit, user_id=row.rep_id, key=key, kind=BACK, lead=None, data=data)
        if data["count"] or data["due"]:
            effects.mail(unit, user_id=row.rep_id, key=key, purpose=BACK, lead=None, body=data, due_at=due[row.rep_id])
    return len(rows)


def _went(row: Absence) -> int:
    """Leads that left the rep during the absence."""
    given_up = Q(ended_at__gte=row.valid_from, ended_at__lte=row.valid_to) & ~Q(ended_why="")
    return Assignment.objects.filter(given_up, rep=row.rep_id).count()


def _due(rep_id: uuid.UUID, at: datetime) -> int:
    return Work.objects.filter(owner=rep_id, due_at__lte=at).count()
