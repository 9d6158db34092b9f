"""What qualification writes: score lines, handoffs, answers of sales. Criteria are versions. No verbs."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from leadops.models import Lead, Rep, User
from leadops.models.columns import address, transaction_id
from leadops.versions.models import Version


class ScoreSheet(models.Model):
    """The lines a lead's score is the sum of, under one scorecard version; replaced when recomputed.

    `counted` holds the touches behind a line (line -> ids). Two reasons to look again: `next_change_at`, when the lines
    change with time alone, and `stale_at`, since a publication concerned the lead.
    """

    lead = models.OneToOneField(
        Lead, primary_key=True, on_delete=models.CASCADE, related_name="score_sheet", db_constraint=False
    )
    version = models.ForeignKey(
        Version, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    fit = models.SmallIntegerField()
    engagement = models.SmallIntegerField()
    score = models.SmallIntegerField()
    band = models.CharField(max_length=8, blank=True, default="")
    grade = models.CharField(max_length=2, blank=True, default="")
    level = models.CharField(max_length=1, blank=True, default="")
    matrix = models.CharField(max_length=3, blank=True, default="")  # fit grade and engagement level: A1
    lines = models.JSONField(default=list)
    counted = models.JSONField(default=dict)
    knocked_out = models.CharField(max_length=50, blank=True, default="")
    next_change_at = models.DateTimeField(null=True)
    stale_at = models.DateTimeField(null=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["next_change_at"], name="scoresheet_due", condition=Q(next_change_at__isnull=False)),
            models.Index(fields=["stale_at"], name="scoresheet_stale", condition=Q(stale_at__isnull=False)),
            models.Index(fields=["matrix", "-lead"], name="scoresheet_matrix"),
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
    lead = models.ForeignKey(
        Lead, on_delete=models.PROTECT, related_name="handoffs", db_constraint=False, db_index=False
    )
    cycle = models.PositiveSmallIntegerField(default=1)
    definition = models.ForeignKey(
        Version, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    decision = models.UUIDField(null=True)
    rep = models.ForeignKey(
        Rep, on_delete=models.PROTECT, null=True, related_name="handoffs", db_constraint=False, db_index=False
    )
    state = models.CharField(max_length=12, choices=State.choices, default=State.OFFERED)
    reason = models.CharField(max_length=40, blank=True, default="")
    offered_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    overdue_at = models.DateTimeField(null=True)  # the acceptance clock was breached while it was open
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
        indexes = [
            models.Index(fields=["lead", "-offered_at"], name="handoff_of_lead"),
            models.Index(fields=["-offered_at", "-id"], name="handoff_latest"),
            models.Index(
                fields=["overdue_at"], name="handoff_overdue", condition=Q(state="offered", overdue_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.state}"


class FrameworkAnswer(models.Model):
    """What sales learnt about one question of the framework; append-only, the latest of a cycle counts."""

    class Evidence(models.TextChoices):
        CALL = "call", _("Call")
        MAIL = "mail", _("E-mail")
        MEETING = "meeting", _("Meeting")
        FORM = "form", _("Form")
        OTHER = "other", pgettext_lazy("evidence", "Other")

    id = address()
    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="answers")
    cycle = models.PositiveSmallIntegerField(default=1)
    framework = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    question = models.CharField(max_length=50)
    answer = models.CharField(max_length=50)
    evidence = models.CharField(max_length=8, choices=Evidence.choices, default=Evidence.CALL)
    author = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    xid = transaction_id()

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        indexes = [models.Index(fields=["lead", "cycle", "question", "-at"], name="answer_of_lead")]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.question} = {self.answer}"


class AnswerNote(models.Model):
    """The words beside an answer: personal, erased with the person."""

    answer = models.OneToOneField(FrameworkAnswer, primary_key=True, on_delete=models.CASCADE, related_name="note")
    text = models.TextField()

    def __str__(self) -> str:
        return str(self.answer_id)


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


class FrameworkVersion(Version):
    """Versions of kind `framework`, for the admin."""

    class Meta:
        proxy = True
        verbose_name = _("qualification framework")
        verbose_name_plural = _("qualification frameworks")
