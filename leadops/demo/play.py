"""The past of the demo company, told in order of time through the real intake, pipeline, ticker's work and verbs.

A step is one instant: what arrives at it is one batch of the pipeline, what people do at it is one unit, and then comes
what the ticker would find due. Empty steps are skipped. Told twice from the same seed and end, all ids are the same. A play that was cut goes
on after the last step it finished.
"""

from __future__ import annotations

import gc
import json
import logging
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q

from capture import intake, live_sources, pipeline
from capture.models import Source, Submission
from leadops import ids, journal, moment
from leadops.access import system
from leadops.demo import acting, plants, tidy
from leadops.demo.arrivals import PARIS, Arrival, arrivals, as_posted, marks
from leadops.demo.models import Demo
from leadops.demo.stage import PATIENCE, Happening, Script, Stage
from leadops.demo.story import Act, story
from leadops.effects import runner
from leadops.effects.models import Effect
from leadops.errors import Refused
from leadops.models import Lead
from leadops.platform import ticker
from leadops.unit import Unit, in_unit
from reports import facts

log = logging.getLogger("leadops.demo")
PLAY = system("demo")
JSON = {"content-type": "application/json"}
BY_HAND = {"submissions"}  # run by each step itself
# How often the told house looks after each kind of due work; the ticker of a living one does so all the time.
AT_EVERY_STEP = timedelta(0)
LOOKS = {
    "clocks": timedelta(hours=4),
    "held leads": AT_EVERY_STEP,
    "scores": timedelta(days=1),
    "entries": timedelta(days=1),
    "what is kept for a while": timedelta(days=1),
}
OTHERS = timedelta(hours=6)
CLOSELY = timedelta(days=3)  # the newest days are looked at closely: their reminders stand one by one in the bell
LETTERS = 2  # working days before the last: their letters to prospects are sent, each in its hour
# What was planned for a past moment is else not sent: `_unsent`. Reports count leads directly until their facts are built,
# once and at the end: to renew them day by day costs a third of the play.
NEVER = {"effects", "facts of the reports"}
TOLD_EVERY = 5  # days between two lines of progress


def play(
    demo: Demo,
    say: Callable[[str], None] = lambda text: None,
    before_step: Callable[[datetime], None] = lambda at: None,
) -> int:
    """Tell the rest of the past; returns how many leads there are. `before_step` is called with each step's instant."""
    come = arrivals(demo.until, demo.seed, demo.leads, demo.days)
    sources = {source.slug: live_sources.live(source, demo.until) for source in Source.objects.all()}
    stage = Stage(demo, _script(demo, come), sources, leads=_known(demo.seed))
    told = demo.day
    with ids.seeded(demo.seed + int(demo.played_to.timestamp()), moment.now), _quick():
        for at, now in stage.script.between(demo.played_to, demo.until):
            before_step(at)
            with moment.at(at):
                _step(stage, at, now)
            if demo.day >= told + TOLD_EVERY:
                told = demo.day
                say(f"day {demo.day} of {demo.days}: {len(stage.leads)} leads")
    _unsent(demo.until, Q(person__isnull=True))
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', '0', true)")  # what the door set may still hold
        cursor.execute("ANALYZE")
    with moment.at(demo.until):
        facts.rebuild()
    demo.played_to, demo.state = demo.until, Demo.State.LIVE
    demo.save(update_fields=["played_to", "state"])
    return Lead.objects.count()


def _script(demo: Demo, come: Sequence[Arrival]) -> Script:
    """All of it; of a play that was cut, first answers that may have been put off are tried once more."""
    acts = [act for one in come for act in story(one, demo.seed, demo.until)]
    script = Script(come, acts, plants.planted(demo.from_at, demo.until))
    for act in acts:
        if act.kind == "answer" and demo.played_to - PATIENCE < act.at <= demo.played_to:
            script.put_off(act, demo.played_to)
    return script


def _step(stage: Stage, at: datetime, now: Happening) -> None:
    for plant in now.planted:
        plant.do(at)
        stage.forget()
    if now.arriving:
        _arrive(stage, now.arriving, at)
    if now.acts:
        _act(stage, now.acts, at)
    _clear(stage, at)
    # after what people did, never before: what was answered since the last step is no breach
    if now.acts or now.planted or stage.ticked is None or at - stage.ticked >= OTHERS:
        _tick(stage, at)
        stage.ticked = at
    stage.demo.played_to = at
    Demo.objects.filter(pk=1).update(played_to=at)


