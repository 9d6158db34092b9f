"""Who works at Boréal Énergie Pro (fictional) and by which rules: rows and versions, no history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from capture.models import Campaign, Cost, Form, Source
from leadops import sealed
from leadops.access import system
from leadops.models import Membership, Rep, RepTerms, Role, Team, User
from leadops.unit import Unit, in_unit
from leadops.versions import services as versions
from routing.models import Pool, PoolMember, Territory, TerritoryPlace

DAWN = datetime(2020, 1, 1, tzinfo=UTC)
DOMAIN = "demo.example"
SETUP = system("demo")
WEBHOOK_SECRET = "demo-webhook-secret"  # noqa: S105  a fictional company on loopback
WEEK = ("mon", "tue", "wed", "thu", "fri")


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
    capacity: int = 40

    @property
    def email(self) -> str:
        plain = str.maketrans("éèêàïîôç", "eeeaiioc")
        return f"{self.first.lower().translate(plain)}@{DOMAIN}"


PEOPLE = (
    Colleague("Léa", "Martin", Role.REP, "paris", calendar="always", skills=("industry",)),
    Colleague("Karim", "Benali", Role.REP, "paris"),
    Colleague("Sofia", "Almeida", Role.REP, "paris", skills=("large_accounts",), languages=("fr", "en", "pt")),
    Colleague("Marc", "Tremblay", Role.REP, "montreal", zone="America/Montreal", calendar="montreal"),
    Colleague("Emily", "Clark", Role.REP, "montreal", "en", "America/Montreal", "always", languages=("en", "fr")),
    Colleague("Nadia", "Haddad", Role.MANAGER, "paris"),
    Colleague("Olivier", "Gagnon", Role.MANAGER, "montreal", zone="America/Montreal"),
    Colleague("Hugo", "Lefèvre", Role.MARKETING_OPS),
    Colleague("Ines", "Moreau", Role.REVENUE_OPS),
    Colleague("Paul", "Bernard", Role.EXECUTIVE, language="en"),
)
CALENDARS: dict[str, dict[str, Any]] = {
    "paris": {
        "zone": "Europe/Paris",
        "week": {day: [["09:00", "12:30"], ["13:30", "18:30"]] for day in WEEK},
        "holidays": {"country": "FR"},
    },
    "montreal": {
        "zone": "America/Montreal",
        "week": {day: [["08:30", "17:30"]] for day in WEEK},
        "holidays": {"country": "CA", "subdivision": "QC"},
    },
}
# pool key, names, team, members (first name, weight)
POOLS = (
    ("paris", {"fr": "Équipe Paris", "en": "Paris team"}, "paris", (("Léa", 1), ("Karim", 1), ("Sofia", 1))),
    ("montreal", {"fr": "Équipe Montréal", "en": "Montréal team"}, "montreal", (("Marc", 1), ("Emily", 2))),
    ("large", {"fr": "Grands comptes", "en": "Large accounts"}, "paris", (("Sofia", 1), ("Léa", 1))),
    ("around-the-clock", {"fr": "Permanence", "en": "Round the clock"}, None, (("Léa", 1), ("Emily", 1))),
)
TERRITORIES = (
    ("europe-fr", {"fr": "Europe francophone", "en": "French-speaking Europe"}, ("FR", "BE", "CH", "LU", "MC")),
    ("north-america", {"fr": "Amérique du Nord", "en": "North America"}, ("CA", "US")),
)
RULESET: dict[str, Any] = {
    "triggers": {"capture": "hand_raiser", "mql": True},
    "rules": [
        {
            "key": "large-europe",
            "label": {"fr": "Grands comptes d’Europe", "en": "Large accounts in Europe"},
            "when": {
                "all": [
                    {"field": "territory", "op": "in", "value": ["europe-fr"]},
                    {"field": "employees", "op": "gte", "value": 250},
                ]
            },
            "require": {"skills": {"large_accounts": 1}},
            "to": {"pool": "large"},
            "else": ["paris", "around-the-clock"],
            "nobody": "hold_until_open",
        },
        {
            "key": "europe",
            "label": {"fr": "Europe francophone", "en": "French-speaking Europe"},
            "when": {"all": [{"field": "territory", "op": "in", "value": ["europe-fr"]}]},
            "to": {"pool": "paris"},
            "else": ["around-the-clock"],
            "nobody": "hold_until_open",
        },
        {
            "key": "north-america",
            "label": {"fr": "Amérique du Nord", "en": "North America"},
            "when": {"all": [{"field": "territory", "op": "in", "value": ["north-america"]}]},
            "to": {"pool": "montreal"},
            "else": ["around-the-clock"],
            "nobody": "hold_until_open",
        },
    ],
    "fallback": {"pool": "around-the-clock", "watcher": "revenue_ops", "nobody": "hold_until_open"},
}
CAMPAIGNS = (
    ("audit-energie", "Audit énergétique offert", "paid_search", "audit-energie", 480_000),
    ("webinaire-decret", "Webinaire décret tertiaire", "webinar", "webinaire-decret", 210_000),
    ("linkedin-dsi", "LinkedIn directions", "paid_social", "linkedin-dsi", 390_000),
    ("salon-lyon", "Salon de Lyon", "event", "salon-lyon", 640_000),
)
# slug, name, adapter, channel, campaign, hand-raiser, signed
SOURCES = (
    ("website", "Site vitrine", "hosted", "", "", True, False),
    ("google-ads", "Google Ads", "json", "paid_search", "audit-energie", True, False),
    ("linkedin", "LinkedIn", "json", "paid_social", "linkedin-dsi", False, False),
    ("webinar", "Webinaires", "json", "webinar", "webinaire-decret", False, False),
    ("event-lyon", "Salon de Lyon", "json", "event", "salon-lyon", True, False),
    ("partner", "Partenaire Helios", "json", "partner", "", True, True),
)
FORM_FIELDS = [
    {"name": "given_name", "required": True},
    {"name": "family_name", "required": True},
    {"name": "email", "required": True},
    {"name": "phone", "required": False},
    {"name": "company", "required": True},
    {"name": "country", "required": False},
    {"name": "message", "required": False},
]


def found(first: str) -> Colleague:
    return next(one for one in PEOPLE if one.first == first)


def exists() -> bool:
    """Whether the demo company is already there: a second start keeps its data."""
    return User.objects.filter(email__endswith=f"@{DOMAIN}").exists()


def make(password: str, at: datetime) -> None:
    """Teams, people, pools, territories, rules, sources, campaigns and costs."""
    in_unit(lambda unit: _teams(unit), actor=SETUP, at=DAWN)
    reps = _people(password)
    _pools(reps)
    _territories()
    in_unit(_versions, actor=SETUP, at=DAWN)
    _sources(at)


def _teams(unit: Unit) -> None:
    Team.objects.create(key="paris", name="Paris", zone="Europe/Paris", calendar="paris")
    Team.objects.create(key="montreal", name="Montréal", zone="America/Montreal", calendar="montreal")


def _people(password: str) -> dict[str, Rep]:
    teams = {team.key: team for team in Team.objects.all()}
    hashed = User()
    hashed.set_password(password)  # one slow hash for the whole fictional house
    reps: dict[str, Rep] = {}
    for one in PEOPLE:
        user = User.objects.create(
            email=one.email,
            name=f"{one.first} {one.last}",
            language=one.language,
            zone=one.zone,
            password=hashed.password,
            created_at=DAWN + timedelta(seconds=PEOPLE.index(one)),
        )
        Membership.objects.create(user=user, team=teams.get(one.team), role=one.role)
        if one.role == Role.REP:
            reps[one.first] = _rep(user, one, teams[one.team])
    return reps


def _rep(user: User, one: Colleague, team: Team) -> Rep:
    rep = Rep.objects.create(user=user, team=team)
    RepTerms.objects.create(
        rep=rep,
        capacity=one.capacity,
        skills=dict.fromkeys(one.skills, 1),
        languages=list(one.languages),
        calendar=one.calendar,
        valid_from=DAWN,
        known_from=DAWN,
    )
    return rep


def _pools(reps: dict[str, Rep]) -> None:
    for key, names, team, members in POOLS:
        pool = Pool.objects.create(
            key=key, name=names, team=Team.objects.filter(key=team).first(), claimable=key == "around-the-clock"
        )
        for first, weight in members:
            PoolMember.objects.create(
                pool=pool, rep=reps[first], weight=Decimal(weight), valid_from=DAWN, known_from=DAWN
            )


def _territories() -> None:
    for key, names, countries in TERRITORIES:
        territory = Territory.objects.create(key=key, name=names)
        for country in countries:
            TerritoryPlace.objects.create(
                territory=territory, kind="country", country=country, valid_from=DAWN, known_from=DAWN
            )


def _versions(unit: Unit) -> None:
    for key, body in CALENDARS.items():
        made = versions.draft("calendar", key, body, actor=SETUP, at=unit.at)
        versions.publish(made.pk, unit=unit, reason="demo")


def publish_rules(at: datetime) -> None:
    """The house ruleset of the demo replaces the shipped one from its first day on."""

    def work(unit: Unit) -> None:
        made = versions.draft("ruleset", "house", RULESET, actor=SETUP, at=at)
        versions.publish(made.pk, unit=unit, reason="demo")

    in_unit(work, actor=SETUP, at=at)


def _sources(at: datetime) -> None:
    campaigns = {}
    for key, name, channel, utm, _cost in CAMPAIGNS:
        campaigns[key] = Campaign.objects.create(key=key, name=name, channel=channel, utm_campaign=utm, created_at=DAWN)
    for slug, name, adapter, channel, campaign, hand_raiser, signed in SOURCES:
        source = Source.objects.create(
            slug=slug,
            key=f"demo-{slug}",
            name=name,
            adapter=adapter,
            channel=channel,
            campaign=campaigns.get(campaign),
            hand_raiser=hand_raiser,
            signed=signed,
            scheme="leadops" if signed else "",
            created_at=DAWN,
        )
        if signed:
            sealed.put(f"source:{slug}", WEBHOOK_SECRET, DAWN)
        if slug == "website":
            _form(source)
    _costs(campaigns, at.date())


def _form(source: Source) -> None:
    Form.objects.create(
        slug="demo",
        source=source,
        title={"fr": "Demander une démonstration", "en": "Request a demo"},
        intro={
            "fr": "Un conseiller vous rappelle dans les minutes qui suivent.",
            "en": "An adviser calls you back within minutes.",
        },
        thanks={"fr": "Merci, nous vous rappelons très vite.", "en": "Thank you, we call you back very soon."},
        fields=FORM_FIELDS,
        consent={
            "fr": "J’accepte d’être contacté au sujet de ma demande.",
            "en": "I agree to be contacted about my request.",
        },
    )


def _costs(campaigns: dict[str, Campaign], until: date) -> None:
    start = until - timedelta(days=29)
    for key, _name, _channel, _utm, minor in CAMPAIGNS:
        Cost.objects.create(
            campaign=campaigns[key], from_on=start, to_on=until, amount_minor=minor, currency="EUR",
            house_minor=minor, rate_on=until, recorded_at=DAWN, note="demo",
        )  # fmt: skip
