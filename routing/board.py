"""The team board: per rep what they hold, what is due, how fast they answer and how fair their turns were. Reads only.

A fixed number of queries whatever the number of reps; every figure is about the reps the actor leads.
"""

from __future__ import annotations

import uuid
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Aggregate, Count, Exists, F, FloatField, Min, OuterRef, Q
from django.db.models.functions import Extract

from leadops import access, cohorts
from leadops.access import Actor
from leadops.models import IS_OPEN, Absence, Lead, Rep, RepTerms
from leadops.versions import services as versions
from leadops.versions.calendars import HOUSE
from leadops.work import Work
from routing import availability, selectors, workload
from routing.models import Assignment, Clock, PoolCredit, PoolMember

LATELY = timedelta(days=30)  # what response and acceptance look back on
LEAVING = timedelta(days=7)
DAYS = 14  # the calendar of absences
FEW = 20  # fewer turns or answers than this say little
MOST = 1000
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Line:
    """One rep. Seconds on the wall clock; shares and quantiles are None without anything behind them."""

    rep: Rep
    state: str  # available, off, busy, leave, sick, away
    until: datetime | None
    local: datetime
    load: int
    capacity: int | None
    new: int  # leads received today
    due: int  # open leads with something due by the end of the house's day
    soon: int  # open leads with a clock that runs out within half an hour, and none that has
    breached: int  # open leads with a clock that has run out
    median: float | None
    p90: float | None
    answered: int
    accepted: int
    judged: int
    ahead: float | None  # turns had beyond the weighted share; negative = owed
    turns: int

    @property
    def acceptance(self) -> float | None:
        return self.accepted / self.judged if self.judged else None

    @property
    def over(self) -> bool:
        return self.capacity is not None and self.load > self.capacity

    @property
    def full(self) -> bool:
        return self.capacity is not None and self.load >= self.capacity

    @property
    def few_answers(self) -> bool:
        return self.answered < FEW

    @property
    def few_turns(self) -> bool:
        return self.turns < FEW


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of a rep in the calendar; `kind` empty = there."""

    day: date
    kind: str


@dataclass(frozen=True, slots=True)
class Board:
    at: datetime
    lines: list[Line]
    held: int
    reasons: list[tuple[str, int]]
    waiting: list[Lead]
    to_claim: int
    leaving: list[Absence]
    day: tuple[datetime, datetime]  # the house's day around `at`
    days: list[date]
    calendar: list[tuple[Rep, list[Cell]]] = field(default_factory=list)

    @property
    def breached(self) -> int:
        return sum(line.breached for line in self.lines)

    @property
    def soon(self) -> int:
        return sum(line.soon for line in self.lines)


class Quantile(Aggregate):
    """A continuous quantile of seconds."""

    function = "percentile_cont"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


def board(actor: Actor, at: datetime) -> Board:
    """What the actor's reps hold and what waits for an owner, at this moment."""
    access.require(actor, "read_team")
    reps = list(selectors.reps_led_by(actor).filter(active=True).order_by("team__name", "user__name"))
    away = list(Absence.objects.filter(rep__in=reps).overlapping(at, at + timedelta(days=DAYS)).order_by("valid_from"))
    present = {row.rep_id: row for row in away if row.valid_from <= at}
    by_id = {rep.pk: rep for rep in reps}
    for row in away:
        row.rep = by_id[row.rep_id]
    held, reasons, waiting = _unowned(actor)
    days = [(_local(at, settings.REPORTING_ZONE) + timedelta(days=n)).date() for n in range(DAYS)]
    return Board(
        at=at,
        lines=_lines(reps, present, at, actor),
        held=held,
        reasons=reasons,
        waiting=waiting,
        to_claim=_to_claim(actor),
        day=_day(at),
        leaving=[row for row in away if at < row.valid_from <= at + LEAVING],
        days=days,
        calendar=_calendar(reps, away, days),
    )


