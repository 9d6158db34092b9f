"""The funnel against a recount in plain Python, and each of its numbers against the list it opens."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadops.access import SYSTEM, Actor
from leadops.lifecycle import FORWARD
from leadops.models import Lead, Stage
from reports import links
from reports.metrics.funnel import Step, _steps, funnel_report
from reports.pages import funnel as page
from reports.tests import world
from reports.tests.survival import floored, quantile
from reports.tests.test_sources import counted, opened
from reports.tests.world import FEBRUARY, Story


def check(steps: list[Step], mine: list[Story]) -> None:
    for rank, step in enumerate(steps):
        here = [s for s in mine if s.furthest >= rank]
        assert step.n == len(here)
        assert step.stopped == sum(s.furthest == rank for s in mine)
        if rank:
            before = sum(s.furthest >= rank - 1 for s in mine)
            assert step.of_previous == (len(here) / before if before else None)
            assert step.of_first == len(here) / len(mine)
            waits = [floored((s.entered(rank) - s.entered(rank - 1)).total_seconds()) for s in here]
            assert step.median_seconds == quantile(waits, [], 0, 0.5)


@pytest.mark.parametrize("by", ["source", "campaign", "channel"])
def test_each_stage_equals_a_recount_whole_and_by_origin(boss: Actor, stories: list[Story], by: str) -> None:
    report = funnel_report(boss, FEBRUARY, by, "last")
    place = ["source", "campaign", "channel"].index(by)
    cohort = counted(stories)
    check(report.steps, cohort)
    assert {part.key for part in report.breakdown} == {s.last[place] for s in cohort}
    for part in report.breakdown:
        check(part.steps, [s for s in cohort if s.last[place] == part.key])
    assert report.still_open == sum(s.stage in FORWARD[:-1] for s in cohort)


def test_each_number_opens_exactly_its_leads(boss: Actor, stories: list[Story]) -> None:
    report = funnel_report(boss, FEBRUARY)
    for key, steps in [(None, report.steps), *((part.key, part.steps) for part in report.breakdown)]:
        for step in steps:
            for n, url in (
                (step.n, page.step_url(report, step, key)),
                (step.stopped, page.stopped_url(report, step, key)),
            ):
                assert bool(url) == bool(n)
                assert not url or opened(boss, url) == n


def test_the_reasons_of_the_ends_are_counted_and_open_their_leads(boss: Actor, stories: list[Story]) -> None:
    report = funnel_report(boss, FEBRUARY)
    told = Counter((s.stage, s.reason) for s in counted(stories) if s.stage in ("disqualified", "lost"))
    assert {(ended.stage, ended.reason): ended.n for ended in report.reasons} == told
    for ended in report.reasons:
        url = links.leads_url(ended.n, **links.received(report.period), stage=ended.stage, reason=ended.reason)
        assert opened(boss, url) == ended.n


def test_a_stage_jumped_over_counts_as_entered_in_no_time(boss: Actor, db: None) -> None:
    at = datetime(2026, 2, 10, tzinfo=UTC)
    world.write(
        [
            Story(
                at, visits=[("sql", at + timedelta(days=2)), ("disqualified", at + timedelta(days=3))], reason="student"
            )
        ]
    )
    steps = {step.stage: step for step in funnel_report(boss, FEBRUARY).steps}
    assert [step.n for step in steps.values()] == [1, 1, 1, 1, 1, 0, 0]
    assert (steps["engaged"].median_days, steps["sql"].median_days) == (2, 0)
    assert steps["sql"].stopped == 1


def test_a_period_without_leads_has_no_shares(boss: Actor, db: None) -> None:
    report = funnel_report(boss, FEBRUARY)
    assert [step.n for step in report.steps] == [0] * len(FORWARD)
    assert all(step.of_previous is None and step.of_first is None for step in report.steps)


@given(st.lists(st.lists(st.sampled_from([*FORWARD[1:], "recycled", "lost", "disqualified"]), max_size=6), max_size=8))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_share_leaves_0_to_1_and_no_time_is_negative_whatever_the_moves(db: None, paths: list[list[str]]) -> None:
    start = datetime(2026, 2, 10, tzinfo=UTC)
    done = Lead.objects.count()
    made = [
        Story(start, visits=[(stage, start + timedelta(hours=i - 1)) for i, stage in enumerate(path)], reason="x")
        for path in paths
    ]
    world.write(made)
    report = funnel_report(SYSTEM, FEBRUARY)
    assert report.steps[0].n == done + len(made)
    for steps in [report.steps, *(part.steps for part in report.breakdown)]:
        for step in steps[1:]:
            assert step.of_previous is None or 0 <= step.of_previous <= 1
            assert step.of_first is None or 0 <= step.of_first <= 1
            assert step.median_seconds is None or step.median_seconds >= 0


def test_shares_are_of_the_stage_before_and_of_the_first() -> None:
    steps = _steps([100, 50, 20, 20, 5, 0, 0], [None] * 7)
    assert [step.of_previous for step in steps] == [None, 0.5, 0.4, 1.0, 0.25, 0.0, None]
    assert [step.of_first for step in steps] == [None, 0.5, 0.2, 0.2, 0.05, 0.0, 0.0]
    assert [step.stopped for step in steps] == [50, 30, 0, 15, 5, 0, 0]


def test_a_stage_nobody_stops_at_is_said_to_be_none(boss: Actor) -> None:
    day = timedelta(days=1)
    lives = [
        Story(FEBRUARY.since + day, visits=[("mql", FEBRUARY.since + 2 * day)] if n < 30 else []) for n in range(60)
    ]
    world.write(lives)
    (words,) = page._passed_over(funnel_report(boss, FEBRUARY))
    assert str(Stage.ENGAGED.label) in words and "50" in words
    assert not page._passed_over(funnel_report(boss, FEBRUARY, happened=True))
