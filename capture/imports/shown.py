"""What the page of an import shows in each state: steps, counts in words, progress; decides nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from capture import reasons
from capture.imports import selectors, undoing
from capture.models import Import, Submission

State = Import.State
STAYS_SHOWN = 200
MOVING = (State.CHECKING, State.LOADING, State.SETTLING, State.UNDOING)
_ORDER = (
    (State.MAPPING,), (State.CHECKING, State.CHECKED), (State.LOADING, State.SETTLING, State.FAILED), (State.DONE, State.UNDOING, State.UNDONE),
)  # fmt: skip


def moves(file: Import) -> bool:
    return file.state in MOVING


def steps(file: Import, *, mapping: bool = False) -> list[dict[str, Any]]:
    """The way of a file, for the stepper."""
    labels = (_("Columns"), _("Dry run"), _("Import"), _("Report"))
    at = 0 if mapping else next(n for n, states in enumerate(_ORDER) if file.state in states)
    done = len(labels) if at == len(labels) - 1 else at
    states = ["done" if n < done else "current" if n == at else "todo" for n in range(len(labels))]
    return [{"label": label, "state": state} for label, state in zip(labels, states, strict=True)]


def _found(file: Import) -> list[tuple[str, str, int]]:
    words = {
        "leads": {
            "new": _("New people"), "known": _("Known already"), "duplicate": _("Twice in the file"), "bad": _("Bad rows"),
        },
        "accounts": {
            "new": _("New accounts"), "known": _("Known already"), "duplicate": _("Twice in the file"),
            "bad": _("Bad rows"),
        },
        "deals": {
            "new": _("New deals"), "known": _("Known already"), "duplicate": _("Twice in the file"), "bad": _("Bad rows"),
        },
    }[file.kind]  # fmt: skip
    return [(key, label, int(file.found.get(key, 0))) for key, label in words.items()]


def _ends(file: Import) -> list[tuple[str, int, str]]:
    """Label, count, and where the rows behind it are listed."""
    ends = selectors.ends_of(file)
    if file.kind == Import.Kind.LEADS:
        named = [(str(key), str(label)) for key, label in Submission.End.choices]
        always = ("created", "touched", "quarantined")
        listed = f"{reverse('capture:list_submissions')}?file={file.pk}&end="
        return [(label, ends.get(key, 0), f"{listed}{key}") for key, label in named if key in always or ends.get(key)]
    named = [("new", _("Created")), ("known", _("Known already")), ("bad", _("Bad rows"))]
    return [(label, ends.get(key, 0), "") for key, label in named]


def context(file: Import, at: datetime) -> dict[str, Any]:
    faults = list(selectors.faults_of(file)[: selectors.FAULTS_SHOWN])
    return {
        "file": file,
        "steps": steps(file),
        "moving": moves(file),
        "progress": selectors.progress_of(file, at),
        "found": _found(file),
        "ends": _ends(file) if file.committed_at else [],
        "taken": sum(n for key, _label, n in _found(file) if key != "bad"),
        "faults": faults,
        "new_fields": [each["label"] for each in (file.options.get("new_fields") or {}).values()],
        "may_undo": undoing.may_undo(file, at),
        "undo_until": file.finished_at + undoing.WITHIN if file.finished_at else None,
        "reasons": selectors.reason_counts(file) if faults else [],
        "mapped": [column["name"] for place, column in enumerate(file.columns) if str(place) in file.mapping],
    }


def stays(plan: undoing.Plan, masked: bool) -> list[dict[str, Any]]:
    """The first leads that would stay, each with its row and reason."""
    return [
        {
            "row": row.row,
            "lead": row.lead,
            "who": "" if masked or row.lead is None else str(row.lead.person),
            "why": reasons.words_of_row(code),
        }
        for row, code in plan.shown
    ]
