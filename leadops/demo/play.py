"""The past of the demo company, told in order of time through the real intake, pipeline, ticker's work and verbs.

A step is one instant: what arrives at it is one batch of the pipeline, what people do at it is one unit, and then comes
what the ticker would find due. Empty steps are skipped. Told twice from the same seed and end, all ids are the same. A play that was cut goes
on after the last step it finished.
"""

from __future__ import annotations

import gc
import heapq
import json
import logging
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby

from django.db import connection

from capture import intake, live_sources, pipeline
from capture.models import Source, Submission
from leadops import access, ids, moment
from leadops.access import Actor, system
from leadops.demo import acting, plants
from leadops.demo.arrivals import Arrival, arrivals, as_posted, marks
from leadops.demo.models import Demo
from leadops.demo.story import Act, story
from leadops.effects.models import Effect
from leadops.errors import Refused
from leadops.models import Absence, Lead, User
from leadops.platform import ticker
from leadops.unit import Unit, in_unit

log = logging.getLogger("leadops.demo")
PLAY = system("demo")
JSON = {"content-type": "application/json"}
BY_HAND = {"submissions"}  # run by each step itself
OFTEN = {"clocks", "held leads"}  # looked at in every step; all else that may be due a few times a day
SOMETIMES = timedelta(hours=6)
NEVER = {"effects"}  # what was planned for a past moment is not sent: `_unsent`
WORKING = (7, 18)  # UTC hours in which acts are so dense that looking after them is enough
TOLD_EVERY = 5  # days between two lines of progress


@dataclass(slots=True)
class Stage:
    """What the play holds in hand between two steps."""

    demo: Demo
    sources: dict[str, live_sources.LiveSource]
    looked: datetime
    leads: dict[int, uuid.UUID] = field(default_factory=dict)  # arrival -> its lead
    actors: dict[uuid.UUID, Actor] = field(default_factory=dict)
    absences: dict[uuid.UUID, list[tuple[datetime, datetime | None]]] = field(default_factory=dict)

    def away(self, user_id: uuid.UUID, at: datetime) -> bool:
        """Who left or is on leave answers nothing."""
        if user_id not in self.absences:
            spans = Absence.objects.filter(rep=user_id, known_to=None)
            self.absences[user_id] = list(spans.values_list("valid_from", "valid_to"))
        away = any(start <= at and (end is None or at < end) for start, end in self.absences[user_id])
        return away or self.actor(user_id).user_id is None

    def actor(self, user_id: uuid.UUID) -> Actor:
        if user_id not in self.actors:
            self.actors[user_id] = access.actor_of(User.objects.get(pk=user_id))
        return self.actors[user_id]


def play(
    demo: Demo,
    say: Callable[[str], None] = lambda text: None,
    before_step: Callable[[datetime], None] = lambda at: None,
) -> int:
    """Tell the rest of the past; returns how many leads there are. `before_step` is called with each step's instant."""
    come = arrivals(demo.until, demo.seed, demo.leads, demo.days)
    sources = {source.slug: live_sources.live(source, demo.until) for source in Source.objects.all()}
    stage = Stage(demo, sources, demo.played_to)
    stage.leads = _known(demo.seed)
    told = demo.day
    with ids.seeded(demo.seed + int(demo.played_to.timestamp()), moment.now), _quick():
        for at, arriving, acts, planted in _steps(demo, come):
            before_step(at)
            with moment.at(at):
                _step(stage, at, arriving, acts, planted)
            if demo.day >= told + TOLD_EVERY:
                told = demo.day
                say(f"day {demo.day} of {demo.days}: {len(stage.leads)} leads")
    _unsent(demo.until)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    demo.played_to, demo.state = demo.until, Demo.State.LIVE
    demo.save(update_fields=["played_to", "state"])
    return Lead.objects.count()


def _steps(
    demo: Demo, come: Sequence[Arrival]
) -> Iterator[tuple[datetime, list[Arrival], list[Act], list[plants.Plant]]]:
    """Every instant at which something happens, with what happens at it."""
    events: list[tuple[datetime, int, int, object]] = []
    for n, plant in enumerate(plants.planted(demo.from_at, demo.until)):
        events.append((plant.at, 0, n, plant))
    events += [(one.at, 1, one.n, one) for one in come]
    acts = [act for one in come for act in story(one, demo.seed, demo.until)]
    events += [(act.at, 2, n, act) for n, act in enumerate(sorted(acts))]
    heapq.heapify(events)
    ordered = (heapq.heappop(events) for _ in range(len(events)))
    for at, group in groupby(ordered, key=lambda event: event[0]):
        if demo.played_to < at < demo.until:
            rows = [event[3] for event in group]
            yield (
                at,
                [row for row in rows if isinstance(row, Arrival)],
                [row for row in rows if isinstance(row, Act)],
                [row for row in rows if isinstance(row, plants.Plant)],
            )


