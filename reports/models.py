"""What reports keep besides the journal: derived rows that a rebuild makes anew. Nothing here is truth.

`LeadFact` and `AskingFact` are written by `reports.facts` alone; `DayFact` is the sum of the lead facts, kept by the
database itself (triggers in the first migration), so that it cannot drift from them.
"""

from __future__ import annotations

from django.db import models

from leadops.lifecycle import FORWARD
from leadops.models import Lead

AXES = (
    "first_source", "first_campaign", "first_channel", "last_source", "last_campaign", "last_channel", "ended",
)  # fmt: skip
RANKS = range(2, len(FORWARD) + 1)  # of the stages a lead can enter after `new`


class LeadFact(models.Model):
    """A countable lead: where it came from, where it stands, when it first was in each stage or beyond."""

    # the database deletes the fact with its lead (and the day facts with it): Django need not know
    lead = models.OneToOneField(
        Lead, primary_key=True, on_delete=models.DO_NOTHING, related_name="fact", db_constraint=False
    )
    received_at = models.DateTimeField()
    first_source = models.CharField(max_length=64)
    first_campaign = models.CharField(max_length=64)
    first_channel = models.CharField(max_length=40)
    last_source = models.CharField(max_length=64)
    last_campaign = models.CharField(max_length=64)
    last_channel = models.CharField(max_length=40)
    ended = models.CharField(max_length=60)  # stage:reason
    entered_2 = models.DateTimeField(null=True)
    entered_3 = models.DateTimeField(null=True)
    entered_4 = models.DateTimeField(null=True)
    entered_5 = models.DateTimeField(null=True)
    entered_6 = models.DateTimeField(null=True)
    entered_7 = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["received_at"], name="leadfact_received")]

    def __str__(self) -> str:
        return str(self.lead_id)


class AskingFact(models.Model):
    """One asking of a lead: its reception or a return from recycling, and what first followed in that cycle."""

    lead = models.ForeignKey(Lead, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False)
    cycle = models.PositiveSmallIntegerField()
    asked_at = models.DateTimeField()
    assigned_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)  # the first attempt or conversation of a person
    contacted_at = models.DateTimeField(null=True)  # the first conversation of a person

    class Meta:
        indexes = [
            models.Index(fields=["lead"], name="askingfact_lead"),
            models.Index(fields=["asked_at"], name="askingfact_asked"),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id} {self.cycle}"


class DayFact(models.Model):
    """Counts of one day of the reporting zone for one key of one axis.

    `reached_k`: of the leads received that day, those that ever reached the k-th stage; `entered_k`: leads of any
    day that first reached it that day.
    """

    axis = models.CharField(max_length=16)
    key = models.CharField(max_length=64)
    day = models.DateField()
    leads = models.IntegerField(default=0)
    reached_2 = models.IntegerField(default=0)
    reached_3 = models.IntegerField(default=0)
    reached_4 = models.IntegerField(default=0)
    reached_5 = models.IntegerField(default=0)
    reached_6 = models.IntegerField(default=0)
    reached_7 = models.IntegerField(default=0)
    entered_2 = models.IntegerField(default=0)
    entered_3 = models.IntegerField(default=0)
    entered_4 = models.IntegerField(default=0)
    entered_5 = models.IntegerField(default=0)
    entered_6 = models.IntegerField(default=0)
    entered_7 = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["axis", "day", "key"], name="dayfact_once")]

    def __str__(self) -> str:
        return f"{self.axis} {self.key} {self.day}"


class FactsRead(models.Model):
    """How far the facts have read the journal: one row. `built_at` empty = a rebuild is under way after `built_upto`."""

    name = models.CharField(max_length=8, primary_key=True)
    zone = models.CharField(max_length=64)
    xid = models.BigIntegerField()
    entry = models.BigIntegerField()
    built_upto = models.UUIDField(null=True)
    built_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.xid}:{self.entry}"
