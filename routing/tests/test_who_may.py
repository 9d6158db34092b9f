"""Who may take a lead, in which order places are tried, and what is said when nobody can."""

from __future__ import annotations

from dataclasses import replace

import pytest

from routing.choose import PoolState, RepState, State, choose
from routing.credits import ONE
from routing.match import Step, Target

HOUR = 3_600_000_000


def state(*reps: RepState, **pools: list[str]) -> State:
    pools = pools or {"p": [rep.id for rep in reps]}
    return State(
        at=HOUR,
        pools={key: PoolState(key, dict.fromkeys(ids, ONE)) for key, ids in pools.items()},
        reps={rep.id: rep for rep in reps},
        people={"lea@example.com": "a"},
    )


def target(*steps: Step, **more: object) -> Target:
    return Target("r", steps or (Step("pool", "p"),), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rep", "wanted", "reason"),
    [
        (RepState("a", active=False), {}, "inactive"),
        (RepState("a", absent=True), {}, "absent"),
        (RepState("a", open=False), {}, "off_hours"),
        (RepState("a", capacity=8, load=8), {}, "capacity"),
        (RepState("a", capacity=8, load=7), {"units": 2}, "capacity"),
        (RepState("a", cap_hour=2, hour=2), {}, "cap_hour"),
        (RepState("a", cap_day=2, day=2), {}, "cap_day"),
        (RepState("a", cap_month=14, month=14), {}, "cap_month"),
        (RepState("a", skills={"saas": 1}), {"skills": {"saas": 2}}, "skill"),
        (RepState("a", languages=("fr",)), {"languages": ("de", "it")}, "language"),
        (RepState("a", capacity=8, load=7, cap_hour=2, hour=1), {}, ""),
        (RepState("a", languages=("fr", "de")), {"languages": ("de",)}, ""),
    ],
)
def test_each_exclusion_has_its_reason(rep: RepState, wanted: dict[str, object], reason: str) -> None:
    outcome, _ = choose(target(**wanted), state(rep), 1)
    assert outcome.candidates[0].why_not == reason
    assert (outcome.kind == "assigned") is (reason == "")


def test_a_rep_who_had_the_lead_does_not_get_it_again() -> None:
    outcome, _ = choose(target(), state(RepState("a"), RepState("b")), 1, frozenset({"a"}))
    assert outcome.rep == "b"
    assert outcome.excluded() == {"had_it": 1}


def test_pools_are_tried_in_their_order() -> None:
    now = state(RepState("a", absent=True), RepState("b"), first=["a"], second=["b"])
    outcome, _ = choose(target(Step("pool", "first"), Step("pool", "second")), now, 1)
    assert (outcome.rep, outcome.pool) == ("b", "second")


@pytest.mark.parametrize(
    ("reps", "reason", "until"),
    [
        ([RepState("a", absent=True, back_at=9 * HOUR), RepState("b", absent=True, back_at=5 * HOUR)], "all_absent", 5),
        ([RepState("a", open=False, opens_at=8 * HOUR), RepState("b", absent=True, back_at=3 * HOUR)], "off_hours", 8),
        ([RepState("a", capacity=1, load=1), RepState("b", open=False, opens_at=8 * HOUR)], "no_capacity", None),
        ([RepState("a", active=False), RepState("b", absent=True)], "all_absent", None),
        ([RepState("a", active=False)], "no_members", None),
        ([], "no_members", None),
    ],
)
def test_nobody_available_is_said_with_the_moment_it_changes(
    reps: list[RepState], reason: str, until: int | None
) -> None:
    outcome, after = choose(target(), state(*reps), 1)
    assert (outcome.kind, outcome.reason, outcome.pool) == ("held", reason, "p")
    assert outcome.until == (until * HOUR if until else None)
    assert after == state(*reps)


def test_nobody_with_the_skill_is_its_own_reason() -> None:
    outcome, _ = choose(target(skills={"saas": 3}), state(RepState("a")), 1)
    assert outcome.reason == "no_skill"


def test_assign_anyway_goes_over_hours_then_caps_and_never_to_the_absent() -> None:
    anyway = target(nobody="assign_anyway")
    shut, full = RepState("a", open=False), RepState("b", cap_day=1, day=1)
    outcome, _ = choose(anyway, state(shut, full), 1)
    assert (outcome.rep, outcome.anyway) == ("a", True)
    outcome, _ = choose(anyway, state(full), 1)
    assert outcome.rep == "b"
    outcome, _ = choose(anyway, state(RepState("a", open=False, cap_day=1, day=1), full), 1)
    assert outcome.kind == "assigned"
    outcome, _ = choose(anyway, state(RepState("a", absent=True), RepState("b", active=False)), 1)
    assert (outcome.kind, outcome.reason) == ("held", "all_absent")


@pytest.mark.parametrize("rule", ["r", "fallback"])
def test_an_empty_pool_is_said_and_not_that_no_rule_applies(rule: str) -> None:
    fell = replace(target(), rule=rule)
    assert choose(fell, state(), 1)[0].reason == "no_members"
    assert choose(fell, State(at=HOUR), 1)[0].reason == "no_members", "a pool that is switched off has nobody either"
    outcome, _ = choose(fell, state(RepState("a"), RepState("b", active=False)), 1, frozenset({"a"}))
    assert outcome.reason == "all_had_it"


def test_a_named_rep_uses_no_turn_and_is_found_by_address() -> None:
    now = state(RepState("a"), RepState("b"))
    outcome, after = choose(target(Step("rep", "Lea@example.com")), now, 1)
    assert (outcome.rep, outcome.pool, outcome.accrued) == ("a", "", {})
    assert after.pools == now.pools
    assert after.reps["a"].load == 1


def test_the_account_owner_gets_the_lead_only_while_able_else_the_next_rule_speaks() -> None:
    sticky = target(Step("account_owner", "a"), otherwise=Target("next", (Step("pool", "p"),)))
    outcome, _ = choose(sticky, state(RepState("a"), RepState("b"), p=["b"]), 1)
    assert (outcome.rep, outcome.how, outcome.rule) == ("a", "sticky", "r")
    for unable in (RepState("a", active=False), RepState("a", absent=True), RepState("a", capacity=1, load=1)):
        outcome, _ = choose(sticky, state(unable, RepState("b"), p=["b"]), 1)
        assert (outcome.rep, outcome.rule) == ("b", "next")
        assert sum(outcome.excluded().values()) == 1
    nobody = replace(sticky, steps=(Step("account_owner", ""),))
    assert choose(nobody, state(RepState("b"), p=["b"]), 1)[0].rule == "next"


def test_a_rule_may_hold_or_offer_to_the_pool() -> None:
    now = state(RepState("a"))
    held, _ = choose(target(Step("hold", "compliance")), now, 1)
    assert (held.kind, held.reason, held.detail) == ("held", "by_rule", "compliance")
    offered, after = choose(target(Step("claim", "p")), now, 1)
    assert (offered.kind, offered.pool) == ("pool", "p")
    assert after == now


def test_a_pool_that_is_gone_is_passed_over() -> None:
    outcome, _ = choose(target(Step("pool", "gone"), Step("pool", "p")), state(RepState("a")), 1)
    assert outcome.rep == "a"
