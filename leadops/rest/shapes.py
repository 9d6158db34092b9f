"""Shapes every resource of the API builds on: strict bodies, documents that can be kept, exact amounts. Knows no resource."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pycountry
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from leadops import moment, money
from leadops.errors import Refused

DEEPEST = 32


class Strict(serializers.Serializer[Any]):
    """A shape that names every field it takes: anything else is refused by name, never stored, never ignored.

    A text is a text and an id one, too: a number in its place is refused, as the document says, and not written out.
    """

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            known = {name for name, field in self.fields.items() if not field.read_only}
            unknown = sorted(str(name)[:80] for name in data if name not in known)
            if unknown:
                words = _("There is no such field, or it cannot be written.")
                fault = [serializers.ErrorDetail(str(words), code="unknown-field")]
                raise serializers.ValidationError(dict.fromkeys(unknown, fault))
            if numbers := [name for name, each in self.fields.items() if _number_for_text(each, data.get(name))]:
                words = serializers.CharField.default_error_messages["invalid"]
                raise serializers.ValidationError({name: [words] for name in numbers}, code="invalid")
        return super().to_internal_value(data)


def _number_for_text(field: Any, value: Any) -> bool:
    if isinstance(field, serializers.ListField) and isinstance(value, list):
        return any(_number_for_text(field.child, each) for each in value)
    if isinstance(field, serializers.DictField) and isinstance(value, Mapping):
        return any(_number_for_text(field.child, each) for each in value.values())
    return isinstance(field, serializers.CharField | serializers.UUIDField) and isinstance(value, int | float)


class Moment(serializers.DateTimeField):
    """A moment that can be kept and shown again in every zone: not one at the ends of the calendar."""

    def to_internal_value(self, value: Any) -> Any:
        try:
            found = super().to_internal_value(value)
        except OverflowError:
            self.fail("overflow")
        if not moment.can_be_kept(found):
            self.fail("overflow")
        return found


class Document(serializers.JSONField):
    """A JSON object that the database can hold: no NUL, no lone surrogates, not deeper than we read."""

    def to_internal_value(self, data: Any) -> Any:
        value = super().to_internal_value(data)
        if not isinstance(value, dict):
            raise serializers.ValidationError(_("A JSON object is needed."), code="not-an-object")
        if not _storable(value, DEEPEST):
            raise serializers.ValidationError(
                _("This holds characters or depths that cannot be kept."), code="unreadable"
            )
        return value


def _storable(value: Any, depth: int) -> bool:
    if depth < 0:
        return False
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= c <= "\udfff" for c in value)
    if isinstance(value, dict):
        return all(_storable(k, depth) and _storable(v, depth - 1) for k, v in value.items())
    return not isinstance(value, list) or all(_storable(each, depth - 1) for each in value)


class NamedOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class Amount(Strict):
    """An amount in minor units, or as a decimal; the currency is the house's unless given."""

    amount_minor = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=money.LARGEST)
    amount = serializers.DecimalField(required=False, allow_null=True, min_value=0, max_digits=18, decimal_places=4)
    currency = serializers.RegexField(r"^[A-Z]{3}$", required=False)


def amount_of(data: Mapping[str, Any]) -> tuple[int | None, str]:
    """Minor units and currency of what was given; never rounded: more decimals than the currency has are refused."""
    currency = data.get("currency") or settings.HOUSE_CURRENCY
    decimal: Decimal | None = data.get("amount")
    if decimal is None:
        return data.get("amount_minor"), currency
    minor = decimal.scaleb(money.exponent(currency))
    if minor != minor.to_integral_value():
        raise Refused("amount-too-fine", _("The amount has more decimals than its currency."))
    if data.get("amount_minor") not in (None, int(minor)):
        raise Refused("amounts-differ", _("amount and amount_minor say different things: send one of them."))
    return int(minor), currency


def known_country(code: str) -> str:
    if code and pycountry.countries.get(alpha_2=code.upper()) is None:
        raise serializers.ValidationError(_("This is no ISO 3166-1 country code."), code="unknown-country")
    return code.upper()
