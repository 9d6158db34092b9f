"""Rows of nurture for screens and the ticker; every list for people starts from the leads the actor sees."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet

from leadops import access, moment
from leadops.access import Actor
from leadops.conditions import sql
from leadops.effects.models import Effect
from leadops.models import OPEN_STAGES, Lead, Stage
from leadops.stalled import is_apart
from leadops.templatetags.house import said
from leadops.versions import services as versions
from leadops.versions.models import Version
from nurture.models import LIVE, Enrolment
from nurture.sequence import Sequence as Flow

DOOR = "sequences"
ENTRIES = "entries"
PURPOSE = "sequence"


def next_due(at: datetime) -> datetime | None:
    """When the ticker should look: the first step that is due."""
    return _due().values_list("next_at", flat=True).first()


def due_leads(at: datetime, limit: int) -> list[uuid.UUID]:
    return list(_due().filter(next_at__lte=at).values_list("lead_id", flat=True)[:limit])


def _due() -> QuerySet[Enrolment]:
    return Enrolment.objects.filter(~is_apart(DOOR, "lead_id"), state="active").order_by("next_at")


def waiting_to_enter(at: datetime, limit: int) -> list[uuid.UUID]:
    """Leads that meet an entry condition now and were neither in its sequence nor kept out of it in their cycle."""
    found: list[uuid.UUID] = []
    for version in versions.all_at("sequence", at):
        flow: Flow = versions.compiled(version)
        if flow.by_condition and len(found) < limit:
            found += _meeting(version.key, flow, at).values_list("pk", flat=True)[: limit - len(found)]
    return sorted(set(found))


def _meeting(key: str, flow: Flow, at: datetime) -> QuerySet[Lead]:
    known = Enrolment.objects.filter(lead=OuterRef("pk"), sequence=key, cycle=OuterRef("cycle"))
    busy = Enrolment.objects.filter(person=OuterRef("canonical"), state__in=LIVE)
    rows = Lead.objects.filter(stage__in=(*OPEN_STAGES, Stage.RECYCLED), absorbed_by__isnull=True)
    rows = rows.filter(~Exists(known), ~Exists(busy), ~is_apart(ENTRIES))
    return sql.apply(rows, dict(flow.document), at)


def meeting_count(document: Any, at: datetime, limit: int) -> int:
    """How many leads meet a condition now, counted up to a limit."""
    rows = Lead.objects.filter(stage__in=(*OPEN_STAGES, Stage.RECYCLED), absorbed_by__isnull=True)
    return sql.apply(rows, document, at).values("pk")[:limit].count()


def enrolments_visible_to(actor: Actor) -> QuerySet[Enrolment]:
    if not access.can(actor, "read_sequences"):
        return Enrolment.objects.none()
    rows = Enrolment.objects.filter(lead__in=access.leads_visible_to(actor))
    return rows.select_related("lead__person", "version", "by")


def enrolments_of(lead: Lead) -> QuerySet[Enrolment]:
    return Enrolment.objects.filter(lead=lead).select_related("version", "by").order_by("-id")


def live_of(lead: Lead) -> Enrolment | None:
    return Enrolment.objects.filter(lead=lead, state__in=LIVE).select_related("version").first()


def letters_visible_to(actor: Actor) -> QuerySet[Effect]:
    """Mails to prospects, newest first."""
    if not access.can(actor, "read_letters"):
        return Effect.objects.none()
    return Effect.objects.filter(person__isnull=False, lead__in=access.leads_visible_to(actor))


def counts_of(keys: Iterable[str]) -> dict[str, dict[str, int]]:
    """Sequence -> how many enrolments stand in each state."""
    rows = Enrolment.objects.filter(sequence__in=list(keys)).values_list("sequence", "state").annotate(n=Count("pk"))
    found: dict[str, dict[str, int]] = {}
    for key, state, n in rows:
        found.setdefault(key, {})[state] = n
    return found


def sequences() -> list[dict[str, Any]]:
    """Every key with its version in force and its newest draft, in key order."""
    return _keys("sequence")


def templates() -> list[dict[str, Any]]:
    return _keys("template")


def _keys(kind: str) -> list[dict[str, Any]]:
    newest: dict[str, Version] = {}
    for row in Version.objects.filter(kind=kind).select_related("author").order_by("key", "-number"):
        newest.setdefault(row.key, row)
    live = {row.key: row for row in live_versions(kind)}
    return [
        {"key": key, "newest": row, "live": live.get(key), "name": said((live.get(key) or row).body.get("name")) or key}
        for key, row in newest.items()
    ]


def live_versions(kind: str) -> Sequence[Version]:
    return versions.all_at(kind, moment.now())


def names(keys: Iterable[str]) -> dict[str, str]:
    """Sequence key -> its name in the reader's language."""
    newest: dict[str, str] = {}
    for row in Version.objects.filter(kind="sequence", key__in=set(keys)).order_by("key", "-number"):
        newest.setdefault(row.key, said(row.body.get("name")) or row.key)
    return newest
