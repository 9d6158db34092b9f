"""Versions: numbered, frozen once published, one in force at a time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from leadops import moment
from leadops.access import Actor, system
from leadops.errors import Refused
from leadops.testing import member
from leadops.unit import in_unit
from leadops.versions import kinds, services
from leadops.versions.models import Publication, Version

pytestmark = pytest.mark.django_db
SETUP = system("setup")


@pytest.fixture(autouse=True)
def toy_kind():
    kinds.register(
        kinds.Kind(
            name="toy",
            label="toy",
            verb="edit_mql",
            check=lambda body: [] if body.get("ok") else [("ok", "must be true")],
            compile=lambda body: body["ok"],
            sentence=lambda body: "toy",
        )
    )
    yield
    kinds._kinds.pop("toy")


def publish(version: Version, at=None, reason="because"):
    return in_unit(lambda u: services.publish(version.pk, unit=u, reason=reason), actor=SETUP, at=at)


def test_drafts_are_numbered_and_publishing_replaces_the_one_before():
    at = moment.now()
    one = publish(services.draft("toy", "house", {"ok": 1}, actor=SETUP, at=at), at)
    two = publish(services.draft("toy", "house", {"ok": 2}, actor=SETUP, at=at), at + timedelta(hours=1))
    assert (one.number, two.number) == (1, 2)
    assert services.version_at("toy", "house", at + timedelta(minutes=30)).number == 1
    assert services.version_at("toy", "house", at + timedelta(hours=1)).number == 2
    one.refresh_from_db()
    assert one.state == "replaced"


def test_rolling_back_puts_the_older_document_in_force_again():
    at = moment.now()
    publish(services.draft("toy", "house", {"ok": 1}, actor=SETUP, at=at), at)
    publish(services.draft("toy", "house", {"ok": 2}, actor=SETUP, at=at), at + timedelta(hours=1))
    in_unit(
        lambda u: services.roll_back("toy", "house", 1, unit=u, reason="worse"), actor=SETUP, at=at + timedelta(hours=2)
    )
    assert services.version_at("toy", "house", at + timedelta(hours=3)).number == 1
    assert Publication.objects.count() == 3


@pytest.mark.parametrize(
    ("body", "reason", "code"), [({"ok": 0}, "x", "not-publishable"), ({"ok": 1}, "  ", "reason-needed")]
)
def test_a_faulty_or_unexplained_version_is_not_published(body, reason, code):
    version = services.draft("toy", "house", body, actor=SETUP, at=moment.now())
    with pytest.raises(Refused) as refusal:
        publish(version, reason=reason)
    assert refusal.value.code == code and not Publication.objects.exists()


def test_a_published_version_is_frozen_in_the_database_too():
    version = publish(services.draft("toy", "house", {"ok": 1}, actor=SETUP, at=moment.now()))
    with pytest.raises(Refused):
        services.save_draft(version.pk, {"ok": 2}, actor=SETUP, at=moment.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Version.objects.filter(pk=version.pk).update(body={"ok": 2})
    with pytest.raises(IntegrityError), transaction.atomic():
        version.delete()


def test_two_live_publications_of_one_key_cannot_overlap():
    at = moment.now()
    version = publish(services.draft("toy", "house", {"ok": 1}, actor=SETUP, at=at), at)
    with pytest.raises(IntegrityError), transaction.atomic():
        Publication.objects.create(kind="toy", key="house", version=version, from_at=at + timedelta(days=1))


def test_a_rep_may_not_draft_criteria():
    user = member("Léa", "rep", "paris")
    actor = Actor(kind="user", user_id=user.pk, roles=frozenset({("rep", None)}))
    with pytest.raises(Refused):
        services.draft("toy", "house", {"ok": 1}, actor=actor, at=moment.now())
