"""Who meets the definition becomes MQL once, under the scorecard version it names, and sales gets a handoff."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Q

from leadops.access import SYSTEM
from leadops.conditions.fields import LEAD
from leadops.decisions import Decision, DecisionFacts
from leadops.journal import JournalEntry, Kind
from leadops.models import Lead, Rep
from leadops.testing import put_in_force
from leadops.versions import services as versions
from qualification import handoff, mql, selectors
from qualification.kinds import check_mql
from qualification.models import Handoff
from qualification.tests.conftest import NOW, SMALL_CARD, SMALL_MQL, act, captured, hot_lead, line, one


def test_a_lead_that_meets_the_definition_becomes_mql_with_a_handoff(definition: Any) -> None:
    lead = hot_lead()
    captured([lead])
    lead.refresh_from_db()
    offered = Handoff.objects.get(lead=lead)
    assert lead.stage == "mql"
    assert (offered.state, offered.definition_id, offered.rep) == ("offered", definition.pk, None)
    handed = JournalEntry.objects.get(kind=Kind.HANDED_OFF)
    assert handed.data == {"handoff": str(offered.pk), "score": 55}
    assert handed.version == definition.pk
    moved = JournalEntry.objects.get(kind=Kind.STAGE_MOVED)
    assert (moved.data["to"], moved.data["skipped"], moved.version) == ("mql", ["engaged"], definition.pk)


def test_the_decision_keeps_what_it_saw_and_why(definition: Any, card: Any) -> None:
    lead = hot_lead()
    captured([lead])
    decision = Decision.objects.get(lead=lead)
    assert (decision.kind, decision.version_id, decision.propensity) == ("mql", definition.pk, 1.0)
    assert decision.outcome == {"mql": True, "score": 55, "scorecard": str(card.pk)}
    (leaf,) = decision.why["explain"]["children"]
    assert (leaf["field"], leaf["fact"], leaf["result"]) == ("score", 55, True)
    assert DecisionFacts.objects.get(decision=decision.pk).facts == {"score": 55}
    assert Handoff.objects.get().decision == decision.pk


@pytest.mark.parametrize(
    "changed", [{"hand_raiser": False}, {"free_mail": True, "employees": 10}, {"title_folded": "student"}]
)
def test_a_lead_below_the_definition_stays_where_it_is(definition: Any, changed: dict[str, Any]) -> None:
    lead = hot_lead(**changed)
    captured([lead])
    lead.refresh_from_db()
    assert lead.stage == "new"
    assert not Handoff.objects.exists()


def test_an_owned_lead_is_handed_to_its_owner(definition: Any, lea: Rep) -> None:
    captured([hot_lead(owner=lea)])
    assert Handoff.objects.get().rep == lea


def test_an_open_handoff_follows_a_later_owner(definition: Any, lea: Rep) -> None:
    lead = hot_lead()
    captured([lead])

    def assign(lead: Lead, unit: Any) -> None:
        Lead.objects.filter(pk=lead.pk).update(owner=lea)
        lead.owner_id = lea.pk
        unit.record(Kind.ASSIGNED, lead, data={})

    act(assign, lead, SYSTEM)
    assert Handoff.objects.get().rep == lea


def test_an_event_read_twice_offers_once(definition: Any) -> None:
    lead = hot_lead()
    captured([lead])
    captured([lead], Kind.CAME_BACK)
    assert Handoff.objects.count() == 1


def test_publishing_a_scorecard_alone_changes_nobodys_mql(definition: Any) -> None:
    nothing = {
        **SMALL_CARD,
        "groups": [{"key": "fit", "cap": 1, "lines": [line("all", 1, {"all": []})]}],
        "knockouts": [],
    }
    put_in_force("scorecard", "house", nothing, at=NOW)
    lead = hot_lead()
    captured([lead])
    lead.refresh_from_db()
    assert (lead.score, lead.stage) == (1, "mql")
    assert Decision.objects.get().outcome["score"] == 55


def test_what_sales_handed_back_is_not_offered_again_before_the_cool_down(
    definition: Any, lea: Rep, as_lea: Any
) -> None:
    lead = hot_lead(owner=lea)
    captured([lead])
    act(lambda lead, unit: handoff.hand_back(lead, unit, "not_now"), lead, as_lea)
    captured([lead], Kind.EDITED, at=NOW + timedelta(days=29))
    assert Handoff.objects.filter(state="offered").count() == 0
    captured([lead], Kind.EDITED, at=NOW + timedelta(days=31))
    assert Handoff.objects.filter(state="offered").count() == 1


def test_who_comes_back_is_offered_again_at_once(definition: Any, lea: Rep, as_lea: Any) -> None:
    lead = hot_lead(owner=lea)
    captured([lead])
    act(lambda lead, unit: handoff.hand_back(lead, unit, "not_now"), lead, as_lea)
    captured([lead], Kind.CAME_BACK, at=NOW + timedelta(days=1))
    assert Handoff.objects.filter(state="offered").count() == 1


def test_without_a_definition_nobody_becomes_mql(card: Any) -> None:
    captured([hot_lead()])
    assert not Handoff.objects.exists()


CONDITIONS = [
    one("score", "gte", 40),
    one("band", "in", ["hot", "warm"]),
    one("grade", "eq", "A"),
    {"all": [{"field": "hand_raiser", "op": "is_true"}, {"not": {"field": "free_mail", "op": "is_true"}}]},
    {"any": [{"field": "fit", "op": "between", "value": [15, 20]}, {"field": "engagement", "op": "lt", "value": 1}]},
    {"all": [{"not": {"field": "knocked_out", "op": "is_true"}}, {"field": "country", "op": "ne", "value": "FR"}]},
    {"all": []},
]


@pytest.mark.parametrize("when", CONDITIONS)
def test_the_count_on_screen_is_what_the_gate_decides(card: Any, when: dict[str, Any], hugo: Any) -> None:
    from leadops.access import actor_of

    leads = [
        hot_lead(),
        hot_lead(hand_raiser=False),
        hot_lead(country=""),
        hot_lead(country="US", employees=None),
        hot_lead(free_mail=True),
        hot_lead(title_folded="student", country="BE"),
        hot_lead(employees=5, hand_raiser=False, free_mail=True, country="US"),
    ]  # never scored: the count must not trust the columns
    definition = mql.compile_definition({**SMALL_MQL, "when": when})
    compiled = versions.compiled(card)
    facts = LEAD.facts_for(leads, NOW, mql.fields_read(definition, compiled))
    decided = {pk for pk, known in facts.items() if definition.when(mql.with_score(known, compiled, NOW), NOW) is True}
    condition = selectors.matching(definition, compiled, NOW)
    assert set(Lead.objects.filter(condition).values_list("pk", flat=True)) == decided
    assert selectors.preview(actor_of(hugo), condition, None, NOW).now == len(decided)


def test_the_preview_tells_who_enters_and_who_leaves(hugo: Any) -> None:
    from leadops.access import actor_of

    hot_lead(), hot_lead(country="BE"), hot_lead(country="US", employees=5), hot_lead(country="US", stage="won")
    told = selectors.preview(actor_of(hugo), Q(country__in=["BE", "US"]), Q(country__in=["FR", "BE"]), NOW)
    assert (told.open, told.now, told.enter, told.leave) == (3, 2, 1, 1)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"when": one("score", "gte", 5), "scorecards": []}, "scorecards"),
        ({"when": one("score", "gte", 5), "scorecards": ["house@9"]}, "scorecards"),
        ({"when": one("score", "gte", 5), "scorecards": ["house@1", "house@1"]}, "scorecards"),
        ({"when": one("score", "gte", "much"), "scorecards": ["house@1"]}, "when.all[0].value"),
        ({"when": one("score", "gte", 5), "scorecards": ["house@1"], "cooldown_days": -1}, "cooldown_days"),
    ],
)
def test_a_faulty_definition_cannot_be_published(card: Any, body: dict[str, Any], path: str) -> None:
    assert path in [where for where, _message in check_mql(body)]


def test_a_definition_without_the_score_needs_no_scorecard(card: Any) -> None:
    assert check_mql({"when": one("hand_raiser", "is_true")}) == []
