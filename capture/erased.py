"""Who was erased is brought back by no list and no partner; they themselves may come again. It erases nothing older."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from capture.models import Submission
from leadops.effects import suppression
from leadops.eraser import eraser

REASON = "erased"


def bar(drafts: Sequence[tuple[Submission, str]]) -> set[tuple[uuid.UUID, str]]:
    """Those of these (submission, folded address) that are not taken in; their submissions end without their content."""
    sent = [(submission, email) for submission, email in drafts if email and not _by_themselves(submission)]
    gone = suppression.erased({email for _submission, email in sent})
    barred = {(submission.pk, email): submission for submission, email in sent if email in gone}
    if barred:
        for submission in barred.values():
            submission.end, submission.reason, submission.error = Submission.End.DUPLICATE, REASON, ""
        with eraser():
            rows = Submission.objects.filter(pk__in=[submission.pk for submission in barred.values()])
            rows.update(body=b"", headers={}, edited=None)
    return set(barred)


def _by_themselves(submission: Submission) -> bool:
    return submission.file_id is None and submission.created_by_id is None and submission.source.hand_raiser
