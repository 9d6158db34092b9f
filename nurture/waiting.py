"""Not before when somebody may be written to: the house's cap on mails per person, and the day they are back. It sends nothing."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Max, Q
from django.db.models.functions import Coalesce

from leadops.effects.models import Effect
from leadops.models import Lead, Person
from leadops.unit import Unit
from leadops.versions import services as versions
from nurture.models import Away
from nurture.timing import zones

CAP, AWAY = "cap", "away"
WAITS = (CAP, AWAY)
KIND, KEY = "mail_policy", "house"
DAY, WEEK = timedelta(days=1), timedelta(days=7)
State = Effect.State
LEFT = (State.SENDING, State.SENT, State.UNKNOWN)  # a letter that left, or may have


@dataclass(frozen=True, slots=True)
class Cap:
    """At most so many mails to one person within any 24 hours and any seven days, over all sequences and aliases."""

    per_day: int
    per_week: int


STANDARD = Cap(1, 3)  # what holds while nobody published another

Wait = tuple[datetime, str]  # the instant, and `cap` or `away`


def cap_at(at: datetime) -> Cap:
    version = versions.version_at(KIND, KEY, at)
    found: Cap = versions.compiled(version) if version else STANDARD
    return found


def cap_in_force(unit: Unit) -> Cap:
    version = versions.in_force(KIND, KEY, unit)
    found: Cap = versions.compiled(version) if version else STANDARD
    return found


def free_at(sent: Iterable[datetime], cap: Cap, at: datetime) -> datetime:
    """The first instant from `at` on at which one more mail keeps within the cap. Pure.

    A window holds fewer than its most once enough of what was sent has left it.
    """
    newest = sorted(sent, reverse=True)
    found = at
    for most, length in ((cap.per_day, DAY), (cap.per_week, WEEK)):
        if len(newest) >= most:
            found = max(found, newest[most - 1] + length)
    return found


def not_before(
    leads: Sequence[Lead],
    cap: Cap,
    at: datetime,
    *,
    planned: bool,
    but: uuid.UUID | None = None,
    away: Mapping[uuid.UUID, datetime] | None = None,
) -> dict[uuid.UUID, Wait]:
    """Lead -> when its person may be written to next and why not now; who may be written to now is left out.

    `planned`: letters not sent yet count too, so that no two are planned together; `but` is the letter that asks;
    `away` what `away_until` said, where it was asked already.
    """
    sent = _sent({lead.canonical_id for lead in leads}, at, planned, but)
    away = away_until(leads, at) if away is None else away
    found: dict[uuid.UUID, Wait] = {}
    for lead in leads:
        free = free_at(sent.get(lead.canonical_id, ()), cap, at)
        if free > at:
            found[lead.pk] = (free, CAP)
        if lead.pk in away and away[lead.pk] > free:
            found[lead.pk] = (away[lead.pk], AWAY)
    return found


def away_until(leads: Iterable[Lead], at: datetime) -> dict[uuid.UUID, datetime]:
    """Lead -> the morning its person is back, by any of their aliases; who is there now is left out."""
    theirs = list(leads)
    back = _back({lead.canonical_id for lead in theirs})
    found = {
        lead.pk: morning(back[lead.canonical_id], lead.person.zone) for lead in theirs if lead.canonical_id in back
    }
    return {key: there for key, there in found.items() if there > at}


def _sent(
    people: Iterable[uuid.UUID], at: datetime, planned: bool, but: uuid.UUID | None
) -> Mapping[uuid.UUID, list[datetime]]:
    """Canonical person -> when letters left to any of their aliases within a week, or will leave."""
    aliases = dict(Person.objects.filter(canonical__in=people).values_list("pk", "canonical_id"))
    recent = Q(state__in=LEFT) & (Q(sent_at__gt=at - WEEK) | Q(sent_at__isnull=True, due_at__gt=at - WEEK))
    wanted = recent | Q(state=State.PLANNED) if planned else recent
    rows = Effect.objects.filter(wanted, person__in=aliases)
    rows = rows.exclude(pk=but) if but else rows
    found: dict[uuid.UUID, list[datetime]] = defaultdict(list)
    for person, when, state in rows.values_list("person_id", Coalesce("sent_at", "due_at"), "state"):
        found[aliases[person]].append(max(when, at) if state == State.PLANNED else when)
    return found


def _back(people: Iterable[uuid.UUID]) -> dict[uuid.UUID, date]:
    """Canonical person -> the latest day any of their aliases is back."""
    rows = Away.objects.filter(person__canonical__in=people).order_by().values_list("person__canonical_id")
    return dict(rows.annotate(back=Max("back")))


def morning(day: date, zone: str) -> datetime:
    """The first instant of a day where the person lives, else in the house's zone."""
    here = ZoneInfo(zone if zone in zones() else settings.REPORTING_ZONE)
    return datetime.combine(day, time(), tzinfo=here)
