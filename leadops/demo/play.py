"""A short past played through the real intake, pipeline and verbs with a frozen moment; same seed, same story."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from capture import intake, live_sources, pipeline
from capture.models import Source, Submission
from leadops import access, moment
from leadops.demo.company import SOURCES
from leadops.desk import services as desk
from leadops.models import Lead, User
from leadops.unit import Unit, in_unit
from qualification import opportunities
from qualification import services as qualification
from qualification.answers import Answered
from routing.sla import tasks as sla_tasks

DAYS = 28
PARIS = ZoneInfo("Europe/Paris")
FIRST = (
    "Anna",
    "Bruno",
    "Chloé",
    "Denis",
    "Élise",
    "Farid",
    "Gaëlle",
    "Hélène",
    "Igor",
    "Julie",
    "Kenza",
    "Louis",
    "Maya",
    "Noé",
    "Océane",
    "Pierre",
)
LAST = (
    "Roux",
    "Garnier",
    "Nguyen",
    "Lambert",
    "Faure",
    "Mercier",
    "Blanc",
    "Diallo",
    "Perrin",
    "Morel",
    "Côté",
    "Roy",
    "Bouchard",
    "Smith",
    "Weber",
    "Da Silva",
)
FIRMS = (
    "Acier du Rhône",
    "Lumen Habitat",
    "Transports Vauban",
    "Clinique des Pins",
    "Hôtels Azur",
    "Papeterie Nord",
    "Verrerie Saint-Luc",
    "Coop Laval",
    "Fonderie Belair",
    "Logis Atlantique",
    "Maple Foods",
    "Nordic Steel",
)
TITLES = (
    "Directeur général",
    "Responsable énergie",
    "Facility manager",
    "Acheteuse",
    "Directrice technique",
    "Chef de projet",
)
COUNTRIES = ("FR", "FR", "FR", "BE", "CH", "CA", "CA", "US", "FR")
SIZES = (12, 35, 60, 120, 260, 480, 900)
LEARNT = Answered({"budget": "possible", "authority": "influences", "need": "clear", "timing": "year"})
# chance that a lead of the source is won once it was qualified
WORTH = {"website": 0.55, "google-ads": 0.35, "linkedin": 0.1, "webinar": 0.7, "event-lyon": 0.4, "partner": 0.5}


@dataclass(frozen=True, slots=True)
class Arrival:
    at: datetime
    slug: str
    body: dict[str, object]


def arrivals(until: datetime, seed: int, count: int) -> list[Arrival]:
    """When who asks through which source, in time order; the last days are the busiest."""
    dice = random.Random(seed)  # noqa: S311  a story, not a secret
    slugs = [row[0] for row in SOURCES]
    rows = []
    for i in range(count):
        day = (until - timedelta(days=dice.randrange(DAYS))).astimezone(PARIS).date()
        at = datetime.combine(day, time(dice.choice((9, 10, 11, 14, 15, 16, 17)), dice.randrange(60)), tzinfo=PARIS)
        if at >= until:
            at -= timedelta(days=1)
        first, last = dice.choice(FIRST), dice.choice(LAST)
        firm = dice.choice(FIRMS)
        host = f"{firm.lower().replace(' ', '-').encode('ascii', 'ignore').decode()}.example"
        slug = dice.choices(slugs, weights=(5, 4, 3, 3, 2, 2))[0]
        body = {
            "id": f"demo-{seed}-{i}",
            "first_name": first,
            "last_name": last,
            "email": f"{first}.{last}{i}@{host}".lower().replace(" ", ""),
            "phone": f"+3361234{i:04d}",
            "company": firm,
            "title": dice.choice(TITLES),
            "country": dice.choice(COUNTRIES),
            "employees": dice.choice(SIZES),
            "message": "Nous aimerions réduire notre facture d’énergie." if dice.random() < 0.5 else "",
        }
        if slug == "website":
            body["utm_source"], body["utm_medium"] = dice.choice(
                (("google", "organic"), ("newsletter", "email"), ("google", "cpc"))
            )
            if body["utm_medium"] == "cpc":
                body["utm_campaign"] = "audit-energie"
        rows.append(Arrival(at, slug, body))
    return sorted(rows, key=lambda row: row.at)


def play(until: datetime, seed: int = 7, count: int = 60, say: Callable[[str], None] = lambda text: None) -> int:
    """Every arrival and what the reps then did, in chronological order; returns how many leads there are."""
    dice = random.Random(seed + 1)  # noqa: S311
    pending: list[tuple[datetime, int, Callable[[], None]]] = []
    sources = {source.slug: live_sources.live(source, until) for source in Source.objects.all()}
    for n, arrival in enumerate(arrivals(until, seed, count)):
        _catch_up(pending, arrival.at)
        lead = _arrive(sources[arrival.slug], arrival)
        if lead is not None and lead.owner_id:
            _plan(pending, lead, arrival, dice, until, n)
        if n % 20 == 19:
            say(f"{n + 1}/{count}")
    _catch_up(pending, until)
    with moment.at(until):
        sla_tasks.climb()
    return Lead.objects.count()


def _arrive(source: live_sources.LiveSource, arrival: Arrival) -> Lead | None:
    """Post one submission and run the pipeline; the lead it became, if any."""
    with moment.at(arrival.at):
        raw = json.dumps(_as_posted(arrival)).encode()
        headers = {"content-type": "application/json", "idempotency-key": str(arrival.body["id"])}
        posted = intake.Posted(raw=raw, headers=headers, at=arrival.at)
        accepted = intake.accept(source, posted, intake.look(source, posted))
        pipeline.run_batch()
    return Submission.objects.select_related("lead").get(pk=accepted.submission).lead


def _as_posted(arrival: Arrival) -> dict[str, object]:
    """The website's form posts its fields and the marks of the visit apart."""
    if arrival.slug != "website":
        return arrival.body
    marks = {key: value for key, value in arrival.body.items() if key.startswith("utm_")}
    fields = {key: value for key, value in arrival.body.items() if key not in marks and key != "id" and value}
    fields["given_name"], fields["family_name"] = fields.pop("first_name"), fields.pop("last_name")
    return {"form": "demo", "language": "fr", "fields": fields, "marks": marks, "nonce": arrival.body["id"]}


