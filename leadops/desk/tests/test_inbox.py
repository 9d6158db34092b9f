"""The inbox: order, tabs, pages, arrivals, the day strip, who sees what, and how few questions it asks the database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from leadops import moment
from leadops.desk import selectors
from leadops.desk.tests.desk_cast import HX, Desk, client_of
from leadops.models import Lead
from leadops.work import Work
from routing.models import Clock

pytestmark = pytest.mark.django_db
BUDGET = 4  # user, roles, lines, and the reader's figures


@pytest.fixture
def desk() -> Desk:
    return Desk()


def shown(answer: Any) -> list[str]:
    return [row.name for row in answer.context["rows"]]


def test_what_is_due_first_stands_first(desk: Desk) -> None:
    leads = [desk.lead(f"Person {n}") for n in range(3)]
    now = moment.now()
    for lead, minutes in zip(leads, (30, 5, 90), strict=True):
        Work.objects.filter(lead=lead).update(due_at=now + timedelta(minutes=minutes))
    assert shown(client_of(desk.lea.user).get("/inbox")) == ["Person 1", "Person 0", "Person 2"]


def test_a_rep_sees_the_own_queue_alone_and_a_visitor_none(desk: Desk, client: Any) -> None:
    desk.lead("Mine"), desk.lead("His", owner=desk.karim)
    assert shown(client_of(desk.lea.user).get("/inbox")) == ["Mine"]
    answer = client.get("/inbox")
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in?next=/inbox")
    assert client.get("/inbox", headers=HX).status_code == 401


def test_the_inbox_asks_few_questions_whatever_its_length(desk: Desk) -> None:
    client = client_of(desk.lea.user)
    for n in range(12):
        desk.lead(f"Person {n}")
    client.get("/inbox")
    with CaptureQueriesContext(connection) as seen:
        client.get("/inbox")
    assert len(seen) <= BUDGET, "\n".join(q["sql"][:150] for q in seen)
    with CaptureQueriesContext(connection) as fragment:
        client.get("/inbox", headers=HX)
    assert len(fragment) <= BUDGET, "\n".join(q["sql"][:150] for q in fragment)


@pytest.mark.parametrize("tab", ["now", "snoozed"])
def test_pages_follow_one_another_without_gap_or_repeat(desk: Desk, monkeypatch: Any, tab: str) -> None:
    monkeypatch.setattr(selectors, "PAGE", 2)
    for n in range(5):
        lead = desk.lead(f"Person {n}")
        if tab == "snoozed":
            Work.objects.filter(lead=lead).update(wakes_at=moment.now() + timedelta(hours=n))
    client, after, found = client_of(desk.lea.user), "", []
    for _ in range(3):
        answer = client.get(f"/inbox?tab={tab}&after={after}")
        found += shown(answer)
        after = answer.context["after"]
    assert sorted(found) == [f"Person {n}" for n in range(5)] and after == ""


def test_an_unreadable_cursor_starts_from_the_beginning(desk: Desk) -> None:
    desk.lead("Anna")
    client, key = client_of(desk.lea.user), "01a22159-ca8c-72ad-ab40-bcc6f9159fab"
    assert shown(client.get("/inbox?after=%F0garbage")) == ["Anna"]
    odd: list[Any] = [{}, [], True, None, 1.5, 10**9, "\x00", float("inf")]
    for cursor in ([None, band, heat, key] for band, heat in [*((o, 1) for o in odd), *((1, o) for o in odd)]):
        assert shown(client.get("/inbox", {"after": selectors._packed(cursor)})) == ["Anna"], cursor
    for cursor in [[None, 1, 1, 5], [5, 1, 1, key], [None, 1, 1, {}], ["\x00", 1, 1, key], {}, 5]:
        for tab in ("now", "snoozed"):
            assert client.get("/inbox", {"after": selectors._packed(cursor), "tab": tab}).status_code == 200  # type: ignore[arg-type]


def test_a_refresh_stays_on_its_page(desk: Desk, monkeypatch: Any) -> None:
    monkeypatch.setattr(selectors, "PAGE", 1)
    desk.lead("Anna"), desk.lead("Bruno")
    client = client_of(desk.lea.user)
    after = client.get("/inbox").context["after"]
    assert f"after={after}" in client.get(f"/inbox?after={after}", headers=HX).context["list_url"]


def test_a_newcomer_is_told_with_its_reason_and_moves_nothing_until_asked(desk: Desk) -> None:
    client = client_of(desk.lea.user, "en")
    page = client.get("/inbox")
    lead = desk.lead("Zoé Direct", company="Directe SA")
    bar = client.get(page.context["source_url"], headers=HX)
    text = bar.content.decode()
    assert "1 new lead" in text and "Zoé Direct" in text and "Directe SA" in text
    assert "Given to Léa Martin" in text
    revealed = client.get(bar.context["url"], headers=HX).content.decode()
    assert f'class="row-item is-new" data-row id="row-{lead.pk}"' in revealed


def test_asked_for_a_newcomer_stands_above_what_has_long_been_late_until_it_is_accepted(desk: Desk) -> None:
    client = client_of(desk.lea.user)
    late = [desk.lead(f"Late {n}") for n in range(3)]
    Work.objects.filter(lead__in=late).update(due_at=moment.now() - timedelta(days=20))
    page = client.get("/inbox")
    lead = desk.lead("Zoé Direct")
    asked = client.get(page.context["source_url"], headers=HX).context["url"]
    first = client.get(asked, headers=HX)
    assert shown(first)[0] == "Zoé Direct" and len(shown(first)) == 4
    assert shown(client.get(first.context["list_url"], headers=HX))[0] == "Zoé Direct", "a refresh leaves it there"
    Lead.objects.filter(pk=lead.pk).update(accepted_at=moment.now())
    assert shown(client.get(asked, headers=HX))[-1] == "Zoé Direct"
    assert shown(client.get("/inbox"))[-1] == "Zoé Direct", "the queue's own order knows no newcomers"


def test_a_forged_moment_of_display_tells_nothing(desk: Desk) -> None:
    desk.lead()
    answer = client_of(desk.lea.user).get(f"{reverse('desk:arrivals')}?shown=yesterday", headers=HX)
    assert answer.context["count"] == 0


def test_the_day_strip_counts_what_was_really_done_today(desk: Desk) -> None:
    client, leads = client_of(desk.lea.user), [desk.lead(f"Person {n}") for n in range(2)]
    day = client.get("/inbox").context["day"]
    assert (day.handled, day.median, day.within_five) == (0, None, None)
    for lead in leads:
        client.post(reverse("desk:log_attempt", args=[lead.pk]), {"channel": "call", "outcome": "voicemail"})
    day = client.get("/inbox").context["day"]
    assert (day.handled, day.answered, day.within_five) == (2, 2, 1.0)
    assert 0 <= day.median < 60


@pytest.mark.parametrize(
    ("language", "words"),
    [("fr", ["Boîte de réception", "À traiter", "Reportés", "Première tentative à faire", "Accepter", "Consigner"]),
     ("en", ["Inbox", "To do now", "Snoozed", "First attempt due", "Accept", "Log"])],
)  # fmt: skip
def test_the_inbox_speaks_the_readers_language(desk: Desk, language: str, words: list[str]) -> None:
    lead = desk.lead()
    Lead.objects.filter(pk=lead.pk).update(band="hot", score=68)
    text = client_of(desk.lea.user, language).get("/inbox").content.decode()
    for word in [*words, {"fr": "Chaud", "en": "Hot"}[language]]:
        assert word in text


@pytest.mark.parametrize(("tab", "words"), [("now", "Everything is handled"), ("snoozed", "Nothing is snoozed")])
def test_an_empty_queue_says_what_it_means(desk: Desk, tab: str, words: str) -> None:
    assert words in client_of(desk.lea.user, "en").get(f"/inbox?tab={tab}").content.decode()


def test_the_state_for_pages_without_stream_changes_when_a_lead_comes(desk: Desk) -> None:
    client, url = client_of(desk.lea.user), reverse("desk:inbox_state")
    before = client.get(url).json()
    desk.lead()
    assert client.get(url).json() != before


def test_a_late_answer_stays_late_but_counts_on_no_more(desk: Desk) -> None:
    lead, client = desk.lead(), client_of(desk.lea.user, "en")
    now = moment.now()
    Clock.objects.filter(lead=lead, kind="first_attempt").update(
        state="met", ended_at=now, breached_at=now - timedelta(hours=1), due_at=now - timedelta(hours=1), next_at=None
    )
    Clock.objects.filter(lead=lead).exclude(kind="first_attempt").delete()
    row = client.get("/inbox").context["rows"][0]
    assert (row.state, row.due) == ("late", "")
    text = client.get("/inbox").content.decode()
    assert 'class="sla late"' in text and "Answered late" in text and 'class="sla breached"' not in text
    page = client.get(lead.get_absolute_url()).content.decode()
    assert page.count("Answered late") >= 2 and "Overdue" not in page.split("</header>", 2)[-1].split("Clocks")[-1]


def test_a_row_whose_next_act_is_a_call_shows_the_day_of_the_call(desk: Desk) -> None:
    lead, client = desk.lead(), client_of(desk.lea.user, "en")
    now = moment.now()
    Clock.objects.filter(lead=lead).update(state="met", ended_at=now, due_at=now, next_at=None)
    for due, state in ((now + timedelta(days=2), "running"), (now - timedelta(days=2), "breached")):
        Work.objects.filter(lead=lead).update(due_at=due, reason="call")
        row = client.get("/inbox").context["rows"][0]
        assert (row.state, row.due) == (state, due.isoformat())
    Work.objects.filter(lead=lead).update(due_at=None, reason="")
    assert client.get("/inbox").context["rows"][0].state == "met"


def test_the_order_of_the_rows_is_said(desk: Desk) -> None:
    desk.lead()
    assert "what is due first" in client_of(desk.lea.user, "en").get("/inbox").content.decode()


@pytest.mark.parametrize(("verb", "stays"), [("note", True), ("snooze", False), ("log_attempt", False)])
def test_a_note_keeps_the_row_and_the_other_verbs_go_on(desk: Desk, verb: str, stays: bool) -> None:
    url = reverse(f"desk:{verb}", args=[desk.lead().pk])
    assert ("data-stays" in client_of(desk.lea.user).get(url, headers=HX).content.decode()) is stays
