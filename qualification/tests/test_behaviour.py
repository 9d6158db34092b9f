"""Behaviour lines: a score is a function of the touches at a moment, never a counter."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadops import moment
from leadops.access import system
from leadops.conditions.fields import LEAD
from leadops.journal import JournalEntry, Kind
from leadops.models import Lead, Touch
from leadops.testing import TouchFactory, put_in_force
from leadops.unit import Unit, in_unit
from qualification import behaviour, cardsql, scoring, selectors, services
from qualification.behaviour import DAY, Seen
from qualification.defaults import SCORECARD
from qualification.kinds import check_scorecard
from qualification.models import ScoreSheet
from qualification.tests.conftest import NOW, SMALL_CARD, SMALL_MQL, captured, hot_lead, line, one

KINDS = ("inquiry", "download", "bounce")


def acts(key: str, points: int, **touch: Any) -> dict[str, Any]:
    given = {"kinds": ["download"], "days": 30, "most": 3, "decay": "none"} | touch
    return {"key": key, "label": {"fr": key, "en": key}, "points": points, "touch": given}


def card_of(*lines: dict[str, Any], cap: int = 100) -> dict[str, Any]:
    """A card with these behaviour lines: above zero in engagement, below in the negative group."""
    up = [each for each in lines if each["points"] > 0]
    down = [each for each in lines if each["points"] < 0]
    return {
        **SMALL_CARD,
        "groups": [
            {"key": "fit", "cap": 30, "lines": [line("big", 20, one("employees", "gte", 100))]},
            {"key": "engagement", "cap": cap, "lines": up},
            {"key": "negative", "cap": 60, "lines": down},
        ],
        "levels": [{"key": "1", "from": 20}, {"key": "2", "from": 8}, {"key": "3", "from": 0}],
        "knockouts": [],
    }


def ago(*days: float, kind: str = "download") -> list[Seen]:
    """Touches that many days before NOW, the latest first."""
    return [Seen(i, kind, NOW - timedelta(days=d)) for i, d in enumerate(sorted(days))]


def points(touches: list[Seen], at: datetime = NOW, **touch: Any) -> int:
    return behaviour.compiled(acts("x", touch.pop("points", 10), **touch), "engagement").points(touches, at)


@pytest.mark.parametrize(
    ("days", "touch", "said"),
    [
        ((0, 29.9), {}, 20),
        ((0, 30), {}, 10),  # the window ends with its last day
        ((1, 2, 3, 4), {}, 30),  # at most three count
        ((10,), {"decay": "halves", "half_life_days": 10}, 5),
        ((10.9,), {"decay": "halves", "half_life_days": 10}, 5),  # loses once a day
        ((15,), {"decay": "linear"}, 5),
        ((0, 15), {"decay": "linear", "points": -10}, -15),
        ((-1,), {}, 0),  # still to come
    ],
)
def test_a_line_counts_its_latest_touches_within_the_window_at_their_age(
    days: tuple[float, ...], touch: dict[str, Any], said: int
) -> None:
    assert points(ago(*days), **touch) == said


def test_a_touch_of_another_kind_or_campaign_counts_nothing() -> None:
    (touch,) = ago(1)
    spring = Seen(1, "download", touch.occurred_at, campaign="spring")
    assert points(ago(1, kind="visit")) == 0
    assert (points([touch], campaign=["spring"]), points([spring], campaign=["spring"])) == (0, 10)
    assert points([spring], campaign=["spring"], channel=["paid_search"]) == 0
    assert points(ago(1, kind="visit"), kinds=[]) == 10


decays = st.sampled_from([{"decay": "none"}, {"decay": "linear"}, {"decay": "halves", "half_life_days": 3}])


@st.composite
def behaviour_cards(draw: Any) -> dict[str, Any]:
    rows = draw(st.lists(st.tuples(st.integers(-30, 30).filter(bool), st.sampled_from(KINDS), decays), max_size=4))
    lines = [
        acts(f"l{i}", value, kinds=[kind], days=draw(st.integers(1, 12)), most=draw(st.integers(1, 3)), **decay)
        for i, (value, kind, decay) in enumerate(rows)
    ]
    return card_of(*lines, cap=draw(st.integers(0, 60)))


moments = st.integers(-14 * 24 * 60, 3 * 24 * 60).map(lambda minutes: NOW + timedelta(minutes=minutes))
touches = st.lists(st.tuples(moments, st.sampled_from(KINDS)), max_size=8)


def seen(rows: list[tuple[datetime, str]]) -> list[Seen]:
    return [Seen(i, kind, at) for i, (at, kind) in enumerate(sorted(rows, reverse=True))]


@given(behaviour_cards(), touches)
def test_a_score_kept_until_it_is_due_equals_the_score_worked_out_at_any_moment(
    body: dict[str, Any], rows: list[tuple[datetime, str]]
) -> None:
    card, known = scoring.compile_card(body), {"employees": 250, scoring.TOUCHES: seen(rows)}
    kept, due = scoring.score(known, card, NOW), scoring.changes_at(known, card, NOW)
    at = NOW
    for _hour in range(24 * 16):
        at += timedelta(hours=1)
        if due is not None and at >= due:
            kept, due = scoring.score(known, card, at), scoring.changes_at(known, card, at)
        assert kept.lines == scoring.score(known, card, at).lines
        assert kept.total == sum(value for _key, value in kept.lines)


@given(behaviour_cards(), touches)
def test_the_moment_it_is_due_is_the_first_at_which_a_line_differs(
    body: dict[str, Any], rows: list[tuple[datetime, str]]
) -> None:
    card, known = scoring.compile_card(body), {"employees": 250, scoring.TOUCHES: seen(rows)}
    due = scoring.changes_at(known, card, NOW)
    now = scoring.score(known, card, NOW)
    raw = {each.key: each.points(known[scoring.TOUCHES], NOW) for each in card.behaviours}
    if due is None:
        assert now.lines == scoring.score(known, card, NOW + 400 * DAY).lines
    else:
        just_before = due - timedelta(microseconds=1)
        assert all(each.points(known[scoring.TOUCHES], just_before) == raw[each.key] for each in card.behaviours)
        assert any(each.points(known[scoring.TOUCHES], due) != raw[each.key] for each in card.behaviours)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(behaviour_cards(), st.lists(touches, min_size=1, max_size=3))
def test_sql_and_python_count_touches_alike(body: dict[str, Any], people: list[list[tuple[datetime, str]]]) -> None:
    leads = [hot_lead() for _ in people]
    for lead, rows in zip(leads, people, strict=True):
        for at, kind in rows:
            TouchFactory(lead=lead, kind=kind, occurred_at=at)
    card = scoring.compile_card(body)
    words = cardsql.under(card)
    under = {f"under_{key}": words.get(key).expression(NOW) for key in scoring.OWN_FIELDS}  # type: ignore[union-attr]
    found = {row["pk"]: row for row in Lead.objects.filter(pk__in=[lead.pk for lead in leads]).values("pk", **under)}
    facts = selectors.facts_of(leads, Unit(system("test"), NOW), {*card.used_fields, scoring.TOUCHES}, card)
    for pk, known in facts.items():
        said = scoring.as_facts(scoring.score(known, card, NOW))
        assert {key: found[pk][f"under_{key}"] or None for key in said} == {
            key: value or None for key, value in said.items()
        }


HALVING = card_of(acts("downloads", 10, decay="halves", half_life_days=4, days=12))


def reassessed(at: datetime) -> int:
    with moment.at(at):
        due = selectors.due_for_reassessment(at, 500)
        return in_unit(lambda unit: services.reassess(due, unit), actor=system("reassess"), at=at)


def test_the_ticker_keeps_a_falling_score_true_and_tells_only_a_change_of_band_or_grade() -> None:
    put_in_force("scorecard", "house", HALVING)
    lead = hot_lead()
    for _ in range(2):
        TouchFactory(lead=lead, occurred_at=NOW, kind="download")
    captured([lead])
    sheet = ScoreSheet.objects.get(pk=lead.pk)
    assert (sheet.engagement, sheet.level, sheet.matrix) == (20, "1", "B1")
    assert len(sheet.counted["downloads"]) == 2
    assert sheet.next_change_at == NOW + DAY == selectors.next_reassessed_at(NOW)
    assert reassessed(NOW + DAY) == 1
    lead.refresh_from_db()
    assert (lead.engagement, lead.score, lead.band) == (17, 37, "warm")
    assert JournalEntry.objects.filter(kind=Kind.SCORED).count() == 1  # time alone, same band: nothing is told
    assert reassessed(NOW + 12 * DAY) == 1
    lead.refresh_from_db()
    assert (lead.engagement, lead.score) == (0, 20)
    assert ScoreSheet.objects.get(pk=lead.pk).next_change_at is None
    assert selectors.next_reassessed_at(NOW) is None


def test_a_lead_that_ended_is_not_due_for_ever() -> None:
    put_in_force("scorecard", "house", HALVING)
    lead = hot_lead()
    TouchFactory(lead=lead, occurred_at=NOW, kind="download")
    captured([lead])
    Lead.objects.filter(pk=lead.pk).update(stage="won")
    assert reassessed(NOW + DAY) == 1
    assert selectors.next_reassessed_at(NOW + DAY) is None


def test_a_fading_penalty_lets_a_lead_become_mql() -> None:
    body = card_of(acts("bounces", -10, kinds=["bounce"], days=5))
    put_in_force("scorecard", "house", body)
    put_in_force("mql", "house", {**SMALL_MQL, "when": one("score", "gte", 15)})
    lead = hot_lead()
    TouchFactory(lead=lead, occurred_at=NOW, kind="bounce")
    captured([lead])
    lead.refresh_from_db()
    assert (lead.score, lead.stage) == (10, "new")
    reassessed(NOW + 5 * DAY)
    lead.refresh_from_db()
    assert (lead.score, lead.stage) == (20, "mql")


def test_touches_of_the_whole_person_count_and_a_merged_alias_is_the_same_person() -> None:
    put_in_force("scorecard", "house", HALVING)
    lead, alias = hot_lead(), hot_lead(stage="won")
    alias.person.canonical = lead.person
    alias.person.save()
    TouchFactory(lead=alias, person=alias.person, occurred_at=NOW, kind="download")
    captured([lead])
    lead.refresh_from_db()
    assert lead.engagement == 10


def test_the_gate_counts_touches_under_the_scorecard_its_definition_names() -> None:
    """The named card looks further back than the one in force: its touches are read anew."""
    put_in_force("scorecard", "house", card_of(acts("downloads", 30, days=60)))
    put_in_force("mql", "house", {**SMALL_MQL, "when": one("engagement", "gte", 30)})
    put_in_force("scorecard", "house", card_of(acts("downloads", 30, days=2)))
    lead = hot_lead()
    TouchFactory(lead=lead, occurred_at=NOW - 40 * DAY, kind="download")
    captured([lead])
    lead.refresh_from_db()
    assert (lead.engagement, lead.stage) == (0, "mql")


@pytest.mark.parametrize("square", ["B1", "B2"])
def test_the_grade_matrix_is_a_field_of_conditions(square: str) -> None:
    put_in_force("scorecard", "house", HALVING)
    put_in_force("mql", "house", {**SMALL_MQL, "when": one("matrix", "in", [square])})
    lead = hot_lead()
    TouchFactory(lead=lead, occurred_at=NOW, kind="download")
    captured([lead])
    lead.refresh_from_db()
    assert lead.stage == ("mql" if square == "B2" else "new")
    assert LEAD.facts_for([lead], NOW, ["matrix"])[lead.pk] == {"matrix": "B2"}


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"kinds": ["nonsense"]}, "groups[1].lines[0].touch.kinds"),
        ({"days": 0}, "groups[1].lines[0].touch.days"),
        ({"most": 1000}, "groups[1].lines[0].touch.most"),
        ({"decay": "halves"}, "groups[1].lines[0].touch.half_life_days"),
        ({"decay": "sometimes"}, "groups[1].lines[0].touch.decay"),
        ({"campaign": "spring"}, "groups[1].lines[0].touch.campaign"),
    ],
)
def test_a_faulty_behaviour_line_is_named(changed: dict[str, Any], path: str) -> None:
    body = card_of(acts("x", 10, **changed))
    assert [where for where, _message in check_scorecard(body)] == [path]


def test_an_act_is_never_fit() -> None:
    body = copy.deepcopy(HALVING)
    body["groups"][0]["lines"].append(acts("x", 10))
    assert [where for where, _message in check_scorecard(body)] == ["groups[0].lines[1]"]


def test_the_shipped_card_moves_by_its_touches_alone() -> None:
    card = scoring.compile_card(SCORECARD)
    assert not check_scorecard(SCORECARD)
    assert not card.moves
    assert {kind for each in card.behaviours for kind in each.kinds} <= set(Touch.Kind.values)
