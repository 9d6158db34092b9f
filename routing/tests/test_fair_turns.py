"""Turns are fair: credits stay bounded, counts stay within one of entitlement, whatever the absences; and replayable."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing import credits
from routing.choose import Outcome, PoolState, RepState, State, choose, choose_in_order
from routing.credits import ONE
from routing.match import Step, Target

TARGET = Target("r", (Step("pool", "p"),))


def state(weights: dict[str, float], **pool: object) -> State:
    members = {rep: int(weight * ONE) for rep, weight in weights.items()}
    return State(
        at=1_000_000,
        pools={"p": PoolState("p", members, **pool)},  # type: ignore[arg-type]
        reps={rep: RepState(rep) for rep in weights},
    )


def with_away(now: State, away: set[str]) -> State:
    return now._replace(reps={key: rep._replace(absent=key in away) for key, rep in now.reps.items()})


def run(now: State, leads: int, seed: int, away_share: float) -> tuple[list[Outcome], State, dict[str, list[float]]]:
    """`leads` turns with random absences; with the exact entitlement each rep had, lead by lead."""
    rng = random.Random(seed)
    entitled: dict[str, list[float]] = {rep: [] for rep in now.reps}
    outcomes = []
    for turn in range(leads):
        away = {rep for rep in now.reps if rng.random() < away_share}
        if len(away) == len(now.reps):
            away.pop()
        outcome, now = choose(TARGET, with_away(now, away), seed * 100_000 + turn)
        outcomes.append(outcome)
        present = {r: w for r, w in now.pools["p"].weights.items() if r not in away}
        for rep in now.reps:
            entitled[rep].append(present.get(rep, 0) / sum(present.values()))
        assert max(abs(c) for c in now.pools["p"].credits.values()) <= 1.1 * ONE
    return outcomes, now, entitled


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("away_share", [0.0, 0.3])
def test_over_5000_leads_every_count_stays_near_its_entitlement_at_every_moment(seed: int, away_share: float) -> None:
    outcomes, _now, entitled = run(state({"a": 2, "b": 1, "c": 1, "d": 0.5}), 5_000, seed, away_share)
    for rep, shares in entitled.items():
        gap = [
            got - due for got, due in zip(accumulate(o.rep == rep for o in outcomes), accumulate(shares), strict=True)
        ]
        assert abs(gap[-1]) <= 1.1
        assert max(map(abs, gap)) <= 1.1
        assert max(gap) - min(gap) <= 2.1  # any window


@given(st.integers(1, 12), st.integers(0, 400), st.integers(0, 2**40))
@settings(max_examples=40, deadline=None)
def test_equal_reps_never_differ_by_more_than_one_lead(reps: int, leads: int, seed: int) -> None:
    start = state({f"r{i}": 1 for i in range(reps)})
    outcomes, _ = choose_in_order([(TARGET, seed + i) for i in range(leads)], start)
    counts = Counter(o.rep for o in outcomes)
    assert max(counts.values(), default=0) - min((counts.get(r, 0) for r in start.reps), default=0) <= 1


@given(st.lists(st.floats(0.1, 5), min_size=1, max_size=8), st.integers(1, 5), st.integers(0, 2**40))
@settings(max_examples=60, deadline=None)
def test_a_turn_creates_and_destroys_nothing(weights: list[float], units: int, seed: int) -> None:
    now = state({f"r{i}": w for i, w in enumerate(weights)})
    target = replace(TARGET, units=units)
    for turn in range(30):
        outcome, now = choose(target, now, seed + turn)
        assert sum(outcome.accrued.values()) == units * ONE
        assert sum(now.pools["p"].credits.values()) == 0


def test_the_order_in_which_members_are_listed_changes_nothing() -> None:
    one = state({"a": 2, "b": 1, "c": 1, "d": 0.5})
    other = state({"d": 0.5, "c": 1, "b": 1, "a": 2})
    batch = [(TARGET, seed) for seed in range(300)]
    assert [o.rep for o in choose_in_order(batch, one)[0]] == [o.rep for o in choose_in_order(batch, other)[0]]


def test_folding_a_batch_is_the_same_as_one_by_one_and_twice_is_the_same() -> None:
    start = state({"a": 2, "b": 1, "c": 1})
    batch = [(TARGET, seed) for seed in range(200)]
    whole, end = choose_in_order(batch, start)
    now, singles = start, []
    for target, seed in batch:
        outcome, now = choose(target, now, seed)
        singles.append(outcome)
    assert whole == singles
    assert end == now
    assert choose_in_order(batch, start)[0] == whole


def test_a_tie_is_sampled_and_its_probability_stated() -> None:
    start = state({"a": 1, "b": 1, "c": 1, "d": 1})
    firsts = Counter(choose(TARGET, start, seed)[0].rep for seed in range(4_000))
    assert set(firsts) == {"a", "b", "c", "d"}
    assert all(850 < n < 1_150 for n in firsts.values())
    assert choose(TARGET, start, 1)[0].propensity == 0.25
    alone, _ = choose(TARGET, state({"a": 2, "b": 1}), 1)
    assert alone.rep == "a"
    assert alone.propensity == 1.0


def test_equal_credit_goes_to_the_longest_waiting() -> None:
    start = state({"a": 1, "b": 1, "c": 1}, last={"a": 30, "b": 10, "c": 20})
    assert [o.rep for o in choose_in_order([(TARGET, s) for s in range(3)], start)[0]] == ["b", "c", "a"]


def test_without_catch_up_an_absent_rep_is_given_nothing_back() -> None:
    now = with_away(state({"a": 1, "b": 1}), {"b"})
    _, now = choose_in_order([(TARGET, s) for s in range(100)], now)
    back, _ = choose_in_order([(TARGET, s) for s in range(10)], with_away(now, set()))
    assert Counter(o.rep for o in back) == {"a": 5, "b": 5}


def test_with_catch_up_an_absent_rep_is_given_back_up_to_the_cap() -> None:
    now = with_away(state({"a": 1, "b": 1}, catch_up=True), {"b"})
    _, now = choose_in_order([(TARGET, s) for s in range(100)], now)
    assert credits.CATCH_UP <= now.pools["p"].credits["b"] < credits.CATCH_UP + ONE
    back, _ = choose_in_order([(TARGET, s) for s in range(20)], with_away(now, set()))
    in_a_row = next(i for i, o in enumerate(back) if o.rep == "a")
    assert 3 <= in_a_row <= 7
    assert Counter(o.rep for o in back[in_a_row:])["b"] <= (20 - in_a_row) / 2 + 1


@pytest.mark.parametrize(("others", "start"), [([], 0), ([5], 5), ([-900, 0, 700], 0), ([-4, -2, 2, 4], -2)])
def test_a_joiner_starts_at_the_median(others: list[int], start: int) -> None:
    assert credits.joining(others) == start


def test_a_joiner_is_neither_flooded_nor_starved() -> None:
    _, now = choose_in_order([(TARGET, s) for s in range(501)], state({"a": 1, "b": 1, "c": 1}))
    pool = now.pools["p"]
    joined = pool._replace(
        weights={**pool.weights, "z": ONE},
        credits={**pool.credits, "z": credits.joining(list(pool.credits.values()))},
    )
    now = now._replace(pools={"p": joined}, reps={**now.reps, "z": RepState("z")})
    counts = Counter(o.rep for o in choose_in_order([(TARGET, s) for s in range(400)], now)[0])
    assert all(abs(n - 100) <= 1 for n in counts.values())


def test_a_heavier_lead_costs_more_turns() -> None:
    heavy = replace(TARGET, units=3)
    outcomes, _ = choose_in_order([(heavy, 1)] + [(TARGET, s) for s in range(9)], state({"a": 1, "b": 1}))
    units = Counter[str]()
    for outcome in outcomes:
        units[outcome.rep] += outcome.units
    assert abs(units["a"] - units["b"]) <= 2
    assert max(Counter(o.rep for o in outcomes).values()) >= 6


def test_least_loaded_compares_load_with_capacity_not_counts() -> None:
    now = state({"big": 1, "small": 1}, method="least_loaded")
    reps = {"big": RepState("big", capacity=40, load=10), "small": RepState("small", capacity=10, load=5)}
    outcomes, end = choose_in_order([(TARGET, s) for s in range(10)], now._replace(reps=reps))
    assert {o.rep for o in outcomes} == {"big"}
    assert end.reps["big"].load == 20
    assert all(not o.accrued for o in outcomes)
