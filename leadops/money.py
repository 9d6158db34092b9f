"""Amounts: whole minor units and a currency code, exact everywhere; the one formatter of money, numbers and shares.

No float ever holds an amount here. Decimals per currency come from CLDR through Babel (JPY 0, TND 3).
Every space in the output is U+00A0 (CLDR's French mixes it with U+202F, Django's does not); both are read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import lru_cache

from babel import Locale
from babel import numbers as cldr
from django.utils.translation import gettext_lazy as _

from leadops.errors import Refused

LARGEST = 2**63 - 1  # a bigint
NO_BREAK = "\u00a0"
NARROW = "\u202f"
# What a symbol means when the house currency does not say otherwise.
SYMBOLS = {
    "€": "EUR",
    "$": "USD",
    "£": "GBP",
    "¥": "JPY",
    "₹": "INR",
    "CHF": "CHF",
    "US$": "USD",
    "CA$": "CAD",
    "$CA": "CAD",
    "$US": "USD",
}
_exact = Context(prec=60, rounding=ROUND_HALF_EVEN)
_amount = re.compile(r"(?P<sign>-?)(?P<before>[^\d.,-]*)(?P<digits>\d(?:[\d .,']*\d)?)(?P<after>[^\d]*)")


_tight = re.compile(r"(?<=[^\W\d_])(?=\d)")  # CLDR sets a code apart from its number ("TND 1"), Babel does not


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in the smallest unit of a currency."""

    minor: int
    currency: str


@lru_cache(maxsize=512)
def exponent(currency: str) -> int:
    """How many decimals a currency has; a code nobody issued is refused."""
    if not cldr.is_currency(currency):
        raise Refused("currency-unknown", _("“%(code)s” is not a currency code.") % {"code": currency}, given=currency)
    return cldr.get_currency_precision(currency)


def parse(text: str, language: str, currency: str | None = None) -> Money:
    """An amount as people type it in French or English; `currency` counts when the text names none."""
    plain = re.sub(r"\s+", " ", text.replace("−", "-").replace("’", "'")).strip()
    found = _amount.fullmatch(plain)
    if not found:
        raise _unreadable(text)
    code = _currency_in(found["before"].strip(), found["after"].strip(), currency, text)
    value = _decimal(found["digits"], "," if language.startswith("fr") else ".", text)
    minor = _exact.scaleb(value, exponent(code))
    if minor != minor.to_integral_value():
        raise Refused(
            "amount-too-fine", _("“%(text)s” has more decimals than the currency.") % {"text": text}, given=text
        )
    if minor > LARGEST:
        raise Refused("amount-too-large", _("“%(text)s” is too large an amount.") % {"text": text}, given=text)
    return Money(-int(minor) if found["sign"] else int(minor), code)


def _unreadable(text: str) -> Refused:
    return Refused("amount-unreadable", _("“%(text)s” is not an amount.") % {"text": text[:60]}, given=text[:60])


def _currency_in(before: str, after: str, otherwise: str | None, text: str) -> str:
    named = before or after
    if not named:
        if otherwise is None:
            raise Refused("currency-missing", _("“%(text)s” names no currency.") % {"text": text}, given=text)
        return otherwise
    if before and after:
        raise _unreadable(text)
    if otherwise and named == cldr.get_currency_symbol(otherwise, "en").lstrip("ACNZMXBRHKUS"):
        return otherwise  # "$" where the house counts in Canadian dollars
    code = SYMBOLS.get(named, named.upper())
    if not cldr.is_currency(code):
        raise _unreadable(text)
    return code


