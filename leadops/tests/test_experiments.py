"""Assignment: stable, uniform within fixed bounds, and honest about its probability."""

from __future__ import annotations

from collections import Counter

import pytest

from leadops import decisions, experiments
from leadops.access import SYSTEM
from leadops.decisions import Decision, DecisionBatch, DecisionFacts
from leadops.experiments import BUCKETS, arm, bucket, pick, seed_for, seeds_for
from leadops.testing import ALWAYS_OPEN, LeadFactory, put_in_force
from leadops.unit import Unit, in_unit

UNITS = [f"lead-{n}" for n in range(50_000)]
PINNED = [7699, 3824, 2118]
PINNED_SEED = 4140818271998514292


def chi_square(counts: list[int], expected: float) -> float:
    return sum((count - expected) ** 2 / expected for count in counts)


def test_a_bucket_never_changes() -> None:
    # The numbers are part of the contract: a running experiment must survive an upgrade.
    assert [bucket("mail-2026", unit) for unit in ("a", "b", "lead-1")] == PINNED
    assert seed_for("lead-1", "rule", 7) == PINNED_SEED == seeds_for("lead-1", "rule")(7)


def test_buckets_are_uniform() -> None:
    counts = Counter(bucket("salt", unit) // 100 for unit in UNITS)
    assert len(counts) == 100
    assert chi_square(list(counts.values()), len(UNITS) / 100) < 149  # 99 degrees of freedom, p = 0.001


def test_two_salts_are_independent() -> None:
    counts = Counter((bucket("one", unit) // 2500, bucket("two", unit) // 2500) for unit in UNITS)
    assert chi_square(list(counts.values()), len(UNITS) / 16) < 37.7  # 15 degrees of freedom, p = 0.001


def test_where_the_salt_ends_matters() -> None:
    assert bucket("ab", "c") != bucket("a", "bc")
    assert seed_for("ab", "c") != seed_for("a", "bc") != seed_for("a", "b", "c")


def test_arms_get_their_share_and_state_it() -> None:
    split = [("control", 2000), ("new", 8000)]
    counts = Counter(arm("salt", unit, split) for unit in UNITS)
    assert set(counts) == {("control", 0.2), ("new", 0.8)}
    assert 9_640 < counts["control", 0.2] < 10_360  # 4 standard deviations


def test_an_arm_without_share_is_never_chosen() -> None:
    split = [("never", 0), ("always", BUCKETS), ("neither", 0)]
    assert {arm("salt", unit, split) for unit in UNITS[:2000]} == {("always", 1.0)}


@pytest.mark.parametrize("split", [[], [("a", 9999)], [("a", 5000), ("b", 5001)], [("a", 11_000), ("b", -1000)]])
def test_a_split_that_does_not_add_up_is_an_error(split: list[tuple[str, int]]) -> None:
    with pytest.raises(ValueError, match="10000"):
        arm("salt", "unit", split)


@pytest.mark.parametrize("count", [2, 3, 7])
def test_picks_are_uniform_over_seeds_and_state_their_probability(count: int) -> None:
    picks = [pick(seed_for("tie", n), "abcdefg"[:count]) for n in range(20_000)]
    counts = Counter(index for index, _p in picks)
    assert {p for _i, p in picks} == {1 / count}
    assert set(counts) == set(range(count))
    assert chi_square(list(counts.values()), 20_000 / count) < 22.5  # p = 0.001 at 6 degrees of freedom


def test_a_pick_is_replayed_by_its_seed() -> None:
    assert pick(42, ["a", "b", "c"]) == pick(42, ["x", "y", "z"])


def test_a_single_candidate_is_certain() -> None:
    assert pick(1, ["only"]) == (0, 1.0)


def test_nobody_to_pick_from_is_an_error() -> None:
    with pytest.raises(ValueError, match="nobody"):
        pick(1, [])


def test_seeds_fit_a_bigint_and_differ() -> None:
    seeds = {seed_for("lead", n) for n in range(10_000)}
    assert len(seeds) == 10_000
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert max(seeds) > 2**62


@pytest.mark.django_db
def test_an_arm_is_a_decision_of_its_version_with_the_probability_it_had():
    lead, salt, split = LeadFactory(), "mail-2026", [("a", 2_500), ("b", 7_500)]
    version = put_in_force("calendar", "experiment", ALWAYS_OPEN)  # any frozen document will do
    key, propensity = experiments.arm(salt, str(lead.pk), split)

    def work(unit: Unit) -> None:
        batch = DecisionBatch(kind=Decision.Kind.ARM, at=unit.at)
        unit.add([batch])
        outcome = {"arm": key}
        decisions.record(
            unit, kind=Decision.Kind.ARM, lead=lead, facts={}, outcome=outcome, why={}, version=version,
            propensity=propensity, batch=batch,
        )  # fmt: skip

    in_unit(work, actor=SYSTEM)
    row = Decision.objects.get(kind="arm", lead=lead)
    assert (row.outcome, row.propensity, row.version) == ({"arm": key}, dict(split)[key] / 10_000, version)
    beside = DecisionFacts.objects.get(decision=row.pk)
    assert row.batch is not None and row.xid == row.batch.xid == beside.xid, "one transaction wrote them"
