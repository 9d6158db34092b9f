"""What charts are drawn by: the scale of columns is round, whole, and holds the largest."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import charts


@pytest.mark.parametrize(
    ("largest", "lines"),
    [
        (0, [1, 0]),
        (1, [1, 0]),
        (3.5, [4, 3, 2, 1, 0]),
        (5, [6, 4, 2, 0]),
        (110, [150, 100, 50, 0]),
        (200, [200, 150, 100, 50, 0]),
    ],
)
def test_the_scale_is_round(largest: float, lines: list[int]) -> None:
    assert charts.round_lines(largest) == lines


@given(st.floats(0, 1e9))
def test_the_scale_holds_the_largest_in_few_lines(largest: float) -> None:
    lines = charts.round_lines(largest)
    assert lines[0] >= largest and lines[-1] == 0 and 2 <= len(lines) <= 5
    apart = {high - low for high, low in pairwise(lines)}
    assert len(apart) == 1 and str(apart.pop()).rstrip("0") in {"1", "2", "5"}


def test_columns_stand_on_the_lines_of_their_scale() -> None:
    chart = charts.columns([("Mon", 100, None, "100"), ("Tue", 150, 75, "150")])
    assert chart["lines"] == [150, 100, 50, 0] and chart["marks"] == ["0.00", "33.33", "66.67"]
    assert [one["y"] for one in chart["columns"]] == ["33.33", "0.00"] and chart["columns"][1]["usual"] == "50.00"
