"""/calendars: read by everybody, changed by who may, through versions; named by name wherever one is picked."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from leadops import moment
from leadops.access import actor_of
from leadops.calendars import Calendar, words
from leadops.models import Role, User
from leadops.testing import ALWAYS_OPEN, TeamFactory, member, put_in_force, rep
from leadops.versions.calendars import calendar_at, names_at
from leadops.versions.models import Version
from leadops.versions.services import version_at
from routing.hours import editing, reading
from routing.sla.policy import DEFAULT
from routing.tests import a_house as house

pytestmark = pytest.mark.django_db
BODY: dict[str, Any] = {
    "name": {"fr": "Bureau de Lyon", "en": "Lyon office"},
    "zone": "Europe/Paris",
    "week": {
        **{day: [["09:00", "12:30"], ["13:30", "18:00"]] for day in ("mon", "tue", "wed", "thu")},
        "fri": [["09:00", "12:00"]],
    },
    "holidays": {"country": "FR", "subdivision": "57"},
    "exceptions": [{"day": "2026-12-24", "label": {"fr": "Réveillon", "en": "Christmas Eve"}, "open": []}],
}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def ops(language: str = "en") -> Client:
    return signed_in(member("Rita", Role.REVENUE_OPS, language=language))


@pytest.fixture
def lyon(db: None) -> Version:
    put_in_force("calendar", "house", ALWAYS_OPEN)
    put_in_force("calendar", "lyon", BODY)
    put_in_force("sla", "house", DEFAULT)
    manon = rep("Manon", "lyon", calendar="lyon")
    house.pool("east", manon)
    found = version_at("calendar", "lyon", moment.now())
    assert found is not None
    return found


def posted(**changed: str) -> dict[str, str]:
    """What the editor's inputs send for BODY."""
    sent = {"name-fr": "Bureau de Lyon", "name-en": "Lyon office", "zone": "Europe/Paris", "country": "FR"}
    sent |= {"subdivision": "57", "ex-0-day": "2026-12-24", "ex-0-fr": "Réveillon", "ex-0-en": "Christmas Eve"}
    for day in ("mon", "tue", "wed", "thu"):
        sent |= {f"{day}-0-from": "09:00", f"{day}-0-to": "12:30", f"{day}-1-from": "13:30", f"{day}-1-to": "18:00"}
    return {**sent, "fri-0-from": "09:00", "fri-0-to": "12:00", **changed}


# -- in words ---------------------------------------------------------------------------------------------


def test_a_week_is_said_in_groups_of_days() -> None:
    assert words.week_words(Calendar.from_body(BODY)) == [
        ("Monday to Thursday", "09:00–12:30 and 13:30–18:00"),
        ("Friday", "09:00–12:00"),
        ("Saturday to Sunday", "closed"),
    ]
    assert words.week_words(Calendar.from_body(ALWAYS_OPEN)) == [("every day", "round the clock")]
    assert words.sentence(BODY).startswith("Monday to Thursday: 09:00–12:30 and 13:30–18:00; Friday: 09:00–12:00;")
    assert words.place_words("FR", "57") == "France (Moselle)"


def test_what_is_typed_comes_back_into_the_inputs_and_makes_the_same_document() -> None:
    assert editing.typed(posted()) == BODY
    night = editing.typed(posted(**{"sat-0-from": "18:00", "sat-0-to": "00:00"}))
    assert night["week"]["sat"] == [["18:00", "24:00"]]
    assert editing.rows(night["week"]["sat"])[0] == {"start": "18:00", "end": "00:00"}
    assert editing.with_monday_copied(BODY)["week"]["fri"] == BODY["week"]["mon"]


def test_no_row_that_was_typed_is_dropped() -> None:
    spans = [[f"{h:02}:00", f"{h:02}:30"] for h in range(12)]
    sent = {f"mon-{n}-{end}": pair[i] for n, pair in enumerate(spans) for i, end in enumerate(("from", "to"))}
    assert editing.typed(sent)["week"] == {"mon": spans}
    assert len(editing.rows(spans)) == 12 and len(editing.rows(spans[:11])) == 12
    without = editing.typed(posted(**{"ex-1-day": "", "ex-1-fr": "Fermé"}))
    assert {"day": "", "open": [], "label": {"fr": "Fermé"}} in without["exceptions"]