def _decimal(digits: str, point: str, text: str) -> Decimal:
    """The value of digits with marks: `point` is the language's decimal mark, the other marks group by three."""
    other = "." if point == "," else ","
    mark = point
    if point in digits and other in digits:
        mark = max(point, other, key=digits.rfind)  # with both present, the last one is the decimal mark
    elif other in digits and not re.fullmatch(rf"\d{{1,3}}(?:[{other} ]\d{{3}})+", digits):
        mark = other  # 12.50 typed in French: not a grouping, so a foreign decimal mark
    whole, _mark, part = digits.partition(mark)
    if (
        not re.fullmatch(r"\d+|\d{1,3}(?:([ .,'])\d{3})(?:\1\d{3})*", whole)
        or not re.fullmatch(r"\d*", part)
        or (_mark and not part)
    ):
        raise _unreadable(text)
    if mark in whole:
        raise _unreadable(text)
    return Decimal(f"{re.sub('[^0-9]', '', whole)}.{part or '0'}")


def split(total_minor: int, weights: Sequence[int | Decimal | Fraction | float]) -> list[int]:
    """Share out an amount by weight, to the unit: largest remainders first, earlier shares first among equals."""
    exact = [Fraction(weight) for weight in weights]
    whole = sum(exact)
    if whole <= 0 or min(exact) < 0:
        raise ValueError("weights are not negative and not all zero")
    size = abs(total_minor)
    ideal = [size * weight / whole for weight in exact]
    shares = [int(share) for share in ideal]
    order = sorted(range(len(exact)), key=lambda i: (shares[i] - ideal[i], i))
    for i in order[: size - sum(shares)]:
        shares[i] += 1
    return shares if total_minor >= 0 else [-share for share in shares]


def parts(total_minor: int, count: int) -> list[int]:
    """Share out an amount in equal parts, to the unit."""
    return split(total_minor, [1] * count)


def convert(minor: int, rate: Decimal, from_currency: str, to_currency: str) -> int:
    """An amount in another currency at a rate (one unit of `from` in units of `to`), half to even."""
    if rate <= 0:
        raise ValueError("a rate is positive")
    value = _exact.scaleb(_exact.multiply(Decimal(minor), rate), exponent(to_currency) - exponent(from_currency))
    return int(value.to_integral_value(rounding=ROUND_HALF_EVEN))


@lru_cache(maxsize=16)
def _locale(language: str) -> Locale:
    return Locale.parse(language.replace("-", "_"))


def _spaces(text: str) -> str:
    return text.replace(NARROW, NO_BREAK)


def format_money(minor: int, currency: str, language: str, whole: bool = False) -> str:
    """1 234,50 € in French, €1,234.50 in English; `whole` rounds to units, for figures seen at a glance."""
    value, locale = Decimal(minor).scaleb(-exponent(currency), context=_exact), _locale(language)
    if whole:
        pattern = str(locale.currency_formats["standard"].pattern).replace(".00", "")
        shown = cldr.format_currency(round(value), currency, format=pattern, locale=locale, currency_digits=False)
    else:
        shown = cldr.format_currency(value, currency, locale=locale)
    return _spaces(_tight.sub(NO_BREAK, shown))


def format_number(value: int | Decimal | float, language: str, digits: int | None = None) -> str:
    """A number with the language's marks; `digits` fixes its decimals, else up to three are shown."""
    if type(value) is int and digits is None:
        return _whole(value, language)
    return _number(value, language, digits)


@lru_cache(maxsize=4096)  # most figures of a page are small whole numbers, and a page has many
def _whole(value: int, language: str) -> str:
    return _number(value, language, None)


def _number(value: int | Decimal | float, language: str, digits: int | None) -> str:
    pattern = "#,##0.###" if digits is None else "#,##0" + ("." + "0" * digits if digits else "")
    if digits is not None and not round(value, digits):
        value = 0  # what rounds to nothing has no sign
    return _spaces(cldr.format_decimal(value, format=pattern, locale=_locale(language)))


def format_percent(value: Decimal | float, language: str, digits: int = 1) -> str:
    """A share as a percentage: 0.123 is 12,3 % in French, 12.3% in English."""
    shown = format_number(Decimal(str(value)).scaleb(2, context=_exact), language, digits)
    return f"{shown}{NO_BREAK}%" if language.startswith("fr") else f"{shown}%"
