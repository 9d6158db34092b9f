"""Everything that leaves the house has a row here first, with a unique key; nothing else sends."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leadops.models import Lead, Person, User
from leadops.models.columns import address, transaction_id


class Effect(models.Model):
    """One thing to send. Body holds codes and ids: words are made at the moment of sending, in the reader's language.

    To a colleague (`user`) or to a prospect (`person`): never both.
    """

    class Channel(models.TextChoices):
        MAIL = "mail", _("E-mail")
        WEBHOOK = "webhook", _("Webhook")
        PUSH = "push", _("Push")

    class State(models.TextChoices):
        PLANNED = "planned", _("Planned")
        SENDING = "sending", _("Sending")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")
        UNKNOWN = "unknown", _("Unknown")
        HELD = "held", _("Held")

    id = address()
    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices)
    key = models.CharField(_("key"), max_length=200, unique=True)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.PLANNED)
    purpose = models.CharField(_("purpose"), max_length=24)
    lead = models.ForeignKey(
        Lead,
        verbose_name=_("lead"),
        on_delete=models.PROTECT,
        null=True,
        related_name="effects",
        db_constraint=False,
        db_index=False,
    )
    user = models.ForeignKey(
        User,
        verbose_name=_("user"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    # no index of its own: `effect_letter_of_person` serves the key too
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="letters", db_index=False)
    body = models.JSONField(default=dict)
    due_at = models.DateTimeField(_("due at"))
    starts = models.PositiveSmallIntegerField(_("tries"), default=0)
    lease_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(_("sent at"), null=True)
    error = models.CharField(_("cause"), max_length=300, blank=True, default="")
    created_at = models.DateTimeField(_("made at"))
    xid = transaction_id()

    class Meta:
        verbose_name = _("effect")
        verbose_name_plural = _("effects")
        indexes = [
            models.Index(fields=["due_at"], name="effect_due", condition=Q(state="planned")),
            models.Index(fields=["lease_until"], name="effect_sending", condition=Q(state="sending")),
            models.Index(fields=["person", "-id"], name="effect_letter_of_person", condition=Q(person__isnull=False)),
            models.Index(fields=["-id"], name="effect_letters", condition=Q(person__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(name="effect_one_reader", condition=Q(user__isnull=True) | Q(person__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.channel}:{self.key} {self.state}"


class MailStop(models.Model):
    """While one is open nothing leaves the house: after a restore, until somebody has looked at what waits."""

    id = address()
    at = models.DateTimeField()
    why = models.CharField(max_length=200)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("mail stop")
        verbose_name_plural = _("mail stops")
        constraints = [
            models.UniqueConstraint(
                models.F("ended_at"),
                name="mail_stop_one_open",
                condition=Q(ended_at__isnull=True),
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return self.why


class Notice(models.Model):
    """A line in somebody's bell: kind, codes and numbers; rendered in the reader's language."""

    id = address()
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="notices", db_constraint=False, db_index=False
    )
    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=24)
    lead = models.ForeignKey(
        Lead, on_delete=models.CASCADE, null=True, related_name="notices", db_constraint=False, db_index=False
    )
    data = models.JSONField(default=dict)
    at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        indexes = [
            models.Index(fields=["user", "-at"], name="notice_of_user"),
            models.Index(fields=["user"], name="notice_unseen", condition=Q(seen_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.kind


class KeptMail(models.Model):
    """A mail that left nothing: in the demo every mail ends here and is read on a page."""

    id = address()
    to = models.CharField(max_length=254)
    sender = models.CharField(max_length=254)
    subject = models.CharField(max_length=300)
    text = models.TextField()
    html = models.TextField(blank=True, default="")
    headers = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("kept mail")
        verbose_name_plural = _("kept mails")

    def __str__(self) -> str:
        return self.subject
