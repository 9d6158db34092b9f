"""Who asks when through which source, as plain data: the same seed and the same end give the same list. Touches no row."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from leadops.demo.cast import ORIGINS, Origin

DAYS = 90
HOUR = timedelta(hours=1)
PARIS = ZoneInfo("Europe/Paris")
# What comes in a slot comes together, one batch of the pipeline. Hours (UTC) at which slots begin, coarse while few work.
WEEKDAY = (0, 7, 10, 12, 14, 17, 20)
WEEKEND = (0, 10, 18)
SPARE = 8  # minutes at the end of a slot for what people do after its arrivals
SILENT = ("comparator", timedelta(days=8), timedelta(hours=72))  # a source says nothing: which, since when, how long
EACH_DAY = (1.15, 1.25, 1.2, 1.1, 0.95, 0.3, 0.15)  # Monday to Sunday
EACH_HOUR = (0, 0, 0, 0, 0, 0, 1, 3, 7, 11, 12, 10, 6, 8, 12, 13, 12, 10, 7, 4, 3, 2, 1, 0)
FIRST = (
    "Anna", "Bruno", "Chloé", "Denis", "Élise", "Farid", "Gaëlle", "Hélène", "Igor", "Julie", "Kenza", "Louis", "Maya",
    "Noé", "Océane", "Pierre", "Quentin", "Rania", "Sarah", "Tom", "Ugo", "Valérie", "William", "Yasmine", "Zoé", "Olivia",
)  # fmt: skip
LAST = (
    "Roux", "Garnier", "Nguyen", "Lambert", "Faure", "Mercier", "Blanc", "Diallo", "Perrin", "Morel", "Côté", "Roy",
    "Bouchard", "Smith", "Weber", "Da Silva", "Fontaine", "Gauthier", "Benkirane", "Leclerc", "Brown", "Lévesque",
)  # fmt: skip
KINDS = ("Acier", "Transports", "Clinique", "Hôtels", "Papeterie", "Verrerie", "Coop", "Fonderie", "Logis", "Laiterie",
         "Imprimerie", "Entrepôts", "Plasturgie", "Maraîchers")  # fmt: skip
PLACES = ("du Rhône", "Vauban", "des Pins", "Azur", "du Nord", "Saint-Luc", "Laval", "Belair", "Atlantique", "Maple",
          "Nordic", "de l’Atlas", "du Léman", "Gatineau", "des Ardennes", "Bellecour", "Ampère", "Kléber", "Sirius",
          "du Vercors", "Océan", "Champlain")  # fmt: skip
TITLES = ("Directeur général", "Responsable énergie", "Facility manager", "Acheteuse", "Directrice technique",
          "Chef de projet", "Responsable maintenance", "Technicien", "Assistante", "Stagiaire")  # fmt: skip
MORNING = ("FR",) * 10 + ("BE", "CH", "MA", "MA")  # in Europe: America sleeps
AFTERNOON = ("FR",) * 6 + ("BE", "CH", "MA", "CA", "CA", "CA", "CA", "US")
EVENING = ("CA", "CA", "CA", "US", "FR")
SIZES = (6, 12, 35, 60, 120, 180, 260, 480, 900)
INDUSTRIES = ("manufacturing", "logistics", "healthcare", "hospitality", "retail", "")
ENGLISH = ("CA", "US")


@dataclass(frozen=True, slots=True)
class Arrival:
    n: int
    at: datetime
    origin: Origin
    body: dict[str, Any]

    @property
    def country(self) -> str:
        return str(self.body["country"])


def arrivals(until: datetime, seed: int, count: int, days: int = DAYS) -> list[Arrival]:
    """`count` of them over the last `days` days, in order of time."""
    dice = random.Random(seed)  # noqa: S311  a story, not a secret
    moments = _moments(until, dice, count, days)
    return [Arrival(n, at, origin, draw(n, seed, origin, dice, at.hour)) for n, (at, origin) in enumerate(moments)]


def _moments(until: datetime, dice: random.Random, count: int, days: int) -> list[tuple[datetime, Origin]]:
    begins = until - timedelta(days=days)
    slots = _slots(begins, until)
    weights = [slot[1] for slot in slots]
    found: list[tuple[datetime, Origin]] = []
    shares = [origin.weight for origin in ORIGINS]
    while len(found) < count:
        origin = dice.choices(ORIGINS, weights=shares)[0]
        at = slots[dice.choices(range(len(slots)), weights=weights)[0]][0]
        if _silent(origin, at, until):
            continue
        together = min(dice.randint(max(1, origin.crowd // 2), origin.crowd), count - len(found))
        if origin.crowd > 1 and dice.random() > 2 / (1 + together):
            continue  # a crowd counts for as many: its source keeps its share
        found += [(at, origin)] * together
    return sorted(found, key=lambda row: (row[0], row[1].slug))


def _slots(begins: datetime, until: datetime) -> list[tuple[datetime, float]]:
    """The instant of each slot, and how likely somebody comes then."""
    found = []
    start = slot(begins)
    while start < until:
        at, after = start + offset(start), following(start)
        hours = [(start + n * HOUR).astimezone(PARIS) for n in range((after - start) // HOUR)]
        share = sum(EACH_HOUR[here.hour] * EACH_DAY[here.weekday()] for here in hours)
        if begins <= at < until - timedelta(minutes=1) and share:
            found.append((at, share))
        start = after
    return found


def slot(at: datetime) -> datetime:
    """Where the slot of this instant begins."""
    begun = max(hour for hour in _hours(at) if hour <= at.hour)
    return at.replace(hour=begun, minute=0, second=0, microsecond=0)


def following(start: datetime) -> datetime:
    """Where the slot after the one that begins here begins."""
    later = [hour for hour in _hours(start) if hour > start.hour]
    return start.replace(hour=later[0]) if later else start.replace(hour=0) + timedelta(days=1)


def _hours(at: datetime) -> tuple[int, ...]:
    return WEEKEND if at.weekday() > 4 else WEEKDAY


def offset(start: datetime) -> timedelta:
    """How long after a slot's beginning its arrivals come: another time each day, so that no hour stays empty."""
    room = (following(start) - start) // timedelta(minutes=1) - SPARE
    return timedelta(minutes=1 + (start.timetuple().tm_yday * 37 + start.hour * 11) % room)


