"""The ladder against Kaplan–Meier in plain Python; ages and oldest against the leads themselves."""

from __future__ import annotations

from dataclasses import replace

from django.utils import translation

from leadops.access import Actor
from leadops.lifecycle import FORWARD
from leadops.models import OPEN_STAGES
from reports.metrics.velocity import OLDEST, Rung, velocity_report
from reports.pages import velocity as page
from reports.tests.survival import floored, quantile
from reports.tests.test_sources import counted, opened
from reports.tests.world import FEBRUARY, NOW, Story


def stays(stories: list[Story], rank: int) -> tuple[list[float], list[float], int]:
    """Seconds of those that moved on from the stage of that rank, of those still there, and how many ended there."""
    moved, waiting, never = [], [], 0
    for s in stories:
        if s.furthest < rank:
            continue
        if s.furthest > rank:
            moved.append(floored((s.entered(rank + 1) - s.entered(rank)).total_seconds()))
        elif s.stage in OPEN_STAGES:
            begun = s.entered(rank).replace(minute=0, second=0, microsecond=0)
            waiting.append(floored(max(0.0, (NOW - begun).total_seconds())))
        else:
            never += 1
    return moved, waiting, never


def test_each_rung_equals_kaplan_meier(boss: Actor, stories: list[Story]) -> None:
    report = velocity_report(boss, FEBRUARY)
    cohort = counted(stories)
    for rank, rung in enumerate(report.ladder):
        moved, waiting, never = stays(cohort, rank)
        assert (rung.n, rung.moved, rung.waiting) == (len(moved) + len(waiting) + never, len(moved), len(waiting))
        for shown, share in ((rung.median, 0.5), (rung.p90, 0.9)):
            expected = quantile(moved, waiting, never, share)
            assert shown == expected
        assert rung.longest == max([*moved, *waiting])


def test_who_waits_for_ever_makes_it_at_least(boss: Actor, stories: list[Story]) -> None:
    report = velocity_report(boss, FEBRUARY)
    slow = next(rung for rung in [*report.ladder, report.whole] if rung.p90 is None and rung.waiting)
    assert page.at_least(slow, slow.p90).startswith(("au moins", "at least"))


def test_ages_count_the_open_leads_and_open_them(boss: Actor, stories: list[Story]) -> None:
    report = velocity_report(boss, FEBRUARY)
    for stage in OPEN_STAGES:
        mine = [s for s in stories if s.stage == stage and not s.absorbed]
        assert sum(report.ages[stage]) == len(mine)
    cells = [(cell["n"], cell["url"]) for row in page._heat(report) for cell in row["cells"]]
    assert sum(n for n, _url in cells) == sum(s.stage in OPEN_STAGES and not s.absorbed for s in stories)
    for n, url in cells:
        assert bool(url) == bool(n)
        assert not url or opened(boss, url) == n


def test_the_oldest_are_the_oldest(boss: Actor, stories: list[Story]) -> None:
    report = velocity_report(boss, FEBRUARY)
    since = [old.lead.stage_at for old in report.oldest]
    assert since == sorted(since) and len(since) == OLDEST
    assert all(old.lead.stage in FORWARD[:-1] for old in report.oldest)


def test_the_headline_tells_the_stages_half_leave_from_those_they_do_not(boss: Actor) -> None:
    day = 86_400.0
    at_once = Rung("engaged", 90, 90, 0, 0.0, 0.0, 0.0)
    quick = Rung("sql", 40, 30, 10, 3 * day, 9 * day, 40 * day)
    stuck = Rung("sal", 90, 30, 20, None, None, 78 * day)
    young = Rung("mql", 15, 3, 3, None, None, 90 * day)  # too few are known
    report = replace(velocity_report(boss, FEBRUARY), ladder=[at_once, young, stuck, quick])
    with translation.override("en"):
        slow, never = page._finding(report).split(". ")
        assert "SQL" in slow and "3" in slow and "SAL" in never and "MQL" not in never
        assert page._finding(replace(report, ladder=[young, quick])).startswith("Leads stay longest in SQL")
        assert page._finding(replace(report, ladder=[at_once, young])) == ""
