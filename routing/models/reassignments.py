"""Leads moved together by hand: the plan, its rows, what became of each. No verbs."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leadops.models import Lead, Rep, User
from leadops.models.columns import address


class Reassignment(models.Model):
    """Leads moved together: planned, carried out in chunks, taken back within a day where nobody worked on them.

    `destination` is `rules`, `pool:<key>` or `rep:<id>`.
    """

    id = address()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    destination = models.CharField(max_length=64)
    reason = models.CharField(max_length=300)
    planned_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("reassignment")
        verbose_name_plural = _("reassignments")
        constraints = [
            models.CheckConstraint(
                name="reassignment_order",
                condition=(Q(done_at__isnull=True) | Q(started_at__isnull=False))
                & (Q(undone_at__isnull=True) | Q(done_at__isnull=False)),
            )
        ]
        indexes = [models.Index(fields=["by", "-id"], name="reassignment_of")]

    def __str__(self) -> str:
        return f"{self.destination} {self.planned_at:%Y-%m-%d %H:%M}"


class ReassignedLead(models.Model):
    """One lead of a reassignment: where it was, who was foreseen, what became of it.

    `foreseen` empty with a `note` = nobody could take it when it was planned. `result` empty = not done yet.
    """

    class Result(models.TextChoices):
        MOVED = "moved", _("Moved")
        WAITS = "waits", _("Waits for an owner")
        CHANGED = "changed", _("Changed hands meanwhile")
        CLOSED = "closed", _("Closed meanwhile")
        STAYED = "stayed", _("Had this owner already")
        UNDONE = "undone", _("Taken back")
        WORKED_ON = "worked_on", _("Changed since: stays")

    id = models.BigAutoField(primary_key=True)
    reassignment = models.ForeignKey(Reassignment, on_delete=models.CASCADE, related_name="rows", db_index=False)
    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="+")
    before = models.ForeignKey(Rep, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    held = models.CharField(max_length=24, blank=True, default="")
    pool = models.CharField(max_length=50, blank=True, default="")
    foreseen = models.ForeignKey(Rep, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    note = models.CharField(max_length=24, blank=True, default="")
    got = models.ForeignKey(Rep, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    result = models.CharField(max_length=12, choices=Result.choices, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reassignment", "lead"], name="reassignedlead_once")]

    def __str__(self) -> str:
        return f"{self.lead_id} → {self.got_id or self.foreseen_id}"
