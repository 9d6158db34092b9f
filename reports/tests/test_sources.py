"""The sources report against a recount in plain Python, and each of its numbers against the list it opens."""

from __future__ import annotations

import csv
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.http import QueryDict

from leadops.access import Actor, actor_of
from leadops.desk import selectors
from leadops.desk.filters import LeadFilter
from leadops.errors import Refused
from leadops.lifecycle import FORWARD
from leadops.models import Opportunity, Role
from leadops.testing import CampaignFactory, SourceFactory, member, rep
from leadops.tests.scale import sized
from reports.metrics.funnel import funnel_report
from reports.metrics.response import response_report
from reports.metrics.sources import STAGES, SourceRow, sources_report
from reports.pages import sources as page
from reports.periods import Period
from reports.tests import world
from reports.tests.world import FEBRUARY, NOW, Story, cost

PLACE = {"source": 0, "campaign": 1, "channel": 2}
WAYS = [(by, model) for by in PLACE for model in ("first", "last")]


def counted(stories: list[Story], period: Period = FEBRUARY) -> list[Story]:
    return [s for s in stories if not s.absorbed and period.since <= s.received_at < period.until]


def opened(actor: Actor, url: str) -> int:
    """How many leads the list behind a link holds."""
    given = QueryDict(urlsplit(url).query)
    found = LeadFilter(given, queryset=selectors.leads_list(actor))
    assert found.form.is_valid(), found.form.errors
    unread = {name for name, _value in parse_qsl(urlsplit(url).query)} - set(found.filters) - {"of"}
    assert not unread, f"the list does not read {unread}"
    return found.qs.count()


@pytest.mark.parametrize(("by", "model"), WAYS)
def test_each_row_equals_a_recount(boss: Actor, stories: list[Story], by: str, model: str) -> None:
    report = sources_report(boss, FEBRUARY, by, model)
    cohort = counted(stories)
    assert {row.key for row in report.rows} == {getattr(s, model)[PLACE[by]] for s in cohort}
    for row in [*report.rows, report.total]:
        mine = cohort if row is report.total else [s for s in cohort if getattr(s, model)[PLACE[by]] == row.key]
        assert row.leads == len(mine)
        for stage in STAGES:
            assert getattr(row, stage) == sum(s.furthest >= FORWARD.index(stage) for s in mine)
        assert row.won == row.customers == sum(s.won for s in mine)
        deals = [d for s in mine for d in s.deals if d.state == "won"]
        assert row.deals == len(deals)
        assert row.unconverted == sum(d.house is None for d in deals)
        assert (row.revenue_minor or 0) == sum(s.revenue for s in mine)
    assert report.total.unconverted > 0 and report.total.revenue_minor
    unknown = sum(getattr(s, model)[2] == "unknown" for s in cohort)
    assert report.unknown_share == unknown / len(cohort)


@pytest.mark.parametrize(("by", "model"), WAYS)
def test_the_total_is_the_sum_of_its_rows(boss: Actor, stories: list[Story], by: str, model: str) -> None:
    cost(1000_01, date(2026, 1, 20), date(2026, 2, 10), source="ads", campaign="spring")
    cost(333, date(2026, 2, 10), date(2026, 3, 10), campaign="winter")
    report = sources_report(boss, FEBRUARY, by, model)
    for name in ("leads", *STAGES, "won", "deals", "unconverted"):
        assert getattr(report.total, name) == sum(getattr(row, name) for row in report.rows)
    assert report.total.revenue_minor == sum(row.revenue_minor or 0 for row in report.rows)
    assert report.total.cost_minor == sum(row.cost_minor or 0 for row in report.rows)


@pytest.mark.parametrize(("by", "model"), WAYS)
def test_each_number_opens_exactly_its_leads(boss: Actor, stories: list[Story], by: str, model: str) -> None:
    report = sources_report(boss, FEBRUARY, by, model)
    for row in [*report.rows, report.total]:
        for name in page.COUNTS:
            url = page.count_url(report, row, name, whole=row is report.total)
            assert bool(url) == bool(getattr(row, name))
            if url:
                assert opened(boss, url) == getattr(row, name), (row.key, name, url)


