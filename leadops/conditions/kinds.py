"""The kinds of value a condition can speak about: how each is read, written and typed in SQL; it compares nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from leadops.fold import fold

TEXT_LIMIT: Final = 200
HIGHEST: Final = 17  # power of ten of the first digit
FINEST: Final = -9  # decimal places
MOST_DIGITS: Final = 28  # beyond them decimal arithmetic rounds
REPORTABLE: Final = 15  # significant digits a JSON number keeps exactly


class Numeric(models.DecimalField):  # type: ignore[type-arg]  # Django refuses the brackets at run time
    """PostgreSQL's numeric without a precision: comparing must not round."""

    def db_type(self, connection: Any) -> str:
        return "numeric"

    def cast_db_type(self, connection: Any) -> str:
        return "numeric"


class Unreadable(ValueError):
    """A raw value that cannot be brought into a kind's canonical form; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: `read_fact` for what is known of a lead, `read_operand` for what a condition compares it with."""

    key: str
    label: Promise
    read_fact: Callable[[Any], Any]
    read_operand: Callable[[Any], Any]
    to_json: Callable[[Any], Any]
    operand_column: Callable[[], models.Field[Any, Any]]
    empty_is_unknown: bool = False  # '' in a column of texts means that nobody said anything


def text(raw: Any) -> str:
    if not isinstance(raw, str):
        raise Unreadable("not-text")
    folded = fold(raw)
    if not folded:
        raise Unreadable("empty")
    if len(folded) > TEXT_LIMIT:
        raise Unreadable("too-long")
    return folded


def text_fact(raw: Any) -> str:
    if not isinstance(raw, str):
        raise Unreadable("not-text")
    return fold(raw)


def code(raw: Any) -> str:
    if not isinstance(raw, str):
        raise Unreadable("not-a-code")
    if not raw.strip():
        raise Unreadable("empty")
    if len(raw) > TEXT_LIMIT or not raw.isprintable():
        raise Unreadable("not-a-code")
    return raw.strip()


def codes(raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, (list, tuple, set, frozenset)):
        raise Unreadable("not-a-list")
    return tuple(sorted({code(each) for each in raw}))


def number(raw: Any) -> Decimal:
    if isinstance(raw, bool) or not isinstance(raw, (int, float, str, Decimal)):
        raise Unreadable("not-a-number")
    if isinstance(raw, str) and len(raw) > 60:
        raise Unreadable("not-a-number")
    try:
        found = Decimal(str(raw)) if isinstance(raw, float) else Decimal(raw)
    except InvalidOperation as fault:
        raise Unreadable("not-a-number") from fault
    if not found.is_finite():
        raise Unreadable("not-a-number")
    if len(found.as_tuple().digits) > MOST_DIGITS:
        raise Unreadable("out-of-range")
    if found and (found.adjusted() > HIGHEST or found.adjusted() < FINEST or _places(found) < FINEST):
        raise Unreadable("out-of-range")
    return _plain(found)


def _places(value: Decimal) -> int:
    return int(value.normalize().as_tuple().exponent)


def _plain(value: Decimal) -> Decimal:
    """The shortest form without an exponent; minus zero is zero."""
    short = value.normalize()
    return short.quantize(Decimal(1)) + 0 if short.as_tuple().exponent > 0 or not short else short  # type: ignore[operator]


def whole(raw: Any) -> int:
    found = number(raw)
    if found != found.to_integral_value() or found < 0:
        raise Unreadable("not-a-count")
    return int(found)


def day(raw: Any) -> date:
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    if not isinstance(raw, str):
        raise Unreadable("not-a-day")
    try:
        return date.fromisoformat(raw.strip())
    except ValueError as fault:
        raise Unreadable("not-a-day") from fault


def instant(raw: Any) -> datetime:
    if isinstance(raw, str):
        try:
            raw = datetime.fromisoformat(raw.strip())
        except ValueError as fault:
            raise Unreadable("not-an-instant") from fault
    if not isinstance(raw, datetime):
        raise Unreadable("not-an-instant")
    if raw.tzinfo is None:
        raise Unreadable("no-zone")
    try:
        return raw.astimezone(UTC)
    except OverflowError as fault:
        raise Unreadable("out-of-range") from fault


def flag(raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise Unreadable("not-a-flag")
    return raw


def number_to_json(value: Any) -> int | float | str:
    """A JSON number where it keeps every digit, else a string."""
    exact = number(value)
    if exact == exact.to_integral_value():
        return int(exact)
    return float(exact) if len(exact.as_tuple().digits) <= REPORTABLE else str(exact)


def instant_to_json(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _same(value: Any) -> Any:
    return value


def _no_operand(raw: Any) -> Any:
    raise Unreadable("no-value-wanted")


KINDS: Final[dict[str, Kind]] = {
    kind.key: kind
    for kind in (
        Kind("text", pgettext_lazy("condition", "text"), text_fact, text, _same, models.TextField, True),
        Kind("choice", pgettext_lazy("condition", "choice"), code, code, _same, models.TextField, True),
        Kind("multi", pgettext_lazy("condition", "several choices"), codes, code, list, models.TextField),
        Kind("number", pgettext_lazy("condition", "number"), number, number, number_to_json, Numeric),
        Kind("count", pgettext_lazy("condition", "count"), whole, number, number_to_json, Numeric),
        Kind("day", pgettext_lazy("condition", "day"), day, day, date.isoformat, models.DateField),
        Kind("instant", pgettext_lazy("condition", "instant"), instant, instant, instant_to_json, models.DateTimeField),
        Kind("flag", pgettext_lazy("condition", "yes or no"), flag, _no_operand, _same, models.BooleanField),
    )
}


def array_column(kind: Kind) -> ArrayField[Any, Any]:
    """The type of a list of operands as one SQL parameter."""
    return ArrayField(kind.operand_column())
