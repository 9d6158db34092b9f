"""How pages name a person: whole, or by initials for who may not read contacts. Filters of `house`."""

from __future__ import annotations

from typing import Any


def initials(name: str | None) -> str:
    """Anna de la Tour -> AT; one word gives its first two letters."""
    words = [word for word in str(name or "").replace("-", " ").split() if word[0].isalpha()]
    if not words:
        return "?"
    return (words[0][:2] if len(words) == 1 else words[0][0] + words[-1][0]).upper()


def named(person: Any, masked: object) -> str:
    """What the reader may call a person: initials, unless it is certain that they read contacts (`masked` is False)."""
    return str(person) if masked is False else initials(person.name)
