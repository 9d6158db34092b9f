"""Giving back a lead one has just taken from a pool: within a quarter of an hour, while nothing was done on it."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from leadops import access
from leadops.errors import Refused
from leadops.journal import JournalEntry, Kind
from leadops.models import Lead
from leadops.unit import Unit
from routing import assignments
from routing.models import Assignment
from routing.taking_back import WORK

GRACE = timedelta(minutes=15)


def fresh_claims(rep_id: uuid.UUID | None, at: datetime) -> QuerySet[Assignment]:
    """What a rep took within the grace time and still has, newest first."""
    rows = Assignment.objects.filter(rep=rep_id, how=Assignment.How.CLAIMED, ended_at__isnull=True)
    return (
        rows.filter(started_at__gt=at - GRACE, accepted_at__isnull=True).select_related("lead__person").order_by("-id")
    )


def give_back(lead: Lead, unit: Unit) -> None:
    """Back to its pool for the others; the turn is given back, the claim still counts among those of 24 hours."""
    (lead,) = unit.leads([lead.pk])
    access.require(unit.actor, "hand_back", lead)
    row = fresh_claims(unit.actor.user_id, unit.at).filter(lead=lead).first()
    done = JournalEntry.objects.filter(lead=lead, kind__in=WORK, actor=unit.actor.user_id)
    if row is None or done.filter(at__gte=row.started_at).exists():
        raise Refused(
            "grace-over",
            _("A lead is given back within 15 minutes, before anything was done on it. Hand it back with a reason."),
            status=409,
        )
    before = lead.owner_id
    assignments.give_back(assignments.end([lead], unit, "released").values(), unit)
    assignments.hold(lead, "", unit, pool=lead.pool)
    lead.held_at = None
    assignments.write_leads([lead], {lead.pk: before}, unit)
    unit.record(
        Kind.RELEASED, lead, data={"pool": lead.pool, "reason": "given_back", "rep": str(before), "reroute": False}
    )
    unit.wake("inbox", before)
