"""The proof that somebody was erased: when, by whom, why, how much; nothing that names them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from leadops.models import Person, User
from leadops.models.columns import address


class Erasure(models.Model):
    """One person erased. `rows` counts what went by table; `digests` are the keyed hashes nobody writes to again.

    `logged_at` is empty until the line stands in the log that is kept beside the backups.
    """

    class Reason(models.TextChoices):
        ASKED = "asked", _("The person asked for it")
        OBJECTED = "objected", _("The person objects to our use of their data")
        NO_BASIS = "no_basis", _("We had no right to keep it")
        RETENTION = "retention", _("Kept long enough")

    id = address()
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="erasures")
    reason = models.CharField(max_length=12, choices=Reason.choices)
    company = models.BooleanField(default=False)
    people = models.JSONField(default=list)
    digests = models.JSONField(default=list)
    rows = models.JSONField(default=dict)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    system = models.CharField(max_length=80, blank=True, default="")
    at = models.DateTimeField()
    logged_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        indexes = [models.Index(fields=["at"], name="erasure_not_logged", condition=models.Q(logged_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.person_id} {self.reason}"