def _clear(stage: Stage, at: datetime) -> None:
    """Once a day what no script answers, in the newest days all that is late."""
    close = at > stage.demo.until - CLOSELY
    if close or at - stage.looked.get("lists", stage.demo.from_at) >= timedelta(days=1):
        tidy.clear(stage, at, whole=close)
        stage.looked["lists"] = at


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


def _act(stage: Stage, acts: Sequence[Act], at: datetime) -> None:
    """What the reps do at this instant, one unit; a lead on which it makes no sense any more is left alone."""
    wanted = [(act, stage.leads[act.n]) for act in acts if act.n in stage.leads]
    try:
        put_off = _together(stage, wanted)
    except Refused:  # a visitor was quicker on one of these leads: that act falls, the others are done alone
        put_off = []
        for one in wanted:
            try:
                put_off += _together(stage, [one])
            except Refused as refused:
                log.warning("not done in the told past: %s: %s", one[0].kind, refused)
    for act in put_off:
        stage.script.put_off(act, at)


def _together(stage: Stage, wanted: Sequence[tuple[Act, uuid.UUID]]) -> list[Act]:
    """One unit; returns the acts for which nobody was there."""

    def work(unit: Unit) -> list[Act]:
        leads = {lead.pk: lead for lead in unit.leads(lead_id for _act, lead_id in wanted)}
        told = [(act, leads[lead_id]) for act, lead_id in wanted if lead_id in leads]
        put_off = [act for act, lead in told if lead.is_open and stage.waits(act, lead.owner_id, unit.at)]
        left = [
            (act, lead)
            for act, lead in told
            if act not in put_off and lead.owner_id is not None and not stage.away(lead.owner_id, unit.at)
        ]
        while left:  # a second act on the same lead comes after the first
            now: dict[Lead, Act] = {}
            left = [(act, lead) for act, lead in left if now.setdefault(lead, act) is not act]
            with unit.acting_each({lead.pk: _act_of(act, lead, stage, unit) for lead, act in now.items()}):
                acting.do(now, unit)
        return put_off

    return in_unit(work, actor=PLAY)


def _act_of(act: Act, lead: Lead, stage: Stage, unit: Unit) -> journal.Act:
    """The owner, when it happened: after what is known of the lead, and not after now."""
    before = [at for at in (act.happened, lead.assigned_at, lead.stage_at, lead.accepted_at) if at is not None]
    at = min(max(before), unit.at) if act.happened else None
    return journal.Act(stage.actor(lead.owner_id), at)  # type: ignore[arg-type]  # it has an owner


def _tick(stage: Stage, at: datetime) -> None:
    """What the ticker would find due now."""
    close = at > stage.demo.until - CLOSELY
    for work in ticker.due_work():
        if work.name in BY_HAND | NEVER:
            continue
        pause = AT_EVERY_STEP if close and work.name == "clocks" else LOOKS.get(work.name, OTHERS)
        if at - stage.looked.get(work.name, stage.demo.from_at) < pause:
            continue
        stage.looked[work.name] = at
        if work.name == "sequences":  # a letter waits for the one before it
            _unsent(min(at, letters_from(stage.demo.until)), Q(person__isnull=False))
        due = work.next_at(at)
        if due is not None and due <= at:
            work.task()
    if at > letters_from(stage.demo.until):
        _unsent(at, Q(person__isnull=True))
        runner.run(at)


def letters_from(until: datetime) -> datetime:
    """Since when letters to prospects are sent, to be read in the demo's mailbox: whole working days, whatever the hour."""
    day = until.astimezone(PARIS).replace(hour=0, minute=0, second=0, microsecond=0)
    left = LETTERS
    while left:
        day -= timedelta(days=1)
        left -= day.weekday() < 5
    return day


def _unsent(upto: datetime, which: Q) -> None:
    """Mails of the past are held back: nothing of a told story leaves the house."""
    rows = Effect.objects.filter(which, state=Effect.State.PLANNED, due_at__lte=upto)
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
