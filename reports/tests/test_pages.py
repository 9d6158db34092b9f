"""The three pages and their files: who opens them, what they say, what they cost, in both languages."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from leadops.access import Actor
from leadops.models import Role, User
from leadops.testing import LeadFactory, member, rep
from reports.metrics.live import live_report
from reports.metrics.sources import sources_report
from reports.tests.world import FEBRUARY, Story, cost

PAGES = ("sources", "funnel", "response")
SPAN = "period=custom&first_day=2026-02-01&last_day=2026-02-28"
SignIn = Callable[[User], Client]


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_period_zone_and_every_link_opens(
    executive: User, sign_in: SignIn, stories: list[Story], name: str, language: str
) -> None:
    User.objects.filter(pk=executive.pk).update(language=language)
    client = sign_in(executive)
    text = client.get(f"/reports/{name}?{SPAN}&compare=on").content.decode()
    assert "Europe/Paris" in text
    assert ("1 févr. 2026" if language == "fr" else "1 Feb 2026") in text
    links = sorted(set(re.findall(r'href="(/leads\?[^"]+)"', text)))
    assert links
    assert client.get(links[0].replace("&amp;", "&")).status_code == 200


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(
    "query",
    ["", SPAN, "period=custom", "by=moon&sort=nothing", "period=custom&first_day=0001-01-01&last_day=9999-12-31"],
)
def test_no_query_string_breaks_a_page(executive: User, sign_in: SignIn, db: None, name: str, query: str) -> None:
    assert sign_in(executive).get(f"/reports/{name}?{query}").status_code == 200


@pytest.mark.parametrize("name", PAGES)
def test_a_page_costs_twelve_queries_at_most(
    executive: User, sign_in: SignIn, stories: list[Story], django_assert_max_num_queries: Any, name: str
) -> None:
    client = sign_in(executive)
    with django_assert_max_num_queries(12):
        client.get(f"/reports/{name}?{SPAN}")


@pytest.mark.parametrize("name", PAGES)
def test_a_changed_filter_swaps_the_report_alone(
    executive: User, sign_in: SignIn, stories: list[Story], name: str
) -> None:
    answer = sign_in(executive).get(f"/reports/{name}?{SPAN}", headers={"HX-Request": "true"})
    text = answer.content.decode()
    assert "<html" not in text and "<table" in text
    assert "HX-Request" in answer.headers["Vary"]


def test_a_rep_opens_the_response_report_and_no_other(sign_in: SignIn, stories: list[Story]) -> None:
    anna = next(s.owner for s in stories if s.owner)
    client = sign_in(anna.user)
    assert client.get("/reports", follow=True).request["PATH_INFO"] == "/reports/response"
    assert client.get("/reports/response").status_code == 200
    assert [client.get(f"/reports/{name}").status_code for name in ("sources", "funnel")] == [403, 403]


def test_nobody_signed_in_is_asked_to_sign_in(client: Client, db: None) -> None:
    assert client.get("/reports/sources").status_code == 302


def test_the_page_shows_no_lead_of_another_team(sign_in: SignIn, stories: list[Story]) -> None:
    other = next(s.owner for s in stories if s.owner and s.owner.team.key == "lyon")
    LeadFactory(owner=other, first_source="canary", source="website", stage_at=FEBRUARY.since)
    marc = member("Marc", Role.MANAGER, "paris")
    client = sign_in(marc)
    for name in PAGES:
        text = client.get(f"/reports/{name}?{SPAN}").content.decode()
        assert "canary" not in text and other.user.name not in text


@pytest.mark.parametrize(("language", "mark", "delimiter"), [("fr", ",", ";"), ("en", ".", ",")])
def test_the_file_holds_what_the_page_shows(
    executive: User, boss: Actor, sign_in: SignIn, stories: list[Story], language: str, mark: str, delimiter: str
) -> None:
    User.objects.filter(pk=executive.pk).update(language=language)
    cost(1234_56, date(2026, 2, 1), date(2026, 2, 28), source="ads")
    body = sign_in(executive).get(f"/reports/sources?{SPAN}&format=csv").content.decode()
    assert body.startswith("\ufeff") == (language == "fr")
    assert body.count("\r\n") == body.count("\n")
    rows = list(csv.reader(io.StringIO(body.removeprefix("\ufeff")), delimiter=delimiter))
    report = sources_report(boss, FEBRUARY)
    assert len(rows) == len(report.rows) + 2
    ads = next(row for row in rows if row[0] == "ads")
    assert ads[10] == f"1234{mark}56"
    assert ads[2] == str(next(row.leads for row in report.rows if row.key == "ads"))


@pytest.mark.parametrize("name", ["funnel", "response"])
def test_the_other_files_open_too(executive: User, sign_in: SignIn, stories: list[Story], name: str) -> None:
    rows = list(
        csv.reader(
            io.StringIO(sign_in(executive).get(f"/reports/{name}?{SPAN}&format=csv").content.decode()[1:]),
            delimiter=";",
        )
    )
    assert len({len(row) for row in rows}) == 1 and len(rows) > 5


def test_what_a_spreadsheet_would_run_is_only_shown(executive: User, sign_in: SignIn, db: None) -> None:
    LeadFactory(first_source="=1+1", stage_at=FEBRUARY.since)
    body = sign_in(executive).get(f"/reports/sources?{SPAN}&format=csv").content.decode()
    assert "'=1+1" in body


@pytest.mark.parametrize("sort", ["leads", "-leads", "label", "-roi"])
def test_a_sorted_column_says_so_and_orders_the_rows(
    executive: User, sign_in: SignIn, stories: list[Story], sort: str
) -> None:
    text = sign_in(executive).get(f"/reports/sources?{SPAN}&sort={sort}").content.decode()
    assert f'aria-sort="{"descending" if sort[0] == "-" else "ascending"}"' in text


@pytest.mark.parametrize(
    ("address", "budget"),
    [
        ("executive", 16),
        ("velocity", 12),
        ("deals", 12),
        ("live", 16),
        ("response", 11),
        ("funnel", 13),
        ("sources", 14),
    ],
)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_report_opens_in_both_languages_within_its_queries(
    executive: User, sign_in: SignIn, stories: list[Story], address: str, budget: int, language: str
) -> None:
    User.objects.filter(pk=executive.pk).update(language=language)
    client = sign_in(executive)
    client.get(f"/reports/{address}")
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(f"/reports/{address}?{SPAN if address != 'live' else ''}")
    assert answer.status_code == 200
    assert len(queries) <= budget, [query["sql"][:90] for query in queries]
    assert client.get(f"/reports/{address}?format=csv").status_code == 200
    told = client.get(f"/api/v1/reports/{address}")
    assert told.status_code == 200 and told.json()["period"]["zone"]


@pytest.mark.parametrize("address", ["executive", "velocity", "deals", "live", "deals/list"])
def test_who_may_read_no_report_is_refused(db: None, sign_in: SignIn, address: str) -> None:
    assert sign_in(rep("Zoe").user).get(f"/reports/{address}").status_code in (403, 404, 422)


def test_the_tabs_of_the_overview_lead_to_the_figures_it_shows(executive: User, sign_in: SignIn) -> None:
    """It counts what happened in the period: a report of two views begins there, others are asked for no view."""
    client, view = sign_in(executive), "&amp;view=period"
    page = client.get(f"/reports/executive?{SPAN}").content.decode()
    tabs = re.findall(r'href="/reports/(\w+)\?([^"]+)"', page[page.index('class="tabs') :].partition("</nav>")[0])
    assert {name: view in query for name, query in tabs if name in ("sources", "funnel", "velocity", "executive")} == {
        "sources": True, "funnel": True, "velocity": False, "executive": False,
    }  # fmt: skip
    other = client.get(f"/reports/velocity?{SPAN}").content.decode()
    assert view not in other[other.index('class="tabs') :].partition("</nav>")[0]


def test_a_paused_live_page_does_not_ask_again(executive: User, sign_in: SignIn) -> None:
    client = sign_in(executive)
    assert b"every 60s" in client.get("/reports/live").content
    assert b"every 60s" not in client.get("/reports/live?paused=1").content
    fragment = client.get("/reports/live", headers={"HX-Request": "true"}).content
    assert fragment.strip().startswith(b'<div id="report"') and b"<html" not in fragment


def test_who_waits_for_an_owner_is_told_apart_from_who_is_nobodys_yet(
    boss: Actor, sign_in: SignIn, executive: User
) -> None:
    """A lead that is no MQL waits for nobody; one in a pool, one handed on and one held do."""
    LeadFactory.create_batch(3, stage="engaged", owner=None)
    LeadFactory(stage="new", owner=None, pool="everyone")
    LeadFactory(stage="mql", owner=None)
    LeadFactory(stage="new", owner=None, held="no_match")
    said = live_report(boss)
    assert (said.unowned, said.resting, sum(n for _why, n in said.held)) == (2, 3, 1)
    listed = {
        "unowned=true&resting=false": 3,
        "unowned=true&held=false&resting=false": 2,
        "resting=true": 3,
    }
    client = sign_in(executive)
    for asked, count in listed.items():
        rows = client.get(f"/leads?open=true&{asked}").content.decode()
        assert rows.count("data-row") - 1 == count, asked  # the body of the table names itself so, too
    assert "resting=false" in client.get("/reports/live").content.decode()


def test_a_young_cohort_says_what_it_leaves_out_and_where_it_stands(executive: User, sign_in: SignIn) -> None:
    client = sign_in(executive)
    words = "Ce qui a été gagné pendant ces jours se lit sous"
    assert words in client.get("/reports/sources").content.decode()
    assert words not in client.get("/reports/sources?view=period").content.decode()
    assert (
        words
        not in client.get("/reports/sources?period=custom&first_day=2025-01-01&last_day=2025-01-31").content.decode()
    )
