"""Who works at Boréal Énergie Pro (fictional), where its leads come from and what that costs: words and numbers only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from leadops.models import Role

DOMAIN = "demo.example"
WEEK = ("mon", "tue", "wed", "thu", "fri")
ALL_DAYS = (*WEEK, "sat", "sun")


@dataclass(frozen=True, slots=True)
class Colleague:
    first: str
    last: str
    role: str
    team: str = ""
    language: str = "fr"
    zone: str = "Europe/Paris"
    calendar: str = "paris"
    skills: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("fr", "en")
    capacity: int = 180

    @property
    def email(self) -> str:
        plain = str.maketrans("éèêëàïîôç", "eeeeaiioc")
        return f"{self.first.lower().translate(plain)}@{DOMAIN}"


MONTREAL, CASABLANCA = "America/Montreal", "Africa/Casablanca"
PEOPLE = (
    Colleague("Léa", "Martin", Role.REP, "paris", calendar="duty-europe", skills=("industrie",), capacity=400),
    Colleague("Karim", "Benali", Role.REP, "paris"),
    Colleague("Sofia", "Almeida", Role.REP, "paris", skills=("grands_comptes",), languages=("fr", "en", "pt")),
    Colleague("Thomas", "Leroy", Role.REP, "paris"),
    Colleague("Manon", "Girard", Role.REP, "lyon", calendar="lyon"),
    Colleague("Antoine", "Picard", Role.REP, "lyon", calendar="lyon", skills=("industrie",)),
    Colleague("Rachel", "Cohen", Role.REP, "lyon", calendar="lyon", skills=("grands_comptes",)),
    Colleague("Marc", "Tremblay", Role.REP, "montreal", zone=MONTREAL, calendar="montreal"),
    Colleague(
        "Emily", "Clark", Role.REP, "montreal", "en", MONTREAL, "duty-america", languages=("en", "fr"), capacity=400
    ),
    Colleague("Noémie", "Lavoie", Role.REP, "montreal", zone=MONTREAL, calendar="montreal"),
    Colleague("Youssef", "Alaoui", Role.REP, "casablanca", zone=CASABLANCA, calendar="casablanca"),
    Colleague("Salma", "Idrissi", Role.REP, "casablanca", zone=CASABLANCA, calendar="casablanca"),
    Colleague("Nadia", "Haddad", Role.MANAGER, "paris"),
    Colleague("Olivier", "Gagnon", Role.MANAGER, "montreal", zone=MONTREAL),
    Colleague("Hugo", "Lefèvre", Role.MARKETING_OPS),
    Colleague("Ines", "Moreau", Role.REVENUE_OPS),
    Colleague("Paul", "Bernard", Role.EXECUTIVE, language="en"),
)
# key, name, zone, calendar
TEAMS = (
    ("paris", "Paris", "Europe/Paris", "paris"),
    ("lyon", "Lyon", "Europe/Paris", "lyon"),
    ("montreal", "Montréal", MONTREAL, "montreal"),
    ("casablanca", "Casablanca", CASABLANCA, "casablanca"),
)
ALSO_LEADS = {"Nadia": ("lyon", "casablanca")}
_SPLIT = [["09:00", "12:30"], ["13:30", "18:30"]]
CALENDARS: dict[str, dict[str, Any]] = {
    "paris": {
        "name": {"fr": "Bureau de Paris", "en": "Paris office"},
        "zone": "Europe/Paris",
        "week": dict.fromkeys(WEEK, _SPLIT),
        "holidays": {"country": "FR"},
    },
    "lyon": {
        "name": {"fr": "Bureau de Lyon", "en": "Lyon office"},
        "zone": "Europe/Paris",
        "week": {key: [["08:30", "12:30"], ["13:30", "18:00"]] for key in WEEK},
        "holidays": {"country": "FR"},
    },
    "montreal": {
        "name": {"fr": "Bureau de Montréal", "en": "Montréal office"},
        "zone": MONTREAL,
        "week": {key: [["08:30", "17:30"]] for key in WEEK},
        "holidays": {"country": "CA", "subdivision": "QC"},
    },
    "casablanca": {
        "name": {"fr": "Bureau de Casablanca", "en": "Casablanca office"},
        "zone": CASABLANCA,
        "week": {key: [["08:30", "18:00"]] for key in WEEK},
    },
    # whoever is on duty for hot requests: with the sun from Paris to Montréal, every day, and some hours both
    "duty-europe": {
        "name": {"fr": "Permanence, heures de Paris", "en": "On duty, hours of Paris"},
        "zone": "Europe/Paris",
        "week": {key: [["07:00", "23:00"]] for key in ALL_DAYS},
    },
    "duty-america": {
        "name": {"fr": "Permanence, heures de Montréal", "en": "On duty, hours of Montréal"},
        "zone": MONTREAL,
        "week": {key: [["00:00", "02:00"], ["12:00", "24:00"]] for key in ALL_DAYS},
    },
}
# pool key, names, team, members (first name, weight)
POOLS = (
    ("paris", {"fr": "Équipe Paris", "en": "Paris team"}, "paris",
     (("Léa", 1), ("Karim", 1), ("Sofia", 1), ("Thomas", 1))),
    ("lyon", {"fr": "Équipe Lyon", "en": "Lyon team"}, "lyon", (("Manon", 1), ("Antoine", 1), ("Rachel", 1))),
    ("montreal", {"fr": "Équipe Montréal", "en": "Montréal team"}, "montreal",
     (("Marc", 1), ("Emily", 2), ("Noémie", 1))),
    ("casablanca", {"fr": "Équipe Casablanca", "en": "Casablanca team"}, "casablanca", (("Youssef", 1), ("Salma", 1))),
    ("large", {"fr": "Grands comptes", "en": "Large accounts"}, "paris", (("Sofia", 1), ("Rachel", 1))),
    ("around-the-clock", {"fr": "Permanence", "en": "Round the clock"}, None, (("Léa", 1), ("Emily", 1))),
)  # fmt: skip
TERRITORIES = (
    ("europe-fr", {"fr": "Europe francophone", "en": "French-speaking Europe"}, ("FR", "BE", "CH", "LU", "MC")),
    ("north-america", {"fr": "Amérique du Nord", "en": "North America"}, ("CA", "US")),
    ("maghreb", {"fr": "Maghreb", "en": "Maghreb"}, ("MA", "TN", "DZ")),
)


def _rule(
    key: str, fr: str, en: str, when: list[dict[str, Any]], pool: str, *otherwise: str, **more: Any
) -> dict[str, Any]:
    return {
        "key": key, "label": {"fr": fr, "en": en}, "when": {"all": when}, "to": {"pool": pool},
        "else": list(otherwise), "nobody": "hold_until_open", **more,
    }  # fmt: skip


def _in(field: str, *values: str) -> dict[str, Any]:
    return {"field": field, "op": "in", "value": list(values)}


LARGE = {"field": "employees", "op": "gte", "value": 250}
HOT = _rule(
    "hot", "Demandes chaudes", "Hot requests",
    [{"any": [_in("source", "website"), {"all": [_in("source", "partner"), {"field": "employees", "op": "gte", "value": 450}]}]}],
    "around-the-clock",
)  # fmt: skip
FAIR = _rule("trade-show", "Salon de Lyon", "Lyon trade show", [_in("source", "event-lyon")], "lyon")
PARTNERS = _rule("partners", "Partenaires", "Partners", [_in("source", "partner")], "lyon", "around-the-clock")
ACCOUNTS = _rule(
    "large-europe", "Grands comptes d’Europe", "Large accounts in Europe",
    [_in("territory", "europe-fr"), LARGE], "large", "paris", require={"skills": {"grands_comptes": 1}},
)  # fmt: skip
EUROPE = _rule(
    "europe",
    "Europe francophone",
    "French-speaking Europe",
    [_in("territory", "europe-fr")],
    "paris",
    "around-the-clock",
)
AMERICA = _rule(
    "north-america",
    "Amérique du Nord",
    "North America",
    [_in("territory", "north-america")],
    "montreal",
    "around-the-clock",
)
MAGHREB = _rule("maghreb", "Maghreb", "Maghreb", [_in("territory", "maghreb")], "casablanca", "around-the-clock")
FALLBACK = {"pool": "around-the-clock", "watcher": "revenue_ops", "nobody": "hold_until_open"}


def ruleset(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"triggers": {"capture": "hand_raiser", "mql": True}, "rules": list(rules), "fallback": FALLBACK}


RULESET = ruleset(HOT, FAIR, PARTNERS, ACCOUNTS, EUROPE, AMERICA, MAGHREB)
# Three days long a new rule on top sent Google Ads of Europe to Montréal, where it was night when they came.
SHADOWING = _rule(
    "ads-specialists", "Spécialistes Google Ads", "Google Ads specialists",
    [_in("source", "google-ads", "linkedin", "webinar")], "montreal",
)  # fmt: skip
MISROUTED = ruleset(HOT, SHADOWING, FAIR, PARTNERS, ACCOUNTS, EUROPE, AMERICA, MAGHREB)

FITTING = {"all": [_in("source", "webinar", "linkedin", "newsletter"), {"field": "fit", "op": "gte", "value": 35}]}
CAMPAIGNS = (
    ("audit-energie", "Audit énergétique offert", "paid_search", "audit-energie"),
    ("webinaire-decret", "Webinaire décret tertiaire", "webinar", "webinaire-decret"),
    ("linkedin-dsi", "LinkedIn directions", "paid_social", "linkedin-dsi"),
    ("salon-lyon", "Salon de Lyon", "event", "salon-lyon"),
)


@dataclass(frozen=True, slots=True)
class Origin:
    """A source: how it looks, what it costs a month (minor units), and how its leads behave."""

    slug: str
    name: str
    adapter: str
    channel: str
    campaign: str
    hand_raiser: bool
    signed: bool
    monthly: int
    weight: int  # of its arrivals among all
    worth: float  # chance that a qualified lead of it is won
    days_to_close: tuple[int, int]
    crowd: int = 1  # how many come at once: an evening of a webinar, a badge reader's file


ORIGINS = (
    Origin("website", "Site vitrine", "hosted", "", "", True, False, 1_300_000, 20, 0.45, (4, 14)),
    Origin(
        "google-ads", "Google Ads", "json", "paid_search", "audit-energie", True, False, 3_100_000, 18, 0.30, (4, 15)
    ),
    Origin("linkedin", "LinkedIn", "json", "paid_social", "linkedin-dsi", False, False, 520_000, 20, 0.06, (8, 25), 4),
    Origin(
        "webinar", "Webinaires", "json", "webinar", "webinaire-decret", False, False, 480_000, 12, 0.62, (22, 42), 25
    ),
    Origin("event-lyon", "Salon de Lyon", "json", "event", "salon-lyon", True, False, 2_400_000, 6, 0.35, (8, 25), 12),
    Origin("partner", "Partenaire Helios", "json", "partner", "", True, True, 900_000, 8, 0.48, (5, 18)),
    Origin("newsletter", "Lettre mensuelle", "json", "email", "", False, False, 320_000, 7, 0.30, (10, 30), 8),
    Origin("comparator", "Comparateur énergie", "json", "review_site", "", True, False, 1_300_000, 12, 0.18, (5, 15)),
    Origin("phone", "Standard téléphonique", "json", "direct", "", True, False, 600_000, 3, 0.50, (3, 12)),
)
