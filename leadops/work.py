"""The queue reps read: one row per open lead, recomputed in bulk by `refresh` and nowhere else."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leadops import bulk
from leadops.models import Lead, Rep, Task
from leadops.unit import Unit

# lead id, when due, reason code; handed over by choreography from the apps
DueMoment = tuple[uuid.UUID, datetime, str]
DueSource = Callable[[Sequence[Lead], Unit], Iterable[DueMoment]]
_sources: tuple[DueSource, ...] = ()

BANDS = {"hot": 3, "warm": 2, "cold": 1, "": 0}


class Work(models.Model):
    """What to do next about an open lead. `due_at` empty = nothing due; `wakes_at` = snoozed until then."""

    class Waiting(models.TextChoices):
        US = "us", _("On us")
        PROSPECT = "prospect", _("On the prospect")

    lead = models.OneToOneField(
        Lead, primary_key=True, on_delete=models.CASCADE, related_name="work", db_constraint=False
    )
    owner = models.ForeignKey(Rep, on_delete=models.CASCADE, null=True, related_name="work", db_constraint=False)
    due_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=24, blank=True, default="")
    heat = models.SmallIntegerField(default=0)
    wakes_at = models.DateTimeField(null=True)
    waiting_on = models.CharField(max_length=8, choices=Waiting.choices, default=Waiting.US)
    score_band = models.SmallIntegerField(default=0)
    since = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                "owner",
                models.F("due_at").asc(nulls_last=True),
                models.F("score_band").desc(),
                models.F("heat").desc(),
                "lead",
                name="work_queue",
                condition=Q(wakes_at__isnull=True),
            ),
            models.Index(fields=["owner", "wakes_at"], name="work_snoozed", condition=Q(wakes_at__isnull=False)),
            models.Index(
                fields=["owner"], name="work_on_prospects", condition=Q(wakes_at__isnull=True, waiting_on="prospect")
            ),
            models.Index(fields=["due_at"], name="work_due", condition=Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id} {self.reason}"


def set_sources(sources: Sequence[DueSource]) -> None:
    """Hand over the apps' sources of due moments; called once at start-up by choreography."""
    global _sources
    _sources = tuple(sources)


def open_tasks(leads: Sequence[Lead]) -> list[DueMoment]:
    """What people promised about these leads: tasks, call backs, snoozes.

    A snooze ends when the lead gets another owner or the prospect speaks again: who hid it did not know of that.
    """
    if not leads:
        return []
    news = {lead.id: [at for at in (lead.assigned_at, lead.last_inbound_at) if at] for lead in leads}
    rows = Task.objects.filter(lead__in=leads, done_at__isnull=True)
    return [
        (lead_id, due_at, kind)
        for lead_id, due_at, kind, made_at in rows.values_list("lead_id", "due_at", "kind", "created_at")
        if kind != Task.Kind.SNOOZE or all(at <= made_at for at in news[lead_id])
    ]


def rows_for(leads: Sequence[Lead], unit: Unit) -> list[Work]:
    """The Work rows these leads should have, computed from the sources; pure of the stored ones."""
    open_leads = [lead for lead in leads if lead.is_open]
    if not open_leads:
        return []
    due: dict[uuid.UUID, list[tuple[datetime, str]]] = defaultdict(list)
    snoozed: dict[uuid.UUID, datetime] = {}
    for lead_id, at, kind in open_tasks([lead for lead in open_leads if not unit.is_new(lead.id)]):
        if kind == Task.Kind.SNOOZE:  # hides, is not due
            snoozed[lead_id] = at
        else:
            due[lead_id].append((at, kind))
    for source in _sources:
        for lead_id, at, reason in source(open_leads, unit):
            due[lead_id].append((at, reason))
    rows = []
    for lead in open_leads:
        first = min(due[lead.id], default=(None, ""))
        rows.append(
            bulk.make(
                Work,
                lead_id=lead.id,
                owner_id=lead.owner_id,
                due_at=first[0],
                reason=first[1],
                heat=lead.score,
                wakes_at=snoozed.get(lead.id),
                waiting_on=Work.Waiting.PROSPECT if lead.status == "waiting" else Work.Waiting.US,
                score_band=BANDS.get(lead.band, 0),
                since=lead.assigned_at or lead.received_at,
            )
        )
    return rows


def refresh(leads: Sequence[Lead], unit: Unit) -> None:
    """Recompute the queue rows of these leads and wake the inboxes concerned."""
    rows = rows_for(leads, unit)
    gone = {lead.id for lead in leads} - {row.lead_id for row in rows}
    if gone:
        Work.objects.filter(lead__in=gone).delete()
    unit.put(rows, ["owner", "due_at", "reason", "heat", "wakes_at", "waiting_on", "score_band", "since"])
    unit.wake("inbox", *(lead.owner_id for lead in leads if lead.owner_id))
