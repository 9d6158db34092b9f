"""Bots and people at the hosted form (C18): under one bot in a hundred becomes a visible lead, no person is lost."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import cycle

import pytest
from django.test import Client

from capture import hosted, limits
from capture.hosted_fields import TRAP
from capture.models import Form, Submission
from capture.tests.batch import run
from capture.tests.posting import NOON, fresh_process, source  # noqa: F401
from leadops import moment
from leadops.models import Lead
from leadops.tests.scale import sized
from leadops.unit import phases, set_phases

pytestmark = [pytest.mark.urls("capture.tests.public_urls"), pytest.mark.django_db]
EACH = sized(120, 1_000)  # posts of bots, and as many of people
Fields = dict[str, str]
CLIENT = Client()  # one for all: each new one would build the middleware anew


@pytest.fixture(autouse=True)
def resolve_alone() -> Iterator[None]:
    before = phases()
    set_phases(())
    yield
    set_phases(before)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The limits' clock, moved on by hand: the posts of this file come over minutes, not at once."""
    hands = [1_000.0]
    monkeypatch.setattr("leadops.limit.time.monotonic", lambda: hands[0])
    return hands


@pytest.fixture
def form() -> Form:
    fields = [{"name": "email", "required": True}, {"name": "name"}, {"name": "message"}]
    return Form.objects.create(slug="contact", source=source("form", adapter="hosted"), fields=fields)


def rendered(at: datetime) -> Fields:
    """What a page rendered then would post of itself."""
    return {"nonce": hosted.new_nonce("contact", at), "lang": "en"}


def posted(fields: Fields, at: datetime, address: str) -> int:
    with moment.at(at):
        return CLIENT.post("/f/contact", fields, REMOTE_ADDR=address).status_code


def typed(who: str, domain: str) -> Fields:
    return {"email": f"{who}@{domain}", "name": who.title(), "message": "Please call me."}


def bots() -> Iterator[Callable[[Fields, datetime], tuple[Fields, datetime]]]:
    """How bots post: each takes what it typed and the time and gives what it sends, and when."""
    kept = rendered(NOON - timedelta(days=2))
    used = rendered(NOON - timedelta(minutes=5))
    ways: tuple[Callable[[Fields, datetime], tuple[Fields, datetime]], ...] = (
        lambda given, at: ({**rendered(at - timedelta(seconds=9)), **given, TRAP: "https://pills.example"}, at),
        lambda given, at: ({**rendered(at - timedelta(seconds=1)), **given}, at),
        lambda given, at: (given, at),
        lambda given, at: ({**rendered(at - timedelta(seconds=9)), **given, "nonce": "abc.123:made-up"}, at),
        lambda given, at: ({**kept, **given}, at),
        lambda given, at: ({**used, **given}, at),  # one page, read by a person once, posted with ever new contents
    )
    return cycle(ways)


def test_of_a_crowd_of_bots_next_to_none_is_seen_and_of_the_people_nobody_is_lost(
    form: Form, clock: list[float]
) -> None:
    rng, answers = random.Random(18), []
    for number, way in zip(range(EACH), bots(), strict=False):
        at = NOON + timedelta(seconds=number)
        clock[0] += 0.5
        sent, when = way(typed(f"bot{number}", "bots.example"), at)
        answers.append(posted(sent, when, f"198.51.{number % 200}.{number % 250}"))
        clock[0] += 0.5
        answers += a_person(number, at, rng)
    assert set(answers) == {303}  # a bot is not told what gave it away, a person never refused
    kept = Submission.objects.values_list("end", "reason")
    assert {reason for end, reason in kept if end == "spam"} == {"honeypot", "too-fast"}
    assert {reason for end, reason in kept if end == "quarantined"} == {"stale-form", "conflict"}
    while run(NOON + timedelta(hours=2)).claimed:
        pass
    seen = list(Lead.objects.values_list("person__email", flat=True))
    assert sum(email.endswith("@bots.example") for email in seen) < EACH / 100
    assert {email for email in seen if email.endswith("@people.example")} == {
        f"person{number}@people.example" for number in range(EACH)
    }


def a_person(number: int, at: datetime, rng: random.Random) -> list[int]:
    """Reads between two seconds and a day; five share an address, not a minute; one in ten clicks twice or corrects first."""
    sent = {
        **rendered(at - timedelta(seconds=rng.choice((2, 3, 8, 40, 600, 80_000)))),
        **typed(f"person{number}", "people.example"),
    }
    address = f"203.0.113.{number % (EACH // 5)}"
    if number % 10 == 3:
        assert posted({**sent, "email": "person"}, at, address) == 422
    return [posted(sent, at, address) for _ in range(2 if number % 10 == 7 else 1)]


def test_a_patient_bot_is_seen_as_often_as_one_address_may_post_and_then_set_aside(
    form: Form, clock: list[float]
) -> None:
    """What looks like a person is told apart by its number alone: the limit of an address is the bound."""
    may, many = int(limits.FORM_PER_ADDRESS.most), 20
    for number in range(many):
        clock[0] += 0.1
        sent = {**rendered(NOON - timedelta(seconds=9)), **typed(f"b{number}", "bots.example")}
        assert posted(sent, NOON, "198.51.100.7") == 303
    ends = list(Submission.objects.values_list("end", "reason"))
    assert ends.count(("pending", "")) == may
    assert ends.count(("quarantined", "flood")) == many - may
