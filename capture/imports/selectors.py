"""What screens and API read of imports; every one starts from the reader's rights and changes nothing."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from capture import reasons
from capture.imports.rows import raw_records
from capture.models import Import, ImportFault, Submission
from leadops import access
from leadops.access import Actor
from leadops.errors import NotFound

State = Import.State
FAULTS_SHOWN = 50
_formula = ("=", "+", "-", "@", "\t", "\r")


def imports(actor: Actor) -> QuerySet[Import]:
    access.require(actor, "import_leads")
    return Import.objects.exclude(state=State.DISCARDED).select_related("by", "source")


def import_for(actor: Actor, file_id: uuid.UUID | str) -> Import:
    try:
        return imports(actor).get(pk=file_id)
    except (Import.DoesNotExist, ValueError) as missing:
        raise NotFound(_("There is no such import.")) from missing


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import under way is: rows done of all, rows a second, seconds left (None: not known yet)."""

    done: int
    rows: int
    per_second: float | None = None
    seconds_left: float | None = None


def progress_of(file: Import, at: datetime) -> Progress:
    """Of a dry run and of an undo the rows read; of a commit the rows that have their end."""
    if file.state in (State.CHECKING, State.UNDOING):
        return Progress(min(max(file.next_row - 1, 0), file.rows), file.rows)
    done = min(sum(int(n) for n in file.ends.values()), file.rows)
    if file.kind == Import.Kind.LEADS and file.state in (State.LOADING, State.SETTLING):
        done -= Submission.objects.filter(file=file, end=Submission.End.PENDING).count()
    if file.committed_at is None or done <= 0:
        return Progress(max(done, 0), file.rows)
    took = ((file.finished_at or at) - file.committed_at).total_seconds()
    speed = done / took if took > 0 else None
    left = (file.rows - done) / speed if speed and file.finished_at is None else None
    return Progress(done, file.rows, speed, left)


def ends_of(file: Import) -> dict[str, int]:
    """What became of the rows so far; counted anew while it changes."""
    half_undone = file.undo_at is not None and file.undone_at is None
    if file.kind == Import.Kind.LEADS and (half_undone or file.state in (State.LOADING, State.SETTLING)):
        rows = Submission.objects.filter(file=file).order_by().values_list("end")
        return dict(rows.annotate(n=Count("id")))
    return {str(key): int(n) for key, n in file.ends.items()}


# -- bad rows --------------------------------------------------------------------------------------------


def faults_of(file: Import) -> QuerySet[ImportFault]:
    return ImportFault.objects.filter(file=file).order_by("row")


def reason_counts(file: Import) -> list[tuple[str, int]]:
    rows = ImportFault.objects.filter(file=file).order_by().values_list("reason")
    counted = rows.annotate(n=Count("id")).order_by("-n", "reason")
    return [(reasons.words_of_row(reason), n) for reason, n in counted]


def bad_rows_csv(file: Import) -> Iterator[str]:
    """The bad rows as they came, with their row and the reason in the reader's language; no cell is a formula."""
    faults = {row: (reason, detail) for row, reason, detail in faults_of(file).values_list("row", "reason", "detail")}
    names = [column["name"] for column in file.columns]
    yield "\ufeff" + _line([_("Row"), _("Reason"), _("Detail"), *names], file.separator)
    if not faults:
        return
    for number, record in raw_records(file):
        if number in faults:
            reason, detail = faults[number]
            yield _line([number, reasons.words_of_row(reason), detail, *record], file.separator)


def _line(cells: list[Any], separator: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerow([harmless(cell) for cell in cells])
    return out.getvalue()


def harmless(cell: Any) -> Any:
    """A cell no spreadsheet takes for a formula; a plain number stays one."""
    text = str(cell)
    if not text.startswith(_formula):
        return cell
    try:
        float(text.replace(",", "."))
    except ValueError:
        return f"'{text}"
    return cell
