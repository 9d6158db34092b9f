"""The tests' cast: factories for every shared row, and the people who work around the clock. Used by tests and demo only."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import factory
from factory.django import DjangoModelFactory

from leadops import moment
from leadops.access import Actor, system
from leadops.fold import fold, fold_email
from leadops.models import (
    Account,
    Lead,
    Membership,
    Person,
    PersonEmail,
    Rep,
    RepTerms,
    Role,
    Team,
    Touch,
    User,
)
from leadops.unit import Unit, in_unit
from leadops.versions import services as versions
from leadops.versions.models import Version

PASSWORD = "a long enough password"
DAWN = datetime(2020, 1, 1, tzinfo=UTC)  # valid_from of everything the cast always had
ALWAYS_OPEN = {
    "zone": "Europe/Paris",
    "week": {d: [["00:00", "24:00"]] for d in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")},
}


class TeamFactory(DjangoModelFactory[Team]):
    class Meta:
        model = Team
        django_get_or_create = ("key",)

    key = "paris"
    name = factory.LazyAttribute(lambda o: o.key.title())
    calendar = "always"


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Person {n}")
    email = factory.LazyAttribute(lambda o: f"{fold(o.name).replace(' ', '.')}@example.com")
    language = "fr"
    created_at = DAWN

    @factory.post_generation
    def password(self: User, create: bool, extracted: str | None, **kwargs: Any) -> None:
        self.set_password(extracted or PASSWORD)
        if create:
            User.objects.filter(pk=self.pk).update(password=self.password)


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    team = None
    role = Role.REP


class RepFactory(DjangoModelFactory[Rep]):
    """A rep with membership and terms that hold since DAWN, on the calendar `always`."""

    class Meta:
        model = Rep
        skip_postgeneration_save = True

    user = factory.SubFactory(UserFactory)
    team = factory.SubFactory(TeamFactory)

    @factory.post_generation
    def terms(self: Rep, create: bool, extracted: dict[str, Any] | None, **kwargs: Any) -> None:
        if create:
            Membership.objects.get_or_create(user=self.user, team=self.team, role=Role.REP)
            values: dict[str, Any] = {"calendar": "always", "languages": ["fr", "en"], **(extracted or {}), **kwargs}
            RepTerms.objects.create(rep=self, valid_from=DAWN, known_from=DAWN, **values)


class SourceFactory(DjangoModelFactory[Any]):
    class Meta:
        model = "capture.Source"
        django_get_or_create = ("slug",)

    slug = "website"
    key = factory.LazyAttribute(lambda o: f"key-{o.slug}")
    name = factory.LazyAttribute(lambda o: o.slug.title())
    adapter = "json"
    channel = "organic"
    created_at = DAWN


class CampaignFactory(DjangoModelFactory[Any]):
    class Meta:
        model = "capture.Campaign"
        django_get_or_create = ("key",)

    key = "spring"
    name = factory.LazyAttribute(lambda o: o.key.title())
    created_at = DAWN


class AccountFactory(DjangoModelFactory[Account]):
    class Meta:
        model = Account

    name = factory.Sequence(lambda n: f"Company {n} SAS")
    name_folded = factory.LazyAttribute(lambda o: fold(o.name))
    created_at = DAWN


class PersonFactory(DjangoModelFactory[Person]):
    class Meta:
        model = Person
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Prospect {n}")
    name_folded = factory.LazyAttribute(lambda o: fold(o.name))
    email = factory.Sequence(lambda n: f"prospect{n}@company{n}.example")
    created_at = factory.LazyFunction(moment.now)
    canonical = factory.LazyAttribute(lambda o: None)

    @classmethod
    def _create(cls, model_class: type[Person], *args: Any, **kwargs: Any) -> Person:
        person = model_class(*args, **kwargs)
        person.canonical_id = person.canonical_id or person.pk
        person.save(force_insert=True)
        folded = fold_email(person.email) if person.email else None
        if folded:
            PersonEmail.objects.create(person=person, folded=folded, email=person.email, created_at=person.created_at)
        return person


class LeadFactory(DjangoModelFactory[Lead]):
    """A bare lead row, as after `resolve`; use the services to make it live a history."""

    class Meta:
        model = Lead

    person = factory.SubFactory(PersonFactory)
    canonical = factory.LazyAttribute(lambda o: o.person.canonical)
    source = factory.LazyFunction(lambda: SourceFactory().slug)
    channel = "organic"
    company = factory.Sequence(lambda n: f"Company {n} SAS")
    company_folded = factory.LazyAttribute(lambda o: fold(o.company))
    country = "FR"
    hand_raiser = True
    owner = None
    stage_at = factory.LazyFunction(moment.now)
    occurred_at = factory.LazyAttribute(lambda o: o.stage_at)
    received_at = factory.LazyAttribute(lambda o: o.stage_at)
    team = factory.LazyAttribute(lambda o: o.owner.team if o.owner else None)


class TouchFactory(DjangoModelFactory[Touch]):
    class Meta:
        model = Touch

    lead = factory.SubFactory(LeadFactory)
    person = factory.LazyAttribute(lambda o: o.lead.person)
    kind = Touch.Kind.INQUIRY
    source = factory.LazyAttribute(lambda o: o.lead.source)
    occurred_at = factory.LazyFunction(moment.now)
    recorded_at = factory.LazyAttribute(lambda o: o.occurred_at)


def put_in_force(
    kind: str, key: str, body: dict[str, Any], *, at: datetime = DAWN, actor: Actor | None = None
) -> Version:
    """Draft and publish a version, as a test's or the demo's starting point."""
    actor = actor or system("setup")

    def work(unit: Unit) -> Version:
        made = versions.draft(kind, key, body, actor=actor, at=at)
        return versions.publish(made.pk, unit=unit, reason="setup")

    return in_unit(work, actor=actor, at=at)


def rep(name: str, team: str = "paris", **terms: Any) -> Rep:
    """A rep of the cast by first name."""
    return RepFactory(user__name=name, team=TeamFactory(key=team), terms=terms)


def member(name: str, role: str, team: str | None = None, language: str = "fr") -> User:
    """A user of the cast with one role, in one team or in the whole house."""
    user = UserFactory(name=name, language=language)
    MembershipFactory(user=user, role=role, team=TeamFactory(key=team) if team else None)
    return user
