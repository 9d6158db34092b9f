"""What capture writes: submissions as received, sources, campaigns, costs. Fields and constraints only."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from capture import reasons
from capture.models.erased import ErasedMark
from capture.models.imports import Import, ImportFault, ImportPart
from capture.models.visits import Visit, Visitor
from leadops.models import Lead, Person, User
from leadops.models.columns import address, transaction_id

__all__ = [
    "Campaign", "Cost", "ErasedMark", "Form", "Import", "ImportFault", "ImportPart", "Refusal", "Source", "Submission",
    "Visit", "Visitor",
]  # fmt: skip


class Campaign(models.Model):
    """A planned effort with dates; its costs are rows of `Cost`."""

    id = address()
    key = models.SlugField(_("key"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=200)
    channel = models.CharField(_("channel"), max_length=40, blank=True, default="")
    utm_campaign = models.CharField(
        _("utm_campaign"), max_length=120, blank=True, default="",
        help_text=_("Visits that carry this name belong to the campaign."),
    )  # fmt: skip
    starts_on = models.DateField(_("starts on"), null=True, blank=True)
    ends_on = models.DateField(_("ends on"), null=True, blank=True)
    active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("made at"))

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        constraints = [
            models.UniqueConstraint(fields=["utm_campaign"], condition=~Q(utm_campaign=""), name="campaign_utm_once"),
            models.CheckConstraint(
                name="campaign_dates", condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on"))
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Source(models.Model):
    """Where submissions come from. `key` stands in the address /in/<key>; `slug` is its immutable name in figures."""

    class State(models.TextChoices):
        LIVE = "live", _("Live")
        PAUSED = "paused", _("Paused")
        ENDED = "ended", _("Ended")

    class Trigger(models.TextChoices):
        NOW = "now", _("Route now")
        MQL = "mql", _("Route at MQL")
        RULES = "rules", _("As the ruleset says")

    id = address()
    slug = models.SlugField(_("name in figures"), max_length=64, unique=True)
    key = models.CharField(_("address key"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=200)
    adapter = models.CharField(_("adapter"), max_length=24, default="json")
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.LIVE)
    channel = models.CharField(_("channel"), max_length=40, blank=True, default="")
    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, null=True, blank=True, related_name="sources", verbose_name=_("campaign")
    )
    product_line = models.SlugField(_("product line"), max_length=40, blank=True, default="")
    language = models.CharField(_("language"), max_length=8, blank=True, default="")
    country = models.CharField(_("country"), max_length=2, blank=True, default="")
    phone_region = models.CharField(_("region of phone numbers"), max_length=2, blank=True, default="FR")
    hand_raiser = models.BooleanField(_("asks to be contacted"), default=True)
    trigger = models.CharField(_("when it is routed"), max_length=8, choices=Trigger.choices, default=Trigger.RULES)
    signed = models.BooleanField(_("signature required"), default=False)
    scheme = models.CharField(_("kind of signature"), max_length=24, blank=True, default="")
    mapping = models.JSONField(
        _("mapping"), default=dict, blank=True, help_text=_("Field of the lead → path in the payload.")
    )
    owner = models.ForeignKey(User, models.PROTECT, verbose_name=_("owner"), null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("made at"))
    last_received_at = models.DateTimeField(_("last received at"), null=True, blank=True)

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")

    def __str__(self) -> str:
        return self.name


class Form(models.Model):
    """A hosted form: a source with a page of its own at /f/<slug>."""

    id = address()
    slug = models.SlugField(_("name in the address"), max_length=64, unique=True)
    source = models.OneToOneField(Source, verbose_name=_("source"), on_delete=models.PROTECT, related_name="form")
    title = models.JSONField(_("title"), default=dict)
    intro = models.JSONField(_("introduction"), default=dict, blank=True)
    thanks = models.JSONField(_("thanks"), default=dict, blank=True)
    fields = models.JSONField(default=list, help_text='[{"name": "email", "required": true}, …]')
    consent = models.JSONField(_("consent"), default=dict, blank=True)
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("hosted form")
        verbose_name_plural = _("hosted forms")

    def __str__(self) -> str:
        return self.slug


class Submission(models.Model):
    """One request received, raw, and its one end. Inserted by the intake in one statement; ended by the pipeline."""

    class End(models.TextChoices):
        PENDING = "pending", _("Pending")
        CREATED = "created", _("Created")
        TOUCHED = "touched", _("Touched")
        DUPLICATE = "duplicate", _("Duplicate")
        QUARANTINED = "quarantined", _("Quarantined")
        SPAM = "spam", _("Spam")
        TEST = "test", _("Test")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    id = address()
    source = models.ForeignKey(
        Source, on_delete=models.PROTECT, related_name="submissions", db_index=False, db_constraint=False
    )
    delivery_key = models.CharField(max_length=200)
    variant = models.BinaryField(
        max_length=32, default=b"", help_text="Empty, or the digest of another body under the same key."
    )
    deliveries = models.PositiveIntegerField(default=1)
    received_at = models.DateTimeField()
    content_type = models.CharField(max_length=120, blank=True, default="")
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    digest = models.BinaryField(max_length=32)
    verified = models.BooleanField(default=False)
    priority = models.SmallIntegerField(default=0, help_text="Live 0; import rows 10 wait behind.")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    file = models.ForeignKey(Import, on_delete=models.PROTECT, null=True, related_name="submissions", db_index=False)
    row = models.PositiveIntegerField(null=True, help_text="Its row in the file; the header is row 1.")
    end = models.CharField(max_length=12, choices=End.choices, default=End.PENDING)
    reason = models.CharField(max_length=40, blank=True, default="")
    error = models.CharField(max_length=500, blank=True, default="")
    warnings = models.JSONField(default=list)
    edited = models.JSONField(
        null=True, help_text="Fields corrected by a person on replay; the body stays as received."
    )
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="submissions", db_constraint=False, db_index=False
    )
    lead = models.ForeignKey(
        Lead, on_delete=models.PROTECT, null=True, related_name="submissions", db_constraint=False, db_index=False
    )
    ended_at = models.DateTimeField(null=True)
    starts = models.PositiveSmallIntegerField(default=0)
    failures = models.PositiveSmallIntegerField(default=0, db_default=0, help_text="Starts that ended in a fault.")
    lease_until = models.DateTimeField(null=True)
    xid = transaction_id()

    class Meta:
        verbose_name = _("submission")
        verbose_name_plural = _("submissions")
        constraints = [
            models.UniqueConstraint(fields=["source", "delivery_key", "variant"], name="submission_once"),
            models.UniqueConstraint(
                fields=["file", "row"], condition=Q(file__isnull=False), name="submission_once_per_row"
            ),
            models.CheckConstraint(
                name="submission_quarantine_has_reason", condition=~Q(end="quarantined") | ~Q(reason="")
            ),
            models.CheckConstraint(
                name="submission_end_has_lead", condition=~Q(end__in=["created", "touched"]) | Q(lead__isnull=False)
            ),
        ]
        indexes = [
            models.Index(fields=["starts", "priority", "id"], name="submission_next", condition=Q(end="pending")),
            models.Index(fields=["source", "received_at"], name="submission_of_source"),
            models.Index(
                fields=["end", "-received_at"],
                name="submission_to_review",
                condition=Q(end__in=["quarantined", "spam"]),
            ),
            models.Index(fields=["lead"], name="submission_of_lead", condition=Q(lead__isnull=False)),
            models.Index(fields=["person"], name="submission_of_person", condition=Q(person__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.end}"

    def get_reason_display(self) -> str:
        return reasons.words(self.reason)


class Refusal(models.Model):
    """How many requests of a source were refused on a day and why; flushed from process memory every second."""

    source_slug = models.CharField(max_length=64)
    day = models.DateField()
    code = models.CharField(max_length=24)
    count = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source_slug", "day", "code"], name="refusal_once")]

    def __str__(self) -> str:
        return f"{self.source_slug} {self.day} {self.code}: {self.count}"

    def get_code_display(self) -> str:
        return reasons.refusal_words(self.code)


class Cost(models.Model):
    """What a source or campaign cost over a span of days; append-only, a correction is a new row with `corrects`."""

    id = address()
    source = models.ForeignKey(Source, on_delete=models.PROTECT, null=True, blank=True, related_name="costs")
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, null=True, blank=True, related_name="costs")
    from_on = models.DateField(_("first day"))
    to_on = models.DateField(_("last day"))
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    house_minor = models.BigIntegerField(null=True, help_text="Empty = not convertible, never zero.")
    rate_on = models.DateField(null=True)
    corrects = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="corrected_by"
    )
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    note = models.CharField(max_length=200, blank=True, default="")
    xid = transaction_id()

    class Meta:
        verbose_name = _("cost")
        verbose_name_plural = _("costs")
        constraints = [
            models.CheckConstraint(
                name="cost_of_something", condition=Q(source__isnull=False) | Q(campaign__isnull=False)
            ),
            models.CheckConstraint(name="cost_days", condition=Q(to_on__gte=F("from_on"))),
            models.CheckConstraint(name="cost_not_negative", condition=Q(amount_minor__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.from_on}–{self.to_on}: {self.amount_minor} {self.currency}"
