"""What a fresh house starts with: sources, a pool, and one published version of each kind. Installed once, changes nothing later."""

from __future__ import annotations

from datetime import UTC, datetime

from capture import defaults as capture_defaults
from capture import services as capture
from leadops.access import system
from leadops.unit import Unit, in_unit
from leadops.versions import services as versions
from qualification import defaults as qualification_defaults
from routing import defaults as routing_defaults
from routing.sla import policy

SETUP = system("setup")
DEFAULTS = (
    *routing_defaults.DEFAULTS,
    *policy.DEFAULTS,
    *capture_defaults.DEFAULTS,
    *qualification_defaults.DEFAULTS,
)
ALWAYS = datetime(2020, 1, 1, tzinfo=UTC)  # shipped versions hold for any past a demo or an import may tell


def install(unit: Unit) -> list[str]:
    """Publish what is missing; returns the names of what was installed."""
    capture.ensure_shipped_sources(unit=unit)
    routing_defaults.ensure_defaults()
    installed = []
    for kind, key, body in DEFAULTS:
        if versions.latest_number(kind, key):
            continue
        made = versions.draft(kind, key, body, actor=SETUP, at=unit.at)
        versions.publish(made.pk, unit=unit, reason="shipped")
        installed.append(f"{kind}:{key}")
    return installed


def install_defaults() -> list[str]:
    return in_unit(install, actor=SETUP, at=ALWAYS)
