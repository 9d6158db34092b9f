"""Lives of leads, each lived once through the real intake, pipeline, clocks and verbs with a frozen moment.

`copies` multiplies what they wrote; this module invents no row of its own.
"""

from __future__ import annotations

import json
import uuid
from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from typing import Any

from capture import intake, live_sources, pipeline
from capture.models import Cost, Source, Submission
from leadops import access, moment
from leadops.demo.arrivals import EACH_DAY, EACH_HOUR, PARIS
from leadops.desk import services as desk
from leadops.effects import runner
from leadops.models import Lead, User
from leadops.testing import CampaignFactory, SourceFactory
from leadops.unit import Unit, in_unit
from qualification import opportunities
from qualification import services as qualification
from qualification import tasks as qualification_tasks
from qualification.answers import Answered
from routing.sla import tasks as sla_tasks

SPAN = timedelta(days=70)  # the longest life, and the week in which they begin
TICK = timedelta(hours=12)
APART = 37  # lives that follow each other begin at unlike times of the week
FIRST = 70_000_001  # number of the first person, and of the first company below
FIRM = 80_000_001
MONTHLY = 250_000  # cost of one source and month, minor units
# slug, campaign, asks to be contacted, what its visits carry
SOURCES: tuple[tuple[str, str, bool, dict[str, str]], ...] = (
    ("bench-search", "bench-autumn", True, {"utm_source": "google", "utm_medium": "cpc"}),
    ("bench-organic", "", True, {"utm_source": "google", "utm_medium": "organic"}),
    ("bench-webinar", "bench-webinars", False, {"utm_source": "newsletter", "utm_medium": "email"}),
    ("bench-social", "bench-spring", False, {"utm_source": "linkedin", "utm_medium": "paid-social"}),
    ("bench-partner", "", True, {}),
    ("bench-fair", "bench-fairs", False, {"utm_medium": "event"}),
)
Act = Callable[["Life"], object]


@dataclass(slots=True)
class Life:
    """One lead as it goes through its story: who it is, when it came, what it wrote."""

    number: int
    source: Source
    born_at: datetime
    submissions: list[uuid.UUID] = field(default_factory=list)
    lead: uuid.UUID | None = None

    @property
    def person(self) -> int:
        return FIRST + self.number

    @property
    def firm(self) -> int:
        return FIRM + self.number

    def body(self, name: str) -> bytes:
        """What it posts, about a kilobyte; its two numbers stand wherever it names itself or its company."""
        visit = next(row[3] for row in SOURCES if row[0] == self.source.slug)
        return json.dumps(
            {
                "id": name,
                "first_name": "Ada",
                "last_name": f"Lovelace{self.person}",
                "email": f"ada{self.person}@company{self.firm}.example",
                "phone": f"+336{self.person}",
                "company": f"Company {self.firm}",
                "title": ("Responsable énergie", "Directrice technique", "Étudiant")[self.number % 3],
                "country": ("FR", "BE", "CA")[self.number % 3],
                "employees": 20 + self.number % 900,
                "message": "Nous cherchons à réduire notre consommation sur douze sites. " * 8,
                **visit,
            }
        ).encode()

    def post(self) -> None:
        now = moment.now()
        source = live_sources.live(self.source, now)
        name = f"bench-{self.person}-{len(self.submissions)}"
        headers = {"content-type": "application/json", "idempotency-key": name}
        posted = intake.Posted(raw=self.body(name), headers=headers, at=now)
        self.submissions.append(intake.accept(source, posted, intake.look(source, posted)).submission)
        pipeline.run_batch()
        self.lead = Submission.objects.values_list("lead", flat=True).get(pk=self.submissions[-1])

    def act(self, work: Callable[[Lead, Unit], object]) -> None:
        """The owner's verb on this lead, in a unit of its own."""
        owner = Lead.objects.values_list("owner", flat=True).get(pk=self.lead)
        actor = access.actor_of(User.objects.get(pk=owner))

        def unit_of_work(unit: Unit) -> None:
            (lead,) = unit.leads([self.lead])
            work(lead, unit)

        in_unit(unit_of_work, actor=actor)


def post(life: Life) -> None:
    life.post()


def climb(_life: Life) -> None:
    sla_tasks.climb()


def tried(outcome: str = "voicemail") -> Act:
    return lambda life: life.act(lambda lead, unit: desk.log_attempt(lead, unit, channel="call", outcome=outcome))


def answered(outcome: str = "reached") -> Act:
    def work(lead: Lead, unit: Unit) -> None:
        desk.accept(lead, unit)
        desk.log_attempt(lead, unit, channel="call", outcome=outcome)

    return lambda life: life.act(work)


LEARNT = Answered({"budget": "allocated", "authority": "decides", "need": "clear", "timing": "quarter"})


def qualified(life: Life) -> None:
    life.act(lambda lead, unit: qualification.qualify(lead, unit, LEARNT))


def disqualified(life: Life) -> None:
    life.act(lambda lead, unit: qualification.disqualify(lead, unit, "no_need"))


def recycled(life: Life) -> None:
    wake_at = moment.now() + timedelta(days=30)
    life.act(lambda lead, unit: qualification.recycle(lead, unit, "no_timing", wake_at))


def woken(_life: Life) -> None:
    qualification_tasks.wake_recycled()


def opened(life: Life) -> None:
    amount = 480_000 + life.number % 7 * 360_000
    life.act(lambda lead, unit: opportunities.open(lead, unit, amount_minor=amount, currency="EUR"))


