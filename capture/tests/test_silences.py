"""Silences are judged by what was expected meanwhile: nights, weekends and fairs are none, an outage is one, past or present."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from capture import silences
from capture.tests.batch import submit
from leadops import moment
from leadops.models import Role
from leadops.testing import SourceFactory, member

PARIS = ZoneInfo("Europe/Paris")
MONDAY_MORNING = datetime(2026, 11, 23, 7, tzinfo=UTC)  # eight in Paris; summer time ended on 25 October
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def lived(at: datetime, weeks: int, a_day: Callable[[datetime], float], seed: int = 3) -> list[datetime]:
    """What chance brings in those weeks from nine to six in Paris, so many a day."""
    dice, found = random.Random(seed), []
    begins = at.replace(minute=0) - weeks * 7 * DAY
    for n in range(weeks * 7 * 24 + 1):
        here = (begins + n * HOUR).astimezone(PARIS)
        gone = dice.expovariate(1.0) if 9 <= here.hour < 18 and a_day(here) else math.inf
        while gone < a_day(here) / 9:
            found.append(begins + (n + dice.random()) * HOUR)
            gone += dice.expovariate(1.0)
    return sorted(instant for instant in found if instant < at)


def office(here: datetime) -> float:
    return 12.0 if here.weekday() < 5 else 0.0


def told(moments: list[datetime], at: datetime) -> silences.Silence:
    hours: dict[datetime, list[datetime]] = {}
    for instant in moments:
        hours.setdefault(instant.replace(minute=0, second=0, microsecond=0), []).append(instant)
    rows = [silences.Hour(begins, len(all_), all_[0], all_[-1]) for begins, all_ in sorted(hours.items())]
    found = silences.told(rows, at, PARIS)
    assert found is not None
    return found


def without(moments: list[datetime], since: datetime, until: datetime) -> list[datetime]:
    return [instant for instant in moments if not since <= instant < until]


def test_a_source_of_office_hours_may_rest_at_the_weekend():
    found = told(lived(MONDAY_MORNING, 14, office), MONDAY_MORNING)
    assert found.unusual is False and found.lasted > 2 * DAY
    assert found.expected is not None and found.expected < 6


def test_the_same_source_is_silent_on_monday_afternoon_and_it_is_said_at_once():
    now = MONDAY_MORNING + 9 * HOUR
    found = told(without(lived(now, 14, office), MONDAY_MORNING, now), now)
    assert found.unusual and found.lasting and found.until == now
    assert found.expected == pytest.approx(12 * 8 / 9, abs=4)
    earlier = now - 6 * HOUR  # three hours of a working day: nothing strange yet
    assert told(without(lived(now, 14, office), MONDAY_MORNING, now), earlier).unusual is False


def test_an_outage_that_is_over_stays_told_for_five_weeks():
    since = MONDAY_MORNING - 20 * DAY  # a Tuesday
    moments = without(lived(MONDAY_MORNING, 14, office), since, since + 2 * DAY)
    found = told(moments, MONDAY_MORNING)
    assert found.unusual and not found.lasting and since - DAY < found.since <= since
    assert found.expected == pytest.approx(24, abs=5)
    later = MONDAY_MORNING + 5 * 7 * DAY
    assert not told([*moments, *lived(later, 5, office, seed=4)], later).unusual, "history"


def test_a_fair_that_comes_in_crowds_may_be_silent_for_days_though_many_were_expected():
    dice = random.Random(5)
    moments = [
        MONDAY_MORNING - 14 * 7 * DAY + days * DAY + 3 * HOUR + n * timedelta(minutes=1)
        for days in sorted(dice.sample(range(14 * 7 - 7), 32))
        for n in range(dice.randint(6, 12))
    ]
    found = told(moments, MONDAY_MORNING)
    assert found.lasted > 6 * DAY and found.unusual is False
    assert found.expected is not None and found.expected > 10, "by a Poisson rate alone it would be called unusual"


def test_of_a_source_known_for_three_weeks_nothing_is_said():
    now = MONDAY_MORNING + 9 * HOUR
    found = told(without(lived(now, 3, office), MONDAY_MORNING - 4 * DAY, now), now)
    assert found.unusual is None and found.expected is None and found.lasted > 4 * DAY


def test_the_hours_are_those_of_the_wall_on_both_sides_of_a_change_of_time():
    """Winter time began on 25 October: in UTC all comes an hour later from then on, and nobody was silent for it."""
    nine = [datetime(2026, 10, 23, 9, 30, tzinfo=PARIS) - n * DAY for n in range(60)]
    rows = [silences.Hour(at.astimezone(UTC).replace(minute=0), 5, at, at) for at in reversed(nine)]
    past = silences.usual(rows, datetime(2026, 10, 24, tzinfo=UTC), PARIS)
    assert past is not None
    monday = datetime(2026, 10, 26, 8, tzinfo=UTC)  # nine in winter time; seven UTC was nine on the Friday before
    assert past.expected(monday - HOUR, monday, PARIS) == 0
    assert past.expected(monday, monday + HOUR, PARIS) == 5
    assert past.expected(monday, monday + HOUR / 2, PARIS) == 2.5
    assert past.expected(monday - 7 * DAY - HOUR, monday - 7 * DAY, PARIS) == 5


def test_chance_alone_is_called_unusual_by_one_source_in_many():
    """Two hundred steady sources of every size: the threshold holds what it promises."""
    flagged = Counter[bool | None]()
    for seed in range(200):
        dice = random.Random(seed)
        every = dice.choice([2, 6, 12, 24])
        moments, at = [], MONDAY_MORNING - 14 * 7 * DAY
        while (at := at + dice.expovariate(1 / every) * HOUR) < MONDAY_MORNING:
            moments.append(at)
        flagged[told(moments, MONDAY_MORNING).unusual] += 1
    assert flagged[True] <= 6 and flagged[None] == 0


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "words"), [("en", "expected, none came"), ("fr", "attendues, aucune reçue")])
def test_pages_and_api_name_it_and_one_statement_finds_it(client, language, words, django_assert_num_queries):
    source, ended = SourceFactory(slug="daily", name="Comparateur"), SourceFactory(slug="over", state="ended")
    since = MONDAY_MORNING - 20 * DAY
    for instant in without(lived(MONDAY_MORNING, 9, office), since, since + 2 * DAY)[::2]:
        submit({}, source, at=instant)
    submit({}, ended, at=MONDAY_MORNING - 40 * DAY)
    client.force_login(
        member("Hugo", Role.MARKETING_OPS, language=language), backend="leadops.desk.signin.EmailBackend"
    )
    with moment.at(MONDAY_MORNING):
        with django_assert_num_queries(1):
            assert silences.of_sources([source.pk], MONDAY_MORNING)[source.pk].unusual
        for page in ("/sources", f"/sources/{source.pk}"):
            text = client.get(page).content.decode()
            assert words in text and "badge warn" in text
        daily, over = sorted(client.get("/api/v1/sources/health").json(), key=lambda row: row["source"])[:2]
    assert daily["silence"]["unusual"] and not daily["silence"]["lasting"]
    assert daily["silence"]["seconds"] > 2 * 86400 and over["silence"] is None
    assert over["last_received_at"] is not None
