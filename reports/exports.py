"""Amounts as a file of figures holds them. Holds no figure itself."""

from __future__ import annotations

from decimal import Decimal

from leadops.money import exponent


def amount(minor: int | None, currency: str) -> Decimal | None:
    """Minor units as the number a spreadsheet adds up."""
    return None if minor is None else Decimal(minor).scaleb(-exponent(currency))
