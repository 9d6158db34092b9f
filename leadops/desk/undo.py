"""Taking back one's own last snooze or status: a compensating act, both stay in the journal; nothing else can be taken back."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from leadops import access, lifecycle
from leadops.access import Actor
from leadops.errors import Conflict, NotFound
from leadops.journal import JournalEntry, Kind
from leadops.models import Lead, Task
from leadops.unit import Unit

UNDOABLE = (Kind.SNOOZED, Kind.STATUS_SET)
UNDO_WITHIN = timedelta(minutes=10)


def offered(lead: Lead, actor: Actor, at: datetime) -> int | None:
    """The entry of what this actor did to the lead at that instant, if it can be taken back."""
    rows = JournalEntry.objects.filter(lead=lead, actor=actor.user_id, kind__in=UNDOABLE, at=at)
    return rows.order_by("-id").values_list("pk", flat=True).first()


def undo(lead: Lead, entry_id: int, unit: Unit) -> Lead:
    """Take back one's own act: refused when it is too old, was done by somebody else, or something came after it."""
    (mine,) = unit.leads([lead.pk])
    access.require(unit.actor, "set_status", mine)
    entry = JournalEntry.objects.filter(pk=entry_id, lead=mine, actor=unit.actor.user_id, kind__in=UNDOABLE).first()
    if entry is None:
        raise NotFound(_("There is nothing to take back."))
    overtaken = JournalEntry.objects.filter(lead=mine, kind=entry.kind, id__gt=entry.pk).exists()
    if overtaken or not mine.is_open or entry.at < unit.at - UNDO_WITHIN:
        raise _too_late()
    if entry.kind == Kind.STATUS_SET:
        lifecycle.set_status([mine], entry.data["from"], unit)
        return mine
    if not Task.objects.filter(lead=mine, kind=Task.Kind.SNOOZE, done_at__isnull=True).update(done_at=unit.at):
        raise _too_late()
    unit.record(Kind.TASK_DONE, mine, data={"kind": "snooze", "undoes": entry.pk})
    return mine


def _too_late() -> Conflict:
    return Conflict("too-late", _("Too late to take it back: something happened since."))
