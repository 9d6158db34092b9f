"""Who was erased is brought back by no list, no partner and nothing that waited then; they themselves may come again.

It erases nothing older.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from capture.models import Submission
from leadops.effects import suppression
from leadops.eraser import eraser

REASON = "erased"
LAST = "capture.last_erased"  # where a unit remembers when anybody was erased last


def bar(drafts: Sequence[tuple[Submission, str]], last: datetime | None) -> set[tuple[uuid.UUID, str]]:
    """Those of these (submission, folded address) that are not taken in; their submissions end without their content.

    `last`: when anybody was erased last; what came by itself since then is not asked about.
    """
    sent = [(submission, email) for submission, email in drafts if email and not _since(submission, last)]
    gone = suppression.erased({email for _submission, email in sent})
    barred = {
        (submission.pk, email): submission
        for submission, email in sent
        if email in gone and not _since(submission, gone[email])
    }
    if barred:
        for submission in barred.values():
            submission.end, submission.reason, submission.error = Submission.End.DUPLICATE, REASON, ""
        with eraser():
            rows = Submission.objects.filter(pk__in=[submission.pk for submission in barred.values()])
            rows.update(body=b"", headers={}, edited=None)
    return set(barred)


def _since(submission: Submission, erased_at: datetime | None) -> bool:
    """Whether somebody came by themselves, and after that: what was received before goes with who was erased."""
    if erased_at is not None and submission.received_at <= erased_at:
        return False
    return submission.file_id is None and submission.created_by_id is None and submission.source.hand_raiser