def _lines(reps: Sequence[Rep], present: Mapping[uuid.UUID, Absence], at: datetime, actor: Actor) -> list[Line]:
    ids = [rep.pk for rep in reps]
    terms = {row.rep_id: row for row in RepTerms.objects.state_at(at).filter(rep__in=ids)}
    known = availability.calendars_of(versions.all_at("calendar", at))
    keys = {terms[rep].calendar if rep in terms else HOUSE for rep in ids}
    hours = {key: availability.hours_of(key, known, at) for key in keys}
    load, given, work = workload.work_of(ids, at), _given(ids, at, actor), _due(ids, at)
    clocks, speed, turns = _clocks(ids, at), _speed(ids, at), _turns(ids, at)
    found = []
    for rep in reps:
        term, absence = terms.get(rep.pk), present.get(rep.pk)
        is_open, opens_at = hours[term.calendar if term else HOUSE]
        state = absence.kind if absence else "available" if is_open else "off"
        until = absence.valid_to if absence else None if is_open else availability.moment_of(opens_at)
        row, fast, fair = given.get(rep.pk, {}), speed.get(rep.pk, {}), turns.get(rep.pk)
        found.append(
            Line(
                rep=rep,
                state=state,
                until=until,
                local=_local(at, rep.user.zone),
                load=load[str(rep.pk)]["load"],
                capacity=term.capacity if term else None,
                new=row.get("new", 0),
                due=work.get(rep.pk, 0),
                soon=clocks.get(rep.pk, {}).get("soon", 0),
                breached=clocks.get(rep.pk, {}).get("late", 0),
                median=fast.get("median"),
                p90=fast.get("p90"),
                answered=fast.get("n", 0),
                accepted=row.get("accepted", 0),
                judged=row.get("judged", 0),
                ahead=-float(fair["credit"]) if fair else None,
                turns=fair["taken"] if fair else 0,
            )
        )
    return found


def _local(at: datetime, zone: str) -> datetime:
    return at.astimezone(zoneinfo.ZoneInfo(zone or settings.REPORTING_ZONE))


