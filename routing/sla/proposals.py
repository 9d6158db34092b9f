"""Proposed SLA policies: who is told, what would change, and the answer; publishing itself is the versions' own."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadops import access, moment
from leadops.access import Actor
from leadops.effects import plan
from leadops.errors import NotFound, Refused
from leadops.models import Membership, User
from leadops.templatetags.house import duration, said
from leadops.unit import Unit
from leadops.versions import drafting
from leadops.versions import services as versions
from leadops.versions.models import Version
from routing.sla import reading, switching, trying


def open_proposals() -> QuerySet[Version]:
    """What was proposed and nobody has answered, newest first; unfinished drafts are their makers' own."""
    return drafting.drafts("sla", versions.HOUSE).exclude(reason="")


def draft_of(actor: Actor) -> Version | None:
    """The draft the actor is at, not yet proposed."""
    return drafting.draft_of("sla", versions.HOUSE, actor.user_id, own=True)


def start_draft(unit: Unit) -> Version:
    """A draft of what is in force; the actor's own that is there already is kept."""
    return drafting.start_draft("sla", versions.HOUSE, unit, own=True, empty={"policies": []})


def draft_context(draft: Version, actor: Actor, at: datetime) -> dict[str, Any]:
    """The draft's page: policies in order with the leads each would take, faults, what changes, who may publish."""
    faults = versions.check(draft)
    counts = {row.key: row for row in trying.taken(actor, draft.body, at)}
    known = {} if faults else {row["key"]: row for row in reading.policies_shown(versions.compiled(draft), at)}
    rows = [
        {
            "key": policy.get("key"),
            "label": said(policy.get("label")) or policy.get("key"),
            "sentence": reading.condition_words(policy.get("when") or {}),
            "clocks": known.get(policy.get("key"), {}).get("clocks", []),
            "taken": counts.get(policy.get("key")),
        }
        for policy in draft.body.get("policies", [])
    ]
    return {
        "draft": draft,
        "rows": rows,
        "most": trying.COUNTED,
        "faults": [str(message) for _path, message in faults],
        "change": shown(draft),
        "may_publish": versions.may_publish(actor, "sla"),
    }


SETTLED = {
    "publish": gettext_lazy("Version %(n)s is in force from now on."),
    "propose": gettext_lazy("Proposed as version %(n)s. Who works for the whole house publishes it."),
    "discard": gettext_lazy("Draft %(n)s is thrown away."),
}


def settle(draft: Version, answer: str, reason: str, unit: Unit) -> None:
    """What becomes of one's own draft: in force, proposed, or thrown away."""
    if answer == "publish":
        versions.publish(draft.pk, unit=unit, reason=reason)
    elif answer == "propose":
        tell_proposal(drafting.propose(draft, unit, reason), unit)
    elif answer == "discard":
        drafting.discard(draft, unit, reason)
    else:
        raise Refused("unknown-answer", _("Publish, propose or throw away."))


def shown(version: Version) -> dict[str, Any]:
    """A proposal with the lines it adds and takes out, against what it was made from."""
    before = _lines(version.based_on) if version.based_on else []
    after = [] if versions.check(version) else _lines(version)
    return {
        "version": version,
        "adds": [line for line in after if line not in before],
        "drops": [line for line in before if line not in after] if after else [],
    }


def _lines(version: Version) -> list[str]:
    found = []
    for policy in reading.policies_shown(versions.compiled(version), moment.now()):
        head = said(policy["label"])
        found.append(f"{head}: {policy['sentence']}")
        for clock in policy["clocks"]:
            found.append(
                f"{head} · {clock['label']}: {duration(clock['target'])}, {clock['starts']}, {clock['calendar']}"
            )
            for rung in clock["ladder"]:
                switch = _("on") if rung["on"] else _("off")
                found.append(f"{head} · {clock['label']}: {rung['words']} — {switch}")
    return found


def propose_take_away(policy_key: str, on: bool, unit: Unit, reason: str) -> Version:
    """Propose the switch; everybody who may answer hears of it."""
    proposal = switching.propose_take_away(policy_key, on, unit, reason)
    tell_proposal(proposal, unit)
    return proposal


def tell_proposal(proposal: Version, unit: Unit) -> None:
    """Everybody who may answer hears of it."""
    roles, _scope = access.VERBS["edit_sla"]
    rows = Membership.objects.filter(team__isnull=True, role__in=roles, user__is_active=True)
    for user_id in sorted(set(rows.values_list("user_id", flat=True))):
        _tell(user_id, "sla_proposed", proposal, proposal.reason, unit)


def answer(version_id: uuid.UUID, publish: bool, reason: str, unit: Unit) -> Version:
    """Put a proposal in force or decline it; whoever made it hears which, and why."""
    if not open_proposals().filter(pk=version_id).exists():
        raise NotFound(_("There is no such proposal, or it was answered already."))
    act = versions.publish if publish else versions.decline
    version = act(version_id, unit=unit, reason=reason)
    if version.author_id and version.author_id != unit.actor.user_id:
        _tell(version.author_id, "sla_published" if publish else "sla_declined", version, reason.strip(), unit)
    return version


def _tell(user_id: uuid.UUID, kind: str, version: Version, text: str, unit: Unit) -> None:
    by = User.objects.filter(pk=unit.actor.user_id).values_list("name", flat=True).first() if unit.actor.user_id else ""
    data = {"by": by or "", "number": version.number, "text": text}
    plan.notice(unit, user_id=user_id, key=f"{kind}:{version.pk}:{user_id}", kind=kind, lead=None, data=data)
