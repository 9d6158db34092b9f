"""The period's own view: what happened in it, recounted in plain Python, and each number against its list."""

from __future__ import annotations

from datetime import datetime

import pytest

from leadops.access import Actor
from leadops.lifecycle import FORWARD
from reports.metrics.deals import deals_report
from reports.metrics.executive import executive_report
from reports.metrics.funnel import funnel_report
from reports.metrics.response import response_report
from reports.metrics.sources import STAGES, sources_report
from reports.pages import funnel as funnel_page
from reports.pages import response as response_page
from reports.pages import sources as sources_page
from reports.tests.test_sources import opened
from reports.tests.world import FEBRUARY, Story


def within(at: datetime) -> bool:
    return FEBRUARY.since <= at < FEBRUARY.until


def reached(stories: list[Story], rank: int) -> int:
    return sum(not s.absorbed and s.furthest >= rank and within(s.entered(rank)) for s in stories)


def test_the_funnel_counts_what_was_first_reached_in_the_period(boss: Actor, stories: list[Story]) -> None:
    report = funnel_report(boss, FEBRUARY, happened=True)
    for rank, step in enumerate(report.steps):
        assert step.n == reached(stories, rank)
        assert step.of_previous is None and step.median_seconds is None
        url = funnel_page.step_url(report, step)
        assert bool(url) == bool(step.n) and (not url or opened(boss, url) == step.n)
    assert sum(part.steps[0].n for part in report.breakdown) == report.steps[0].n


def test_sources_count_deals_by_the_day_they_were_won(boss: Actor, stories: list[Story]) -> None:
    report = sources_report(boss, FEBRUARY, happened=True)
    for stage in STAGES:
        assert getattr(report.total, stage) == reached(stories, FORWARD.index(stage))
    won = [s for s in stories if not s.absorbed and s.won and within(s.received_at)]  # deals close at the reception
    assert report.total.won == len(won)
    for row in report.rows:
        for name in ("leads", *STAGES, "won"):
            url = sources_page.count_url(report, row, name)
            assert not url or opened(boss, url) == getattr(row, name)


def test_the_overview_is_the_other_reports_in_short(boss: Actor, stories: list[Story]) -> None:
    report = executive_report(boss, FEBRUARY)
    sources = sources_report(boss, FEBRUARY, happened=True)
    total = response_report(boss, FEBRUARY).total
    assert (report.now.leads, report.now.mql) == (sources.total.leads, sources.total.mql)
    assert report.now.share_within_five == total.share_within_five and report.now.judged == total.judged
    deals = deals_report(boss, FEBRUARY).total  # those of leads that a merge absorbed too: money does not vanish
    assert (report.now.won, report.now.won_minor) == (deals.won, deals.won_minor)
    assert report.now.won >= sources.total.deals + sources.untraced.deals
    assert report.now.spend_minor is None and report.now.roi is None  # none entered: unknown, not zero
    assert report.before.leads == reached_before(stories)
    assert sum(n for _day, n in report.days) == report.now.leads


def reached_before(stories: list[Story]) -> int:
    before = FEBRUARY.before
    return sum(not s.absorbed and before.since <= s.received_at < before.until for s in stories)


def test_each_hour_of_the_week_opens_its_leads(boss: Actor, stories: list[Story]) -> None:
    report = response_report(boss, FEBRUARY)
    assert sum(cell.n for cell in report.by_weekday_hour) == report.total.n
    cells = [cell for row in response_page._heat(report) for cell in row["cells"] if cell["n"]]
    for cell in cells[:15]:
        assert opened(boss, cell["url"]) == cell["n"]


def test_conversion_by_band_counts_each_lead_once(boss: Actor, stories: list[Story]) -> None:
    report = response_report(boss, FEBRUARY)
    assert {band.name: band.n for band in report.conversion} == report.total.bands
    for band in report.conversion:
        low, high = band.interval or (0.0, 1.0)
        assert band.share is None or low <= band.share <= high
    assert sum(band.converted for band in report.conversion) == pytest.approx(
        sum(
            s.furthest >= FORWARD.index("opportunity")
            for s in stories
            if not s.absorbed and s.hand_raiser and s.asking(FEBRUARY.since, FEBRUARY.until)
        )
    )
