"""People and how they are recognised; merging is decided in `capture/identity.py`, never here."""

from __future__ import annotations

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from leadops.models.account import Account
from leadops.models.columns import LastWord, Mailbox, address, transaction_id
from leadops.models.user import User


class Person(models.Model):
    """A human; several leads in time. `canonical` is itself, or the winner of a merge (flat, no chains)."""

    id = address()
    canonical = models.ForeignKey("self", on_delete=models.PROTECT, related_name="aliases", db_constraint=False)
    given_name = models.CharField(max_length=120, blank=True)
    family_name = models.CharField(max_length=120, blank=True)
    name = models.CharField(max_length=250, blank=True)
    name_folded = models.CharField(max_length=250, blank=True)
    email = models.CharField(max_length=254, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    title = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=8, blank=True)
    zone = models.CharField(max_length=64, blank=True)
    country = models.CharField(max_length=2, blank=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, blank=True, related_name="people")
    attributes = models.JSONField(default=dict, blank=True)
    attributes_folded = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        indexes = [
            models.Index(fields=["name_folded"], opclasses=["varchar_pattern_ops"], name="person_name"),
            models.Index(OpClass(LastWord("name_folded"), "text_pattern_ops"), name="person_surname"),
        ]

    def __str__(self) -> str:
        return self.name or self.email or self.phone or "—"

    def get_absolute_url(self) -> str:
        return f"/people/{self.pk}"


class PersonEmail(models.Model):
    """An address that identifies: `folded` belongs to one person only."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="emails", db_constraint=False)
    folded = models.CharField(max_length=254, unique=True)
    email = models.CharField(max_length=254)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(Mailbox("folded"), name="personemail_mailbox")]

    def __str__(self) -> str:
        return self.folded


class MatchKey(models.Model):
    """A hint that two people may be one (phone, name+company …): never unique, never merges alone."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="match_keys", db_constraint=False)
    kind = models.CharField(max_length=12)
    value = models.CharField(max_length=254)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "value", "person"], name="matchkey_once")]

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


class Merge(models.Model):
    """A merge moves nothing: it points the loser at the winner and keeps the fields it changed."""

    id = address()
    winner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="merges_won")
    loser = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="merges_lost")
    before = models.JSONField(default=dict)
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    xid = transaction_id()

    class Meta:
        constraints = [models.CheckConstraint(name="merge_of_two", condition=~Q(winner=F("loser")))]

    def __str__(self) -> str:
        return f"{self.loser_id} → {self.winner_id}"


class Consent(models.Model):
    """What a person agreed to, with its proof; the strictest over all aliases wins. Append-only."""

    id = models.BigAutoField(primary_key=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="consents")
    channel = models.CharField(max_length=12)
    purpose = models.CharField(max_length=24)
    state = models.CharField(max_length=12, choices=[(s, s) for s in ("given", "refused", "withdrawn", "pending")])
    basis = models.CharField(max_length=32)
    notice = models.CharField(max_length=64, blank=True)
    collected_from = models.CharField(max_length=120, blank=True)
    submission = models.UUIDField(null=True, blank=True)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    xid = transaction_id()

    class Meta:
        indexes = [models.Index(fields=["person", "channel"], name="consent_of_person")]

    def __str__(self) -> str:
        return f"{self.channel}/{self.purpose}: {self.state}"


class Suppression(models.Model):
    """An address never to write to again, by keyed hash: it survives erasure and re-import. Append-only.

    It holds until a `Lifting` names it; `round` counts how often the address was put on the list. `origin` says where it
    came from: `letter:<id>`, `submission:<id>`, or nothing for what a person typed; `by` who did, `why` in their words.
    """

    digest = models.BinaryField(max_length=32)
    channel = models.CharField(max_length=12)
    reason = models.CharField(max_length=24)
    at = models.DateTimeField()
    round = models.PositiveSmallIntegerField(default=0)
    origin = models.CharField(max_length=60, blank=True, default="")
    why = models.CharField(max_length=200, blank=True, default="")
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["digest", "channel", "round"], name="suppression_once")]
        indexes = [models.Index(fields=["at"], condition=models.Q(channel="erased"), name="suppression_erased")]

    def __str__(self) -> str:
        return f"{self.channel}: {self.reason}"


class Lifting(models.Model):
    """The end of a suppression, by a person who says why."""

    suppression = models.OneToOneField(Suppression, primary_key=True, on_delete=models.PROTECT, related_name="lifting")
    why = models.CharField(max_length=200)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.suppression_id}"
