"""When requests come and nobody works: the hours of the week no rep's calendar opens, with their share of the history."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay

from leadops import calendars, cohorts
from leadops.models import Lead, Rep, RepTerms
from leadops.versions import services as versions
from leadops.versions.calendars import HOUSE
from routing import availability

HISTORY = timedelta(days=90)
ENOUGH = 20  # fewer requests say nothing about a week
MOST = 10_000  # of the latest requests: the shares of a week do not change with more
WORTH = 0.02  # a share below this is no gap to speak of

Hour = tuple[int, int]  # ISO weekday, hour of the day


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of one weekday, hours [start, end), and the share of requests that come in it."""

    weekday: int
    start: int
    end: int
    share: float


def gaps(at: datetime) -> list[Gap]:
    """Uncovered stretches worth speaking of, the greatest first, over the requests of the last 90 days."""
    asked = _asked(at)
    total = sum(asked.values())
    if total < ENOUGH:
        return []
    found = [Gap(d, a, b, n / total) for d, a, b, n in _stretches(asked, _covered(at))]
    return sorted((gap for gap in found if gap.share >= WORTH), key=lambda gap: -gap.share)


def _asked(at: datetime) -> dict[Hour, int]:
    """Hour of the week -> requests, in the house's zone."""
    zone = zoneinfo.ZoneInfo(settings.REPORTING_ZONE)
    rows = cohorts.countable(Lead.objects.filter(received_at__gt=at - HISTORY, received_at__lte=at, hand_raiser=True))
    latest = rows.order_by("-received_at").values("pk")[:MOST]
    told = (
        Lead.objects.filter(pk__in=latest)
        .order_by()
        .annotate(weekday=ExtractIsoWeekDay("received_at", tzinfo=zone), hour=ExtractHour("received_at", tzinfo=zone))
    )
    counted = told.values_list("weekday", "hour").annotate(n=Count("pk"))
    return {(int(weekday), int(hour)): n for weekday, hour, n in counted}


def _covered(at: datetime) -> set[Hour]:
    """Hours of the coming week in which the calendar of some active rep is open, absences aside."""
    zone = zoneinfo.ZoneInfo(settings.REPORTING_ZONE)
    active = Rep.objects.filter(active=True).values("pk")
    keys = {
        key or HOUSE for key in RepTerms.objects.state_at(at).filter(rep__in=active).values_list("calendar", flat=True)
    }
    known = availability.calendars_of(versions.all_at("calendar", at))
    start = at.astimezone(zone).replace(minute=30, second=0, microsecond=0)
    moments = [start + timedelta(hours=n) for n in range(7 * 24)]
    used = [availability.calendar_for(key, known) for key in sorted(keys)]
    return {(m.isoweekday(), m.hour) for m in moments if any(calendars.open_at(one, m) for one in used)}


def _stretches(asked: Mapping[Hour, int], covered: set[Hour]) -> list[tuple[int, int, int, int]]:
    """Neighbouring uncovered hours of a day as one: weekday, from, to, requests."""
    found: list[tuple[int, int, int, int]] = []
    for weekday in range(1, 8):
        for hour in range(24):
            if (weekday, hour) in covered:
                continue
            n = asked.get((weekday, hour), 0)
            if found and found[-1][0] == weekday and found[-1][2] == hour:
                last = found.pop()
                found.append((weekday, last[1], hour + 1, last[3] + n))
            else:
                found.append((weekday, hour, hour + 1, n))
    return found
