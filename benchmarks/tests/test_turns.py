"""The table's verdicts: what a median in turns proves, and what it does not."""

from __future__ import annotations

import random
import statistics

import pytest

from benchmarks.turns import Row, interval, line


@pytest.mark.parametrize(("n", "ends"), [(4, None), (5, (0, 4)), (7, (0, 6)), (8, (1, 6)), (11, (2, 8)), (20, (5, 14))])
def test_the_interval_is_that_of_the_sign_test(n: int, ends: tuple[int, int] | None) -> None:
    """Ends as in tables of the sign test for 90 %."""
    shuffled = random.Random(n).sample(range(n), n)
    assert interval(shuffled) == ends


@pytest.mark.parametrize("n", [5, 7, 8, 15])
def test_the_interval_holds_the_median_nine_times_of_ten(n: int) -> None:
    chance, held = random.Random(7), 0
    for _try in range(4000):
        low, high = interval([chance.expovariate(1) for _each in range(n)]) or (0, 0)
        held += low <= 0.6931 <= high
    assert held / 4000 >= 0.89


@pytest.mark.parametrize(
    ("ratios", "must", "least", "verdict"),
    [
        ([0.33, 0.34, 0.34, 0.35, 0.36], 0.33, True, "holds"),
        ([0.31, 0.32, 0.33, 0.34, 0.35], 0.33, True, "open"),
        ([0.30, 0.31, 0.31, 0.32, 0.34], 0.33, True, "open"),  # its interval reaches the bar, one turn does
        ([0.30, 0.31, 0.31, 0.32, 0.329], 0.33, True, "FALLS SHORT"),
        ([0.32, 0.40], 0.33, True, "holds"),  # too few for an interval: the median decides
        ([0.32, 0.32, 0.40], 0.33, True, "FALLS SHORT"),
        ([1.10, 1.08, 1.14, 1.09, 1.15], 1.15, False, "holds"),
        ([1.20, 1.18, 1.14, 1.19, 1.21], 1.15, False, "open"),
        ([1.20, 1.18, 1.16, 1.19, 1.21], 1.15, False, "FALLS SHORT"),
        ([1.0], None, True, ""),
    ],
)
def test_a_bar_holds_or_fails_by_the_whole_interval(
    ratios: list[float], must: float | None, least: bool, verdict: str
) -> None:
    told = Row("P0", "a thing", [(ratio * 50, 50) for ratio in ratios], must, least=least).told()
    assert told["verdict"] == verdict and told["ratio"] == round(statistics.median(ratios), 3)
    assert told["pass"] is (None if must is None else verdict != "FALLS SHORT")
    assert line(told).endswith(verdict)


def test_each_figure_stands_beside_the_limit_of_its_own_turn() -> None:
    """A machine that slows down by half slows both: the ratio stays, that of the medians would not."""
    told = Row("P0", "a thing", [(30, 100), (15, 50), (16, 50), (31, 100), (33, 100)]).told()
    assert told["ratio"] == 0.31 and told["interval"] == [0.3, 0.33]
    assert Row("P0", "a cost", [(1000, 400), (1100, 330), (800, 400)], of="cost").told()["ratio"] == 0.4


def test_a_figure_without_a_limit_is_judged_as_it_is() -> None:
    told = Row("P7", "p95 ms", [(140, None), (160, None), (155, None)], 150, 75, least=False).told()
    assert (told["value"], told["limit"], told["ratio"], told["pass"]) == (155, None, None, False)
