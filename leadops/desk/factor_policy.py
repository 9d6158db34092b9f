"""Which roles need a second factor: the version kind `sign_in`, none until somebody publishes one. It lets nobody in itself."""

from __future__ import annotations

import time
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadops import access, moment
from leadops.access import WHOLE_HOUSE
from leadops.models import Role
from leadops.unit import Unit
from leadops.versions import services as versions
from leadops.versions.kinds import Fault, Kind, register
from leadops.versions.models import Version

KIND, KEY = "sign_in", "house"
REMEMBERED = 15.0  # seconds until a process hears what another one put in force
_known: tuple[frozenset[str], float] = (frozenset(), 0.0)


def check(body: dict[str, Any]) -> list[Fault]:
    roles = body.get("second_factor")
    known = isinstance(roles, list) and all(isinstance(role, str) and role in Role.values for role in roles)
    if set(body) != {"second_factor"} or not known:
        return [("second_factor", _("Name the roles that need a second factor, or none."))]
    return []


def compile_roles(body: dict[str, Any]) -> frozenset[str]:
    return frozenset(body.get("second_factor", ()))


def sentence(body: dict[str, Any]) -> str:
    roles = [str(Role(role).label) for role in Role.values if role in body.get("second_factor", ())]
    if not roles:
        return _("Nobody needs a second factor.")
    return _("A second factor is needed by: %(roles)s.") % {"roles": ", ".join(roles)}


def roles_at(at: Any) -> frozenset[str]:
    version = versions.version_at(KIND, KEY, at)
    found: frozenset[str] = versions.compiled(version) if version else frozenset()
    return found


def roles_now() -> frozenset[str]:
    """The same, asked of the database every few seconds alone: every request wants to know."""
    global _known
    if time.monotonic() >= _known[1]:
        remember(roles_at(moment.now()), REMEMBERED)
    return _known[0]


def remember(roles: frozenset[str], seconds: float) -> None:
    global _known
    _known = (roles, time.monotonic() + seconds)


def forget() -> None:
    remember(frozenset(), 0.0)


def put_in_force(roles: list[str], reason: str, unit: Unit) -> Version:
    """Another policy, drafted and published in one act; open sessions meet it at their next step."""
    access.require(unit.actor, "edit_house", WHOLE_HOUSE)
    made = versions.draft(KIND, KEY, {"second_factor": sorted(roles)}, actor=unit.actor, at=unit.at)
    unit.after_commit(forget)
    return versions.publish(made.pk, unit=unit, reason=reason)


def register_kind() -> None:
    register(Kind(KIND, gettext_lazy("Sign-in"), "edit_house", check, compile_roles, sentence))
