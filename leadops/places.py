"""Countries and languages by code and name in the reader's language; knows no lead and no territory."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale
from django.utils.translation import get_language

from leadops.fold import fold

# codes the name list knows that are no country of an address
_NOT_REAL = frozenset({"EU", "EZ", "UN", "ZZ", "XA", "XB", "QO", "XK", "AC", "CP", "CQ", "DG", "EA", "IC", "TA"})


def countries() -> list[tuple[str, str]]:
    """Every country as (code, name), by name in the active language."""
    return list(_named((get_language() or "en")[:2]))


def languages() -> list[tuple[str, str]]:
    """Every language with a code of two letters (ISO 639-1) as (code, name), by name in the active language."""
    return list(_spoken((get_language() or "en")[:2]))


@lru_cache(maxsize=8)
def _spoken(reader: str) -> tuple[tuple[str, str], ...]:
    names = Locale(reader).languages
    real = [(code, name) for code, name in names.items() if len(code) == 2]
    return tuple(sorted(real, key=lambda one: fold(one[1])))


@lru_cache(maxsize=8)
def _named(language: str) -> tuple[tuple[str, str], ...]:
    names = Locale(language).territories
    real = [(code, name) for code, name in names.items() if len(code) == 2 and code.isalpha() and code not in _NOT_REAL]
    return tuple(sorted(real, key=lambda one: fold(one[1])))
