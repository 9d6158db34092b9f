"""What reports keep besides the journal: derived rows that a rebuild makes anew. Nothing here is truth.

`LeadFact` and `AskingFact` are written by `reports.facts` alone; all others are sums of them, kept by the database
itself (triggers in the migrations), so that they cannot drift from them. `…Span` tables hold histograms of blocks of
1, 8 and 64 days: any period is a few of them. Their seconds are rounded down as `reports_floored` says.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from leadops.lifecycle import FORWARD
from leadops.models import Lead

AXES = (
    "first_source", "first_campaign", "first_channel", "last_source", "last_campaign", "last_channel", "ended",
)  # fmt: skip
RANKS = range(2, len(FORWARD) + 1)  # of the stages a lead can enter after `new`
ANSWER, SYSTEM, HUMAN, CONTACT = range(1, 5)  # what an asking waits for: `AskingSpan.measure`
SPANS = (64, 8, 1)  # days of a block, the largest first; blocks begin at multiples of their length after 1970-01-01


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
    is_open = models.BooleanField()
    stage_at = models.DateTimeField()
    waiting_on = models.CharField(max_length=8)  # as the queue says; empty = not in it
    entered_2 = models.DateTimeField(null=True)
    entered_3 = models.DateTimeField(null=True)
    entered_4 = models.DateTimeField(null=True)
    entered_5 = models.DateTimeField(null=True)
    entered_6 = models.DateTimeField(null=True)
    entered_7 = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["received_at"], name="leadfact_received"),
            models.Index(fields=["stage_at", "lead"], name="leadfact_oldest", condition=Q(is_open=True)),
        ]

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
    next_asked_at = models.DateTimeField(null=True)  # of the same lead: a period counts the last one in it
    # of the lead as it is now
    owner_id = models.UUIDField(null=True)
    source = models.CharField(max_length=64)
    asks = models.BooleanField()  # to be contacted
    is_open = models.BooleanField()
    converted = models.BooleanField()  # was ever an opportunity

    class Meta:
        indexes = [
            models.Index(fields=["lead"], name="askingfact_lead"),
            models.Index(fields=["asked_at"], name="askingfact_asked"),
            models.Index(fields=["owner_id", "asked_at"], name="askingfact_owner"),
            models.Index(
                fields=["asked_at"],
                name="askingfact_waiting",
                condition=Q(answered_at__isnull=True, is_open=True),
                include=["owner_id", "source", "asks", "next_asked_at", "lead"],
            ),
            models.Index(fields=["asked_at"], name="askingfact_again", condition=Q(next_asked_at__isnull=False)),
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


class AskingDay(models.Model):
    """Counts of the askings of one day for one key of one axis: `all`, `owner`, `source`, `hour`.

    `n_…` are the answered by how soon, `c_…` those of them that ever became an opportunity; `split` were assigned
    before they were answered.
    """

    pk = models.CompositePrimaryKey("axis", "day", "asks", "key")
    axis = models.CharField(max_length=16)
    day = models.DateField()
    asks = models.BooleanField()
    key = models.CharField(max_length=64)
    n = models.IntegerField(default=0)
    answered = models.IntegerField(default=0)
    answered_us = models.BigIntegerField(default=0)  # microseconds, the sum
    split = models.IntegerField(default=0)
    contacted = models.IntegerField(default=0)
    n_within_5 = models.IntegerField(default=0)
    n_5_15 = models.IntegerField(default=0)
    n_15_60 = models.IntegerField(default=0)
    n_60_plus = models.IntegerField(default=0)
    c_within_5 = models.IntegerField(default=0)
    c_5_15 = models.IntegerField(default=0)
    c_15_60 = models.IntegerField(default=0)
    c_60_plus = models.IntegerField(default=0)
    c_never = models.IntegerField(default=0)
    waiting = models.IntegerField(default=0, db_default=0)  # unanswered, of leads that are open

    def __str__(self) -> str:
        return f"{self.axis} {self.key} {self.day}"


class AskingSpan(models.Model):
    """How many askings of a block of days waited so many seconds for one `measure`, for one key of one axis."""

    pk = models.CompositePrimaryKey("span", "first", "axis", "measure", "asks", "key", "seconds")
    span = models.SmallIntegerField()
    first = models.DateField()
    axis = models.CharField(max_length=16)
    measure = models.SmallIntegerField()
    asks = models.BooleanField()
    key = models.CharField(max_length=64)
    seconds = models.IntegerField()
    n = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.axis} {self.key} {self.first}+{self.span}: {self.seconds} s"


class StaySpan(models.Model):
    """How long leads received in a block of days stayed before a step: to the k-th stage, or 0, from new to won.

    Who moved on: `value` is seconds; who is open and did not: the hour (since 1970) in which the stay began.
    """

    pk = models.CompositePrimaryKey("span", "first", "step", "moved", "value")
    span = models.SmallIntegerField()
    first = models.DateField()
    step = models.SmallIntegerField()
    moved = models.BooleanField()
    value = models.IntegerField()
    n = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.step} {self.first}+{self.span}: {self.value}"


class StandingDay(models.Model):
    """Leads that came into their present stage on a day. `detail`: of open ones on whom they wait, of others the reason."""

    pk = models.CompositePrimaryKey("stage", "detail", "day")
    stage = models.CharField(max_length=12)
    detail = models.CharField(max_length=40)
    day = models.DateField()
    n = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.stage} {self.detail} {self.day}"


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


class DealFact(models.Model):
    """A deal as the sums of deals hold it; without a reference, so that what is gone can be taken out of them."""

    deal = models.UUIDField(primary_key=True)
    state = models.CharField(max_length=8)
    agent = models.UUIDField(null=True)
    product = models.CharField(max_length=120)
    sector = models.CharField(max_length=120)
    house_minor = models.BigIntegerField(null=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.deal)


class DealDay(models.Model):
    """Deals closed on a day, for one key of one axis: `all`, `agent`, `product`, `sector`; `known` have a rate."""

    pk = models.CompositePrimaryKey("axis", "day", "key")
    axis = models.CharField(max_length=16)
    key = models.CharField(max_length=120)
    day = models.DateField()
    closed = models.IntegerField()
    won = models.IntegerField()
    won_minor = models.DecimalField(max_digits=38, decimal_places=0)
    won_known = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.axis} {self.key} {self.day}"


class DealSpan(models.Model):
    """How many deals closed in a block of days took so many seconds from opening to closing, for one key of one axis."""

    pk = models.CompositePrimaryKey("span", "first", "axis", "key", "won", "seconds")
    span = models.SmallIntegerField()
    first = models.DateField()
    axis = models.CharField(max_length=16)
    key = models.CharField(max_length=120)
    won = models.BooleanField()
    seconds = models.IntegerField()
    n = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.axis} {self.key} {self.first}+{self.span}: {self.seconds} s"


class DealOpen(models.Model):
    """Deals open now, for one key of one axis."""

    pk = models.CompositePrimaryKey("axis", "key")
    axis = models.CharField(max_length=16)
    key = models.CharField(max_length=120)
    n = models.IntegerField()
    minor = models.DecimalField(max_digits=38, decimal_places=0)
    known = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.axis} {self.key}"


class DealChange(models.Model):
    """A deal whose row, or an account whose sector changed, noted by the database with the change; gone once it is read."""

    deal = models.UUIDField(null=True)
    account = models.UUIDField(null=True)

    def __str__(self) -> str:
        return str(self.deal or self.account)