def _day(at: datetime) -> tuple[datetime, datetime]:
    """The house's day around an instant."""
    start = _local(at, settings.REPORTING_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    return start, start + timedelta(days=1)


def _given(ids: Sequence[uuid.UUID], at: datetime, actor: Actor) -> dict[uuid.UUID, dict[str, int]]:
    """Leads received today; of those received lately how many were accepted, among the accepted and those given up."""
    rows = Assignment.objects.filter(rep__in=ids, started_at__gt=at - LATELY, started_at__lte=at).order_by()
    answered = Q(accepted_at__isnull=False) | Q(ended_at__isnull=False)
    today = Q(started_at__gte=_day(at)[0])
    if not access.sees_every_lead(actor):  # what another team has since is not the reader's to open
        today &= Q(lead__in=access.leads_visible_to(actor))
    counted: Any = rows.values("rep").annotate(
        new=Count("lead", filter=today, distinct=True),
        accepted=Count("pk", filter=Q(accepted_at__isnull=False)),
        judged=Count("pk", filter=answered),
    )
    return {row["rep"]: row for row in counted}


def _due(ids: Sequence[uuid.UUID], at: datetime) -> dict[uuid.UUID, int]:
    """Leads on which something is due by the end of the house's day."""
    rows = Work.objects.filter(owner__in=ids, wakes_at__isnull=True, due_at__lt=_day(at)[1]).order_by()
    return dict(rows.values_list("owner").annotate(n=Count("pk")))


def _clocks(ids: Sequence[uuid.UUID], at: datetime) -> dict[uuid.UUID, dict[str, int]]:
    """Open leads whose clock has run out, and those whose first clock runs out within half an hour."""
    mine = Lead.objects.filter(IS_OPEN, owner__in=ids)
    rows = Clock.objects.filter(state=Clock.State.RUNNING, due_at__lte=at + cohorts.HALF_AN_HOUR, lead__in=mine)
    counted: dict[uuid.UUID, dict[str, int]] = {}
    firsts = rows.order_by().values_list("lead", "lead__owner").annotate(first=Min("due_at"))
    for _lead, owner, first in firsts:
        found = counted.setdefault(owner, {"late": 0, "soon": 0})
        found["late" if first <= at else "soon"] += 1
    return counted


def _speed(ids: Sequence[uuid.UUID], at: datetime) -> dict[uuid.UUID, dict[str, Any]]:
    """Seconds from a clock's start to the first attempt, over what was asked lately."""
    rows = Clock.objects.filter(
        rep__in=ids, kind=Clock.Kind.FIRST_ATTEMPT, state=Clock.State.MET, started_at__gt=at - LATELY
    )
    taken = rows.order_by().annotate(seconds=Extract(F("ended_at") - F("started_at"), "epoch"))
    counted: Any = taken.values("rep").annotate(
        n=Count("pk"), median=Quantile("seconds", share=0.5), p90=Quantile("seconds", share=0.9)
    )
    return {row["rep"]: row for row in counted}


def _turns(ids: Sequence[uuid.UUID], at: datetime) -> dict[uuid.UUID, dict[str, Any]]:
    """Turns had, and the credit left, over the pools in use: what one is owed is what one had too little, against the
    others who are in the pool now. What somebody who left was owed is nobody's lead."""
    present = PoolMember.objects.state_at(at).filter(pool=OuterRef("pool"), rep=OuterRef("rep"))
    rows = PoolCredit.objects.filter(Exists(present), pool__active=True, pool__credits__rep__in=ids).order_by()
    pools: dict[uuid.UUID, list[tuple[uuid.UUID, Any, int]]] = {}
    for pool, rep, credit, taken in rows.distinct().values_list("pool", "rep", "credit", "taken"):
        pools.setdefault(pool, []).append((rep, credit, taken))
    found: dict[uuid.UUID, dict[str, Any]] = {}
    for members in pools.values():
        middle = sum(credit for _rep, credit, _taken in members) / len(members)
        for rep, credit, taken in members:
            mine = found.setdefault(rep, {"credit": 0, "taken": 0})
            mine["credit"] += credit - middle
            mine["taken"] += taken
    return found


def _unowned(actor: Actor) -> tuple[int, list[tuple[str, int]], list[Lead]]:
    """Leads that wait for an owner: how many (counted up to a limit), why, and the first of them."""
    rows = access.leads_visible_to(actor).filter(IS_OPEN, owner__isnull=True).exclude(held="")
    first = list(rows.select_related("person").order_by("held_at", "id")[:MOST])
    reasons: dict[str, int] = {}
    for lead in first:
        reasons[lead.held] = reasons.get(lead.held, 0) + 1
    return len(first), sorted(reasons.items(), key=lambda row: -row[1]), first[:SHOWN]


def _to_claim(actor: Actor) -> int:
    """Leads that wait in pools to be claimed, counted up to a limit."""
    rows = access.leads_visible_to(actor).filter(selectors.to_claim())
    return len(rows.order_by().values_list("pk", flat=True)[:MOST])


def _calendar(reps: Sequence[Rep], away: Sequence[Absence], days: Sequence[date]) -> list[tuple[Rep, list[Cell]]]:
    """Each rep with an absence in these days, day by day in the house's zone."""
    mine: dict[uuid.UUID, list[Absence]] = {}
    for row in away:
        mine.setdefault(row.rep_id, []).append(row)
    return [(rep, [Cell(day, _on(mine[rep.pk], day)) for day in days]) for rep in reps if rep.pk in mine]


def _on(rows: Sequence[Absence], day: date) -> str:
    zone = zoneinfo.ZoneInfo(settings.REPORTING_ZONE)
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    end = start + timedelta(days=1)
    for row in rows:
        if row.valid_from < end and (row.valid_to is None or row.valid_to > start):
            return str(row.kind)
    return ""