def silent_from(until: datetime) -> datetime:
    """The midnight of Paris at which it falls silent: three working days follow."""
    day = (until - SILENT[1]).astimezone(PARIS).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=max(0, day.weekday() - 2))


def _silent(origin: Origin, at: datetime, until: datetime) -> bool:
    slug, _day, span = SILENT
    start = silent_from(until)
    return origin.slug == slug and start <= at < start + span


def draw(n: int, seed: int, origin: Origin, dice: random.Random, hour: int) -> dict[str, Any]:
    """What the `n`th of this seed sends; who asks at this hour (UTC) is awake."""
    first, last = dice.choice(FIRST), dice.choice(LAST)
    kind, place = dice.choice(KINDS), dice.choice(PLACES)
    country = dice.choice(MORNING if hour < 13 else AFTERNOON if hour < 18 else EVENING)
    host = _plain(f"{kind} {place}")
    body: dict[str, Any] = {
        "id": f"demo-{seed}-{n}",
        "first_name": first,
        "last_name": last,
        "email": f"{_plain(first)}.{_plain(last)}{n}@{host}.example",
        "phone": f"+336{10000000 + n * 7:08d}",
        "company": f"{kind} {place}",
        "title": dice.choice(TITLES),
        "country": country,
        "employees": dice.choice(SIZES),
        "industry": dice.choice(INDUSTRIES),
        "language": "en" if country in ENGLISH and dice.random() < 0.6 else "fr",
        "message": "Nous aimerions réduire notre facture d’énergie." if dice.random() < 0.4 else "",
    }
    if origin.slug == "website":
        marks = dice.choice((("google", "organic"), ("newsletter", "email"), ("google", "cpc")))
        body["utm_source"], body["utm_medium"] = marks
        if marks[1] == "cpc":
            body["utm_campaign"] = "audit-energie"
    return body


def _plain(name: str) -> str:
    """As in an address: no accent, no space."""
    joined = name.lower().replace("’", "-").replace(" ", "-")
    return unicodedata.normalize("NFKD", joined).encode("ascii", "ignore").decode()


def as_posted(arrival: Arrival) -> dict[str, Any]:
    """The body as its source sends it: the website's form posts its fields and the marks of the visit apart."""
    if arrival.origin.adapter != "hosted":
        return arrival.body
    marks = {key: value for key, value in arrival.body.items() if key.startswith("utm_")}
    fields = {key: value for key, value in arrival.body.items() if key not in marks and key != "id" and value}
    fields["given_name"], fields["family_name"] = fields.pop("first_name"), fields.pop("last_name")
    language = fields.pop("language")
    return {"form": "demo", "language": language, "fields": fields, "marks": marks, "nonce": arrival.body["id"]}


def marks(of: str = "") -> tuple[str, str]:
    """How delivery keys of what the demo sent begin: its id as the form's nonce, or in the sender's header."""
    return f"v:demo-{of}", f"i:demo-{of}"
