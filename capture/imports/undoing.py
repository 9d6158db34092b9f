"""An import taken back: which of the leads it made nobody touched since, and their end; the others stay and are listed.

Nothing is deleted: what came in was really sent. A withdrawn lead ends, leaves every figure, and its row says so.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Case, Count, Exists, OuterRef, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from capture import reasons
from capture.imports.kinds import kind_of
from capture.models import Import, ImportFault, Submission
from leadops import access
from leadops.errors import Conflict, Refused
from leadops.journal import JournalEntry, Kind
from leadops.models import IS_OPEN, Lead
from leadops.unit import Unit

State = Import.State
End = Submission.End
WITHIN = timedelta(days=7)
CHUNK = 500
# what a person does on a lead that makes it theirs, and what shows that somebody outside heard of us by it
WORK = (
    Kind.ACCEPTED, Kind.CLAIMED, Kind.HANDED_BACK, Kind.ATTEMPTED, Kind.CONVERSED, Kind.NOTED, Kind.STATUS_SET,
    Kind.SNOOZED, Kind.TASK_SET, Kind.TASK_DONE, Kind.EDITED, Kind.ANSWERED, Kind.STAGE_MOVED,
    Kind.OPPORTUNITY_OPENED, Kind.MERGED,
)  # fmt: skip
WRITTEN = (Kind.MAIL_SENT, Kind.REPLIED, Kind.BOUNCED, Kind.COMPLAINED, Kind.UNSUBSCRIBED)
CLOSED, WORKED, WROTE, CAME_BACK = "stays-closed", "stays-worked-on", "stays-written", "stays-came-back"


@dataclass(slots=True)
class Plan:
    """What an undo would do: how many leads go, how many stay by reason, the first that stay, rows on older leads."""

    goes: int = 0
    stays: Counter[str] = field(default_factory=Counter)
    shown: list[tuple[Submission, str]] = field(default_factory=list)
    touched: int = 0

    def reasons(self) -> list[tuple[str, int]]:
        return [(reasons.words_of_row(code), n) for code, n in self.stays.most_common()]


def may_undo(file: Import, at: datetime) -> bool:
    """Within seven days; one that stopped at a fault half way may be taken to its end at any time."""
    if file.state != State.DONE or file.finished_at is None or kind_of(file.kind).undo is None:
        return False
    return file.undo_at is not None or at <= file.finished_at + WITHIN


def plan(file: Import, most: int) -> Plan:
    """The preview: counted by the database in one statement, the first `most` that stay read; nothing changes."""
    if file.committed_at is None:
        return Plan()  # nothing of it was taken in
    made = Submission.objects.filter(file=file, end=End.CREATED).annotate(why=_why(file, "lead"))
    stays = Counter(dict(made.order_by().values_list("why").annotate(n=Count("id"))))
    goes = stays.pop("", 0)
    shown = made.exclude(why="").select_related("lead__person").defer("body").order_by("row")[:most] if stays else []
    touched = Submission.objects.filter(file=file, end=End.TOUCHED).count()
    return Plan(goes, stays, [(row, row.why) for row in shown], touched)  # type: ignore[attr-defined]


def _made(file: Import, after: int) -> QuerySet[Submission]:
    """The next rows that made a lead, in the order of the file."""
    rows = Submission.objects.filter(file=file, end=End.CREATED, row__gt=after)
    return rows.select_related("lead__person").defer("body").order_by("row")[:CHUNK]


def _why(file: Import, lead: str) -> Case:
    """What happened since to the lead a row names by its column `lead`; empty where nothing did."""
    entries = JournalEntry.objects.filter(lead=OuterRef(lead), at__gte=file.committed_at)
    others = Submission.objects.filter(lead=OuterRef(lead)).exclude(file=file)
    return Case(
        When(Exists(entries.filter(kind__in=WORK, actor__isnull=False)), then=Value(WORKED)),
        When(Exists(entries.filter(kind__in=WRITTEN)), then=Value(WROTE)),
        When(Exists(others), then=Value(CAME_BACK)),
        When(~Exists(Lead.objects.filter(IS_OPEN, pk=OuterRef(lead))), then=Value(CLOSED)),
        default=Value(""),
    )


def _why_stays(leads: Sequence[Lead], file: Import) -> dict[uuid.UUID, str]:
    """Lead -> what happened to it since; those nothing happened to are left out."""
    rows = Lead.objects.filter(pk__in=[lead.pk for lead in leads]).annotate(why=_why(file, "pk"))
    return dict(rows.exclude(why="").values_list("pk", "why"))


def undo(file: Import, unit: Unit) -> Import:
    """Take a finished import back, in the background; `file` is locked by who calls."""
    access.require(unit.actor, "import_leads")
    if kind_of(file.kind).undo is None:
        raise Refused("not-undoable", _("Only an import of leads can be taken back."), status=409)
    if file.state in (State.UNDOING, State.UNDONE):
        return file
    if not may_undo(file, unit.at):
        raise Conflict("too-late", _("An import is taken back within seven days after it finished."))
    file.state, file.next_row, file.starts, file.error = State.UNDOING, 0, 0, ""
    file.undo_at, file.undone_by_id = unit.at, unit.actor.user_id
    file.save(update_fields=["state", "next_row", "starts", "error", "undo_at", "undone_by"])
    unit.record(Kind.SETTING_CHANGED, data={"what": "import", "key": str(file.pk), "to": "undoing"})
    unit.wake("due")
    return file


def step(file: Import, unit: Unit) -> bool:
    """The next rows, asked once more under the lock of their leads; False when none was left."""
    rows = list(_made(file, file.next_row))
    close = kind_of(file.kind).undo
    if not rows or close is None:
        return False
    leads = unit.leads([row.lead_id for row in rows if row.lead_id])
    why = _why_stays(leads, file)
    gone = [lead for lead in leads if lead.pk not in why]
    close(gone, unit)
    # rows of the file that fell on the same lead go with it
    withdrawn = Submission.objects.filter(file=file, lead__in=gone)
    withdrawn.update(end=End.WITHDRAWN, reason="undone")
    _list_what_stays(file, rows, why)
    Import.objects.filter(pk=file.pk).update(next_row=rows[-1].row, starts=0)
    return True


def _list_what_stays(file: Import, rows: Sequence[Submission], why: Mapping[uuid.UUID, str]) -> None:
    faults = [
        ImportFault(file=file, row=row.row or 0, reason=why[row.lead_id])
        for row in rows
        if row.lead_id is not None and row.lead_id in why
    ]
    ImportFault.objects.bulk_create(
        faults, update_conflicts=True, unique_fields=["file", "row"], update_fields=["reason", "detail"]
    )


def finish(file: Import, unit: Unit) -> None:
    rows = Submission.objects.filter(file=file).order_by().values_list("end")
    ends = dict(rows.annotate(n=Count("id")))
    Import.objects.filter(pk=file.pk).update(state=State.UNDONE, ends=ends, undone_at=unit.at, starts=0)
    data = {"what": "import", "key": str(file.pk), "to": "undone", "ends": ends}
    unit.record(Kind.SETTING_CHANGED, data=data)