def _catch_up(pending: list[tuple[datetime, int, Callable[[], None]]], until: datetime) -> None:
    """What reps did up to here, in order, and what their clocks did meanwhile."""
    while pending and min(pending)[0] <= until:
        first = min(pending)
        pending.remove(first)
        with moment.at(first[0]):
            sla_tasks.climb()
            first[2]()


def _plan(
    pending: list[tuple[datetime, int, Callable[[], None]]],
    lead: Lead,
    arrival: Arrival,
    dice: random.Random,
    until: datetime,
    n: int,
) -> None:
    """One lead's next weeks: answered fast or late, reached or not, qualified or not, won or lost."""
    if (until - arrival.at) < timedelta(hours=20) and dice.random() < 0.7:
        return  # the newest wait in the inbox
    minutes = dice.choice((2, 3, 4, 4, 7, 12, 25, 90))
    at = arrival.at + timedelta(minutes=minutes)
    owner = lead.owner_id or _owner(lead)
    reached = dice.random() < 0.6
    pending.append((at, n * 10, lambda: _answer(lead, reached)))
    if not reached:
        return
    fate = dice.random()
    later = at + timedelta(days=dice.randrange(1, 6), hours=dice.randrange(1, 5))
    if fate < 0.2:
        pending.append(
            (
                later,
                n * 10 + 1,
                lambda: _act(owner, lambda unit: qualification.disqualify(_fresh(lead, unit), unit, "no_need")),
            )
        )
        return
    pending.append(
        (later, n * 10 + 2, lambda: _act(owner, lambda unit: qualification.qualify(_fresh(lead, unit), unit, LEARNT)))
    )
    if fate < 0.45:
        return
    amount = dice.choice((4_800, 7_500, 12_000, 18_000, 26_000)) * 100
    won = dice.random() < WORTH[arrival.slug]
    pending.append((later + timedelta(days=2), n * 10 + 3, lambda: _deal(lead, amount)))
    pending.append((later + timedelta(days=dice.randrange(4, 12)), n * 10 + 4, lambda: _close(lead, amount, won)))


def _fresh(lead: Lead, unit: Unit) -> Lead:
    (mine,) = unit.leads([lead.pk])
    return mine


def _act(owner: uuid.UUID, work: Callable[[Unit], object]) -> None:
    user = User.objects.get(pk=owner)
    in_unit(work, actor=access.actor_of(user))


def _owner(lead: Lead) -> uuid.UUID:
    key: uuid.UUID = Lead.objects.values_list("owner", flat=True).get(pk=lead.pk)
    return key


def _answer(lead: Lead, reached: bool) -> None:
    def work(unit: Unit) -> None:
        desk.accept(lead, unit)
        desk.log_attempt(lead, unit, channel="call", outcome="reached" if reached else "voicemail")

    _act(_owner(lead), work)


def _deal(lead: Lead, amount: int) -> None:
    _act(_owner(lead), lambda unit: opportunities.open(_fresh(lead, unit), unit, amount_minor=amount, currency="EUR"))


def _close(lead: Lead, amount: int, won: bool) -> None:
    def work(unit: Unit) -> None:
        deal = _fresh(lead, unit).opportunities.get(state="open")
        if won:
            opportunities.win(deal, unit, amount, "EUR")
        else:
            opportunities.lose(deal, unit, "price")

    _act(_owner(lead), work)
