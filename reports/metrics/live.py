"""What is going on now: today's leads by hour against the usual, who waits for an owner, clocks at risk. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet

from leadops import access, cohorts, moment
from leadops.access import Actor
from leadops.models import OPEN_STAGES, Lead
from leadops.work import Work
from reports import facts
from reports.metrics import arrivals
from reports.metrics.response import share_within_five
from reports.periods import Period, period_of
from routing.models import Clock

WEEKS = 4  # the usual: the mean of as many same weekdays before
CLOCKS_SHOWN = 12
MOST = 1_000  # what is counted of a backlog: beyond it, at least so many


@dataclass(frozen=True, slots=True)
class LiveReport:
    at: datetime
    today: Period
    hours: list[tuple[int, int, float | None]]  # hour, leads so far, usual; None: too little history
    leads: int
    usual_so_far: float | None
    held: list[tuple[str, int]]  # reason of the hold, open leads
    unowned: (
        int  # open, without owner, not held, and for somebody: in a pool or an MQL; this and the following up to MOST
    )
    resting: int  # open, no MQL yet and nobody's
    due: int  # leads with work that is due
    breached_today: int  # leads with a clock whose due time was today and missed
    clocks: list[Clock]  # running and due soon, first the next due
    at_risk: int  # leads with such a clock
    overdue: int  # leads with a running clock past its due time
    share_within_five: float | None
    judged: int

    def to_json(self) -> dict[str, Any]:
        return {
            "at": self.at.isoformat(),
            "period": self.today.to_json(),
            "hours": [{"hour": hour, "leads": n, "usual": usual} for hour, n, usual in self.hours],
            "leads": self.leads,
            "usual_so_far": self.usual_so_far,
            "held": dict(self.held),
            "unowned": self.unowned,
            "resting": self.resting,
            "due": self.due,
            "clocks_at_risk": self.at_risk,
            "clocks_overdue": self.overdue,
            "breached_today": self.breached_today,
            "share_within_five": self.share_within_five,
            "judged": self.judged,
        }


def live_report(actor: Actor) -> LiveReport:
    """The house, or the teams the actor may see, as it is now."""
    access.require(actor, "read_reports")
    at = moment.now()
    today = period_of("today", at)
    leads = cohorts.countable(access.leads_visible_to(actor))
    kept, whole = facts.usable(), access.sees_every_lead(actor)
    hours, usual = _hours(leads, today, at, kept, whole)
    open_leads = leads.filter(stage__in=OPEN_STAGES)
    held = open_leads.filter(held__gt="").order_by().values_list("held").annotate(n=Count("pk")).order_by("-n", "held")
    clocks = Clock.objects.filter(state=Clock.State.RUNNING, lead__in=open_leads)
    soon = clocks.filter(due_at__gt=at, due_at__lte=at + cohorts.SOON)
    breached = Clock.objects.filter(lead__in=leads, breached_at__gte=today.since, breached_at__lt=today.until)
    share, judged = share_within_five(actor, today, kept)
    return LiveReport(
        at=at,
        today=today,
        hours=hours,
        leads=sum(n for _hour, n, _usual in hours),
        usual_so_far=usual,
        held=list(held),
        unowned=_most(open_leads.filter(owner__isnull=True, held="").exclude(cohorts.RESTING)),
        resting=_most(open_leads.filter(cohorts.RESTING)),
        due=_most(Work.objects.filter(lead__in=open_leads, due_at__lte=at, wakes_at__isnull=True)),
        breached_today=_leads_of(breached),
        clocks=list(soon.select_related("lead__person", "rep__user").order_by("due_at")[:CLOCKS_SHOWN]),
        at_risk=_leads_of(soon),
        overdue=_leads_of(clocks.filter(due_at__lte=at)),
        share_within_five=share,
        judged=judged,
    )


def _most(rows: QuerySet[Any, Any]) -> int:
    """How many, counted up to MOST: a backlog of any size costs the same."""
    return rows.order_by()[:MOST].count()


def _leads_of(clocks: QuerySet[Clock]) -> int:
    """How many leads these clocks are of, counted up to MOST."""
    some = clocks.order_by().values("lead")[: MOST * len(Clock.Kind)]  # one running of each kind a lead at most
    return min(MOST, int(some.aggregate(n=Count("lead", distinct=True))["n"]))


def _hours(
    leads: QuerySet[Lead], today: Period, at: datetime, kept: facts.Facts | None, whole: bool
) -> tuple[list[tuple[int, int, float | None]], float | None]:
    """Leads of each hour of today, and the mean of that hour on the same weekdays before."""
    days = [today.shifted(-7 * week) for week in range(WEEKS + 1)]
    counted = arrivals.by_hour(leads, days, kept=kept, whole=whole)
    zone = today.since.tzinfo
    # a day before the first lead ever is no usual day
    known = [day.from_on for day in days[1:] if any(on == day.from_on for on, _hour in counted)]
    hours = [
        (
            hour,
            counted.get((today.from_on, hour), 0),
            sum(counted.get((on, hour), 0) for on in known) / len(known) if known else None,
        )
        for hour in range(24)
    ]
    now = at.astimezone(zone)
    if not known:
        return hours, None
    past = sum(usual or 0 for hour, _n, usual in hours if hour < now.hour)
    return hours, past + (hours[now.hour][2] or 0) * now.minute / 60
