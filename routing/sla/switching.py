"""The one change made with a click: switching the take-away step of a policy on or off, as a new version or a proposal."""

from __future__ import annotations

import copy
from typing import Any

from django.utils.translation import gettext as _

from leadops.errors import NotFound, Refused
from leadops.unit import Unit
from leadops.versions import services as versions
from leadops.versions.models import Version


def switch_take_away(policy_key: str, on: bool, unit: Unit, reason: str) -> Version:
    """Publish the SLA policies with the take-away steps of one policy switched; running clocks keep their version."""
    return versions.publish(propose_take_away(policy_key, on, unit, reason).pk, unit=unit, reason=reason)


def propose_take_away(policy_key: str, on: bool, unit: Unit, reason: str) -> Version:
    """The same as a draft, for whoever publishes for the whole house to decide."""
    reason = versions.fitting(reason)
    if not reason:
        raise Refused("reason-needed", _("Say why: a reason is needed to publish."))
    live = versions.in_force("sla", "house", unit)
    if live is None:
        raise NotFound(_("No SLA policy is in force."))
    body: dict[str, Any] = copy.deepcopy(live.body)
    found = [p for p in body["policies"] if p["key"] == policy_key]
    if not found:
        raise NotFound(_("There is no such policy."))
    for clock in found[0]["clocks"]:
        for rung in clock.get("ladder", []):
            if rung["do"] == "take_away":
                rung["on"] = on
    return versions.draft("sla", "house", body, actor=unit.actor, at=unit.at, based_on=live, reason=reason)