def test_a_managers_numbers_are_those_of_the_team_and_open_as_many(stories: list[Story]) -> None:
    manager = actor_of(member("Marc", Role.MANAGER, "paris"))
    report = sources_report(manager, FEBRUARY)
    mine = [s for s in counted(stories) if s.owner is None or s.owner.team.key == "paris"]
    assert 0 < report.total.leads == len(mine) < len(counted(stories))
    for row in report.rows:
        assert opened(manager, page.count_url(report, row, "leads")) == row.leads


def test_a_manager_of_a_team_sees_no_cost_of_the_house(stories: list[Story]) -> None:
    cost(1000_00, date(2026, 2, 1), date(2026, 2, 28), source="ads")
    report = sources_report(actor_of(member("Marc", Role.MANAGER, "paris")), FEBRUARY)
    assert not report.whole_house
    assert report.total.cost_minor is None and all(row.cost_minor is None for row in report.rows)


@pytest.mark.parametrize("role", [Role.REP, None])
def test_who_may_not_read_reports_is_refused(db: None, role: str | None) -> None:
    actor = actor_of(member("Rita", role, "paris")) if role else Actor(kind="visitor")
    with pytest.raises(Refused):
        sources_report(actor, FEBRUARY)


# -- costs ---------------------------------------------------------------------------------------------


@pytest.fixture
def two_leads(db: None) -> None:
    at = datetime(2026, 2, 10, tzinfo=UTC)
    world.write(
        [
            Story(at, first=("ads", "spring", "paid"), visits=[("mql", at)]),
            Story(
                at, first=("ads", "spring", "paid"), visits=[("won", at)], deals=[world.Deal("won", 120_000, 120_000)]
            ),
            Story(at, first=("website", "", "organic")),
        ]
    )


def row_of(report: object, key: str | None) -> SourceRow:
    return next(row for row in report.rows if row.key == key)  # type: ignore[attr-defined]


def test_cost_counts_by_the_days_of_the_period(boss: Actor, two_leads: None) -> None:
    cost(310_00, date(2026, 1, 16), date(2026, 2, 15), source="ads")  # 31 days, 15 of them in February
    row = row_of(sources_report(boss, FEBRUARY), "ads")
    assert row.cost_minor == 150_00
    assert (row.cost_per_lead, row.cost_per_mql, row.cost_per_won, row.cac) == (75_00, 75_00, 150_00, 150_00)
    assert row.roi == Fraction(120_000 - 15_000, 15_000)


def test_a_missing_cost_is_unknown_and_never_zero(boss: Actor, two_leads: None) -> None:
    cost(100_00, date(2026, 2, 1), date(2026, 2, 28), source="ads")
    row = row_of(sources_report(boss, FEBRUARY), "website")
    assert (row.cost_minor, row.cost_per_lead, row.roi) == (None, None, None)
    assert row.to_json()["cost_minor"] is None


def test_a_corrected_cost_counts_as_corrected(boss: Actor, two_leads: None) -> None:
    wrong = cost(900_00, date(2026, 2, 1), date(2026, 2, 28), source="ads")
    cost(90_00, date(2026, 2, 1), date(2026, 2, 28), source="ads", corrects=wrong)
    assert row_of(sources_report(boss, FEBRUARY), "ads").cost_minor == 90_00


def test_a_cost_without_rate_is_said_and_makes_no_ratio(boss: Actor, two_leads: None) -> None:
    cost(100_00, date(2026, 2, 1), date(2026, 2, 28), source="ads")
    cost(50_00, date(2026, 2, 1), date(2026, 2, 28), source="ads", house_minor=None)
    report = sources_report(boss, FEBRUARY)
    row = row_of(report, "ads")
    assert (row.cost_minor, row.cost.unconverted, row.cost_per_lead, row.roi) == (100_00, 1, None, None)
    assert report.total.roi is None


