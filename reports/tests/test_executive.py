"""The overview compares figures of every kind of number: sums read directly and sums the facts keep."""

from __future__ import annotations

from decimal import Decimal

import pytest

from reports.pages import executive


@pytest.mark.parametrize("number", [int, float, Decimal])
def test_a_change_is_judged_whatever_kind_of_number_it_is(number: type) -> None:
    assert executive._tone(number(150), number(100)) == "good"
    assert executive._tone(number(150), number(100), up="bad") == "bad"
    assert executive._tone(number(101), number(100)) == ""
    assert executive._rise(number(150), number(100)) == 0.5
    assert executive._rise(number(150), number(0)) is None
