"""API tokens (hashed, shown once) and idempotent calls; the checks themselves live in `desk/tokens.py`."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from leadops.models import User
from leadops.models.columns import address


class ApiToken(models.Model):
    """A bearer token of a user: sha256 of its 32 random bytes, a prefix for lookup, scopes; never more than its maker."""

    id = address()
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=80)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.BinaryField(max_length=32)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    seen_from = models.JSONField(
        default=list, db_default=models.Value([], output_field=models.JSONField())
    )  # the network addresses it was used from, the newest last

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class ApiCall(models.Model):
    """An answered call with an Idempotency-Key: the same key and body gives the same answer for seven days."""

    caller = models.CharField(max_length=64)
    key = models.CharField(max_length=255)
    digest = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="apicall_once")]
        indexes = [models.Index(fields=["at"], name="apicall_age")]

    def __str__(self) -> str:
        return self.key
