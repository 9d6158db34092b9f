"""Days and instants in words: the house's one form per language, in the reader's zone; it knows no row and no markup."""

from __future__ import annotations

from datetime import date, datetime, tzinfo
from functools import lru_cache
from typing import Final

from babel.dates import format_date, format_datetime
from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language

PATTERNS: Final[dict[str, dict[str, str]]] = {
    "fr": {
        "full": "EEEE d MMMM y 'à' HH:mm zzzz",
        "stamp": "d MMM y 'à' HH:mm",
        "near": "d MMM 'à' HH:mm",
        "day": "d MMM y",
        "near day": "d MMM",
    },
    "en": {
        "full": "EEEE d MMMM y, HH:mm zzzz",
        "stamp": "d MMM y, HH:mm",
        "near": "d MMM, HH:mm",
        "day": "d MMM y",
        "near day": "d MMM",
    },
}


def language() -> str:
    """The reader's language as two letters."""
    return (get_language() or settings.LANGUAGE_CODE).split("-")[0]


def pattern(form: str) -> str:
    return PATTERNS.get(language(), PATTERNS["en"])[form]


def instant_words(at: datetime, form: str = "stamp") -> str:
    """5 Mar 2026, 14:05 · 5 mars 2026 à 14:05; the instant already carries the zone it is shown in."""
    return _words(at.replace(tzinfo=None), at.fold, at.tzinfo, pattern(form), language())


@lru_cache(maxsize=4096)  # a list is shown again and again, and a zone's name is dear
def _words(clock: datetime, fold: int, zone: tzinfo | None, pattern: str, tongue: str) -> str:
    at = clock.replace(tzinfo=zone, fold=fold)
    return format_datetime(at, pattern, tzinfo=zone, locale=tongue)  # no zone would make Babel take UTC


def day_words(value: date, form: str = "day") -> str:
    """5 Mar 2026 · 5 mars 2026."""
    return format_date(value, pattern(form), locale=language())


def local(at: datetime) -> datetime:
    """In the reader's zone; at the ends of the calendar, where a zone would step over the edge, as it is."""
    try:
        return timezone.localtime(at)
    except OverflowError:
        return at


def kept_whole(words: str) -> str:
    """A day is not broken at the end of a line, nor an hour from its “à”."""
    return words.replace(" ", "\u00a0").replace(",\u00a0", ", ").replace("\u00a0à\u00a0", " à\u00a0")