def test_a_calendar_with_every_exception_it_may_have_is_saved_on_the_page(lyon: Version) -> None:
    client = ops()
    client.post("/calendars/lyon/draft")
    days = [
        f"{year}-{month:02}-{day:02}" for year in range(2027, 2031) for month in range(1, 13) for day in range(1, 22)
    ]
    rows = {f"ex-{n}-{part}": text for n, d in enumerate(days[:1000]) for part, text in (
        ("day", d), ("fr", "Fermé"), ("en", "Closed"), ("0-from", "10:00"), ("0-to", "12:00"), ("1-from", ""), ("1-to", ""),
    )}  # fmt: skip
    assert client.post("/calendars/lyon/save", posted(**rows)).status_code == 302
    draft = Version.objects.get(kind="calendar", key="lyon", state="draft")
    assert [row["day"] for row in draft.body["exceptions"]] == days[:1000]
    beyond = client.post("/calendars/lyon/save", {f"ex-{n}-day": "2027-01-01" for n in range(10_001)})
    assert beyond.status_code == 400 and "larger than what can be sent at once" in beyond.content.decode()


# -- pages ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role.values)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_everybody_reads_the_list_and_a_calendar(lyon: Version, role: str, language: str) -> None:
    client = signed_in(member("Someone", role, "paris" if role == "rep" else None, language=language))
    listed, one = client.get("/calendars").content.decode(), client.get("/calendars/lyon").content.decode()
    name, eve = ("Bureau de Lyon", "Réveillon") if language == "fr" else ("Lyon office", "Christmas Eve")
    assert name in listed and name in one and eve in one
    assert "Manon" in one and "East" in one
    may = role in (Role.MANAGER, Role.REVENUE_OPS)
    assert ('action="/calendars/lyon/draft"' in one) is may
    assert ("/calendars/new" in listed) is may


def test_the_next_public_holidays_have_their_names(lyon: Version) -> None:
    page = ops("fr").get("/calendars/lyon").content.decode()
    assert "Fête nationale" in page and "Vendredi saint" in page  # the second one in Moselle only


def test_policies_that_name_a_calendar_are_listed(lyon: Version) -> None:
    assert reading.usage_of("lyon", moment.now()).versions == []
    body = {
        "policies": [
            {**DEFAULT["policies"][0], "clocks": [{**DEFAULT["policies"][0]["clocks"][0], "calendar": "lyon"}]}
        ]
    }  # type: ignore[index, dict-item]
    put_in_force("sla", "house", body)
    assert [row["url"] for row in reading.usage_of("lyon", moment.now()).versions] == ["/sla"]
    sla = ops().get("/sla").content.decode()
    assert "Lyon office" in sla and "counted in lyon" not in sla


def test_the_list_costs_the_same_for_one_calendar_as_for_ten(lyon: Version, django_assert_max_num_queries: Any) -> None:
    for n in range(8):
        put_in_force("calendar", f"c{n}", BODY)
    client = ops()
    client.get("/calendars")
    with django_assert_max_num_queries(16):
        client.get("/calendars")


def test_a_calendar_nobody_made_answers_404(lyon: Version) -> None:
    assert ops().get("/calendars/none").status_code == 404


# -- changed ----------------------------------------------------------------------------------------------


def test_revenue_ops_change_hours_by_draft_and_publish_with_a_reason(lyon: Version) -> None:
    client = ops()
    assert client.post("/calendars/lyon/draft").status_code == 302
    assert client.post("/calendars/lyon/save", posted(**{"fri-0-to": "17:00", "do": "save"})).status_code == 302
    assert calendar_at("lyon", moment.now()).week[4] == ((540, 720),)  # nothing is in force yet
    page = client.get("/calendars/lyon").content.decode()
    assert "Friday: 09:00–17:00" in page and "Friday: 09:00–12:00" in page  # in and out
    refused = client.post("/calendars/lyon/publish", {"answer": "publish", "reason": " "})
    assert refused.status_code == 422
    client.post("/calendars/lyon/publish", {"answer": "publish", "reason": "Open on Friday afternoons"})
    held = version_at("calendar", "lyon", moment.now())
    assert held is not None and (held.number, held.reason) == (2, "Open on Friday afternoons")
    assert calendar_at("lyon", moment.now()).week[4] == ((540, 1020),)
    client.post("/calendars/lyon/roll-back", {"number": "1", "reason": "Nobody came"})
    assert calendar_at("lyon", moment.now()).week[4] == ((540, 720),)