def test_revenue_that_cannot_be_converted_is_unknown_and_never_zero(boss: Actor, db: None) -> None:
    at = datetime(2026, 2, 10, tzinfo=UTC)
    world.write([Story(at, visits=[("won", at)], deals=[world.Deal("won", 500, None)])])
    cost(100, date(2026, 2, 1), date(2026, 2, 28), source="website")
    row = row_of(sources_report(boss, FEBRUARY), "website")
    assert (row.won, row.revenue_minor, row.unconverted, row.roi) == (1, None, 1, None)


def test_the_cost_of_a_campaign_is_its_only_sources(boss: Actor, two_leads: None) -> None:
    spring = CampaignFactory(key="spring")
    cost(28_00, date(2026, 2, 1), date(2026, 2, 28), campaign="spring")
    assert row_of(sources_report(boss, FEBRUARY), None).cost_minor == 28_00  # no source serves it
    SourceFactory(slug="ads").__class__.objects.filter(slug="ads").update(campaign=spring)
    assert row_of(sources_report(boss, FEBRUARY), "ads").cost_minor == 28_00
    SourceFactory(slug="fair").__class__.objects.filter(slug="fair").update(campaign=spring)
    assert row_of(sources_report(boss, FEBRUARY), None).cost_minor == 28_00  # two do: it belongs to neither
    assert row_of(sources_report(boss, FEBRUARY, "campaign"), "spring").cost_minor == 28_00


def test_a_won_deal_without_lead_is_untraced_and_in_no_row(boss: Actor, two_leads: None) -> None:
    inside, outside = datetime(2026, 2, 27, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
    for at, house in ((inside, 700), (inside, None), (outside, 900)):
        Opportunity.objects.create(state="won", amount_minor=700, house_minor=house, opened_at=at, closed_at=at)
    report = sources_report(boss, FEBRUARY)
    assert (report.untraced.deals, report.untraced.revenue_minor, report.untraced.unconverted) == (2, 700, 1)
    assert report.total.revenue_minor == 120_000


def test_several_won_leads_of_one_account_are_one_customer(boss: Actor, two_leads: None) -> None:
    from leadops.models import Lead
    from leadops.testing import AccountFactory

    at = datetime(2026, 2, 11, tzinfo=UTC)
    world.write([Story(at, first=("ads", "", "paid"), visits=[("won", at)], deals=[world.Deal("won", 1, 1)])])
    Lead.objects.filter(first_source="ads").update(account=AccountFactory())
    row = row_of(sources_report(boss, FEBRUARY), "ads")
    assert (row.won, row.customers) == (2, 1)


# -- size and real data --------------------------------------------------------------------------------


def test_thousands_of_leads_take_a_fraction_of_a_second(boss: Actor) -> None:
    leads = sized(2_500, 10_000)
    world.write(world.made_up(leads, reps=[rep("Anna"), None]))
    wide = Period(date(2026, 1, 20), date(2026, 3, 10), "Europe/Paris")
    best = []
    for _round in range(3):
        begun = time.perf_counter()
        report = sources_report(boss, wide)
        best.append(time.perf_counter() - begun)
    for other in (funnel_report, response_report):
        begun = time.perf_counter()
        other(boss, wide)
        print(f"{other.__name__}: {(time.perf_counter() - begun) * 1000:.0f} ms")
    print(f"sources report over {report.total.leads} leads: {min(best) * 1000:.0f} ms")
    assert report.total.leads > 0.9 * leads
    assert min(best) < 1.0


@pytest.mark.real
def test_the_report_by_source_equals_a_plain_count_of_the_file(boss: Actor, real_data: Path) -> None:
    with (real_data / "xeducation" / "Leads.csv").open(newline="") as file:
        names = [row["Lead Source"].strip() for row in csv.DictReader(file)]
    at = NOW - timedelta(days=1)
    world.write([Story(at, first=(name, "", "unknown"), last=(name, "", "unknown")) for name in names])
    report = sources_report(boss, Period(date(2026, 3, 2), date(2026, 3, 5), "Europe/Paris"))
    assert {row.key: row.leads for row in report.rows} == dict(Counter(names))
    assert report.total.leads == len(names) == 9240
