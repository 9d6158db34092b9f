"""What is going on now: today's leads by hour against the usual, who waits for an owner, clocks at risk. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.db.models.functions import ExtractHour, TruncDate

from leadops import access, cohorts, moment
from leadops.access import Actor
from leadops.models import OPEN_STAGES
from leadops.work import Work
from reports.metrics.response import share_within_five
from reports.periods import Period, period_of
from routing.models import Clock

WEEKS = 4  # the usual: the mean of as many same weekdays before
SOON = timedelta(minutes=15)
CLOCKS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class LiveReport:
    at: datetime
    today: Period
    hours: list[tuple[int, int, float | None]]  # hour, leads so far, usual; None: too little history
    leads: int
    usual_so_far: float | None
    held: list[tuple[str, int]]  # reason of the hold, open leads
    unowned: int  # open, without owner and not held
    due: int  # rows of the queue that are due
    breached_today: int
    clocks: list[Clock]  # running, overdue or due soon, first the next due
    at_risk: int
    overdue: int
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
    hours, usual = _hours(leads, today, at)
    open_leads = leads.filter(stage__in=OPEN_STAGES)
    held = open_leads.filter(held__gt="").order_by().values_list("held").annotate(n=Count("pk")).order_by("-n", "held")
    clocks = Clock.objects.filter(state=Clock.State.RUNNING, lead__in=open_leads)
    risks = clocks.aggregate(
        soon=Count("pk", filter=Q(due_at__gt=at, due_at__lte=at + SOON)), over=Count("pk", filter=Q(due_at__lte=at))
    )
    share, judged = share_within_five(actor, today)
    return LiveReport(
        at=at,
        today=today,
        hours=hours,
        leads=sum(n for _hour, n, _usual in hours),
        usual_so_far=usual,
        held=list(held),
        unowned=open_leads.filter(owner__isnull=True, held="").count(),
        due=Work.objects.filter(lead__in=open_leads, due_at__lte=at, wakes_at__isnull=True).count(),
        breached_today=Clock.objects.filter(
            lead__in=leads, breached_at__gte=today.since, breached_at__lt=today.until
        ).count(),
        clocks=list(
            clocks.filter(due_at__gt=at, due_at__lte=at + SOON)
            .select_related("lead__person", "rep__user")
            .order_by("due_at")[:CLOCKS_SHOWN]
        ),
        at_risk=risks["soon"],
        overdue=risks["over"],
        share_within_five=share,
        judged=judged,
    )


def _hours(leads: Any, today: Period, at: datetime) -> tuple[list[tuple[int, int, float | None]], float | None]:
    """Leads of each hour of today, and the mean of that hour on the same weekdays before."""
    days = [today.shifted(-7 * week) for week in range(WEEKS + 1)]
    within = Q()
    for day in days:
        within |= Q(received_at__gte=day.since, received_at__lt=day.until)
    zone = today.since.tzinfo
    rows = (
        leads.filter(within)
        .order_by()
        .annotate(day=TruncDate("received_at", tzinfo=zone), hour=ExtractHour("received_at", tzinfo=zone))
        .values_list("day", "hour")
        .annotate(n=Count("pk"))
    )
    counted = {(day, hour): n for day, hour, n in rows}
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
