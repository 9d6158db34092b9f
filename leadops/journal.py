"""What we do and decide, append-only: history on screen, outbox that wakes the next step, source of every report.

`record_many` is the only writer. No names and no free text here: those live in side rows that can be erased.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leadops import bulk
from leadops.access import Actor, system
from leadops.audited import ANSWERED_FOR, AUDITED, BY_PEOPLE, EntryOrigin
from leadops.models import Lead, Person, User
from leadops.models.columns import OldestOpen, transaction_id


class Kind(models.TextChoices):
    """Closed list of what can happen; label for screens, icon in ICONS."""

    CAPTURED = "captured", _("Captured")
    CAME_BACK = "came_back", _("Came back")
    EDITED = "edited", _("Edited")
    SCORED = "scored", _("Scored")
    STAGE_MOVED = "stage_moved", _("Stage moved")
    STATUS_SET = "status_set", _("Status set")
    HANDED_OFF = "handed_off", _("Handed off to sales")
    ACCEPTED = "accepted", _("Accepted")
    HANDED_BACK = "handed_back", _("Handed back")
    ASSIGNED = "assigned", _("Assigned")
    TAKEN_AWAY = "taken_away", _("Taken away")
    RELEASED = "released", _("Released to the pool")
    CLAIMED = "claimed", _("Claimed")
    HELD = "held", _("Held")
    CLOCK_STARTED = "clock_started", _("Clock started")
    CLOCK_MET = "clock_met", _("Clock met")
    CLOCK_BREACHED = "clock_breached", _("Clock breached")
    CLOCK_CANCELLED = "clock_cancelled", _("Clock cancelled")
    ESCALATED = "escalated", _("Escalated")
    ATTEMPTED = "attempted", _("Attempt logged")
    CONVERSED = "conversed", _("Conversation")
    NOTED = "noted", _("Note")
    SNOOZED = "snoozed", _("Snoozed")
    TASK_SET = "task_set", _("Task set")
    TASK_DONE = "task_done", _("Task done")
    OPPORTUNITY_OPENED = "opportunity_opened", _("Opportunity opened")
    OPPORTUNITY_CHANGED = "opportunity_changed", _("Opportunity changed")
    OPPORTUNITY_WON = "opportunity_won", _("Won")
    OPPORTUNITY_LOST = "opportunity_lost", _("Lost")
    STALLED = "stalled", _("Stalled")
    RESUMED = "resumed", _("Resumed")
    MERGED = "merged", _("Merged")
    UNMERGED = "unmerged", _("Split again")
    SUBMISSION_REPLAYED = "submission_replayed", _("Submission replayed")
    VERSION_PUBLISHED = "version_published", _("Version published")
    REP_DEACTIVATED = "rep_deactivated", _("Rep deactivated")
    REP_ABSENT = "rep_absent", _("Absence set")
    SETTING_CHANGED = "setting_changed", _("Setting changed")
    ANSWERED = "answered", _("Qualification answers")
    ENROLLED = "enrolled", _("Sequence started")
    STEP_DONE = "step_done", _("Sequence step done")
    EXITED = "exited", _("Sequence ended")
    MAIL_SENT = "mail_sent", _("Mail sent")
    REPLIED = "replied", _("Replied")
    BOUNCED = "bounced", _("Mail bounced")
    COMPLAINED = "complained", _("Complaint about a mail")
    UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")
    AWAY = "away", _("Out of office")
    IMPORTED = "imported", _("Import finished")
    ERASED = "erased", _("Personal data erased")
    COPIED = "copied", _("Personal data given out")
    SIGNED_IN = "signed_in", _("Signed in")
    SIGN_IN_REFUSED = "sign_in_refused", _("Sign-in refused")
    SECOND_FACTOR = "second_factor", _("Second factor changed")
    TOKEN_CHANGED = "token_changed", _("API token made or ended")
    TOKEN_ELSEWHERE = "token_elsewhere", _("API token used from a new address")
    EXPORTED = "exported", _("List taken out as a file")


ICONS: dict[str, str] = {
    "captured": "inbox", "came_back": "corner-down-left", "edited": "pencil", "scored": "gauge", "stage_moved": "arrow-right",
    "status_set": "tag", "handed_off": "send", "accepted": "check", "handed_back": "undo-2", "assigned": "user-check",
    "taken_away": "user-x", "released": "users", "claimed": "hand", "held": "pause", "clock_started": "timer",
    "clock_met": "circle-check", "clock_breached": "alarm-clock", "clock_cancelled": "circle-slash", "escalated": "siren",
    "attempted": "phone", "conversed": "message-square", "noted": "sticky-note", "snoozed": "moon", "task_set": "list-todo",
    "task_done": "list-checks", "opportunity_opened": "briefcase", "opportunity_changed": "pencil", "opportunity_won": "trophy", "opportunity_lost": "x",
    "stalled": "triangle-alert", "resumed": "play", "merged": "merge", "unmerged": "split", "submission_replayed": "rotate-ccw",
    "version_published": "git-branch", "rep_deactivated": "user-x", "rep_absent": "calendar-off", "setting_changed": "settings",
    "answered": "clipboard-list", "enrolled": "workflow", "step_done": "list-checks", "exited": "log-out", "mail_sent": "mail",
    "replied": "mail-check", "bounced": "mail-x", "complained": "thumbs-down", "unsubscribed": "bell-off", "imported": "upload",
    "away": "calendar-off", "erased": "trash-2", "copied": "download", "signed_in": "log-in",
    "sign_in_refused": "shield", "second_factor": "shield-check", "token_changed": "key", "token_elsewhere": "map-pin",
    "exported": "download",
}  # fmt: skip


# What is asked of the whole house, by its time or as the audit; a new kind that is belongs here. All else is asked lead by lead.
HOUSEWIDE = (Kind.CAME_BACK.value, Kind.HANDED_BACK.value, Kind.STAGE_MOVED.value, *ANSWERED_FOR)


class JournalEntry(models.Model):
    """One thing done or decided. `at` is when it happened in the business, `recorded_at` when we wrote it.

    `actor` is the user; `system` names a system actor instead. `data` holds codes and numbers only.
    """

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=24, choices=Kind.choices)
    # no index of its own: `journal_of_lead_kind` serves the key too
    lead = models.ForeignKey(
        Lead, on_delete=models.PROTECT, null=True, related_name="journal", db_index=False, db_constraint=False
    )
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="journal", db_constraint=False, db_index=False
    )
    actor = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    system = models.CharField(max_length=80, blank=True, default="")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    cycle = models.PositiveSmallIntegerField(default=1)
    cause = models.BigIntegerField(null=True)
    decision = models.UUIDField(null=True)
    version = models.UUIDField(null=True)
    data = models.JSONField(default=dict)
    xid = transaction_id()

    class Meta:
        verbose_name = _("journal entry")
        verbose_name_plural = _("journal")
        indexes = [
            # a lead's timeline, and what reports ask of many leads
            models.Index(fields=["lead", "kind", "at"], name="journal_of_lead_kind"),
            models.Index(fields=["kind", "at"], name="journal_housewide", condition=Q(kind__in=HOUSEWIDE)),
            models.Index(fields=["actor", "at"], name="journal_of_actor", condition=Q(actor__isnull=False)),
            models.Index(fields=["xid", "id"], name="journal_incremental"),
            models.Index(fields=["-id"], name="journal_audited", condition=BY_PEOPLE),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"


class EntryText(models.Model):
    """The personal side of an entry: a note, a comment on a hand-back. Erased with the person."""

    entry = models.BigIntegerField(primary_key=True)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="+")
    text = models.TextField()

    def __str__(self) -> str:
        return str(self.entry)


class Seal(models.Model):
    """Chain over committed journal rows, one a minute: digest of (previous seal ‖ rows' digests)."""

    id = models.BigAutoField(primary_key=True)
    table = models.CharField(max_length=40)
    after_xid = models.BigIntegerField()
    after_id = models.BigIntegerField()
    until_xid = models.BigIntegerField()
    until_id = models.BigIntegerField()
    rows = models.PositiveIntegerField()
    digest = models.BinaryField(max_length=32)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.table} #{self.id}"


