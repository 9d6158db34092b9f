"""Made-up companies with known answers: leads with their histories, written in bulk and kept as plain records."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from django.db import connection

from capture.models import Campaign, Cost, Source
from leadops import ids
from leadops.journal import JournalEntry
from leadops.lifecycle import FORWARD, skipped
from leadops.models import Lead, Opportunity, Person, Rep
from leadops.testing import CampaignFactory, SourceFactory
from reports.periods import Period

NOW = datetime(2026, 3, 4, 10, tzinfo=UTC)
PARIS = "Europe/Paris"
FEBRUARY = Period(date(2026, 2, 1), date(2026, 3, 1), PARIS)
SOURCES, CAMPAIGNS, CHANNELS = ("website", "ads", "fair"), ("", "spring", "winter"), ("organic", "paid", "unknown")


@dataclass
class Deal:
    state: str
    minor: int
    house: int | None


@dataclass
class Story:
    """One lead as it lived. `visits` are (stage, instant) in order; askings are (instant, cycle)."""

    received_at: datetime
    first: tuple[str, str, str] = ("website", "", "organic")
    last: tuple[str, str, str] = ("website", "", "organic")
    visits: list[tuple[str, datetime]] = field(default_factory=list)
    reason: str = ""
    deals: list[Deal] = field(default_factory=list)
    returns: list[datetime] = field(default_factory=list)
    acts: list[tuple[str, datetime, int, bool]] = field(default_factory=list)  # kind, at, cycle, by a person
    hand_raiser: bool = True
    owner: Rep | None = None
    absorbed: bool = False
    id: object = field(default_factory=ids.uuid7)

    @property
    def stage(self) -> str:
        return self.visits[-1][0] if self.visits else "new"

    @property
    def furthest(self) -> int:
        return max([0, *(FORWARD.index(stage) for stage, _at in self.visits if stage in FORWARD)])

    def entered(self, rank: int) -> datetime:
        """When it first was in the stage of that rank or beyond."""
        if rank == 0:
            return self.received_at
        return min(at for stage, at in self.visits if stage in FORWARD and FORWARD.index(stage) >= rank)

    @property
    def won(self) -> bool:
        return any(deal.state == "won" for deal in self.deals)

    @property
    def revenue(self) -> int:
        return sum(deal.house or 0 for deal in self.deals if deal.state == "won")

    def asking(self, since: datetime, until: datetime) -> tuple[datetime, int] | None:
        askings = [(self.received_at, 1), *((at, i + 2) for i, at in enumerate(self.returns))]
        within = [asking for asking in askings if since <= asking[0] < until]
        return within[-1] if within else None

    def first_act(self, kinds: Sequence[str], asked: datetime, cycle: int, *, human: bool) -> datetime | None:
        times = [
            at
            for kind, at, lap, person in self.acts
            if kind in kinds and lap == cycle and at >= asked and (person or not human)
        ]
        return min(times) if times else None


def write(stories: Sequence[Story]) -> None:
    """Put the stories into the database in a handful of statements."""
    for slug in SOURCES:
        SourceFactory(slug=slug)
    others = {s.first[0] for s in stories} - set(SOURCES)
    Source.objects.bulk_create(SourceFactory.build(slug=slug) for slug in others)
    for key in CAMPAIGNS[1:]:
        CampaignFactory(key=key)
    people = [Person(id=ids.uuid7(), name="P", created_at=s.received_at) for s in stories]
    for person in people:
        person.canonical_id = person.pk
    Person.objects.bulk_create(people)
    Lead.objects.bulk_create(_lead(s, p) for s, p in zip(stories, people, strict=True))
    absorbed = [s for s in stories if s.absorbed]
    if absorbed:
        Lead.objects.filter(pk__in=[s.id for s in absorbed]).update(
            absorbed_by=next(s.id for s in stories if not s.absorbed)
        )
    JournalEntry.objects.bulk_create(entry for s in stories for entry in _entries(s))
    Opportunity.objects.bulk_create(_deal(deal, s) for s in stories for deal in s.deals)
    counted()


def counted() -> None:
    """As autovacuum would: a plan made without statistics measures nothing."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE leadops_lead, leadops_journalentry, leadops_opportunity")


def _lead(s: Story, person: Person) -> Lead:
    return Lead(
        id=s.id, person=person, canonical_id=person.pk, source=s.first[0], campaign=s.first[1], channel=s.first[2],
        first_source=s.first[0], first_campaign=s.first[1], first_channel=s.first[2],
        last_source=s.last[0], last_campaign=s.last[1], last_channel=s.last[2],
        hand_raiser=s.hand_raiser, stage=s.stage, stage_reason=s.reason, stage_at=s.received_at,
        occurred_at=s.received_at, received_at=s.received_at, owner=s.owner, team=s.owner.team if s.owner else None,
    )  # fmt: skip


