"""Versions: numbered, frozen once published, one in force at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from leadops import moment
from leadops.access import Actor, actor_of, system
from leadops.errors import Refused
from leadops.models import Team
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
    assert Publication.objects.filter(known_to=None).count() == 3


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
        Publication.objects.create(
            kind="toy", key="house", version=version, valid_from=at + timedelta(days=1), known_from=at, reason="x"
        )


def test_a_rep_may_not_draft_criteria():
    user = member("Léa", "rep", "paris")
    actor = Actor(kind="user", user_id=user.pk, roles=frozenset({("rep", None)}))
    with pytest.raises(Refused):
        services.draft("toy", "house", {"ok": 1}, actor=actor, at=moment.now())


# -- why, and what was known when ------------------------------------------------------------------------


def back_to(number: int, at=None, reason="worse"):
    return in_unit(lambda u: services.roll_back("toy", "house", number, unit=u, reason=reason), actor=SETUP, at=at)


def test_every_publication_keeps_its_own_reason_and_says_what_was_rolled_back():
    at, hour = moment.now(), timedelta(hours=1)
    publish(services.draft("toy", "house", {"ok": 1}, actor=SETUP, at=at, reason="proposed"), at, "first")
    publish(services.draft("toy", "house", {"ok": 2}, actor=SETUP, at=at), at + hour, "second")
    back_to(1, at + 2 * hour, "two was worse")
    two, one = services.history("toy", "house")
    assert (one.state, one.reason, [p.reason for p in one.put_in_force]) == (
        "published",
        "proposed",
        ["two was worse", "first"],
    )
    assert (two.state, two.reason, [p.reason for p in two.put_in_force]) == ("rolled_back", "second", ["second"])
    back_to(2, at + 3 * hour, "it was not")
    assert [v.state for v in services.history("toy", "house")] == ["published", "replaced"]


def test_a_publication_without_a_reason_is_refused_by_the_database():
    at = moment.now()
    version = services.draft("toy", "house", {"ok": 1}, actor=SETUP, at=at)
    with pytest.raises(IntegrityError), transaction.atomic():
        Publication.objects.create(kind="toy", key="house", version=version, valid_from=at, known_from=at)


def test_what_was_published_for_a_moment_is_closed_and_stays_known_as_it_was():
    at, day = moment.now(), timedelta(days=1)
    publish(services.draft("toy", "house", {"ok": 1}, actor=SETUP, at=at), at)
    assert services.version_at("toy", "house", at + 9 * day, known_at=at).number == 1
    publish(services.draft("toy", "house", {"ok": 2}, actor=SETUP, at=at), at + day)
    assert services.version_at("toy", "house", at + 9 * day, known_at=at).number == 1, "then nobody knew of the second"
    assert services.version_at("toy", "house", at + 9 * day).number == 2
    assert services.version_at("toy", "house", at, known_at=at + 9 * day).number == 1
    before = set(Publication.objects.values_list("pk", flat=True))
    publish(services.draft("toy", "house", {"ok": 3}, actor=SETUP, at=at), at + day)
    assert before < set(Publication.objects.values_list("pk", flat=True)), "closed, never deleted"
    assert services.version_at("toy", "house", at + 9 * day).number == 3


class AnyLife(TestCase):
    @settings(max_examples=25, deadline=None)
    @given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4)), min_size=1, max_size=8))
    def test_every_moment_as_known_at_every_moment_has_its_answer(self, acts):
        """The model: at each step what was believed of each hour, from that step's hour on."""
        start, hour, clock = moment.now(), timedelta(hours=1), 0
        believed: dict[int, int | None] = dict.fromkeys(range(40), None)
        told = {-1: dict(believed)}
        for wait, wanted in acts:
            clock += wait
            at, known = start + clock * hour, services.latest_number("toy", "house")
            if wanted > known:
                version = publish(services.draft("toy", "house", {"ok": 1}, actor=SETUP, at=at), at)
            elif believed[clock] == wanted:
                with pytest.raises(Refused):
                    back_to(wanted, at)
                continue
            else:
                version = back_to(wanted, at)
            believed |= dict.fromkeys(range(clock, 40), version.number)
            told[clock] = dict(believed)
        for known in range(clock + 2):
            belief = told[max(step for step in told if step <= known)]
            for when in range(0, 40, 3):
                found = services.version_at("toy", "house", start + when * hour, known_at=start + known * hour)
                assert (found.number if found else None) == belief[when], (when, known)


# -- who -------------------------------------------------------------------------------------------------


def someone(name: str, role: str, team: str | None = None) -> Actor:
    return actor_of(member(name, role, team))


@pytest.mark.parametrize(
    ("role", "team", "may"),
    [
        ("manager", "paris", False),
        ("revenue_ops", "paris", False),
        ("manager", None, True),
        ("revenue_ops", None, True),
    ],
)
def test_what_holds_for_the_house_is_put_in_force_by_who_works_for_the_whole_house(role, team, may):
    kinds._kinds["toy"] = replace(kinds.kind_of("toy"), verb="edit_ruleset")
    at = moment.now()
    publish(services.draft("toy", "house", {"ok": 1}, actor=SETUP, at=at), at)
    actor = someone("Marc", role, team)
    proposed = services.draft("toy", "house", {"ok": 2}, actor=actor, at=at, reason="better")
    assert services.save_draft(proposed.pk, {"ok": 3}, actor=actor, at=at).body == {"ok": 3}
    acts = [
        lambda u: services.publish(proposed.pk, unit=u, reason="x"),
        lambda u: services.roll_back("toy", "house", 1, unit=u, reason="x"),
    ]
    for act, after in zip(acts, (proposed.number, 1), strict=True):
        at += timedelta(hours=1)
        if may:
            in_unit(act, actor=actor, at=at)
        else:
            with pytest.raises(Refused) as refused:
                in_unit(act, actor=actor, at=at)
            assert refused.value.status == 403
        assert services.version_at("toy", "house", at).number == (after if may else 1)
    assert services.may_publish(actor, "toy") is may


def test_a_team_manager_publishes_for_the_team_alone_and_touches_no_other_proposal():
    kinds._kinds["toy"] = replace(kinds.kind_of("toy"), verb="edit_ruleset")
    at = moment.now()
    marc, paris = someone("Marc", "manager", "paris"), Team.objects.get(key="paris")
    mine = services.draft("toy", "paris", {"ok": 1}, actor=marc, at=at, team=paris)
    in_unit(lambda u: services.publish(mine.pk, unit=u, reason="ours"), actor=marc, at=at)
    lyon = someone("Lyne", "manager", "lyon")
    for key, team in (
        ("paris", None),
        ("house", Team.objects.get(key="lyon")),
        ("paris", Team.objects.get(key="lyon")),
    ):
        with pytest.raises(Refused):
            services.draft("toy", key, {"ok": 2}, actor=lyon, at=at, team=team)
    proposed = services.draft("toy", "house", {"ok": 1}, actor=marc, at=at)
    with pytest.raises(Refused):
        services.save_draft(proposed.pk, {"ok": 9}, actor=lyon, at=at)
