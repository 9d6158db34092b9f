"""The version kind `calendar`: working hours of the house, a team or a rep, by key. Arithmetic is in `leadops.calendars`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from leadops import calendars
from leadops.calendars import words
from leadops.templatetags.house import said
from leadops.unit import Unit
from leadops.versions import services
from leadops.versions.kinds import Fault, Kind, register
from leadops.versions.models import Version

HOUSE = services.HOUSE


def _check(body: dict[str, Any]) -> list[Fault]:
    return list(calendars.validate(body))


SHIPPED_NAMES = {HOUSE: _("House hours"), "always": _("Round the clock")}


def name_of(key: str, body: Mapping[str, Any] | None) -> str:
    """What a calendar is called: as its document says, else as the shipped ones are, else its key as words."""
    named = said((body or {}).get("name"))
    return named or str(SHIPPED_NAMES.get(key, "")) or key.replace("-", " ").replace("_", " ").capitalize()


def names_at(at: datetime) -> dict[str, str]:
    """Key to name of every calendar in force, by name."""
    named = {version.key: name_of(version.key, version.body) for version in services.all_at("calendar", at)}
    return dict(sorted(named.items(), key=lambda one: one[1]))


def named_by(key: str, at: datetime) -> list[Version]:
    """The versions in force, of whatever kind, whose document names this calendar."""
    rows = services.held_at(at).select_related("version").exclude(kind="calendar").order_by("kind", "key")
    return [row.version for row in rows if _names(row.version.body, key)]


def _names(body: Any, key: str) -> bool:
    if isinstance(body, Mapping):
        return body.get("calendar") == key or any(_names(part, key) for part in body.values())
    return isinstance(body, list) and any(_names(part, key) for part in body)


def register_kind() -> None:
    register(
        Kind(
            name="calendar",
            label=_("Calendar"),
            verb="edit_calendar",
            check=_check,
            compile=calendars.Calendar.from_body,
            sentence=words.sentence,
        )
    )


def calendar_in_force(key: str, unit: Unit) -> tuple[Version | None, calendars.Calendar]:
    """The calendar of a key at the unit's moment; an unknown key falls back to the house's, then to round the clock."""
    version = services.in_force("calendar", key, unit) or services.in_force("calendar", HOUSE, unit)
    return version, services.compiled(version) if version else calendars.ALWAYS


def calendar_at(key: str, at: datetime) -> calendars.Calendar:
    version = services.version_at("calendar", key, at) or services.version_at("calendar", HOUSE, at)
    compiled: calendars.Calendar = services.compiled(version) if version else calendars.ALWAYS
    return compiled
