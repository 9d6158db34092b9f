"""The score is the sum of the lines shown; a batch costs the same statements as one lead."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadops.access import system
from leadops.conditions.fields import LEAD
from leadops.journal import JournalEntry, Kind
from leadops.models import Lead
from leadops.testing import put_in_force
from leadops.unit import Unit, in_unit
from qualification import assessing, cardsql, scoring, selectors, services
from qualification.kinds import check_scorecard
from qualification.models import ScoreSheet
from qualification.tests.conftest import NOW, SMALL_CARD, SMALL_MQL, captured, hot_lead, line, one

FACTS = {"employees": 250, "country": "FR", "hand_raiser": True, "free_mail": False, "title": None}


@pytest.mark.parametrize(
    ("changed", "fit", "engagement", "total", "band", "grade"),
    [
        ({}, 30, 25, 55, "hot", "A"),
        ({"employees": 10}, 15, 25, 40, "warm", "B"),
        ({"employees": None, "country": None}, 0, 25, 25, "warm", "C"),
        ({"free_mail": True}, 30, 25, 45, "warm", "A"),
        ({"employees": 1, "country": "US", "hand_raiser": False, "free_mail": True}, 0, 0, -10, "cold", "C"),
        ({"title": "phd student"}, 30, 25, 0, "cold", "A"),
    ],
)
def test_a_lead_gets_the_points_of_its_true_lines_within_the_caps(
    changed: dict[str, Any], fit: int, engagement: int, total: int, band: str, grade: str
) -> None:
    sheet = scoring.score(FACTS | changed, scoring.compile_card(SMALL_CARD), NOW)
    assert (sheet.fit, sheet.engagement, sheet.total, sheet.band, sheet.grade) == (fit, engagement, total, band, grade)


def test_a_cap_and_a_knock_out_are_lines_one_can_see() -> None:
    sheet = scoring.score(FACTS | {"title": "student"}, scoring.compile_card(SMALL_CARD), NOW)
    assert ("cap:fit", -5) in sheet.lines
    assert ("knockout:student", -55) in sheet.lines
    assert sheet.knocked_out == "student"


conditions = st.sampled_from(
    [
        one("employees", "gte", 50),
        one("country", "in", ["FR", "BE"]),
        one("hand_raiser", "is_true"),
        one("free_mail", "is_true"),
        {"all": []},
    ]
)
facts = st.fixed_dictionaries(
    {
        "employees": st.none() | st.integers(0, 300),
        "country": st.sampled_from([None, "FR", "BE", "US"]),
        "hand_raiser": st.booleans(),
        "free_mail": st.none() | st.booleans(),
    }
)


@st.composite
def cards(draw: Any) -> dict[str, Any]:
    def group(key: str, low: int, high: int) -> dict[str, Any]:
        rows = draw(st.lists(st.tuples(st.integers(low, high), conditions), max_size=4))
        lines = [line(f"{key}{i}", points, when) for i, (points, when) in enumerate(rows)]
        return {"key": key, "cap": draw(st.integers(0, 60)), "lines": lines}

    out = draw(st.lists(conditions, max_size=2))
    return {
        **SMALL_CARD,
        "groups": [group("fit", 1, 50), group("engagement", 1, 50), group("negative", -50, -1)],
        "knockouts": [line(f"out{i}", 0, when) for i, when in enumerate(out)],
    }


@given(cards(), facts)
def test_the_score_is_always_the_sum_of_the_visible_lines(body: dict[str, Any], known: dict[str, Any]) -> None:
    sheet = scoring.score(known, scoring.compile_card(body), NOW)
    assert sheet.total == sum(points for _key, points in sheet.lines)


@settings(max_examples=25, deadline=None)
@given(cards(), st.lists(facts, min_size=1, max_size=4))
def test_sql_and_python_read_a_scorecard_alike(body: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    leads = [hot_lead(**{**known, "country": known["country"] or ""}) for known in rows]
    card = scoring.compile_card(body)
    words = cardsql.under(card)
    under = {f"under_{key}": words.get(key).expression(NOW) for key in scoring.OWN_FIELDS}  # type: ignore[union-attr]
    found = {row["pk"]: row for row in Lead.objects.filter(pk__in=[lead.pk for lead in leads]).values("pk", **under)}
    for pk, known in LEAD.facts_for(leads, NOW, card.used_fields).items():
        said = scoring.as_facts(scoring.score(known, card, NOW))
        assert {key: found[pk][f"under_{key}"] or None for key in said} == {
            key: value or None for key, value in said.items()
        }


def test_scoring_writes_the_sheet_the_columns_and_one_entry(card: Any) -> None:
    lead = hot_lead()
    captured([lead])
    lead.refresh_from_db()
    assert (lead.fit, lead.engagement, lead.score, lead.band, lead.grade) == (30, 25, 55, "hot", "A")
    sheet = ScoreSheet.objects.get(pk=lead.pk)
    assert sum(points for _key, points in sheet.lines) == sheet.score == 55
    entry = JournalEntry.objects.get(kind=Kind.SCORED)
    assert entry.data == {"from": 0, "to": 55, "fit": 30, "engagement": 25, "band": "hot", "grade": "A"}
    assert entry.version == card.pk


def test_an_unchanged_score_is_not_told_again(card: Any) -> None:
    lead = hot_lead()
    captured([lead])
    captured([lead], Kind.EDITED)
    assert JournalEntry.objects.filter(kind=Kind.SCORED).count() == 1


def test_a_lead_that_ended_keeps_its_last_score(card: Any) -> None:
    lead = hot_lead(stage="won")
    captured([lead], Kind.EDITED)
    assert not ScoreSheet.objects.exists()


def test_without_a_scorecard_nothing_is_scored() -> None:
    captured([hot_lead()])
    assert not ScoreSheet.objects.exists()


@pytest.mark.parametrize("count", [1, 40])
def test_score_and_gate_cost_at_most_eight_statements(
    shipped: Any, count: int, django_assert_max_num_queries: Any
) -> None:
    captured([hot_lead(free_mail=False)])  # what is read once per process is read
    leads = [hot_lead(free_mail=False) for _ in range(count)]
    unit = Unit(actor=system("pipeline"), at=NOW)
    for lead in unit.leads(lead.pk for lead in leads):
        unit.record(Kind.CAPTURED, lead)
    with django_assert_max_num_queries(8):
        assessing.score(list(unit.entries), unit)
        services.gate(list(unit.entries), unit)
    assert sum(entry.kind == Kind.HANDED_OFF for entry in unit.entries) == count


@pytest.mark.parametrize(
    ("break_it", "path"),
    [
        (lambda b: b["groups"][0]["lines"][0].update(points=-5), "groups[0].lines[0].points"),
        (lambda b: b["groups"][2]["lines"][0].update(points=5), "groups[2].lines[0].points"),
        (lambda b: b["groups"][0].update(cap=-1), "groups[0].cap"),
        (lambda b: b["groups"][0]["lines"][0].update(label={"fr": "x"}), "groups[0].lines[0]"),
        (lambda b: b["groups"][0]["lines"][0].update(when=one("score", "gte", 1)), "groups[0].lines[0].when"),
        (
            lambda b: b["groups"][0]["lines"][0].update(when=one("nothing", "gte", 1)),
            "groups[0].lines[0].when.all[0].field",
        ),
        (lambda b: b["groups"][0]["lines"][1].update(key="big"), "groups"),
        (lambda b: b.update(bands=[{"key": "hot", "from": 5}, {"key": "warm", "from": 9}]), "bands"),
    ],
)
def test_a_faulty_scorecard_cannot_be_published(break_it: Any, path: str) -> None:
    body = copy.deepcopy(SMALL_CARD)
    break_it(body)
    assert path in [where for where, _message in check_scorecard(body)]


def test_the_shipped_bodies_have_no_fault(shipped: Any) -> None:
    scorecard, definition = shipped
    assert (scorecard.state, definition.state) == ("published", "published")


def test_a_second_scorecard_replaces_the_sheets_of_who_comes_next(card: Any) -> None:
    lead = hot_lead()
    captured([lead])
    body = {**SMALL_CARD, "groups": [{"key": "fit", "cap": 5, "lines": [line("all", 5, {"all": []})]}]}
    second = put_in_force("scorecard", "house", body, at=NOW)
    captured([lead], Kind.EDITED)
    lead.refresh_from_db()
    assert lead.score == 5
    assert ScoreSheet.objects.get(pk=lead.pk).version_id == second.pk


def test_a_publication_concerns_every_open_lead_without_waiting_for_its_next_event(definition: Any) -> None:
    weak, done = hot_lead(hand_raiser=False), hot_lead()
    captured([weak, done])
    Lead.objects.filter(pk=done.pk).update(stage="won")
    assert selectors.next_reassessed_at(NOW) is None
    put_in_force("mql", "house", {**SMALL_MQL, "when": one("score", "gte", 25)}, at=NOW)
    assert selectors.next_reassessed_at(NOW) == NOW
    due = selectors.due_for_reassessment(NOW, 9)
    assert in_unit(lambda unit: services.reassess(due, unit), actor=system("reassess")) == 1
    weak.refresh_from_db()
    assert weak.stage == "mql"
    assert selectors.next_reassessed_at(NOW) is None
