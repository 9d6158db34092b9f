"""The cast of the reports: people of each role, and a made-up company whose figures are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from leadops import moment
from leadops.access import Actor, actor_of
from leadops.models import Role, User
from leadops.testing import member, rep
from leadops.tests import kept_rows
from leadops.tests.scale import sized
from reports.tests import world
from reports.tests.world import NOW, Story


@pytest.fixture(autouse=True)
def _here(settings: object, request: pytest.FixtureRequest) -> Iterator[None]:
    settings.REPORTING_ZONE = "Europe/Paris"  # type: ignore[attr-defined]
    with moment.at(NOW):
        yield


@pytest.fixture
def executive(db: None) -> User:
    return member("Elise", Role.EXECUTIVE)


@pytest.fixture
def boss(executive: User) -> Actor:
    return actor_of(executive)


@pytest.fixture
def stories(db: None) -> list[Story]:
    """Hundreds of lives, owned by two teams or nobody."""

    def told() -> list[Story]:
        made = world.made_up(sized(160, 400), reps=[rep("Anna", "paris"), rep("Karim", "lyon"), None])
        world.write(made)
        return made

    found: list[Story] = kept_rows.once("stories", told)
    world.counted()
    return found


@pytest.fixture
def sign_in(client: Client) -> Callable[[User], Client]:
    def act(user: User) -> Client:
        client.force_login(user)
        return client

    return act
