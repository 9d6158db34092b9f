"""What the play holds in hand between two steps: whose lead is which, who may act as whom, who is at their desk, what comes next."""

from __future__ import annotations

import heapq
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from capture import live_sources
from leadops import access, calendars
from leadops.access import Actor
from leadops.calendars import Calendar
from leadops.demo.arrivals import Arrival
from leadops.demo.models import Demo
from leadops.demo.plants import Plant
from leadops.demo.story import Act, together
from leadops.models import Absence, RepTerms, User
from leadops.versions import services as versions

NOT_BEFORE = timedelta(minutes=30)  # who was not at their desk is tried again after so long, in a later step
PATIENCE = timedelta(days=4)  # then whoever has the lead answers, at their desk or not


@dataclass(slots=True)
class Happening:
    """All that happens at one instant."""

    arriving: list[Arrival] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    planted: list[Plant] = field(default_factory=list)


class Script:
    """What is to come, in order of time; acts may be put off while it is read."""

    def __init__(self, come: Iterable[Arrival], acts: Iterable[Act], planted: Iterable[Plant]) -> None:
        self._count = 0
        self._events: list[tuple[datetime, int, int, Arrival | Act | Plant]] = []
        for plant in planted:
            self._add(plant.at, 0, plant)
        for arrival in come:
            self._add(arrival.at, 1, arrival)
        for act in sorted(acts):
            self._add(act.at, 2, act)

    def _add(self, at: datetime, turn: int, row: Arrival | Act | Plant) -> None:
        heapq.heappush(self._events, (at, turn, self._count, row))
        self._count += 1

    def put_off(self, act: Act, now: datetime) -> None:
        """This act is tried again in the next step, and will have happened in it."""
        self._add(together(now + NOT_BEFORE), 2, replace(act, happened=None))

    def between(self, after: datetime, until: datetime) -> Iterator[tuple[datetime, Happening]]:
        """Every instant in (after, until) at which something happens."""
        while self._events:
            at, found = self._events[0][0], Happening()
            while self._events and self._events[0][0] == at:
                row = heapq.heappop(self._events)[3]
                kept: list[Arrival] | list[Act] | list[Plant]
                kept = (
                    found.arriving
                    if isinstance(row, Arrival)
                    else found.acts
                    if isinstance(row, Act)
                    else found.planted
                )
                kept.append(row)  # type: ignore[arg-type]  # the list of its kind
            if after < at < until:
                yield at, found


@dataclass(slots=True)
class Stage:
    demo: Demo
    script: Script
    sources: dict[str, live_sources.LiveSource]
    looked: dict[str, datetime] = field(default_factory=dict)  # due work -> when it was last looked after
    ticked: datetime | None = None
    leads: dict[int, uuid.UUID] = field(default_factory=dict)  # arrival -> its lead
    _actors: dict[uuid.UUID, Actor] = field(default_factory=dict)
    _absences: dict[uuid.UUID, list[tuple[datetime, datetime | None]]] = field(default_factory=dict)
    _calendars: dict[uuid.UUID, Calendar] = field(default_factory=dict)

    def forget(self) -> None:
        """Something about people may have changed."""
        self._actors.clear()
        self._absences.clear()
        self._calendars.clear()

    def actor(self, user_id: uuid.UUID) -> Actor:
        if user_id not in self._actors:
            self._actors[user_id] = access.actor_of(User.objects.get(pk=user_id))
        return self._actors[user_id]

    def away(self, user_id: uuid.UUID, at: datetime) -> bool:
        """Who left or is on leave answers nothing."""
        if user_id not in self._absences:
            spans = Absence.objects.filter(rep=user_id, known_to=None)
            self._absences[user_id] = list(spans.values_list("valid_from", "valid_to"))
        away = any(start <= at and (end is None or at < end) for start, end in self._absences[user_id])
        return away or self.actor(user_id).user_id is None

    def at_desk(self, user_id: uuid.UUID, at: datetime) -> bool:
        """Whether it is working time by the rep's own calendar."""
        if user_id not in self._calendars:
            terms = RepTerms.objects.state_at(at).filter(rep=user_id).first()
            version = versions.version_at("calendar", terms.calendar, at) if terms else None
            self._calendars[user_id] = versions.compiled(version) if version else calendars.ALWAYS
        return calendars.open_at(self._calendars[user_id], at)

    def waits(self, act: Act, owner: uuid.UUID | None, at: datetime) -> bool:
        """Whether a first answer has to wait: the lead is held, or its owner is not at their desk."""
        if act.kind != "answer" or at - act.at > PATIENCE:
            return False
        return owner is None or not self.at_desk(owner, act.happened or at)
