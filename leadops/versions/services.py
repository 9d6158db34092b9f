"""The life of a version: draft, check, publish, roll back, read what is in force. One door for screens, API and admin."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.db.models import Max, Prefetch, QuerySet
from django.utils.translation import gettext_lazy as _

from leadops import access
from leadops.access import Actor
from leadops.errors import NotFound, Refused
from leadops.fold import clean_text
from leadops.journal import Kind as EntryKind
from leadops.models import Team
from leadops.unit import Unit
from leadops.versions.kinds import Fault, kind_of
from leadops.versions.models import Publication, Version

HOUSE = "house"  # the key that is always the house's own


def may_publish(actor: Actor, kind: str, team: Team | None = None) -> bool:
    """Whether the actor puts versions of this kind in force: for a team whoever leads it, for the house (None) only a
    membership that holds for the whole house. Everybody else with the kind's verb may draft, which is to propose."""
    return access.can(actor, kind_of(kind).verb, team or access.WHOLE_HOUSE)


def _require_publish(actor: Actor, version: Version) -> None:
    access.require(actor, kind_of(version.kind).verb, version.team)
    if not may_publish(actor, version.kind, version.team):
        raise Refused(
            "not-allowed",
            _("This holds for the whole house: you may propose a draft, who works for the whole house publishes it."),
            status=403,
            verb=kind_of(version.kind).verb,
        )


def _team_of(kind: str, key: str, team: Team | None, last: Version | None) -> Team | None:
    """Whose key it is: that of its first version for ever; the key `house` is the house's."""
    owner = last.team if last else (None if key == HOUSE else team)
    if team is not None and team != owner:
        raise Refused("key-of-another", _("This key belongs to another team or to the house."), status=409)
    return owner


def draft(
    kind: str,
    key: str,
    body: dict[str, Any],
    *,
    actor: Actor,
    at: datetime,
    team: Team | None = None,
    based_on: Version | None = None,
    reason: str = "",
) -> Version:
    """A new draft with the next number. Nothing is in force yet; an incomplete body may be kept.

    `reason` says why it is proposed; without one the version keeps the reason of its first publication.
    """
    with transaction.atomic():
        rows = Version.objects.select_for_update(of=("self",)).select_related("team")
        last = rows.filter(kind=kind, key=key).order_by("-number").first()
        team = _team_of(kind, key, team, last)
        access.require(actor, kind_of(kind).verb, team)
        return Version.objects.create(
            kind=kind,
            key=key,
            number=(last.number if last else 0) + 1,
            body=body,
            schema=kind_of(kind).schema,
            team=team,
            author_id=actor.user_id,
            reason=fitting(reason),
            based_on=based_on or last,
            created_at=at,
            changed_at=at,
        )


def save_draft(version_id: uuid.UUID, body: dict[str, Any], *, actor: Actor, at: datetime) -> Version:
    """Change the body of a draft; a published version never changes, nor does another's proposal to the house."""
    with transaction.atomic():
        version = Version.objects.select_for_update().filter(pk=version_id).first()
        if version is None:
            raise NotFound(_("There is no such version."))
        access.require(actor, kind_of(version.kind).verb, version.team)
        if version.author_id is None or version.author_id != actor.user_id:
            _require_publish(actor, version)
        if version.state != Version.State.DRAFT:
            raise Refused("frozen", _("A published version cannot be changed: start a new draft."), status=409)
        version.body, version.changed_at = body, at
        version.save(update_fields=["body", "changed_at"])
    return version


def check(version: Version) -> list[Fault]:
    """What stands against publishing this version; empty = nothing."""
    return kind_of(version.kind).check(version.body)


def publish(version_id: uuid.UUID, *, unit: Unit, reason: str) -> Version:
    """Put a version in force from the unit's moment; the one before is replaced. Needs a reason and no fault."""
    version = Version.objects.select_for_update().filter(pk=version_id).first()
    if version is None:
        raise NotFound(_("There is no such version."))
    _require_publish(unit.actor, version)
    if version.state != Version.State.DRAFT:
        raise Refused("not-a-draft", _("Only a draft can be published."), status=409)
    return _put_in_force(version, unit, reason, leaving=lambda before: Version.State.REPLACED)


def decline(version_id: uuid.UUID, *, unit: Unit, reason: str) -> Version:
    """Answer a proposal with no, by who could have published it; needs a reason, and the version stays as it was."""
    version = Version.objects.select_for_update(of=("self",)).filter(pk=version_id).first()
    if version is None:
        raise NotFound(_("There is no such version."))
    _require_publish(unit.actor, version)
    if version.state != Version.State.DRAFT:
        raise Refused("not-a-draft", _("Only a draft can be declined."), status=409)
    reason = fitting(reason)
    if not reason:
        raise Refused("reason-needed", _("Say why: a reason is needed to decline."))
    version.reason = version.reason or reason
    version.state, version.answer, version.changed_at = Version.State.DECLINED, reason, unit.at
    version.save(update_fields=["state", "answer", "reason", "changed_at"])
    return version


