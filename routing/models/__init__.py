"""What routing writes: pools and who is in them over time, territories, assignments, credits, clocks. No verbs."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from leadops.decisions import Decision
from leadops.models import Lead, Rep, Team, User
from leadops.models.columns import address, labels, no_overlap, transaction_id
from leadops.models.twotimes import TwoTimes
from leadops.versions.models import Version
from routing.models.departures import Departure
from routing.models.loads import LoadEntry
from routing.models.reassignments import ReassignedLead, Reassignment
from routing.models.territories import Territory, TerritoryPlace

__all__ = [
    "Assignment",
    "Clock",
    "ClockStep",
    "CreditEntry",
    "Departure",
    "LoadEntry",
    "Pool",
    "PoolCredit",
    "PoolMember",
    "ReassignedLead",
    "Reassignment",
    "Territory",
    "TerritoryPlace",
]


class Pool(models.Model):
    """A group of reps that share leads. `method` decides among the eligible; `claimable` lets them take."""

    class Method(models.TextChoices):
        CREDIT = "credit", _("Weighted round robin")
        LEAST_LOADED = "least_loaded", _("Least loaded")

    class Absence(models.TextChoices):
        NO_CATCH_UP = "none", _("No catch-up after an absence")
        CATCH_UP = "capped", _("Capped catch-up after an absence")

    id = address()
    key = models.SlugField(_("key"), max_length=50, unique=True)
    name = labels()
    team = models.ForeignKey(
        Team, verbose_name=_("team"), on_delete=models.PROTECT, null=True, blank=True, related_name="pools"
    )
    method = models.CharField(_("method"), max_length=12, choices=Method.choices, default=Method.CREDIT)
    absence = models.CharField(_("absence"), max_length=8, choices=Absence.choices, default=Absence.NO_CATCH_UP)
    claimable = models.BooleanField(_("reps may claim"), default=False)
    claim_limit = models.PositiveSmallIntegerField(_("claims per 24 hours"), default=10)
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("pool")
        verbose_name_plural = _("pools")

    def __str__(self) -> str:
        return self.key


class PoolMember(TwoTimes):
    """Membership of a rep in a pool with a weight, two-time."""

    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="members")
    rep = models.ForeignKey(Rep, on_delete=models.CASCADE, related_name="pools")
    weight = models.DecimalField(max_digits=6, decimal_places=2, default=1)

    class Meta(TwoTimes.Meta):
        constraints = [
            *TwoTimes.Meta.constraints,
            no_overlap("poolmember_no_overlap", "pool", "rep"),
            models.CheckConstraint(name="poolmember_weight", condition=Q(weight__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.pool} · {self.rep}"


class PoolCredit(models.Model):
    """Running credit of a rep in a pool, kept under the pool's lock; always equal to the sum of its entries."""

    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="credits")
    rep = models.ForeignKey(Rep, on_delete=models.CASCADE, related_name="credits")
    credit = models.DecimalField(max_digits=14, decimal_places=6, default=0)
    taken = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pool", "rep"], name="poolcredit_once")]

    def __str__(self) -> str:
        return f"{self.pool} · {self.rep}: {self.credit}"


