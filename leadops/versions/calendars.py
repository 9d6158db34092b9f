"""The version kind `calendar`: working hours of the house, a team or a rep, by key. Arithmetic is in `leadops.calendars`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from leadops import calendars
from leadops.unit import Unit
from leadops.versions import services
from leadops.versions.kinds import Fault, Kind, register
from leadops.versions.models import Version

HOUSE = services.HOUSE


def _check(body: dict[str, Any]) -> list[Fault]:
    return list(calendars.validate(body))


def _sentence(body: dict[str, Any]) -> str:
    return f"{body.get('zone', '')}"


def register_kind() -> None:
    register(
        Kind(
            name="calendar",
            label=_("Calendar"),
            verb="edit_calendar",
            check=_check,
            compile=calendars.Calendar.from_body,
            sentence=_sentence,
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
