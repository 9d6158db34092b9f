"""The first and the last day there is, and days that are none, on every address that takes a day or a moment: never a fault."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from django.utils import timezone, translation

from leadops.conditions.fields import LEAD
from leadops.conditions.sentence import sentence
from leadops.dates import PATTERNS, instant_words, local
from leadops.desk.tests.api_cast import House
from leadops.desk.tests.desk_cast import client_of

pytestmark = pytest.mark.django_db
DAYS = ("0001-01-01", "0001-01-03", "9999-12-31", "9999-12-30", "2026-02-31", "\x00", "")
MOMENTS = (
    "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00",
    "9999-12-31T23:59:59", "0001-01-01T00:00:00", "2026-02-31T00:00:00Z", "\x00",
)  # fmt: skip
SPANS = (
    ("/submissions/ledger", "frm", "to"),
    ("/submissions/ledger", "from", "to"),
    ("/api/v1/ledger", "from", "to"),
    ("/reports/sources", "first_day", "last_day"),
    ("/reports/funnel", "first_day", "last_day"),
    ("/reports/response", "first_day", "last_day"),
    ("/api/v1/reports/sources", "from", "to"),
    ("/api/v1/reports/funnel", "first_day", "last_day"),
)
BETWEEN = (
    ("/leads", "received_after", "received_before"),
    ("/leads", "asked_after", "asked_before"),
    ("/api/v1/leads", "received_after", "received_before"),
    ("/api/v1/leads", "asked_after", "asked_before"),
    ("/submissions", "received_after", "received_before"),
    ("/api/v1/submissions", "received_after", "received_before"),
    ("/api/v1/opportunities", "closed_after", "closed_before"),
    ("/api/v1/clocks", "due_after", "due_before"),
)


@pytest.fixture
def lead_id(house: House) -> str:
    return str(house.lead(house.lea).pk)


def test_spans_of_days(house: House) -> None:
    client = client_of(house.revenue.user)
    for address, first, last in SPANS:
        for day in DAYS:
            for asked in ({first: day, last: day}, {first: day}, {last: day}):
                answer = client.get(f"{address}?{urlencode({'period': 'custom', **asked})}")
                assert answer.status_code < 500, (address, asked)


def test_spans_of_moments(house: House, lead_id: str) -> None:
    client = client_of(house.revenue.user)
    for address, after, before in BETWEEN:
        for moment in MOMENTS:
            answer = client.get(f"{address}?{urlencode({after: moment, before: moment})}")
            assert answer.status_code < 500, (address, moment)


def test_single_days_and_moments(house: House, lead_id: str) -> None:
    client = client_of(house.revenue.user)
    for day in DAYS:
        assert client.get(f"/submissions?{urlencode({'day': day})}").status_code == 200, day
    for moment in MOMENTS:
        for address in (f"/leads/{lead_id}/timeline", f"/api/v1/leads/{lead_id}/timeline"):
            answer = client.get(f"{address}?{urlencode({'before': moment})}")
            assert answer.status_code in (200, 400), (address, moment)


def test_a_ledger_of_impossible_days_is_refused_and_an_unreadable_one_says_why(house: House) -> None:
    client = client_of(house.revenue.user)
    for query in ("to=9999-12-31", "frm=0001-01-01&to=0001-01-01", "frm=9999-12-31&to=9999-12-31"):
        assert client.get(f"/submissions/ledger?{query}").status_code == 422
    answer = house.revenue.get("/ledger?from=9999-12-31&to=9999-12-31")
    assert (answer.status_code, answer.json()["code"]) == (422, "period")
    assert client.get("/submissions/ledger?to=2026-02-31").context["form"].errors["to"]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles"])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_condition_on_a_moment_at_the_end_of_the_calendar_is_said(zone: str, language: str) -> None:
    with timezone.override(zone), translation.override(language):
        for at in (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)):
            assert str(at.year) in sentence({"field": "received_at", "op": "before", "value": at.isoformat()}, LEAD)
            for form in PATTERNS[language]:
                assert instant_words(local(at), form)
    with timezone.override(zone):  # elsewhere: the reader's own hour
        assert instant_words(local(datetime(2026, 3, 5, 12, tzinfo=UTC))).endswith(
            "02:00" if "Kiri" in zone else "04:00"
        )


def test_moments_a_lead_is_given(house: House, lead_id: str) -> None:
    """What was taken in must be shown again, in every zone."""
    client = client_of(house.lea.user)
    for moment in MOMENTS:
        for verb, body in (
            ("snooze", {"until": moment}),
            ("attempts", {"channel": "call", "outcome": "voicemail", "callback_at": moment}),
            ("opportunities", {"name": "x", "expected_on": moment[:10]}),
            ("recycle", {"reason": "no_budget", "wake_at": moment}),
        ):
            assert house.as_lea.post(f"/leads/{lead_id}/{verb}", body).status_code < 500, (verb, moment)
            assert client.get(f"/leads/{lead_id}").status_code == 200, (verb, moment)
    assert client.get("/inbox").status_code == 200
