"""What prospects do: append-only touches; personal parts in a side row that can be erased."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from leadops.models.columns import transaction_id
from leadops.models.lead import Lead
from leadops.models.person import Person


class Touch(models.Model):
    """One act of a person: a form, a reply, a visit stitched to them. Keeps the person it was born with."""

    class Kind(models.TextChoices):
        INQUIRY = "inquiry", _("Inquiry")
        DOWNLOAD = "download", _("Download")
        EVENT = "event", _("Event")
        VISIT = "visit", _("Visit")
        REPLY = "reply", _("Reply")
        CALL = "call", _("Call from the prospect")
        CLICK = "click", _("Click")
        BOUNCE = "bounce", _("Bounce")
        COMPLAINT = "complaint", _("Complaint")

    id = models.BigAutoField(primary_key=True)
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="touches", db_constraint=False, db_index=False
    )
    lead = models.ForeignKey(
        Lead,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="touches",
        db_constraint=False,
        db_index=False,
    )
    kind = models.CharField(max_length=12, choices=Kind.choices)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    source = models.CharField(max_length=64)
    channel = models.CharField(max_length=40, default="unknown")
    channel_rule = models.CharField(max_length=80, blank=True, default="")
    medium = models.CharField(max_length=80, blank=True, default="")
    campaign = models.CharField(max_length=64, blank=True, default="")
    content = models.CharField(max_length=120, blank=True, default="")
    term = models.CharField(max_length=120, blank=True, default="")
    utm_source = models.CharField(max_length=120, blank=True, default="")
    utm_campaign = models.CharField(max_length=120, blank=True, default="")
    submission = models.UUIDField(null=True, blank=True)
    xid = transaction_id()

    class Meta:
        indexes = [
            models.Index(fields=["person", "occurred_at"], name="touch_of_person"),
            models.Index(fields=["lead", "occurred_at"], name="touch_of_lead"),
            models.Index(fields=["xid", "id"], name="touch_incremental"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.occurred_at:%Y-%m-%d %H:%M}"


class TouchDetail(models.Model):
    """The personal side of a touch (free text, addresses of pages): erased, never counted."""

    touch = models.BigIntegerField(primary_key=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    message = models.TextField(blank=True, default="")
    landing_url = models.TextField(blank=True, default="")
    referrer = models.TextField(blank=True, default="")
    click_ids = models.JSONField(default=dict, blank=True)
    fields = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return str(self.touch)
