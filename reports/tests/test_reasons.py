"""Why sales says no: each count is distinct leads, opens exactly them, and names the definition that offered them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from leadops.access import SYSTEM, Actor, actor_of
from leadops.journal import Entry, JournalEntry, Kind
from leadops.models import Lead, Role, User
from leadops.testing import LeadFactory, SourceFactory, member, put_in_force, rep
from leadops.unit import in_unit
from reports.metrics.reasons import ReasonsReport, reasons_report
from reports.periods import period_of
from reports.tests.world import NOW, Story

DAY = timedelta(days=1)
SPAN = "period=30"


def told(lead: Lead, kind: str, at: Any, version: Any = None, **data: Any) -> None:
    in_unit(
        lambda unit: unit.entries.append(Entry(kind=kind, lead=lead, data=data, version=version, at=at)),
        actor=SYSTEM,
        at=at,
    )


@pytest.fixture
def definitions(db: None) -> list[Any]:
    body = {"when": {"all": [{"field": "country", "op": "eq", "value": "FR"}]}, "scorecards": [], "cooldown_days": 1}
    return [put_in_force("mql", "house", {**body, "note": str(n)}) for n in range(2)]


@pytest.fixture
def refused(definitions: list[Any], monkeypatch: pytest.MonkeyPatch) -> list[Lead]:
    monkeypatch.setattr("leadops.unit._phases", ())
    sources = [SourceFactory(slug=slug).slug for slug in ("website", "webinar")]
    leads = [LeadFactory(source=sources[n % 2], first_source=sources[n % 2], stage_at=NOW - 20 * DAY) for n in range(4)]
    for n, lead in enumerate(leads):
        told(lead, Kind.HANDED_OFF, NOW - 10 * DAY, definitions[n // 2].pk, handoff="x")
        told(lead, Kind.HANDED_BACK, NOW - 9 * DAY, reason="no_fit" if n < 3 else "not_now")
    told(leads[0], Kind.HANDED_OFF, NOW - 6 * DAY, definitions[1].pk, handoff="y")
    told(leads[0], Kind.HANDED_BACK, NOW - 5 * DAY, reason="no_fit")  # the same lead, the same reason, again
    told(leads[1], Kind.STAGE_MOVED, NOW - 2 * DAY, **{"from": "engaged", "to": "disqualified", "reason": "no_need"})
    told(leads[2], Kind.STAGE_MOVED, NOW - 2 * DAY, **{"from": "new", "to": "engaged", "reason": ""})
    told(leads[3], Kind.HANDED_BACK, NOW - 40 * DAY, reason="wrong_rep")  # before the period
    return leads


def report_of(actor: Actor, by: str = "source") -> ReasonsReport:
    return reasons_report(actor, period_of("30", NOW), by)


def said(report: ReasonsReport, use: str) -> dict[str, tuple[int, dict[str, int]]]:
    (found,) = [each for each in report.uses if each.use == use]
    return {row.reason: (row.n, {cell.key: cell.n for cell in row.cells if cell.n}) for row in found.rows}


def test_a_lead_counts_once_per_reason_by_its_source(boss: Actor, refused: list[Lead]) -> None:
    report = report_of(boss)
    assert said(report, "hand_back") == {
        "no_fit": (3, {"website": 2, "webinar": 1}),
        "not_now": (1, {"webinar": 1}),
    }
    assert said(report, "disqualify") == {"no_need": (1, {"webinar": 1})}
    assert said(report, "lost") == {} == said(report, "recycle")
    assert [use.n for use in report.uses] == [4, 0, 1, 0]


def test_the_definition_is_the_one_that_last_offered_the_lead(
    boss: Actor, refused: list[Lead], definitions: list[Any]
) -> None:
    first, second = (str(version.pk) for version in definitions)
    report = report_of(boss, "definition")
    # the lead handed back twice was offered by both: it stands under each, and once in the total
    assert said(report, "hand_back")["no_fit"] == (3, {first: 2, second: 2})
    assert {label for _key, label in report.groups} == {"MQL definition 1", "MQL definition 2"}


@pytest.mark.parametrize("by", ["source", "definition"])
def test_every_count_of_the_page_opens_exactly_its_leads(
    executive: User, sign_in: Callable[[User], Client], refused: list[Lead], by: str
) -> None:
    User.objects.filter(pk=executive.pk).update(language="en")
    client = sign_in(executive)
    text = client.get(f"/reports/reasons?{SPAN}&by={by}").content.decode()
    found = re.findall(r'<a href="(/leads\?[^"]+)">(\d+)</a>', text)
    assert len(found) >= 8
    for address, n in found:
        answer = client.get(address.replace("&amp;", "&"))
        assert answer.context["total"] == int(n), address


def test_the_page_costs_twelve_queries_at_most(
    executive: User, sign_in: Callable[[User], Client], refused: list[Lead], django_assert_max_num_queries: Any
) -> None:
    client = sign_in(executive)
    with django_assert_max_num_queries(12):
        assert client.get(f"/reports/reasons?{SPAN}&by=definition").status_code == 200


def test_a_manager_counts_the_own_team_and_a_rep_opens_nothing(
    refused: list[Lead], sign_in: Callable[[User], Client]
) -> None:
    anna = rep("Anna", "paris")
    Lead.objects.update(owner=None, team=rep("Karim", "lyon").team)
    Lead.objects.filter(pk=refused[0].pk).update(owner=anna, team=anna.team)
    boss = actor_of(member("Nadia", Role.MANAGER, "paris"))
    assert said(report_of(boss), "hand_back") == {"no_fit": (1, {"website": 1})}
    assert sign_in(anna.user).get("/reports/reasons").status_code == 403


@pytest.mark.parametrize("query", ["", "by=moon", "period=custom", "by=definition&format=csv"])
def test_no_query_string_breaks_the_page(
    executive: User, sign_in: Callable[[User], Client], refused: list[Lead], query: str
) -> None:
    assert sign_in(executive).get(f"/reports/reasons?{query}").status_code == 200


def test_the_totals_equal_the_journal(boss: Actor, stories: list[Story]) -> None:
    report = report_of(boss)
    by_hand: dict[tuple[str, str], set[Any]] = {}
    uses = {"recycled": "recycle", "disqualified": "disqualify", "lost": "lost"}
    rows = JournalEntry.objects.filter(at__gte=report.period.since, at__lt=report.period.until)
    for row in rows.filter(lead__absorbed_by__isnull=True):
        use = "hand_back" if row.kind == Kind.HANDED_BACK else uses.get(row.data.get("to", ""), "")
        if use and row.kind in (Kind.HANDED_BACK, Kind.STAGE_MOVED):
            by_hand.setdefault((use, row.data.get("reason", "")), set()).add(row.lead_id)
    counted = {(row.use, row.reason): row.n for use in report.uses for row in use.rows}
    assert counted == {key: len(leads) for key, leads in by_hand.items()}
