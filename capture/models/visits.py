"""What capture keeps of a browser before anybody knows whose it is. Fields and constraints only."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leadops.models import Person
from leadops.models.columns import address, transaction_id


class Visitor(models.Model):
    """A browser that came, before anybody knew whose it is; `person` is the stitch, set when a form names them."""

    id = address()
    token = models.BinaryField(max_length=32, unique=True, help_text="Digest of the first-party cookie.")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="visitors")
    stitched_at = models.DateTimeField(null=True, blank=True)
    first_seen_at = models.DateTimeField()

    class Meta:
        verbose_name = _("visitor")
        verbose_name_plural = _("visitors")
        constraints = [
            models.CheckConstraint(
                name="visitor_stitched_at_a_time",
                condition=Q(person__isnull=True, stitched_at__isnull=True)
                | Q(person__isnull=False, stitched_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return str(self.id)


class Visit(models.Model):
    """One visit of a visitor to a page of ours, with what the address said of its origin; append-only."""

    id = models.BigAutoField(primary_key=True)
    visitor = models.ForeignKey(Visitor, on_delete=models.PROTECT, related_name="visits")
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    url = models.TextField(blank=True, default="")
    referrer = models.TextField(blank=True, default="")
    utm = models.JSONField(default=dict, blank=True)
    click_ids = models.JSONField(default=dict, blank=True)
    xid = transaction_id()

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        indexes = [
            models.Index(fields=["visitor", "occurred_at"], name="visit_of_visitor"),
            models.Index(fields=["xid", "id"], name="visit_incremental"),
        ]

    def __str__(self) -> str:
        return f"{self.visitor_id} {self.occurred_at:%Y-%m-%d %H:%M}"