class CreditEntry(models.Model):
    """One change of credit; append-only. Credit = sum of rows."""

    class Why(models.TextChoices):
        ACCRUED = "accrued", _("Accrued")
        PAID = "paid", _("Paid for a lead")
        GIVEN_BACK = "given_back", _("Given back")
        JOINED = "joined", _("Joined at the median")
        CORRECTED = "corrected", _("Corrected")

    id = models.BigAutoField(primary_key=True)
    pool = models.ForeignKey(
        Pool, on_delete=models.PROTECT, related_name="entries", db_constraint=False, db_index=False
    )
    rep = models.ForeignKey(
        Rep, on_delete=models.PROTECT, related_name="credit_entries", db_constraint=False, db_index=False
    )
    lead = models.ForeignKey(
        Lead, on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    decision = models.UUIDField(null=True)
    delta = models.DecimalField(max_digits=14, decimal_places=6)
    why = models.CharField(max_length=12, choices=Why.choices)
    at = models.DateTimeField()
    xid = transaction_id()

    class Meta:
        indexes = [
            models.Index(fields=["pool", "rep", "-id"], name="creditentry_of_rep"),
            models.Index(fields=["lead"], name="creditentry_of_lead"),
        ]

    def __str__(self) -> str:
        return f"{self.rep} {self.delta:+}"


class Assignment(models.Model):
    """Who held a lead from when to when, and how it came to them; at most one is open per lead."""

    class How(models.TextChoices):
        PUSHED = "pushed", _("By rule")
        CLAIMED = "claimed", _("Claimed")
        BY_HAND = "by_hand", _("By hand")
        STICKY = "sticky", _("Known owner")

    id = address()
    lead = models.ForeignKey(
        Lead, on_delete=models.PROTECT, related_name="assignments", db_constraint=False, db_index=False
    )
    rep = models.ForeignKey(
        Rep, on_delete=models.PROTECT, related_name="assignments", db_constraint=False, db_index=False
    )
    pool = models.ForeignKey(
        Pool, on_delete=models.PROTECT, null=True, related_name="assignments", db_constraint=False, db_index=False
    )
    decision = models.ForeignKey(
        Decision, on_delete=models.PROTECT, null=True, related_name="assignments", db_constraint=False, db_index=False
    )
    how = models.CharField(max_length=8, choices=How.choices, default=How.PUSHED)
    by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    cycle = models.PositiveSmallIntegerField(default=1)
    units = models.PositiveSmallIntegerField(default=1)
    started_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_why = models.CharField(max_length=24, blank=True, default="")
    xid = transaction_id()

    class Meta:
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        constraints = [
            models.UniqueConstraint(fields=["lead"], condition=Q(ended_at__isnull=True), name="assignment_one_open"),
            models.CheckConstraint(
                name="assignment_times", condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at"))
            ),
        ]
        indexes = [
            models.Index(fields=["rep", "-started_at"], name="assignment_of_rep"),
            models.Index(fields=["lead", "-started_at"], name="assignment_of_lead"),
            models.Index(
                fields=["rep", "lead"],
                include=["units"],
                name="assignment_heavy",
                condition=Q(ended_at__isnull=True, units__gt=1),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id} → {self.rep_id}"


class Clock(models.Model):
    """An SLA row: target, start, due, end. A breach is at `due_at`, whenever it was noticed; then it runs on."""

    class Kind(models.TextChoices):
        FIRST_ATTEMPT = "first_attempt", _("First attempt")
        ACCEPTANCE = "acceptance", _("Acceptance")
        FOLLOW_UP = "follow_up", _("Follow-up")
        QUALIFY = "qualify", _("Qualification")

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        MET = "met", _("Met")
        CANCELLED = "cancelled", _("Cancelled")

    id = address()
    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="clocks", db_constraint=False, db_index=False)
    cycle = models.PositiveSmallIntegerField(default=1)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    policy = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    rule = models.SlugField(max_length=50, db_index=False)
    decision = models.UUIDField(null=True)
    calendar = models.ForeignKey(
        Version, on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    rep = models.ForeignKey(
        Rep, on_delete=models.PROTECT, null=True, related_name="clocks", db_constraint=False, db_index=False
    )
    target_seconds = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    ended_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True)
    segments = models.JSONField(default=list)
    next_step = models.CharField(max_length=24, blank=True, default="")
    next_at = models.DateTimeField(null=True)
    xid = transaction_id()

    class Meta:
        verbose_name = _("clock")
        verbose_name_plural = _("clocks")
        constraints = [
            models.UniqueConstraint(
                fields=["lead", "cycle", "kind"], condition=Q(state="running"), name="clock_one_running"
            ),
            models.CheckConstraint(
                name="clock_times", condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at"))
            ),
            models.CheckConstraint(
                name="clock_breach_is_true_time", condition=Q(breached_at__isnull=True) | Q(breached_at=F("due_at"))
            ),
            models.CheckConstraint(
                name="clock_ended",
                condition=Q(state="running", ended_at__isnull=True) | (~Q(state="running") & Q(ended_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(fields=["next_at"], name="clock_next", condition=Q(state="running", next_at__isnull=False)),
            models.Index(fields=["lead", "kind", "-started_at"], name="clock_of_lead"),
            models.Index(fields=["kind", "started_at"], name="clock_started"),
            models.Index(fields=["rep", "due_at"], name="clock_running_of_rep", condition=Q(state="running")),
            models.Index(fields=["due_at", "lead"], name="clock_running_due", condition=Q(state="running")),
            models.Index(fields=["breached_at", "lead"], name="clock_breached", condition=Q(breached_at__isnull=False)),
            models.Index(
                fields=["rep", "started_at"],
                name="clock_answered_by",
                condition=Q(kind="first_attempt", state="met"),
            ),
            models.Index(
                fields=["rep", "ended_at"], name="clock_answered_at", condition=Q(kind="first_attempt", state="met")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"


class ClockStep(models.Model):
    """One rung of a clock's ladder that was fired: unique, so that no tick fires it twice."""

    clock = models.ForeignKey(Clock, on_delete=models.CASCADE, related_name="steps")
    step = models.CharField(max_length=24)
    due_at = models.DateTimeField()
    fired_at = models.DateTimeField()
    owner = models.ForeignKey(Rep, on_delete=models.PROTECT, null=True, related_name="+")
    outcome = models.CharField(max_length=24)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clock", "step"], name="clockstep_once")]

    def __str__(self) -> str:
        return f"{self.step} → {self.outcome}"
