"""What a deal is worth in the house currency and on which day it ends; reads rates, writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from leadops import moment, money
from leadops.conditions.fields import day_of
from leadops.errors import Refused
from leadops.models import ExchangeRate


@dataclass(frozen=True, slots=True)
class Won:
    """At what amount a deal is won, in minor units of its currency ("" = the deal's), and on which day."""

    amount_minor: int | None
    currency: str = ""
    closed_on: date | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """For which reason a deal is lost, and on which day."""

    reason: str
    closed_on: date | None = None


def in_house(minor: int | None, currency: str, day: date) -> tuple[int | None, date | None]:
    """The amount in the house currency and its rate's day; (None, None) = not convertible, which is never zero."""
    house = settings.HOUSE_CURRENCY
    if minor is None:
        return None, None
    if currency == house:
        return minor, day
    rates = ExchangeRate.objects.filter(currency=currency, day__lte=day)
    rate = rates.order_by("-day", "-recorded_at", "-id").first()
    if rate is None:
        return None, None
    return money.convert(minor, rate.rate, currency, house), rate.day


def checked(amount_minor: int | None, currency: str) -> str:
    """The currency's code ("" = the house's); refuses one that is unknown and an amount it cannot hold."""
    code = (currency or settings.HOUSE_CURRENCY).upper()
    money.exponent(code)
    if amount_minor is not None and not 0 <= amount_minor <= money.LARGEST:
        raise Refused("amount-negative", _("An amount is not below zero."))
    return code


def closing(closed_on: date | None, at: datetime) -> tuple[date, datetime]:
    """The house's day of an end and its instant: `at` for today, noon of an earlier day."""
    today = day_of(at)
    if closed_on is None or closed_on == today:
        return today, at
    if closed_on > today:
        raise Refused("closed-in-the-future", _("A deal cannot end on a day to come."))
    if closed_on < moment.FIRST_DAY:
        raise Refused("closed-too-early", _("A deal cannot end before 1971."))
    return closed_on, datetime.combine(closed_on, time(12), ZoneInfo(settings.REPORTING_ZONE))
