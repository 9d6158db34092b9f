"""Amounts: read as typed in two languages, shared out to the unit, converted half to even, shown by one formatter."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadops.errors import Refused
from leadops.money import Money, convert, exponent, format_money, format_number, format_percent, parse, parts, split

NBSP, NARROW = "\u00a0", "\u202f"


@pytest.mark.parametrize(
    ("text", "language", "minor", "currency"),
    [
        ("1 234,56", "fr", 123456, "EUR"),
        (f"1{NBSP}234,56{NBSP}€", "fr", 123456, "EUR"),
        (f"1{NARROW}234,56{NBSP}€", "fr", 123456, "EUR"),
        ("1234,5", "fr", 123450, "EUR"),
        ("12.50", "fr", 1250, "EUR"),
        ("1.234.567,89", "fr", 123456789, "EUR"),
        ("1.234", "fr", 123400, "EUR"),
        ("-3,5", "fr", -350, "EUR"),
        ("−3,5", "fr", -350, "EUR"),
        ("€1,234.56", "en", 123456, "EUR"),
        ("1,234", "en", 123400, "EUR"),
        ("12,5", "en", 1250, "EUR"),
        ("1'234.50 CHF", "en", 123450, "CHF"),
        ("$10", "en", 1000, "USD"),
        ("1200 JPY", "fr", 1200, "JPY"),
        ("1,234 TND", "fr", 1234, "TND"),
        ("0", "fr", 0, "EUR"),
        ("5,00000", "fr", 500, "EUR"),
        ("92233720368547758,07", "fr", 2**63 - 1, "EUR"),
    ],
)
def test_amounts_are_read_as_people_type_them(text: str, language: str, minor: int, currency: str) -> None:
    assert parse(text, language, "EUR") == Money(minor, currency)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_dollar_sign_is_the_house_dollar(language: str) -> None:
    assert parse("$10", language, "CAD") == Money(1000, "CAD")


@pytest.mark.parametrize(
    ("text", "language", "code"),
    [
        ("", "fr", "amount-unreadable"),
        ("abc", "fr", "amount-unreadable"),
        ("12,34,56", "fr", "amount-unreadable"),
        ("1,23,456", "en", "amount-unreadable"),
        ("12 34", "fr", "amount-unreadable"),
        ("1.2.3", "fr", "amount-unreadable"),
        ("1e9", "en", "amount-unreadable"),
        ("10 XXQ", "en", "amount-unreadable"),
        ("€10$", "en", "amount-unreadable"),
        ("12,345", "fr", "amount-too-fine"),
        ("1,5 JPY", "fr", "amount-too-fine"),
        ("92233720368547758,08", "fr", "amount-too-large"),
        ("9" * 200, "fr", "amount-too-large"),
    ],
)
def test_what_is_no_amount_is_refused_with_a_code(text: str, language: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(text, language, "EUR")
    assert refused.value.code == code
    assert str(refused.value.message)


def test_an_amount_without_a_currency_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        parse("12", "fr")
    assert refused.value.code == "currency-missing"


@given(st.integers(-(2**62), 2**62), st.sampled_from(["EUR", "JPY", "TND", "USD"]), st.sampled_from(["fr", "en"]))
def test_what_is_shown_is_read_back(minor: int, currency: str, language: str) -> None:
    assert parse(format_money(minor, currency, language), language) == Money(minor, currency)


weights = st.lists(
    st.integers(0, 10**6) | st.fractions(0, 10) | st.decimals(0, 10, places=4), min_size=1, max_size=30
).filter(any)


@given(st.integers(-(10**15), 10**15), weights)
def test_shares_add_up_exactly_and_are_within_one_unit_of_the_ideal(total: int, shares: list) -> None:
    got = split(total, shares)
    whole = sum(Fraction(share) for share in shares)
    assert sum(got) == total
    assert all(abs(part - total * Fraction(share) / whole) < 1 for part, share in zip(got, shares, strict=True))


@pytest.mark.parametrize(
    ("total", "shares", "got"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (1000, [40, 20, 40], [400, 200, 400]),
        (1, [1, 1], [1, 0]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (100, [0, 1], [0, 100]),
        (101, [0.5, 0.5], [51, 50]),
        (0, [1, 2], [0, 0]),
        (10, [1, 2, 3], [2, 3, 5]),
    ],
)
def test_shares_computed_by_hand(total: int, shares: list, got: list[int]) -> None:
    assert split(total, shares) == got


@pytest.mark.parametrize("shares", [[], [0, 0], [1, -1], [2, -1]])
def test_weights_that_share_nothing_are_an_error(shares: list[int]) -> None:
    with pytest.raises(ValueError):
        split(100, shares)


def test_equal_parts() -> None:
    assert parts(10, 4) == [3, 3, 2, 2]


@pytest.mark.parametrize(
    ("minor", "rate", "from_", "to", "got"),
    [
        (100, "1.1", "EUR", "USD", 110),
        (1, "0.5", "EUR", "USD", 0),  # half to even
        (3, "0.5", "EUR", "USD", 2),
        (-3, "0.5", "EUR", "USD", -2),
        (10_000, "0.0061", "JPY", "EUR", 6100),
        (6100, "163.9344262", "EUR", "JPY", 10_000),
        (1_000, "3.35", "EUR", "TND", 33_500),
        (2**62, "1", "EUR", "USD", 2**62),
    ],
)
def test_conversions_computed_by_hand(minor: int, rate: str, from_: str, to: str, got: int) -> None:
    assert convert(minor, Decimal(rate), from_, to) == got


def test_a_rate_of_zero_is_an_error_and_not_an_amount_of_zero() -> None:
    with pytest.raises(ValueError, match="positive"):
        convert(100, Decimal(0), "EUR", "USD")


@pytest.mark.parametrize(("currency", "digits"), [("EUR", 2), ("JPY", 0), ("TND", 3)])
def test_decimals_of_currencies(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


def test_a_currency_nobody_issued_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        exponent("ZZZ")
    assert refused.value.code == "currency-unknown"


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (format_money(123450, "EUR", "fr"), f"1{NBSP}234,50{NBSP}€"),
        (format_money(-123450, "EUR", "fr"), f"-1{NBSP}234,50{NBSP}€"),
        (format_money(123450, "EUR", "en"), "€1,234.50"),
        (format_money(1234, "JPY", "en"), "¥1,234"),
        (format_money(1234, "TND", "en"), f"TND{NBSP}1.234"),
        (format_number(1234567.5, "fr"), f"1{NBSP}234{NBSP}567,5"),
        (format_number(1234567.5, "en"), "1,234,567.5"),
        (format_number(Decimal("2.5"), "en", 2), "2.50"),
        (format_number(3, "fr", 0), "3"),
        (format_percent(0.1234, "fr"), f"12,3{NBSP}%"),
        (format_percent(0.1234, "en"), "12.3%"),
        (format_percent(Decimal("0.5"), "en", 0), "50%"),
    ],
)
def test_one_formatter_with_one_kind_of_space(shown: str, expected: str) -> None:
    assert shown == expected
    assert NARROW not in shown