def won(life: Life) -> None:
    life.act(lambda lead, unit: opportunities.win(_deal(lead), unit, _deal(lead).amount_minor, "EUR"))


def lost(life: Life) -> None:
    life.act(lambda lead, unit: opportunities.lose(_deal(lead), unit, "price"))


def noted(life: Life) -> None:
    life.act(lambda lead, unit: desk.note(lead, f"Lovelace{life.person}: twelve sites, rings back.", unit))


def _deal(lead: Lead) -> Any:
    return lead.opportunities.get(state="open")


M, H, D = 1, 60, 24 * 60
# name, share of all leads in percent, [(minutes after the birth, act)]
STORIES: tuple[tuple[str, int, tuple[tuple[float, Act], ...]], ...] = (
    ("never answered", 14, ((0, post), (6, climb), (30, climb), (2 * D, climb))),
    ("no budget", 22, ((0, post), (3, answered()), (2 * D, noted), (2 * D + H, disqualified))),
    ("voicemail", 14, ((0, post), (4, tried()), (1 * D, climb), (1 * D + H, tried("no_answer")), (3 * D, climb))),
    ("late", 14, ((0, post), (6, climb), (45, answered()), (2 * D, tried("no_answer")), (3 * D, disqualified))),
    ("came back", 10, ((0, post), (2, answered()), (9 * D, post), (9 * D + H, tried()), (12 * D, disqualified))),
    ("not now", 8, ((0, post), (4, answered()), (3 * D, recycled), (33 * D + H, woken), (33 * D + 2 * H, tried()))),
    ("qualified", 4, ((0, post), (4, answered()), (2 * D, qualified))),
    ("pipeline", 4, ((0, post), (1, answered()), (1 * D, qualified), (4 * D, opened))),
    ("lost", 5, ((0, post), (8, answered()), (1 * D, qualified), (3 * D, opened), (21 * D, lost))),
    ("won", 5, ((0, post), (2, answered()), (1 * D, qualified), (3 * D, opened), (30 * D, won))),
)  # fmt: skip


def furnish() -> None:
    """The sources and campaigns of the stories."""
    for slug, key, asks, _visit in SOURCES:
        campaign = CampaignFactory(key=key, utm_campaign="") if key else None
        SourceFactory(slug=slug, hand_raiser=asks, campaign=campaign, trigger="now", channel="")


def live(each: int, until: datetime) -> list[tuple[Life, int]]:
    """Every story lived by `each` leads, one after the other; with the story's share of all leads in percent.

    They are told as of a past in which the longest of them is over before `until`, and begin within one week.
    """
    sources = {row[0]: Source.objects.get(slug=row[0]) for row in SOURCES}
    lives, born = [], births(each * len(STORIES), until - SPAN)
    for n in range(len(born)):
        _name, share, acts = STORIES[n % len(STORIES)]
        source = sources[SOURCES[(n // len(STORIES) + n) % len(SOURCES)][0]]
        life = Life(n, source, born[n * APART % len(born)])
        lives.append((life, share, acts))
    ticks = [(at, None, worked_off) for at in _ticks(born[0], until)]
    for at, life, act in sorted([*_in_order(lives), *ticks], key=lambda row: row[0]):
        with moment.at(at):
            act(life)
    return [(life, share) for life, share, _acts in lives]


def worked_off(_life: Life | None) -> None:
    """What a ticker would have had done by now: letters to reps sent, clocks climbed."""
    sla_tasks.climb()
    runner.run()


def _ticks(since: datetime, until: datetime) -> list[datetime]:
    return [since + TICK * n for n in range(1, (until - since) // TICK + 1)]


def _in_order(lives: Iterable[tuple[Life, int, Any]]) -> Iterable[tuple[datetime, Life, Act]]:
    for life, _share, acts in lives:
        for minutes, act in acts:
            yield life.born_at + timedelta(minutes=minutes), life, act


def births(count: int, since: datetime) -> list[datetime]:
    """So many moments of the first whole week after `since`, on the days and at the hours at which the demo company is asked."""
    first = since.astimezone(PARIS).date()
    monday = first + timedelta(days=7 - first.weekday())
    hours = [
        (datetime.combine(monday + timedelta(days=day), time(hour), PARIS), by_day * by_hour)
        for day, by_day in enumerate(EACH_DAY)
        for hour, by_hour in enumerate(EACH_HOUR)
        if by_hour
    ]
    upto = list(accumulate(weight for _at, weight in hours))
    found = []
    for n in range(count):
        spot = upto[-1] * (n + 0.5) / count
        place = bisect_left(upto, spot)
        at, weight = hours[place]
        found.append((at + timedelta(hours=1) * (1 - (upto[place] - spot) / weight)).astimezone(UTC))
    return found


def spend(first: date, last: date, at: datetime) -> None:
    """Monthly costs of every source, in days of four weeks."""
    rows, day = [], first
    while day <= last:
        upto = day + timedelta(days=27)
        rows += [
            Cost(source=source, from_on=day, to_on=upto, amount_minor=MONTHLY, currency="EUR", house_minor=MONTHLY, rate_on=day, recorded_at=at)
            for source in Source.objects.filter(slug__startswith="bench-")
        ]  # fmt: skip
        day = upto + timedelta(days=1)
    Cost.objects.bulk_create(rows)
