"""The lead: one inquiry of one person, shared by the five apps. Fields and constraints only; verbs are services.

One writer per column: stage, status, cycle `leadops.lifecycle` · owner, team, pool, held `routing` ·
scores, grade `qualification` · all else `capture`.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from leadops.models.account import Account
from leadops.models.columns import address
from leadops.models.person import Person
from leadops.models.team import Rep, Team


class Stage(models.TextChoices):
    """Macro position, forward."""

    NEW = "new", _("New")
    ENGAGED = "engaged", _("Engaged")
    MQL = "mql", _("MQL")
    SAL = "sal", _("SAL")
    SQL = "sql", _("SQL")
    OPPORTUNITY = "opportunity", _("Opportunity")
    WON = "won", pgettext_lazy("lead", "Won")
    LOST = "lost", pgettext_lazy("lead", "Lost")
    DISQUALIFIED = "disqualified", _("Disqualified")
    RECYCLED = "recycled", _("Recycled")


OPEN_STAGES = ("new", "engaged", "mql", "sal", "sql", "opportunity")
IS_OPEN = Q(stage__in=OPEN_STAGES, absorbed_by__isnull=True)


class Lead(models.Model):
    id = address()
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="leads")
    canonical = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="canonical_leads", db_constraint=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, blank=True, related_name="leads")
    product_line = models.SlugField(max_length=40, blank=True, default="", db_index=False)

    # where it came from (capture); sources, campaigns and channels by their immutable keys
    source = models.CharField(max_length=64)
    campaign = models.CharField(max_length=64, blank=True, default="")
    channel = models.CharField(max_length=40, default="unknown")
    first_source = models.CharField(max_length=64, blank=True, default="")
    first_campaign = models.CharField(max_length=64, blank=True, default="")
    first_channel = models.CharField(max_length=40, blank=True, default="")
    last_source = models.CharField(max_length=64, blank=True, default="")
    last_campaign = models.CharField(max_length=64, blank=True, default="")
    last_channel = models.CharField(max_length=40, blank=True, default="")
    hand_raiser = models.BooleanField(default=False)
    submission = models.UUIDField(null=True, blank=True)
    external_key = models.CharField(max_length=120, blank=True, default="")
    created_by = models.UUIDField(null=True, blank=True)

    # a snapshot of who asks, with what rules read (capture)
    company = models.CharField(max_length=250, blank=True, default="")
    company_folded = models.CharField(max_length=250, blank=True, default="")
    title = models.CharField(max_length=200, blank=True, default="")
    title_folded = models.CharField(max_length=200, blank=True, default="")
    industry = models.CharField(max_length=80, blank=True, default="")
    employees = models.PositiveIntegerField(null=True, blank=True)
    country = models.CharField(max_length=2, blank=True, default="")
    region = models.CharField(max_length=8, blank=True, default="")
    postcode = models.CharField(max_length=16, blank=True, default="")
    city = models.CharField(max_length=120, blank=True, default="")
    city_folded = models.CharField(max_length=120, blank=True, default="")
    language = models.CharField(max_length=8, blank=True, default="")
    free_mail = models.BooleanField(null=True)
    attributes = models.JSONField(default=dict, blank=True)
    attributes_folded = models.JSONField(default=dict, blank=True)

    # lifecycle
    stage = models.CharField(max_length=12, choices=Stage.choices, default=Stage.NEW)
    status = models.CharField(max_length=40, default="untouched")
    cycle = models.PositiveSmallIntegerField(default=1)
    stage_reason = models.CharField(max_length=40, blank=True, default="")
    stage_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    recycle_at = models.DateTimeField(null=True, blank=True)

    # routing
    owner = models.ForeignKey(
        Rep, on_delete=models.PROTECT, null=True, blank=True, related_name="leads", db_constraint=False
    )
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="leads")
    pool = models.CharField(max_length=50, blank=True, default="")
    held = models.CharField(max_length=24, blank=True, default="")
    held_at = models.DateTimeField(null=True, blank=True)
    held_until = models.DateTimeField(null=True, blank=True)  # when routing looks again; empty = a person must act
    assigned_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)

    # qualification
    fit = models.SmallIntegerField(default=0)
    engagement = models.SmallIntegerField(default=0)
    score = models.SmallIntegerField(default=0)
    grade = models.CharField(max_length=2, blank=True, default="")
    probability = models.FloatField(null=True, blank=True)
    band = models.CharField(max_length=8, blank=True, default="")

    absorbed_by = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="absorbed", db_index=False
    )
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    last_inbound_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        constraints = [
            models.UniqueConstraint(
                fields=["canonical", "product_line"], condition=IS_OPEN, name="lead_one_open_per_person"
            ),
            models.UniqueConstraint(
                fields=["submission"], condition=Q(submission__isnull=False), name="lead_once_per_submission"
            ),
            models.CheckConstraint(name="lead_stage_known", condition=Q(stage__in=Stage.values)),
            models.CheckConstraint(name="lead_not_absorbed_by_itself", condition=~Q(absorbed_by=F("id"))),
            models.CheckConstraint(name="lead_owned_is_not_held", condition=Q(owner__isnull=True) | Q(held="")),
            models.CheckConstraint(
                name="lead_end_has_reason",
                condition=~Q(stage__in=["lost", "disqualified", "recycled"]) | ~Q(stage_reason=""),
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "-id"], name="lead_of_owner_open", condition=IS_OPEN),
            models.Index(fields=["team", "-id"], name="lead_of_team_open", condition=IS_OPEN),
            models.Index(fields=["company_folded"], opclasses=["varchar_pattern_ops"], name="lead_company"),
            models.Index(fields=["held_at", "id"], name="lead_held", condition=~Q(held="")),
            models.Index(fields=["held_until"], name="lead_held_until", condition=~Q(held="")),
            models.Index(
                fields=["pool", "received_at"], name="lead_in_pool", condition=~Q(pool="") & Q(owner__isnull=True)
            ),
            models.Index(fields=["received_at", "source"], name="lead_received"),
            models.Index(fields=["absorbed_by"], name="lead_absorbed", condition=Q(absorbed_by__isnull=False)),
            models.Index(fields=["recycle_at"], name="lead_recycle_due", condition=Q(recycle_at__isnull=False)),
        ]

    # what Django says, in one step: a batch asks for the key of each of its leads some two hundred times
    pk: Any = property(attrgetter("id"), models.Model._set_pk_val)  # type: ignore[attr-defined]

    def __str__(self) -> str:
        return f"{self.person_id} ({self.stage})"

    def get_absolute_url(self) -> str:
        return f"/leads/{self.pk}"

    @property
    def is_open(self) -> bool:
        return self.stage in OPEN_STAGES and self.absorbed_by_id is None
