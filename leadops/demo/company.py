"""Who works at Boréal Énergie Pro (fictional) and by which rules: rows and versions, no history."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from capture.models import Campaign, Cost, Form, Source
from leadops import ids, sealed
from leadops.access import system
from leadops.demo.cast import (
    ALSO_LEADS,
    CALENDARS,
    CAMPAIGNS,
    DOMAIN,
    FITTING,
    ORIGINS,
    PEOPLE,
    POOLS,
    RULESET,
    TEAMS,
    TERRITORIES,
    Colleague,
)
from leadops.demo.models import Demo, begin
from leadops.models import Membership, Rep, RepTerms, Role, Team, User
from leadops.shipped import install_defaults
from leadops.unit import Unit, in_unit
from leadops.versions import services as versions
from qualification.defaults import MQL
from routing.models import Pool, PoolMember, Territory, TerritoryPlace

DAWN = datetime(2020, 1, 1, tzinfo=UTC)
SETUP = system("demo")
FOUNDED = "Règles de départ"  # the company writes in French
WEBHOOK_SECRET = "demo-webhook-secret"  # noqa: S105  a fictional company on loopback
FORM_FIELDS = [
    {"name": "given_name", "required": True},
    {"name": "family_name", "required": True},
    {"name": "email", "required": True},
    {"name": "phone", "required": False},
    {"name": "company", "required": True},
    {"name": "country", "required": False},
    {"name": "message", "required": False},
]


def exists() -> bool:
    """Whether the demo company is already there: a second start keeps its data."""
    return User.objects.filter(email__endswith=f"@{DOMAIN}").exists()


def found(seed: int, leads: int, days: int, until: datetime, password: str) -> Demo:
    """The company on the day before its past begins; the same seed and end give the same ids."""
    begins = until - timedelta(days=days)
    install_defaults()
    with ids.seeded(seed, lambda: begins):
        make(password, begins, until)
    return begin(seed, leads, begins, until)


def make(password: str, begins: datetime, until: datetime) -> None:
    """Teams, people, pools, territories, rules, sources, campaigns and their costs over this span."""
    in_unit(lambda unit: _teams(unit), actor=SETUP, at=DAWN)
    reps = _people(password)
    _pools(reps)
    _territories()
    in_unit(_versions, actor=SETUP, at=DAWN)
    _sources(begins, until)
    publish_mql(begins - timedelta(days=1))
    publish_rules(begins - timedelta(days=1))


def _teams(unit: Unit) -> None:
    for key, name, zone, calendar in TEAMS:
        Team.objects.create(key=key, name=name, zone=zone, calendar=calendar)


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
        for team in (one.team, *ALSO_LEADS.get(one.first, ())):
            Membership.objects.create(user=user, team=teams.get(team), role=one.role)
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
        versions.publish(made.pk, unit=unit, reason=FOUNDED)


def publish_mql(at: datetime) -> None:
    """The shipped definition, and besides: who came to a webinar, an ad or the newsletter and fits well."""
    body = deepcopy(MQL)
    body["when"]["all"][-1]["any"].append(FITTING)

    def work(unit: Unit) -> None:
        made = versions.draft("mql", "house", body, actor=SETUP, at=at)
        versions.publish(made.pk, unit=unit, reason=FOUNDED)

    in_unit(work, actor=SETUP, at=at)


def publish_rules(at: datetime, body: dict[str, Any] = RULESET, reason: str = FOUNDED) -> None:
    """This ruleset is in force from then on."""

    def work(unit: Unit) -> None:
        made = versions.draft("ruleset", "house", body, actor=SETUP, at=at)
        versions.publish(made.pk, unit=unit, reason=reason)

    in_unit(work, actor=SETUP, at=at)


def _sources(begins: datetime, until: datetime) -> None:
    campaigns = {}
    for key, name, channel, utm in CAMPAIGNS:
        campaigns[key] = Campaign.objects.create(key=key, name=name, channel=channel, utm_campaign=utm, created_at=DAWN)
    for one in ORIGINS:
        source = Source.objects.create(
            slug=one.slug,
            key=f"demo-{one.slug}",
            name=one.name,
            adapter=one.adapter,
            channel=one.channel,
            campaign=campaigns.get(one.campaign),
            hand_raiser=one.hand_raiser,
            signed=one.signed,
            scheme="leadops" if one.signed else "",
            created_at=DAWN,
        )
        if one.signed:
            sealed.put(f"source:{one.slug}", WEBHOOK_SECRET, DAWN)
        if one.slug == "website":
            _form(source)
        campaign = campaigns.get(one.campaign)
        of = {"campaign": campaign} if campaign else {"source": source}
        for first, last in months(begins.date(), until.date()):
            _cost(of, first, last, one.monthly)


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


def months(begins: date, until: date) -> Iterator[tuple[date, date]]:
    """Calendar months of a span, the first and the last cut to it."""
    first = begins
    while first <= until:
        following = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield first, min(following - timedelta(days=1), until)
        first = following


def _cost(of: dict[str, Any], first: date, last: date, monthly: int) -> None:
    minor = monthly * ((last - first).days + 1) // 30
    Cost.objects.create(
        **of, from_on=first, to_on=last, amount_minor=minor, currency="EUR", house_minor=minor, rate_on=last,
        recorded_at=DAWN, note="demo",
    )  # fmt: skip
