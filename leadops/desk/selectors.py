"""What the desk shows: the queue of a rep, lists of leads, notices. Reads only; every query starts from `access`."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core import signing
from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from leadops import access
from leadops.access import Actor
from leadops.effects.models import Notice
from leadops.models import Lead, Touch
from leadops.work import Work

PAGE = 25
TABS = ("now", "snoozed", "waiting", "all")
MOST = 100  # counts are capped: "99+"


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[Any]
    after: str


def work_of(actor: Actor, tab: str) -> QuerySet[Work]:
    """The actor's own queue rows of a tab, in working order: due first, then band, then heat."""
    rows = Work.objects.filter(owner=actor.user_id)
    if tab == "now":
        rows = rows.filter(wakes_at__isnull=True, waiting_on=Work.Waiting.US)
    elif tab == "snoozed":
        return rows.filter(wakes_at__isnull=False).order_by("wakes_at", "lead")
    elif tab == "waiting":
        rows = rows.filter(wakes_at__isnull=True, waiting_on=Work.Waiting.PROSPECT)
    return rows.order_by(F("due_at").asc(nulls_last=True), "-score_band", "-heat", "lead")


def counts_of(actor: Actor) -> dict[str, int]:
    """How many rows each tab has, capped."""
    return {tab: work_of(actor, tab).order_by()[:MOST].count() for tab in TABS}


def due_count(actor: Actor, at: datetime) -> int:
    """The badge: rows on us with something due, capped."""
    return Work.objects.filter(owner=actor.user_id, wakes_at__isnull=True, due_at__isnull=False)[:MOST].count()


def inbox_page(actor: Actor, tab: str, after: str = "") -> Page:
    """One keyset page of the queue with leads, people and sheets."""
    rows = work_of(actor, tab).select_related("lead__person", "lead__account", "lead__score_sheet")
    if after and tab != "snoozed":
        rows = rows.filter(_beyond(after))
    found = list(rows[: PAGE + 1])
    more = found[PAGE - 1] if len(found) > PAGE else None
    return Page(found[:PAGE], _cursor(more) if more else "")


def _cursor(row: Work) -> str:
    key = [row.due_at.isoformat() if row.due_at else None, row.score_band, row.heat, str(row.lead_id)]
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _beyond(cursor: str) -> Q:
    """Rows after a cursor in the queue's order; an unreadable cursor starts from the beginning."""
    try:
        due, band, heat, lead = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        at = datetime.fromisoformat(due) if due else None
        key = uuid.UUID(lead)
    except (ValueError, TypeError):
        return Q()
    tail = Q(score_band__lt=band) | Q(score_band=band, heat__lt=heat) | Q(score_band=band, heat=heat, lead__gt=key)
    if at is None:
        return Q(due_at__isnull=True) & tail
    return Q(due_at__gt=at) | Q(due_at__isnull=True) | (Q(due_at=at) & tail)


def arrivals(actor: Actor, since: datetime, limit: int = 100) -> list[Work]:
    """Rows that came into the actor's queue after a page was shown."""
    rows = work_of(actor, "now").filter(since__gt=since).select_related("lead__person", "lead__account")
    return list(rows.order_by("since")[:limit])


def shown_at_token(at: datetime) -> str:
    return signing.dumps(at.isoformat(), salt="leadops.shown")


def shown_at(token: str) -> datetime | None:
    try:
        return datetime.fromisoformat(signing.loads(token, salt="leadops.shown"))
    except (signing.BadSignature, ValueError):
        return None


def leads_list(actor: Actor) -> QuerySet[Lead]:
    """Every lead the actor sees, newest first; filtered by `desk.filters.LeadFilter` for page and API alike."""
    return access.leads_visible_to(actor).select_related("person", "account", "owner__user").order_by("-id")


def last_touches(leads: Sequence[Lead]) -> dict[uuid.UUID, Touch]:
    """The newest touch of each lead, in one query."""
    newest = Touch.objects.filter(lead=OuterRef("pk")).order_by("-occurred_at", "-id").values("id")[:1]
    keys = (
        Lead.objects.filter(pk__in=[lead.pk for lead in leads])
        .annotate(newest=Subquery(newest))
        .values_list("newest", flat=True)
    )
    found = Touch.objects.filter(pk__in=[key for key in keys if key])
    return {touch.lead_id: touch for touch in found if touch.lead_id}


def neighbours(actor: Actor, lead: Lead, tab: str) -> tuple[Lead | None, Lead | None, int]:
    """Previous and next lead of the list one came from, and the position in it (0 = not in it)."""
    keys = list(work_of(actor, tab).values_list("lead_id", flat=True)[:200])
    if lead.pk not in keys:
        return None, (Lead.objects.filter(pk=keys[0]).first() if keys else None), 0
    i = keys.index(lead.pk)
    near = {row.pk: row for row in Lead.objects.filter(pk__in=keys[max(0, i - 1) : i + 2])}
    before = near.get(keys[i - 1]) if i > 0 else None
    after = near.get(keys[i + 1]) if i + 1 < len(keys) else None
    return before, after, i + 1


def notices_of(actor: Actor, limit: int = 50) -> list[Notice]:
    return list(Notice.objects.filter(user=actor.user_id).select_related("lead__person").order_by("-at", "-id")[:limit])


def unseen_notices(actor: Actor) -> int:
    return Notice.objects.filter(user=actor.user_id, seen_at__isnull=True)[:MOST].count()