def _step(
    stage: Stage,
    at: datetime,
    arriving: Sequence[Arrival],
    acts: Sequence[Act],
    planted: Sequence[plants.Plant],
) -> None:
    for plant in planted:
        plant.do(at)
        stage.actors.clear()
        stage.absences.clear()
    if arriving:
        _arrive(stage, arriving, at)
    if acts:
        _act(stage, acts)
    if acts or planted or not WORKING[0] <= at.hour < WORKING[1]:
        _tick(stage, at)
    stage.demo.played_to = at
    Demo.objects.filter(pk=1).update(played_to=at)


def _arrive(stage: Stage, arriving: Sequence[Arrival], at: datetime) -> None:
    """Post them one by one, then one batch."""
    posted: dict[uuid.UUID, int] = {}
    for one in arriving:
        source = stage.sources[one.origin.slug]
        body = json.dumps(as_posted(one), ensure_ascii=False).encode()
        request = intake.Posted(raw=body, headers={**JSON, "idempotency-key": str(one.body["id"])}, at=at)
        posted[intake.accept(source, request, intake.look(source, request)).submission] = one.n
    for done in pipeline.run_batch().submissions:
        if done.lead_id and done.pk in posted:
            stage.leads[posted[done.pk]] = done.lead_id


def _act(stage: Stage, acts: Sequence[Act]) -> None:
    """What the reps do at this instant, one unit; a lead on which it makes no sense any more is left alone."""
    wanted = [(act, stage.leads[act.n]) for act in acts if act.n in stage.leads]

    try:
        _together(stage, wanted)
    except Refused:  # a visitor was quicker on one of these leads: that act falls, the others are done alone
        for one in wanted:
            try:
                _together(stage, [one])
            except Refused as refused:
                log.warning("not done in the told past: %s: %s", one[0].kind, refused)


def _together(stage: Stage, wanted: Sequence[tuple[Act, uuid.UUID]]) -> None:
    def work(unit: Unit) -> None:
        found = {lead.pk: lead for lead in unit.leads(lead_id for _act, lead_id in wanted)}
        for act, lead_id in wanted:
            lead = found.get(lead_id)
            if lead is not None and lead.owner_id is not None and not stage.away(lead.owner_id, unit.at):
                with unit.acting(stage.actor(lead.owner_id)):
                    acting.do(act, lead, unit)

    in_unit(work, actor=PLAY)


def _tick(stage: Stage, at: datetime) -> None:
    """What the ticker would find due now."""
    all_of_it = at - stage.looked >= SOMETIMES
    for work in ticker.due_work():
        if work.name in BY_HAND | NEVER or not (all_of_it or work.name in OFTEN):
            continue
        due = work.next_at(at)
        if due is not None and due <= at:
            work.task()
    stage.looked = at if all_of_it else stage.looked


def _unsent(until: datetime) -> None:
    """Mails of the past are held back: nothing of a told story leaves the house when it is over."""
    rows = Effect.objects.filter(state=Effect.State.PLANNED, due_at__lte=until)
    rows.update(state=Effect.State.HELD, error="planned in the told past of the demo")


def _known(seed: int) -> dict[int, uuid.UUID]:
    """Leads of arrivals that were told before a cut."""
    found: dict[int, uuid.UUID] = {}
    for mark in marks(f"{seed}-"):
        rows = Submission.objects.filter(delivery_key__startswith=mark, lead__isnull=False)
        keys = rows.values_list("delivery_key", "lead_id")
        found |= {int(key.removeprefix(mark)): lead for key, lead in keys if lead}
    return found


@contextmanager
def _quick() -> Iterator[None]:
    """No waiting for the disk, and no collector among a million short-lived objects: a sixth of the time."""
    _set("off")
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        _set("on")


def _set(value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('synchronous_commit', %s, false)", [value])
