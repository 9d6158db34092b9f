"""Leads whose work failed: what is left to do for each, why, and when it is tried again. It runs nothing itself."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import models, transaction
from django.db.models import Exists, Min, OuterRef
from django.utils.translation import gettext_lazy as _

from leadops.models import Lead

RETRY_AFTER = (5, 30, 120, 600, 3600)  # seconds between retries; the last one repeats
MOST_LOOPS = 5  # retries of a lead that goes in circles, before it waits for a person
LOOP = "loop"  # the `phase` of such a lead
STARTS = "stalled.starts"  # in a unit's memo: how often the lead that is retried was started


class Stalled(models.Model):
    """A lead whose later phase or batch failed: visible, held with reason `error`, retried with back-off.

    `entries` are the journal rows whose phases are still to run, `doors` the batches that go on without the lead.
    Without `due_at` it waits for a person.
    """

    lead = models.OneToOneField(
        Lead, verbose_name=_("lead"), primary_key=True, on_delete=models.CASCADE, related_name="stalled"
    )
    phase = models.CharField(_("step"), max_length=24)
    entries = models.JSONField(default=list)
    doors = models.JSONField(default=list)
    due_at = models.DateTimeField(_("next try"), null=True)
    starts = models.PositiveSmallIntegerField(_("tries"), default=0)
    error = models.CharField(_("cause"), max_length=500)
    at = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("stalled lead")
        verbose_name_plural = _("stalled leads")
        indexes = [models.Index(fields=["due_at"], name="stalled_due")]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.phase}"


def is_apart(door: str, lead: str = "pk") -> Exists:
    """Condition: this batch failed on the lead in column `lead` and goes on without it."""
    return Exists(Stalled.objects.filter(lead=OuterRef(lead), doors__contains=[door]))


def next_due(at: datetime) -> datetime | None:
    """When the ticker has to look again."""
    due: datetime | None = Stalled.objects.aggregate(n=Min("due_at"))["n"]
    return due


def claim(at: datetime, limit: int = 50) -> list[uuid.UUID]:
    """Stalled leads that are due; their start is counted and the next retry set before they run."""
    with transaction.atomic():
        rows = list(
            Stalled.objects.select_for_update(skip_locked=True).filter(due_at__lte=at).order_by("due_at")[:limit]
        )
        for row in rows:
            Stalled.objects.filter(pk=row.pk).update(starts=row.starts + 1, due_at=at + back_off(row.starts))
    return [row.lead_id for row in rows]


def back_off(starts: int) -> timedelta:
    return timedelta(seconds=RETRY_AFTER[min(starts, len(RETRY_AFTER) - 1)])


def note(
    lead_id: uuid.UUID,
    *,
    phase: str,
    cause: str,
    at: datetime,
    due_at: datetime | None,
    entries: list[int] | None = None,
    doors: list[str] | None = None,
    starts: int = 0,
) -> None:
    """One row a lead: what is left is added to what was. The caller's unit holds the lead, which comes before its row."""
    row, created = Stalled.objects.get_or_create(
        lead_id=lead_id,
        defaults={
            "phase": phase, "entries": entries or [], "doors": doors or [], "due_at": due_at, "starts": starts,
            "error": cause[:500], "at": at,
        },
    )  # fmt: skip
    if not created:
        Stalled.objects.filter(pk=row.pk).update(
            entries=sorted({*row.entries, *(entries or [])}),
            doors=sorted({*row.doors, *(doors or [])}),
            phase=phase,
            error=cause[:500],
        )


def retry_now(lead_ids: list[uuid.UUID], at: datetime) -> int:
    """A person asks for another try at once; how many will be. Retries already made do not count any more."""
    return Stalled.objects.filter(pk__in=lead_ids).update(due_at=at, starts=0)
