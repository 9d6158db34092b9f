"""Response times against a recount in plain Python, and each of their numbers against the list it opens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from statistics import fmean
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from leadops import moment
from leadops.access import Actor, actor_of
from leadops.errors import Refused
from leadops.models import OPEN_STAGES, Role
from leadops.testing import member, rep
from reports.metrics.askings import Band, difference
from reports.metrics.response import Figures, Group, ResponseReport, response_report
from reports.pages import response as page
from reports.tests import world
from reports.tests.survival import floored, quantile
from reports.tests.test_sources import opened
from reports.tests.world import FEBRUARY, NOW, Story

AT = datetime(2026, 2, 10, 9, tzinfo=UTC)


def askings(stories: list[Story], everyone: bool) -> list[tuple[Story, datetime, int]]:
    found = []
    for s in stories:
        asking = s.asking(FEBRUARY.since, FEBRUARY.until)
        if asking and not s.absorbed and (everyone or s.hand_raiser):
            found.append((s, *asking))
    return found


def check(figures: Figures, mine: list[tuple[Story, datetime, int]]) -> None:
    times, silent, system, human = [], [], [], []
    for s, at, cycle in mine:
        answer = s.first_act(("attempted", "conversed"), at, cycle, human=True)
        assigned = s.first_act(("assigned", "claimed"), at, cycle, human=False)
        if answer is None:
            silent.append((s, (NOW - at).total_seconds()))
            continue
        times.append((answer - at).total_seconds())
        if assigned and assigned <= answer:
            system.append((assigned - at).total_seconds())
            human.append((answer - assigned).total_seconds())
    assert (figures.n, figures.answered, figures.never) == (len(mine), len(times), len(silent))
    assert figures.waiting == sum(s.stage in OPEN_STAGES for s, _wait in silent)
    assert figures.bands == {
        "within_5": sum(t <= 300 for t in times),
        "5_15": sum(300 < t <= 900 for t in times),
        "15_60": sum(900 < t <= 3600 for t in times),
        "60_plus": sum(t > 3600 for t in times),
        "never": len(silent),
    }
    assert sum(figures.bands.values()) == figures.n
    assert figures.mean == (pytest.approx(fmean(times)) if times else None)
    assert figures.share_within_five == (sum(t <= 300 for t in times) / len(mine) if mine else None)
    assert figures.split_n == len(system)
    waits = [floored(wait) for s, wait in silent if s.stage in OPEN_STAGES]
    for share, found in ((0.5, figures.median), (0.9, figures.p90)):
        assert found == quantile([floored(t) for t in times], waits, len(silent) - len(waits), share)
    assert figures.system_median == quantile([floored(t) for t in system], [], 0, 0.5)
    assert figures.human_median == quantile([floored(t) for t in human], [], 0, 0.5)


@pytest.mark.parametrize("everyone", [False, True])
def test_every_figure_equals_a_recount(boss: Actor, stories: list[Story], everyone: bool) -> None:
    report = response_report(boss, FEBRUARY, everyone)
    mine = askings(stories, everyone)
    check(report.total, mine)
    zone = ZoneInfo("Europe/Paris")
    parts: list[tuple[list[Group], Callable[[tuple[Story, datetime, int]], object]]] = [
        (report.by_rep, lambda a: a[0].owner.pk if a[0].owner else None),
        (report.by_source, lambda a: a[0].first[0]),
        (report.by_hour, lambda a: a[1].astimezone(zone).hour),
    ]
    for groups, key in parts:
        assert {group.key for group in groups} == {key(a) for a in mine}
        for group in groups:
            check(group.figures, [a for a in mine if key(a) == group.key])


def _counts(report: ResponseReport) -> list[tuple[int, str]]:
    found = []
    kinds = [("rep", report.by_rep), ("source", report.by_source), ("hour", report.by_hour)]
    groups = [(report.total, {}), *((g.figures, page.group_of(k, g)) for k, rows in kinds for g in rows)]
    for figures, of in groups:
        found.append((figures.n, page.count_url(report, figures.n, **of)))
        found.extend((n, page.count_url(report, n, band, **of)) for band, n in figures.bands.items())
    return found


@pytest.mark.parametrize("everyone", [False, True])
def test_each_number_opens_exactly_its_leads(boss: Actor, stories: list[Story], everyone: bool) -> None:
    for n, url in _counts(response_report(boss, FEBRUARY, everyone)):
        assert bool(url) == bool(n)
        assert not url or opened(boss, url) == n, url


def test_an_automatic_reply_is_no_answer(boss: Actor, db: None) -> None:
    world.write([Story(AT, acts=[("attempted", AT, 1, False)])])
    assert response_report(boss, FEBRUARY).total.never == 1


def test_a_lead_that_returned_waits_from_its_return(boss: Actor, db: None) -> None:
    rep("Anna")
    back = AT + timedelta(days=3)
    acts = [("attempted", AT + timedelta(hours=2), 1, True), ("attempted", back + timedelta(seconds=60), 2, True)]
    world.write(
        [
            Story(
                AT,
                returns=[back],
                visits=[("recycled", AT + timedelta(days=1)), ("engaged", back)],
                reason="no_timing",
                acts=acts,
            )
        ]
    )
    total = response_report(boss, FEBRUARY).total
    assert (total.n, total.mean, total.within_five) == (1, 60, 1)


def test_who_asked_a_moment_ago_is_not_judged_yet(boss: Actor, db: None) -> None:
    rep("Anna")
    with moment.at(AT + timedelta(minutes=4)):
        world.write(
            [Story(AT), Story(AT - timedelta(hours=1), acts=[("attempted", AT - timedelta(minutes=59), 1, True)])]
        )
        total = response_report(boss, FEBRUARY).total
    assert (total.n, total.judged, total.share_within_five, total.waiting) == (2, 1, 1.0, 1)


def test_a_rep_sees_the_own_leads_alone(stories: list[Story]) -> None:
    anna = next(s.owner for s in stories if s.owner)
    report = response_report(actor_of(anna.user), FEBRUARY, everyone=True)
    mine = [a for a in askings(stories, True) if a[0].owner == anna]
    assert report.own
    check(report.total, mine)


def test_a_visitor_is_refused(db: None) -> None:
    with pytest.raises(Refused):
        response_report(Actor(kind="visitor"), FEBRUARY)


def test_an_executive_sees_nobody_named_in_a_group_of_a_few(boss: Actor, db: None) -> None:
    busy, idle = rep("Busy"), rep("Idle")
    world.write([Story(AT, owner=busy) for _ in range(5)] + [Story(AT, owner=idle)])
    named = [(group.label, group.figures.n, group.folded) for group in response_report(boss, FEBRUARY).by_rep]
    assert named[0] == ("Busy", 5, False)
    assert [(n, folded) for _label, n, folded in named[1:]] == [(1, True)]
    manager = actor_of(member("Marc", Role.MANAGER, "paris"))
    assert {group.label for group in response_report(manager, FEBRUARY).by_rep} == {"Busy", "Idle"}


TIMES = st.lists(st.integers(0, 10_000).map(float), max_size=40)


@given(TIMES, st.integers(0, 20), st.sampled_from([0.5, 0.9]))
def test_without_anyone_waiting_it_is_the_ordinary_quantile(times: list[float], never: int, share: float) -> None:
    n = len(times) + never
    reached = [time for time in sorted(times) if sum(t <= time for t in times) >= share * n - 1e-9]
    assert quantile(times, [], never, share) == (reached[0] if reached else None)


@given(TIMES, TIMES)
def test_who_still_waits_never_shortens_the_median(times: list[float], waiting: list[float]) -> None:
    alone, together = quantile(times, [], 0, 0.5), quantile(times, waiting, 0, 0.5)
    assert together is None or (alone is not None and together >= alone)


def test_the_textbook_example_of_censoring() -> None:
    # 6, 6, 6 ended, 6 watched, 7 ended, 9 watched, 10 ended, 10 11 watched, 13 16 ended (Freireich, first rows)
    ended, watched = [6, 6, 6, 7, 10, 13, 16, 22, 23], [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    assert quantile(ended, watched, 0, 0.5) == 23
    assert quantile(ended, watched, 0, 0.25) == 13


def test_a_difference_of_shares_lies_where_newcombe_says() -> None:
    assert difference(Band("a", 70, 56), Band("b", 80, 48)) == pytest.approx((0.0524, 0.3339), abs=5e-5)  # his table II


def test_what_speed_brings_is_a_finding_only_where_the_difference_is_sure(boss: Actor) -> None:
    report, late = response_report(boss, FEBRUARY), Band("60_plus", 100, 28)
    with translation.override("en"):
        assert "no difference" in page._curve(replace(report, conversion=[Band("within_5", 100, 30), late]))
        sure = [Band("within_5", 1179, 548), Band("60_plus", 1381, 579)]  # their own intervals overlap
        assert "1.1 times as often" in page._curve(replace(report, conversion=sure))
        assert "3.2 times as often" in page._curve(replace(report, conversion=[Band("within_5", 100, 90), late]))