@dataclass(frozen=True, slots=True)
class Act:
    """Who acts on one lead of many, and when: an act told later happened at `at`, and is recorded now; None: now."""

    actor: Actor
    at: datetime | None = None


@dataclass(slots=True)
class Entry:
    """A journal row to be: `cause` is another Entry of the same unit or the id of an older row; `actor` None: the unit's."""

    kind: str
    lead: Lead | None = None
    data: dict[str, Any] = field(default_factory=dict)
    person_id: uuid.UUID | None = None
    text: str = ""
    cause: Entry | int | None = None
    decision: uuid.UUID | None = None
    version: uuid.UUID | None = None
    at: datetime | None = None
    id: int | None = None
    lead_id: uuid.UUID | None = None
    actor: Actor | None = None

    def __post_init__(self) -> None:
        if self.lead is not None:
            self.lead_id = self.lead.pk

    def by_person(self, otherwise: Actor) -> bool:
        """Whether somebody, and no part of the system, did it; `otherwise` acted where the entry names nobody."""
        return (self.actor or otherwise).user_id is not None


def numbers(count: int) -> list[int]:
    """The next ids, the last one first: taken from the end."""
    return bulk.keys(JournalEntry, count)[::-1]


def rows_of(
    entries: Sequence[Entry], ids: list[int], *, actor: Actor, at: datetime, recorded_at: datetime
) -> tuple[list[dict[str, Any]], list[EntryText], list[EntryOrigin]]:
    """The rows of a unit's entries, to be inserted together; takes their ids from `ids`. Called by the unit only."""
    for entry in entries:
        entry.id = ids.pop()
    rows = []
    for e in entries:
        who, lead = e.actor or actor, None if e.lead is None else e.lead.__dict__
        rows.append(
            {
                "id": e.id,
                "kind": e.kind,
                "lead_id": e.lead_id,
                "person_id": e.person_id or (None if lead is None else lead["person_id"]),
                "actor_id": who.user_id,
                "system": "" if who.user_id else who.code,
                "at": e.at or at,
                "recorded_at": recorded_at,
                "cycle": 1 if lead is None else lead["cycle"],
                "cause": e.cause.id if type(e.cause) is Entry else e.cause,
                "decision": e.decision,
                "version": e.version,
                "data": e.data,
            }
        )
    texts = [EntryText(entry=e.id, lead_id=e.lead_id, text=e.text) for e in entries if e.id and e.text and e.lead_id]
    came = [
        EntryOrigin(entry=e.id, address=(e.actor or actor).origin, at=recorded_at)
        for e in entries
        if e.id and e.kind in AUDITED and (e.actor or actor).origin
    ]
    return rows, texts, came


