"""Silences: the longest of five weeks is told with its beginning, and called unusual where it is unlike the source."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from capture import silences
from capture.tests.batch import submit
from leadops import moment
from leadops.models import Role
from leadops.testing import SourceFactory, member

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def received(source, every: timedelta, skip: tuple[timedelta, timedelta] | None = None) -> None:
    """Something every so often for five weeks, but between the two ages of `skip`."""
    age = timedelta(weeks=5) - every / 2
    while age > timedelta(0):
        if skip is None or not skip[1] < age < skip[0]:
            submit({}, source, at=NOW - age)
        age -= every


def test_a_source_that_went_dumb_once_is_told_apart_from_one_that_rests_each_weekend():
    daily, working = SourceFactory(slug="daily"), SourceFactory(slug="working")
    received(daily, 6 * HOUR, skip=(150 * HOUR, 110 * HOUR))
    received(working, 60 * HOUR)
    found = silences.longest([daily.pk, working.pk], NOW)
    assert found[daily.pk].unusual and 36 * HOUR <= found[daily.pk].lasted <= 48 * HOUR
    assert found[daily.pk].usual == 6 * HOUR and found[daily.pk].since < NOW - 110 * HOUR
    assert found[working.pk].lasted == 60 * HOUR and not found[working.pk].unusual


def test_the_silence_that_lasts_until_now_counts_and_a_young_source_is_not_judged():
    gone, young = SourceFactory(slug="gone"), SourceFactory(slug="young")
    received(gone, 6 * HOUR, skip=(48 * HOUR, -HOUR))
    submit({}, young, at=NOW - 40 * HOUR)
    found = silences.longest([gone.pk, young.pk], NOW)
    assert found[gone.pk].unusual and found[gone.pk].until == NOW
    assert not found[young.pk].unusual and found[young.pk].usual is None
    assert silences.longest([], NOW) == {}


@pytest.mark.parametrize(("language", "words"), [("en", "usually up to"), ("fr", "d’ordinaire au plus")])
def test_the_list_of_sources_and_its_page_name_it(client, language, words):
    source = SourceFactory(slug="daily", name="Comparateur")
    received(source, 6 * HOUR, skip=(150 * HOUR, 110 * HOUR))
    client.force_login(
        member("Hugo", Role.MARKETING_OPS, language=language), backend="leadops.desk.signin.EmailBackend"
    )
    with moment.at(NOW):
        for page in ("/sources", f"/sources/{source.pk}"):
            text = client.get(page).content.decode()
            assert words in text and "badge warn" in text
