"""The draft somebody edits of a kind and key: found, started from what is in force, named; publishing is `services`."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from leadops import ids
from leadops.access import Actor
from leadops.errors import NotFound, Refused
from leadops.unit import Unit
from leadops.versions import services as versions
from leadops.versions.models import Version

RESERVED = ("new", "starters", "cap")


def free_key(kind: str, name: str, reserved: Iterable[str] = RESERVED) -> str:
    """A key made of a name, that no version of this kind has."""
    base = slugify(name)[:44] or kind
    taken = {*Version.objects.filter(kind=kind, key__startswith=base).values_list("key", flat=True), *reserved}
    return ids.unused(base, taken)


def drafts(kind: str, key: str) -> QuerySet[Version]:
    """Drafts nobody has answered, newest first; those with a reason are proposed, the others unfinished."""
    rows = Version.objects.filter(kind=kind, key=key, state=Version.State.DRAFT)
    return rows.select_related("author", "team", "based_on").order_by("-number")


def draft_of(kind: str, key: str, author: uuid.UUID | None = None, *, own: bool = False) -> Version | None:
    """The newest draft, the author's own before anybody else's; `own`: only one the author has not proposed yet."""
    rows = drafts(kind, key)
    mine = rows.filter(author=author) if author else rows.none()
    return mine.filter(reason="").first() if own else mine.first() or rows.first()


def newest_of(kind: str, key: str) -> Version | None:
    """The draft being edited, else the last version there is."""
    rows = Version.objects.filter(kind=kind, key=key).select_related("author", "team")
    return draft_of(kind, key) or rows.order_by("-number").first()


def may_change(actor: Actor, draft: Version) -> bool:
    """Whose proposal it is, or who could publish it."""
    return draft.author_id == actor.user_id or versions.may_publish(actor, draft.kind, draft.team)


def propose(draft: Version, unit: Unit, reason: str) -> Version:
    """One's own draft offered to who publishes, with the reason why."""
    if not reason.strip():
        raise Refused("reason-needed", _("Say why: a reason is needed to propose."))
    faults = versions.check(draft)
    if faults:
        found = [(path, str(message)) for path, message in faults]
        raise Refused("not-publishable", _("This version has faults and cannot be published."), faults=found)
    kept = versions.save_draft(draft.pk, draft.body, actor=unit.actor, at=unit.at)
    kept.reason = reason.strip()
    kept.save(update_fields=["reason"])
    return kept


def discard(draft: Version, unit: Unit, reason: str = "") -> Version:
    """One's own draft thrown away; the number stays taken, and the history says so."""
    kept = versions.save_draft(draft.pk, draft.body, actor=unit.actor, at=unit.at)
    kept.state, kept.reason = Version.State.DECLINED, reason.strip() or "—"
    kept.save(update_fields=["state", "reason"])
    return kept


def start_draft(
    kind: str, key: str, unit: Unit, *, own: bool = False, empty: Mapping[str, Any] | None = None
) -> Version:
    """A draft of what is in force, else of `empty`; one already there that the actor may change (`own`: made) is kept."""
    draft = draft_of(kind, key, unit.actor.user_id, own=own)
    if draft is not None and may_change(unit.actor, draft):
        return draft
    live = versions.version_at(kind, key, unit.at) or newest_of(kind, key)
    if live is None and empty is None:
        raise NotFound(_("There is no such version."))
    body = live.body if live is not None else dict(empty or {})
    return versions.draft(kind, key, body, actor=unit.actor, at=unit.at, based_on=live)
