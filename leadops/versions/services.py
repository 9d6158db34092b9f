"""The life of a version: draft, check, publish, roll back, read what is in force. One door for screens, API and admin."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from leadops import access
from leadops.access import Actor
from leadops.errors import NotFound, Refused
from leadops.journal import Kind as EntryKind
from leadops.models import Team
from leadops.unit import Unit
from leadops.versions.kinds import Fault, kind_of
from leadops.versions.models import Publication, Version


def draft(
    kind: str,
    key: str,
    body: dict[str, Any],
    *,
    actor: Actor,
    at: datetime,
    team: Team | None = None,
    based_on: Version | None = None,
) -> Version:
    """A new draft with the next number. Nothing is in force yet; an incomplete body may be kept."""
    access.require(actor, kind_of(kind).verb, team)
    with transaction.atomic():
        last = Version.objects.select_for_update().filter(kind=kind, key=key).order_by("-number").first()
        return Version.objects.create(
            kind=kind,
            key=key,
            number=(last.number if last else 0) + 1,
            body=body,
            schema=kind_of(kind).schema,
            team=team if team is not None else (last.team if last else None),
            author_id=actor.user_id,
            based_on=based_on or last,
            created_at=at,
            changed_at=at,
        )


def save_draft(version_id: uuid.UUID, body: dict[str, Any], *, actor: Actor, at: datetime) -> Version:
    """Change the body of a draft; a published version never changes."""
    with transaction.atomic():
        version = Version.objects.select_for_update().filter(pk=version_id).first()
        if version is None:
            raise NotFound(_("There is no such version."))
        access.require(actor, kind_of(version.kind).verb, version.team)
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
    access.require(unit.actor, kind_of(version.kind).verb, version.team)
    if version.state != Version.State.DRAFT:
        raise Refused("not-a-draft", _("Only a draft can be published."), status=409)
    return _put_in_force(version, unit, reason)


def roll_back(kind: str, key: str, to_number: int, *, unit: Unit, reason: str) -> Version:
    """Publish an older version again: a new publication of the same frozen document."""
    version = Version.objects.select_for_update().filter(kind=kind, key=key, number=to_number).first()
    if version is None or version.state == Version.State.DRAFT:
        raise NotFound(_("There is no such published version."))
    access.require(unit.actor, kind_of(kind).verb, version.team)
    return _put_in_force(version, unit, reason)


def _put_in_force(version: Version, unit: Unit, reason: str) -> Version:
    if not reason.strip():
        raise Refused("reason-needed", _("Say why: a reason is needed to publish."))
    faults = check(version)
    if faults:
        raise Refused(
            "not-publishable",
            _("This version has faults and cannot be published."),
            faults=[(p, str(m)) for p, m in faults],
        )
    live = Publication.objects.select_for_update().filter(kind=version.kind, key=version.key, mode="live")
    for before in live.filter(Q(to_at__isnull=True) | Q(to_at__gt=unit.at)):
        if before.version_id == version.pk:
            raise Refused("already-in-force", _("This version is in force already."), status=409)
        if before.from_at >= unit.at:
            before.delete()
        else:
            Publication.objects.filter(pk=before.pk).update(to_at=unit.at)
        Version.objects.filter(pk=before.version_id).update(state=Version.State.REPLACED)
    Publication.objects.create(
        kind=version.kind, key=version.key, version=version, from_at=unit.at, by_id=unit.actor.user_id
    )
    version.state = Version.State.PUBLISHED
    version.reason = version.reason or reason.strip()
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
        rows = _held(unit.at).select_related("version").defer("version__body").order_by("kind", "key")
        found = unit.memo["versions in force"] = {(row.kind, row.key): row.version for row in rows}
    return found


def _held(at: datetime) -> QuerySet[Publication]:
    rows = Publication.objects.filter(mode=Publication.Mode.LIVE, from_at__lte=at)
    return rows.filter(Q(to_at__isnull=True) | Q(to_at__gt=at))


def in_force(kind: str, key: str, unit: Unit) -> Version | None:
    """The live version at the unit's moment."""
    return _live(unit).get((kind, key))


def all_in_force(kind: str, unit: Unit) -> list[Version]:
    """Every key's live version of a kind at the unit's moment, in key order."""
    return [version for (name, _key), version in _live(unit).items() if name == kind]


def version_at(kind: str, key: str, at: datetime) -> Version | None:
    """The live version of a kind and key at a moment."""
    row = _held(at).select_related("version").filter(kind=kind, key=key).first()
    return row.version if row else None


def all_at(kind: str, at: datetime) -> list[Version]:
    """Every key's live version of a kind at a moment, in key order."""
    return [row.version for row in _held(at).select_related("version").filter(kind=kind).order_by("key")]


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
    return list(Version.objects.filter(kind=kind, key=key).select_related("author").order_by("-number"))


def latest_number(kind: str, key: str) -> int:
    return Version.objects.filter(kind=kind, key=key).aggregate(n=Max("number"))["n"] or 0
