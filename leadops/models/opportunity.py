"""Opportunities and tasks: shared rows; `qualification.opportunities` and the desk are their writers."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leadops.models.account import Account
from leadops.models.columns import address, transaction_id
from leadops.models.lead import Lead
from leadops.models.team import Rep
from leadops.models.user import User


class Opportunity(models.Model):
    """A deal. A lead may have several; deals without a lead count in pipeline and as untraced."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        WON = "won", _("Won")
        LOST = "lost", _("Lost")

    id = address()
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, blank=True, related_name="opportunities")
    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, null=True, blank=True, related_name="opportunities")
    owner = models.ForeignKey(Rep, on_delete=models.PROTECT, null=True, blank=True, related_name="opportunities")
    name = models.CharField(max_length=200, blank=True, default="")
    product = models.CharField(_("product"), max_length=120, blank=True, default="")
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    reason = models.CharField(max_length=40, blank=True, default="")
    amount_minor = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, default="EUR")
    house_minor = models.BigIntegerField(null=True, blank=True)
    rate_on = models.DateField(null=True, blank=True)
    expected_on = models.DateField(null=True, blank=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    external_key = models.CharField(max_length=120, blank=True, default="")
    xid = transaction_id()

    class Meta:
        verbose_name = _("opportunity")
        verbose_name_plural = _("opportunities")
        constraints = [
            models.UniqueConstraint(
                fields=["external_key"], condition=~Q(external_key=""), name="opportunity_external_once"
            ),
            models.CheckConstraint(
                name="opportunity_closed_has_time",
                condition=Q(state="open", closed_at__isnull=True) | (~Q(state="open") & Q(closed_at__isnull=False)),
            ),
            models.CheckConstraint(name="opportunity_lost_has_reason", condition=~Q(state="lost") | ~Q(reason="")),
            models.CheckConstraint(
                name="opportunity_won_has_amount", condition=~Q(state="won") | Q(amount_minor__isnull=False)
            ),
            models.CheckConstraint(
                name="opportunity_amount_not_negative", condition=Q(amount_minor__isnull=True) | Q(amount_minor__gte=0)
            ),
        ]
        indexes = [
            models.Index(fields=["lead"], name="opportunity_of_lead"),
            models.Index(fields=["closed_at"], name="opportunity_closed", condition=~Q(state="open")),
            # what the overview sums, read without the rows themselves
            models.Index(
                fields=["opened_at"],
                include=["house_minor", "id"],
                name="opportunity_open_sums",
                condition=Q(state="open"),
            ),
            models.Index(
                fields=["closed_at", "state"],
                include=["opened_at", "house_minor", "id"],
                name="opportunity_closed_sums",
                condition=~Q(state="open"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name or self.id} ({self.state})"


class ExchangeRate(models.Model):
    """One unit of `currency` in the house currency on a day; append-only, the last recorded of a day counts."""

    currency = models.CharField(max_length=3)
    day = models.DateField()
    rate = models.DecimalField(max_digits=20, decimal_places=10)
    recorded_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["currency", "-day", "-recorded_at"], name="rate_latest")]

    def __str__(self) -> str:
        return f"{self.currency} {self.day}: {self.rate}"


class Task(models.Model):
    """What a person owes a lead at a time: a call back, a snooze, a follow-up."""

    class Kind(models.TextChoices):
        CALL = "call", _("Call")
        CALLBACK = "callback", _("Call back")
        MAIL = "mail", _("E-mail")
        SOCIAL = "social", _("Social message")
        REPLY = "reply", _("Answer the prospect")
        SNOOZE = "snooze", _("Snoozed")
        OTHER = "other", _("Task")

    id = address()
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="tasks")
    owner = models.ForeignKey(Rep, on_delete=models.PROTECT, null=True, related_name="tasks")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    due_at = models.DateTimeField()
    text = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        constraints = [
            models.UniqueConstraint(
                fields=["lead"], condition=Q(kind="snooze", done_at__isnull=True), name="task_one_snooze"
            )
        ]
        indexes = [models.Index(fields=["lead", "due_at"], name="task_open_of_lead", condition=Q(done_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.kind} {self.due_at:%Y-%m-%d %H:%M}"