def roll_back(kind: str, key: str, to_number: int, *, unit: Unit, reason: str) -> Version:
    """Publish an older version again: a new publication of the same frozen document, with its own reason.

    The newer one it takes the place of is marked rolled back; an older one (a roll back undone) merely replaced.
    """
    version = Version.objects.select_for_update().filter(kind=kind, key=key, number=to_number).first()
    if version is None or version.state in (Version.State.DRAFT, Version.State.DECLINED):
        raise NotFound(_("There is no such published version."))
    _require_publish(unit.actor, version)

    def leaving(before: Version) -> str:
        return Version.State.ROLLED_BACK if before.number > to_number else Version.State.REPLACED

    return _put_in_force(version, unit, reason, leaving)


def fitting(reason: str) -> str:
    """The reason as it is kept, without what no column holds; one that is too long is refused, not cut."""
    reason = clean_text(reason, len(reason)).strip()
    most = Version._meta.get_field("reason").max_length
    if most and len(reason) > most:
        raise Refused("reason-too-long", _("A reason has %(most)s characters at most.") % {"most": most})
    return reason


def _put_in_force(version: Version, unit: Unit, reason: str, leaving: Callable[[Version], str]) -> Version:
    reason = fitting(reason)
    if not reason:
        raise Refused("reason-needed", _("Say why: a reason is needed to publish."))
    faults = check(version)
    if faults:
        raise Refused(
            "not-publishable",
            _("This version has faults and cannot be published."),
            faults=[(p, str(m)) for p, m in faults],
        )
    identity = {"kind": version.kind, "key": version.key, "mode": Publication.Mode.LIVE}
    live = Publication.objects.filter(**identity).overlapping(unit.at, None)
    known_at = unit.at
    for before in live.select_for_update(of=("self",)).select_related("version"):
        if before.version_id == version.pk:
            raise Refused("already-in-force", _("This version is in force already."), status=409)
        known_at = max(
            known_at, before.known_from
        )  # a past told later (demo, import) is known no earlier than what it mends
        Version.objects.filter(pk=before.version_id).update(state=leaving(before.version))
    Publication.objects.change(
        identity=identity,
        values={"version": version, "by_id": unit.actor.user_id, "reason": reason},
        valid_from=unit.at,
        known_at=known_at,
    )
    if version.state == Version.State.DRAFT:
        version.reason = version.reason or reason  # the frozen document never changes; each publication has its own
    version.state = Version.State.PUBLISHED
    Version.objects.filter(pk=version.pk).update(state=version.state, reason=version.reason)
    unit.memo.pop("versions in force", None)
    unit.record(
        EntryKind.VERSION_PUBLISHED,
        version=version.pk,
        data={"kind": version.kind, "key": version.key, "number": version.number},
    )
    return version


def _live(unit: Unit) -> dict[tuple[str, str], Version]:
    """Everything in force at the unit's moment, read once per unit; bodies stay in the database until asked for."""
    found: dict[tuple[str, str], Version] | None = unit.memo.get("versions in force")
    if found is None:
        rows = held_at(unit.at).select_related("version").defer("version__body").order_by("kind", "key")
        found = unit.memo["versions in force"] = {(row.kind, row.key): row.version for row in rows}
    return found


def held_at(at: datetime, known_at: datetime | None = None) -> QuerySet[Publication]:
    """Live publications at a moment, as far as was known at `known_at` (default: at that moment itself)."""
    rows: QuerySet[Publication] = Publication.objects.filter(mode=Publication.Mode.LIVE).state_at(at, known_at)
    return rows


def in_force(kind: str, key: str, unit: Unit) -> Version | None:
    """The live version at the unit's moment."""
    return _live(unit).get((kind, key))


def all_in_force(kind: str, unit: Unit) -> list[Version]:
    """Every key's live version of a kind at the unit's moment, in key order."""
    return [version for (name, _key), version in _live(unit).items() if name == kind]


def version_at(kind: str, key: str, at: datetime, known_at: datetime | None = None) -> Version | None:
    """The live version of a kind and key at a moment, as known at `known_at` (default: at that moment itself)."""
    row = held_at(at, known_at).select_related("version").filter(kind=kind, key=key).first()
    return row.version if row else None


def all_at(kind: str, at: datetime) -> list[Version]:
    """Every key's live version of a kind at a moment, in key order."""
    return [row.version for row in held_at(at).select_related("version").filter(kind=kind).order_by("key")]


@lru_cache(maxsize=512)
def _compiled(version_id: uuid.UUID) -> Any:
    version = Version.objects.get(pk=version_id)
    kind = kind_of(version.kind)
    return kind.compile(kind.upgrade(version.body, version.schema))


def compiled(version: Version) -> Any:
    """The compiled form of a version; a published one is frozen, so it is cached per process by id."""
    if version.state == Version.State.DRAFT:
        kind = kind_of(version.kind)
        return kind.compile(kind.upgrade(version.body, version.schema))
    return _compiled(version.pk)


def history(kind: str, key: str) -> Sequence[Version]:
    """Every version, newest first, with `put_in_force`: its publications as known now, newest first, each with its reason."""
    rows = Version.objects.filter(kind=kind, key=key).select_related("author").prefetch_related(publications())
    return list(rows.order_by("-number"))


def publications() -> Prefetch[Any]:
    """What is known now of when each version held, as `version.put_in_force`."""
    rows = Publication.objects.filter(known_to__isnull=True).select_related("by").order_by("-valid_from", "-id")
    return Prefetch("publications", queryset=rows, to_attr="put_in_force")


def latest_number(kind: str, key: str) -> int:
    return Version.objects.filter(kind=kind, key=key).aggregate(n=Max("number"))["n"] or 0