def committed(
    model: type[models.Model], after: tuple[int, int] = (0, 0), limit: int = 5000, only: Sequence[str] = ()
) -> list[Any]:
    """The next rows of an append-only table (journal, touches, whatever has `xid` and `id`) beyond the last one read.

    In order of (xid, id), and only below the oldest transaction still open: a row committed late, with an older id, is
    never overtaken. The last row's (xid, id) is the caller's next `after`, kept in the transaction of what it derived.
    With `only` the values of these columns instead of rows.
    """
    xid, key = after
    beyond = Q(xid__gt=xid) | Q(xid=xid, id__gt=key)
    rows = model._default_manager.filter(beyond, xid__gte=xid, xid__lt=OldestOpen())  # the bound the index starts at
    rows = rows.order_by("xid", "id")
    return list((rows.values_list(*only) if only else rows)[:limit])


def entries_of(ids: Iterable[int]) -> list[Entry]:
    """Entries read back for a retry of the phases they wake, each with who acted; rights are not asked again."""
    rows = JournalEntry.objects.filter(pk__in=list(ids)).select_related("lead").order_by("id")
    return [
        Entry(
            kind=row.kind,
            lead=row.lead,
            data=row.data,
            person_id=row.person_id,
            cause=row.cause,
            decision=row.decision,
            version=row.version,
            at=row.at,
            id=row.id,
            actor=Actor("user", user_id=row.actor_id) if row.actor_id else system(row.system),
        )
        for row in rows
    ]


def by_kind(rows: list[dict[str, Any]], many: int) -> list[list[dict[str, Any]]]:
    """So many rows or more kind by kind, fewer as they are: those of a kind say much the same, which then travels once."""
    if len(rows) < many:
        return [rows]
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["kind"]].append(row)
    return [*found.values()]
