"""A rep who left: when, where their leads and accounts went, and whether it was taken back. No verbs."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leadops.models import Rep, User
from leadops.models.columns import address
from routing.models.reassignments import Reassignment


class Departure(models.Model):
    """The moment a rep was switched off. Pools and accounts of that moment are found in their two-time rows.

    `plan` moves the open leads and is empty when there were none; `accounts` went to `accounts_to`, or to nobody.
    """

    id = address()
    rep = models.ForeignKey(Rep, on_delete=models.PROTECT, related_name="departures")
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    plan = models.OneToOneField(Reassignment, on_delete=models.PROTECT, null=True, related_name="departure")
    accounts = models.PositiveIntegerField(default=0)
    accounts_to = models.ForeignKey(Rep, on_delete=models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("departure")
        verbose_name_plural = _("departures")
        constraints = [
            models.CheckConstraint(
                name="departure_undone_after", condition=Q(undone_at__isnull=True) | Q(undone_at__gte=models.F("at"))
            )
        ]
        indexes = [models.Index(fields=["rep", "-at"], name="departure_of")]

    def __str__(self) -> str:
        return f"{self.rep_id} {self.at:%Y-%m-%d %H:%M}"