def test_what_is_half_typed_is_kept_and_named_and_never_published(lyon: Version) -> None:
    client = ops()
    client.post("/calendars/lyon/draft")
    client.post("/calendars/lyon/save", posted(**{"tue-0-to": "", "ex-0-day": "soon", "do": "save"}))
    page = client.get("/calendars/lyon").content.decode()
    assert "Tuesday: Hours are two different times" in page and "soon: This is not a day" in page
    answer = client.post("/calendars/lyon/publish", {"answer": "publish", "reason": "Try"})
    assert answer.status_code == 422
    assert version_at("calendar", "lyon", moment.now()) == lyon


def test_the_buttons_copy_monday_and_offer_rows(lyon: Version) -> None:
    client = ops()
    client.post("/calendars/lyon/draft")
    client.post("/calendars/lyon/save", posted(do="copy"))
    draft = Version.objects.get(kind="calendar", key="lyon", state="draft")
    assert draft.body["week"]["fri"] == BODY["week"]["mon"]
    more = client.post("/calendars/lyon/save", posted(do="more"))
    assert more["Location"] == "/calendars/lyon?spare=5#exceptions"
    assert client.get("/calendars/lyon?spare=5").content.decode().count('type="date"') == 6


def test_a_teams_manager_proposes_for_the_house_and_publishes_for_the_team(lyon: Version) -> None:
    TeamFactory(key="lyon")
    nadia = signed_in(member("Nadia", Role.MANAGER, "lyon", language="en"))
    nadia.post("/calendars/lyon/draft")
    nadia.post("/calendars/lyon/save", posted(do="save"))
    assert nadia.post("/calendars/lyon/publish", {"answer": "publish", "reason": "Mine"}).status_code == 403
    assert "Waits for somebody" not in nadia.get("/calendars/lyon").content.decode(), "an unfinished draft"
    assert nadia.post("/calendars/lyon/publish", {"answer": "propose", "reason": ""}).status_code == 422
    assert nadia.post("/calendars/lyon/publish", {"answer": "propose", "reason": "Fewer Fridays"}).status_code == 302
    shown = nadia.get("/calendars/lyon").content.decode()
    assert "Waits for somebody" in shown and "Fewer Fridays" in shown
    assert "Proposed, not in force" in nadia.get("/calendars").content.decode()
    made = nadia.post("/calendars/new", {"name_fr": "Salon", "name_en": "Trade show", "team": "lyon"})
    assert made["Location"] == "/calendars/trade-show"
    nadia.post("/calendars/trade-show/publish", {"answer": "publish", "reason": "The fair"})
    assert names_at(moment.now())["trade-show"] in ("Salon", "Trade show")


def test_a_proposal_waits_for_nobody_elses_draft(lyon: Version) -> None:
    rita, nadia = ops(), signed_in(member("Nadia", Role.MANAGER, "paris", language="en"))
    rita.post("/calendars/lyon/draft")
    assert "is being prepared by Rita" in nadia.get("/calendars/lyon").content.decode()
    nadia.post("/calendars/lyon/draft")
    nadia.post("/calendars/lyon/save", posted(**{"fri-0-to": "11:00", "do": "save"}))
    drafts = {row.author.name: row.body["week"]["fri"] for row in Version.objects.filter(key="lyon", state="draft")}  # type: ignore[union-attr]
    assert drafts == {"Rita": [["09:00", "12:00"]], "Nadia": [["09:00", "11:00"]]}


@pytest.mark.parametrize("role", [Role.REP, Role.MARKETING_OPS, Role.EXECUTIVE])
@pytest.mark.parametrize("act", ["new", "lyon/draft", "lyon/save", "lyon/publish", "lyon/roll-back"])
def test_who_only_reads_changes_nothing(lyon: Version, role: str, act: str) -> None:
    client = signed_in(member("Someone", role, "paris" if role == Role.REP else None))
    assert client.post(f"/calendars/{act}", {"number": "1", "reason": "x"}).status_code == 403
    assert Version.objects.filter(kind="calendar", state="draft").count() == 0


# -- the API ----------------------------------------------------------------------------------------------


def test_the_api_says_the_same(lyon: Version) -> None:
    client = signed_in(member("Ines", Role.REVENUE_OPS, language="en"))
    actor = actor_of(User.objects.get(name="Ines"))
    assert reading.list_context(actor, moment.now())["may_edit"]
    answer = client.get(f"/api/v1/calendars/{lyon.pk}/usage")
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert (body["name"], body["reps"], body["pools"]) == ("Lyon office", ["Manon"], ["East"])
    assert {"day", "name", "hours"} == set(body["closed"][0])
    assert client.get(f"/api/v1/calendars/{lyon.pk}").json()["sentence"].startswith("Monday to Thursday")