def _entries(s: Story) -> list[JournalEntry]:
    rows, now = [], "new"
    for stage, at in s.visits:
        data = {"from": now, "to": stage, "reason": "", "skipped": skipped(now, stage)}
        rows.append(JournalEntry(kind="stage_moved", lead_id=s.id, at=at, recorded_at=at, data=data, system="t"))
        now = stage
    for i, at in enumerate(s.returns):
        rows.append(
            JournalEntry(kind="came_back", lead_id=s.id, at=at, recorded_at=at, cycle=i + 2, data={"new_cycle": True})
        )
    user = Rep.objects.values_list("pk", flat=True).first() if any(act[3] for act in s.acts) else None
    for kind, at, cycle, person in s.acts:
        actor = (s.owner.pk if s.owner else user) if person else None
        rows.append(JournalEntry(kind=kind, lead_id=s.id, at=at, recorded_at=at, cycle=cycle, actor_id=actor, data={}))
    return rows


def _deal(deal: Deal, s: Story) -> Opportunity:
    return Opportunity(
        lead_id=s.id, state=deal.state, amount_minor=deal.minor, currency="EUR" if deal.house == deal.minor else "CHF",
        house_minor=deal.house, opened_at=s.received_at, closed_at=None if deal.state == "open" else s.received_at,
        reason="price" if deal.state == "lost" else "",
    )  # fmt: skip


def made_up(n: int, seed: int = 7, reps: Sequence[Rep | None] = (None,)) -> list[Story]:
    """Leads around February with every kind of life: skipping, stopping, returning, merged, never answered."""
    rng = random.Random(seed)
    return [_life(rng, reps) for _ in range(n)]


def _origin(rng: random.Random) -> tuple[str, str, str]:
    return rng.choice(SOURCES), rng.choice(CAMPAIGNS), rng.choice(CHANNELS)


def _life(rng: random.Random, reps: Sequence[Rep | None]) -> Story:
    at = datetime(2026, 1, 25, tzinfo=UTC) + timedelta(seconds=rng.randrange(36 * 86_400))
    first = _origin(rng)
    s = Story(
        received_at=at,
        first=first,
        last=rng.choice([first, _origin(rng)]),
        hand_raiser=rng.random() < 0.8,
        owner=rng.choice(list(reps)),
        absorbed=rng.random() < 0.05,
    )
    rank, clock = 0, at
    while rank < len(FORWARD) - 1 and rng.random() < 0.7:
        rank = min(len(FORWARD) - 1, rank + rng.choice([1, 1, 2, 3]))
        clock += timedelta(seconds=rng.randrange(1, 3 * 86_400))
        s.visits.append((FORWARD[rank], clock))
    if rank < len(FORWARD) - 1 and rng.random() < 0.4:
        end = rng.choice([("disqualified", "no_budget"), ("disqualified", "student"), ("lost", "price")])
        s.visits.append((end[0], clock + timedelta(hours=1)))
        s.reason = end[1]
    elif rng.random() < 0.15 and rank < len(FORWARD) - 1:
        back = clock + timedelta(days=rng.randrange(1, 20))
        s.visits += [("recycled", clock + timedelta(hours=1)), ("engaged", back)]
        s.returns.append(back)
    if rank == len(FORWARD) - 1:
        s.deals.append(_won(rng))
    if rank >= 5 and rng.random() < 0.3:
        s.deals.append(_won(rng) if rank == len(FORWARD) - 1 else Deal("open", 500, 500))
    for cycle, asked in enumerate([at, *s.returns], start=1):
        s.acts += _acts(rng, asked, cycle)
    return s


def _won(rng: random.Random) -> Deal:
    minor = rng.randrange(1, 3_000_000)
    return Deal("won", minor, None if rng.random() < 0.2 else minor)


def _acts(rng: random.Random, asked: datetime, cycle: int) -> list[tuple[str, datetime, int, bool]]:
    acts = []
    if rng.random() < 0.9:
        acts.append(("assigned", asked + timedelta(seconds=rng.randrange(0, 30)), cycle, False))
    if rng.random() < 0.2:
        acts.append(("attempted", asked + timedelta(seconds=1), cycle, False))  # an automatic reply
    if rng.random() < 0.75:
        wait = rng.choice([0, 60, 299, 300, 301, 800, 900, 901, 3600, 3601, 90_000])
        acts.append((rng.choice(["attempted", "conversed"]), asked + timedelta(seconds=wait), cycle, True))
        acts.append(("attempted", asked + timedelta(seconds=wait + 50), cycle, True))
    return acts


def cost(minor: int, first: date, last: date, *, source: str = "", campaign: str = "", **fields: object) -> Cost:
    """A cost in the house currency unless `house_minor` says otherwise."""
    return Cost.objects.create(
        source=Source.objects.get(slug=source) if source else None,
        campaign=Campaign.objects.get(key=campaign) if campaign else None,
        from_on=first, to_on=last, amount_minor=minor, currency="EUR", recorded_at=NOW,
        **{"house_minor": minor, **fields},
    )  # fmt: skip
