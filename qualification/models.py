"""What qualification writes: score lines, handoffs. Scorecards and MQL definitions are versions. No verbs."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from leadops.models import Lead, Rep, User
from leadops.models.columns import address, transaction_id
from leadops.versions.models import Version


class ScoreSheet(models.Model):
    """The lines a lead's score is the sum of, under one scorecard version; replaced when recomputed."""

    lead = models.OneToOneField(
        Lead, primary_key=True, on_delete=models.CASCADE, related_name="score_sheet", db_constraint=False
    )
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    fit = models.SmallIntegerField()
    engagement = models.SmallIntegerField()
    score = models.SmallIntegerField()
    band = models.CharField(max_length=8, blank=True, default="")
    grade = models.CharField(max_length=2, blank=True, default="")
    lines = models.JSONField(default=list)
    knocked_out = models.CharField(max_length=50, blank=True, default="")
    next_change_at = models.DateTimeField(null=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["next_change_at"], name="scoresheet_due", condition=Q(next_change_at__isnull=False))
        ]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.score}"


class Handoff(models.Model):
    """Marketing offers, sales accepts or hands back with a reason. At most one is open per lead."""

    class State(models.TextChoices):
        OFFERED = "offered", _("Offered")
        ACCEPTED = "accepted", _("Accepted")
        HANDED_BACK = "handed_back", _("Handed back")
        EXPIRED = "expired", _("Expired")
        WITHDRAWN = "withdrawn", pgettext_lazy("handoff", "Withdrawn")

    id = address()
    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="handoffs")
    cycle = models.PositiveSmallIntegerField(default=1)
    definition = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    decision = models.UUIDField(null=True)
    rep = models.ForeignKey(Rep, on_delete=models.PROTECT, null=True, related_name="handoffs", db_constraint=False)
    state = models.CharField(max_length=12, choices=State.choices, default=State.OFFERED)
    reason = models.CharField(max_length=40, blank=True, default="")
    offered_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    xid = transaction_id()

    class Meta:
        verbose_name = _("handoff")
        verbose_name_plural = _("handoffs")
        constraints = [
            models.UniqueConstraint(fields=["lead"], condition=Q(state="offered"), name="handoff_one_open"),
            models.CheckConstraint(name="handoff_back_has_reason", condition=~Q(state="handed_back") | ~Q(reason="")),
            models.CheckConstraint(
                name="handoff_answered",
                condition=Q(state="offered", answered_at__isnull=True)
                | (~Q(state="offered") & Q(answered_at__isnull=False)),
            ),
        ]
        indexes = [models.Index(fields=["lead", "-offered_at"], name="handoff_of_lead")]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.state}"


class Scorecard(Version):
    """Versions of kind `scorecard`, for the admin."""

    class Meta:
        proxy = True
        verbose_name = _("scorecard")
        verbose_name_plural = _("scorecards")


class MqlDefinition(Version):
    """Versions of kind `mql`, for the admin."""

    class Meta:
        proxy = True
        verbose_name = _("MQL definition")
        verbose_name_plural = _("MQL definitions")
