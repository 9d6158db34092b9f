"""The history of a lead in sentences: order, the machine's clocks in one line, older events, what is masked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import translation

from leadops import moment
from leadops.desk import timeline
from leadops.desk.tests.desk_cast import HX, Desk, client_of
from leadops.desk.timeline import Event, events_of, gathered
from leadops.journal import ICONS, JournalEntry, Kind

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_what_people_did_stands_alone_and_clocks_share_a_line() -> None:
    at = moment.now()
    made = [
        Event("1", "timer", "Clock started: A", at, quiet=True),
        Event("2", "timer", "Clock started: B", at, quiet=True),
        Event("3", "phone", "Attempt", at),
        Event("4", "timer", "Clock started: C", at, quiet=True),
    ]
    told = gathered(made)
    assert [(event.title, event.text) for event in told] == [
        ("Clock started: A", "Clock started: B"), ("Attempt", ""), ("Clock started: C", "")
    ]  # fmt: skip


def test_newest_first_with_who_did_it_and_what_was_said(desk: Desk) -> None:
    lead = desk.lead()
    client_of(desk.lea.user).post(reverse("desk:note", args=[lead.pk]), {"text": "Call on Monday"})
    with translation.override("fr"):
        events, older = events_of(lead)
    assert (events[0].text, events[0].actor, older) == ("Call on Monday", "Léa Martin", None)
    assert "Attribution à Léa Martin" in [event.title for event in events]
    assert events_of(lead, masked=True)[0][0].text == ""


def test_older_events_are_fetched_from_where_the_page_ends(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "PAGE", 4)
    lead, client = desk.lead(), client_of(desk.lea.user)
    for n in range(6):
        client.post(reverse("desk:note", args=[lead.pk]), {"text": f"Note {n}"})
    page = client.get(lead.get_absolute_url())
    assert "Note 5" in page.content.decode() and "Note 1" not in page.content.decode()
    fragment = client.get(page.context["older_url"], headers=HX).content.decode()
    assert "Note 1" in fragment and "Note 5" not in fragment and "<html" not in fragment


def test_an_unreadable_moment_is_refused_not_guessed(desk: Desk) -> None:
    lead = desk.lead()
    assert client_of(desk.lea.user).get(reverse("desk:timeline", args=[lead.pk]) + "?before=soon").status_code == 400


@pytest.mark.parametrize("kind", Kind.values)
def test_every_kind_of_entry_has_a_mark(kind: str) -> None:
    assert kind in timeline.MARKS and ICONS


@pytest.mark.parametrize(("late", "said", "tone"), [(False, "Clock met", "good"), (True, "Answered late", "warn")])
def test_a_clock_met_after_its_breach_is_not_called_met(late: bool, said: str, tone: str, desk: Desk) -> None:
    row = JournalEntry(kind=Kind.CLOCK_MET, at=moment.now(), data={"kind": "first_attempt", "late": late})
    event = timeline._entry_event(row, "", timeline.Words({}, {}, {}))
    assert (event.title.startswith(said), event.tone) == (True, tone)


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Escalated to Léa: First attempt"), ("fr", "Escalade vers Léa\u00a0: ")]
)
def test_an_escalation_says_of_which_clock(language: str, said: str) -> None:
    row = JournalEntry(kind=Kind.ESCALATED, at=moment.now(), data={"kind": "first_attempt", "to": ["7"]})
    with translation.override(language):
        assert timeline._entry_event(row, "", timeline.Words({"7": "Léa"}, {}, {})).title.startswith(said)
    del row.data["kind"]  # as it was written before
    with translation.override("en"):
        assert timeline._entry_event(row, "", timeline.Words({"7": "Léa"}, {}, {})).title == "Escalated to Léa"


def test_a_moment_is_said_in_the_readers_language() -> None:
    at = (moment.now() + timedelta(days=1)).isoformat()
    with translation.override("fr"):
        french = timeline.moment_words(at)
    with translation.override("en"):
        assert timeline.moment_words(at) != french
