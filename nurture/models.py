"""What nurture writes: who is in which sequence, who was put in together, which steps were done. No verbs."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leadops.effects.models import Effect
from leadops.models import Lead, Person, Task, User
from leadops.models.columns import address
from leadops.versions.models import Version

LIVE = ("active", "paused", "blocked")


class Enrolment(models.Model):
    """One lead's way through one sequence. It keeps the version it began with; `step` is the next one to do.

    `person` is the canonical person at that time: somebody is in one sequence at a time, whatever their leads.
    `excluded` rows say who met a condition and was not written to, and why; they are never looked at again in a cycle.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("Running")
        PAUSED = "paused", _("Paused")
        BLOCKED = "blocked", _("Blocked")
        FINISHED = "finished", _("Finished")
        EXITED = "exited", _("Ended early")
        EXCLUDED = "excluded", _("Not enrolled")

    class How(models.TextChoices):
        CONDITION = "condition", _("By condition")
        HAND = "hand", _("By hand")

    id = address()
    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="enrolments")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    sequence = models.SlugField(max_length=50)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    cycle = models.PositiveSmallIntegerField(default=1)
    how = models.CharField(max_length=10, choices=How.choices)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE)
    step = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=80, blank=True, default="")
    entered_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        constraints = [
            models.UniqueConstraint(
                fields=["lead", "sequence"], condition=Q(state__in=LIVE), name="enrolment_one_live_of_lead"
            ),
            models.UniqueConstraint(
                fields=["person"], condition=Q(state__in=LIVE), name="enrolment_one_live_of_person"
            ),
            models.CheckConstraint(
                name="enrolment_due_while_active", condition=Q(state="active") | Q(next_at__isnull=True)
            ),
            models.CheckConstraint(
                name="enrolment_end_has_reason",
                condition=~Q(state__in=["exited", "excluded", "blocked"]) | ~Q(reason=""),
            ),
        ]
        indexes = [
            models.Index(fields=["next_at"], name="enrolment_due", condition=Q(state="active")),
            models.Index(fields=["sequence", "state", "-id"], name="enrolment_of_sequence"),
            models.Index(fields=["lead", "-id"], name="enrolment_of_lead"),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.state}"


class StepDone(models.Model):
    """One step of one enrolment, done once: the row that makes a second mail of it impossible."""

    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="steps_done", db_index=False)
    step = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=8)
    at = models.DateTimeField()
    # written before the effect itself, which its unit keeps until it ends
    effect = models.ForeignKey(
        Effect, on_delete=models.PROTECT, null=True, related_name="+", db_constraint=True, db_index=True
    )
    task = models.ForeignKey(Task, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["enrolment", "step"], name="step_done_once")]

    def __str__(self) -> str:
        return f"{self.enrolment_id} #{self.step}"


class Away(models.Model):
    """Somebody's program answered that they are away: `back` is the first day they are there again. One row a person."""

    person = models.OneToOneField(Person, primary_key=True, on_delete=models.CASCADE, related_name="+")
    back = models.DateField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.person_id}: {self.back}"


class GroupEnrolment(models.Model):
    """Leads put into a sequence together by hand: previewed, confirmed, entered in the background, taken back on request."""

    id = address()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    sequence = models.SlugField(max_length=50)
    planned_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    undo_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("group enrolment")
        verbose_name_plural = _("group enrolments")
        constraints = [
            models.CheckConstraint(
                name="groupenrolment_order",
                condition=(Q(done_at__isnull=True) | Q(confirmed_at__isnull=False))
                & (Q(undo_at__isnull=True) | Q(done_at__isnull=False))
                & (Q(undone_at__isnull=True) | Q(undo_at__isnull=False)),
            )
        ]
        indexes = [
            models.Index(fields=["by", "-id"], name="groupenrolment_of"),
            models.Index(
                fields=["id"],
                name="groupenrolment_at_work",
                condition=Q(confirmed_at__isnull=False, done_at__isnull=True)
                | Q(undo_at__isnull=False, undone_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.planned_at:%Y-%m-%d %H:%M}"


class GroupMember(models.Model):
    """One lead of a group: `why` it was not to enter when it was planned or did not then, `result` what became of it.
    `waits` is what its first mail would have waited for then: `cap` or `away`.

    `result` empty = nothing done yet.
    """

    class Result(models.TextChoices):
        ENTERED = "entered", _("Entered")
        KEPT_OUT = "kept_out", _("Not enrolled")
        UNDONE = "undone", _("Taken back before any mail left")
        STOPPED = "stopped", _("Stopped: a mail had left already")
        ENDED = "ended", _("Had ended by itself")

    group = models.ForeignKey(GroupEnrolment, on_delete=models.CASCADE, related_name="members", db_index=False)
    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="+")
    why = models.CharField(max_length=80, blank=True, default="")
    waits = models.CharField(max_length=8, blank=True, default="")
    result = models.CharField(max_length=8, choices=Result.choices, blank=True, default="")
    # written before the enrolment itself, which its unit keeps until it ends
    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "lead"], name="groupmember_once"),
            models.CheckConstraint(
                name="groupmember_entered_has_enrolment",
                condition=Q(result__in=["", "kept_out"]) | Q(enrolment__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["group", "result", "why"], name="groupmember_by_result")]

    def __str__(self) -> str:
        return f"{self.group_id} {self.lead_id}: {self.result or self.why}"
