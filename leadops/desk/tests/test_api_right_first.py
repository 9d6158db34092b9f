"""Every verb of the API asks for the right before it reads what was sent: who may not is told so, whatever the body."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver

from leadops.models import Membership, Role, User
from leadops.testing import AccountFactory, LeadFactory, UserFactory, member, rep

pytestmark = pytest.mark.django_db
WRITES = ("post", "put", "patch", "delete")
SAMPLES = {"uuid": str(uuid.UUID(int=7)), "int": "7", "slug": "nothing", "str": "nothing", "path": "nothing"}
GARBAGE = json.dumps({"nobody": {"asked": "for this"}})


def verbs() -> list[tuple[str, str]]:
    """(method, path) of every write the API offers, from its own map."""
    return sorted(
        {
            (method, path)
            for pattern, path in _patterns(get_resolver().url_patterns, "/")
            if path.startswith("/api/v1/")
            for method in WRITES
            if method in getattr(pattern.callback, "actions", {})
        }
    )


def _patterns(rows: list, before: str) -> Iterator[tuple[URLPattern, str]]:  # type: ignore[type-arg]
    for row in rows:
        route = before + str(row.pattern)
        if isinstance(row, URLPattern):
            for name, converter in row.pattern.converters.items():
                kind = type(converter).__name__.removesuffix("Converter").lower().replace("string", "str")
                route = route.replace(f"<{kind}:{name}>", SAMPLES[kind]).replace(f"<drf_format_suffix:{name}>", "")
            yield row, route
        else:
            yield from _patterns(row.url_patterns, route)


@pytest.fixture
def nobody(db: None) -> User:
    """Signed in, without any role."""
    user = UserFactory(name="Nobody")
    assert not Membership.objects.filter(user=user).exists()
    return user


def test_the_map_of_writes_is_whole() -> None:
    found = verbs()
    assert len(found) > 90
    assert ("post", "/api/v1/availability") in found and ("patch", f"/api/v1/users/{SAMPLES['uuid']}") in found
    assert not [path for _method, path in found if "<" in path]


@pytest.mark.parametrize(("method", "path"), verbs(), ids=lambda each: each)
def test_who_has_no_role_is_refused_before_the_body_is_read(nobody: User, method: str, path: str) -> None:
    client = Client()
    client.force_login(nobody)
    answer = getattr(client, method)(path, data=GARBAGE, content_type="application/json")
    assert answer.status_code in (403, 404), (answer.status_code, answer.content[:300])


# What an executive may do, and so is asked to say properly.
MAY = {("post", "/api/v1/route"), ("post", "/api/v1/notices/seen")}


@pytest.mark.parametrize(("method", "path"), [each for each in verbs() if each not in MAY], ids=lambda each: each)
def test_who_only_reads_is_refused_on_what_they_see_before_the_body_is_read(method: str, path: str) -> None:
    lead = LeadFactory(account=AccountFactory())
    rows = {"leads": lead.pk, "accounts": lead.account.pk, "persons": lead.person_id, "reps": rep("Ada").pk}
    client = Client()
    client.force_login(member("Paul", Role.EXECUTIVE))
    address = path.replace(SAMPLES["uuid"], str(rows.get(path.split("/")[3], SAMPLES["uuid"])), 1)
    answer = getattr(client, method)(address, data=GARBAGE, content_type="application/json")
    assert answer.status_code in (403, 404), (answer.status_code, answer.content[:300])


@pytest.mark.parametrize(("method", "path"), verbs(), ids=lambda each: each)
def test_who_is_not_signed_in_is_told_that_first(method: str, path: str) -> None:
    answer = getattr(Client(), method)(path, data=GARBAGE, content_type="application/json")
    assert answer.status_code == 401, (answer.status_code, answer.content[:300])
