"""From submissions to what is resolved: each draft with its keys; and a batch's bodies read before its turn.

It gives an end only to what cannot be resolved: unreadable, empty, a test. It writes nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial

from django.db import connection

from capture import replies, snapshot
from capture.adapters import Draft, Unreadable
from capture.claiming import Claim
from capture.identity import Keys, keys_for
from capture.models import Submission
from capture.reading import Poisoned, drafts_of, interruptible

End = Submission.End
PORTIONS = 4


@dataclass(slots=True)
class Item:
    """One draft with all that was worked out about it."""

    submission: Submission
    draft: Draft
    keys: Keys


Read = tuple[list[Submission], list[Item]]


def set_aside(submission: Submission, end: str, reason: str = "", error: str = "") -> None:
    submission.end, submission.reason, submission.error = end, reason[:40], error[:500]


def _items(rows: Sequence[Submission]) -> list[Item]:
    """The drafts to resolve; what is unreadable, empty, or a test gets its end at once."""
    items: list[Item] = []
    for submission in rows:
        submission.warnings = []
        try:
            drafts = drafts_of(submission)
        except Unreadable as fault:
            set_aside(submission, End.QUARANTINED, fault.code, str(fault.message))
            continue
        fresh = []
        for draft in drafts:
            if draft.is_test:
                set_aside(submission, End.TEST)
            elif replies.is_report(draft) or not snapshot.says_nothing(draft):
                fresh.append(Item(submission, draft, keys_for(draft)))
        if not fresh and submission.end == End.PENDING:
            submission.warnings = [warning for draft in drafts for warning in draft.warnings]
            set_aside(submission, End.QUARANTINED, "empty")
        items += fresh
    return items


def read(rows: list[Submission]) -> Read:
    """The rows and their drafts. Raises `Poisoned` for the first one that breaks its reader."""
    with interruptible():
        return rows, _items(rows)


# `xmin` is the transaction that wrote a row last
_standing = """
SELECT count(*) FROM (SELECT FROM capture_submission WHERE id = ANY(%s::uuid[]) AND xmin = %s::xid AND "end" = 'pending'
ORDER BY id FOR UPDATE) AS held"""


@dataclass(slots=True)
class Ahead:
    """A batch that is claimed before its turn: its bodies are read while the batch before it is written.

    What was read is taken once, and only if every row still stands as it was claimed; else all are read again.
    """

    coming: Future[tuple[Claim, list[Submission]]]
    _items: list[Item] = field(default_factory=list)
    _done: int = 0  # rows whose bodies were read
    _usable: bool = True

    def claim(self) -> Claim:
        """Waits for it; raises what it raised."""
        return self.coming.result()[0]

    def portions(self) -> list[Callable[[], None]]:
        """Reading the bodies, in so many steps of about the same length; before they are there a step does nothing."""
        return [partial(self._read_until, n / PORTIONS) for n in range(1, PORTIONS + 1)]

    def taken(self, ids: Sequence[uuid.UUID]) -> Read | None:
        """Rows and drafts, locked; None = they are to be read anew."""
        claim, rows = self.coming.result()
        usable, self._usable = self._usable and len(rows) == len(ids), False
        if not usable or list(ids) != claim.ids or not _stand(claim):
            return None
        if self._done < len(rows):
            with interruptible():
                self._items += _items(rows[self._done :])
        return rows, self._items

    def _read_until(self, part: float) -> None:
        """A body that breaks its reader breaks no other batch: it is read again, and named, in its own turn."""
        if not self._usable or not self.coming.done() or self.coming.exception():
            return
        rows = self.coming.result()[1]
        end = max(self._done, int(len(rows) * part))
        try:
            with interruptible():
                self._items += _items(rows[self._done : end])
        except Poisoned:
            self._usable = False
        self._done = end


def _stand(claim: Claim) -> bool:
    """Lock the rows; whether all of them are as they were when they were claimed."""
    with connection.cursor() as cursor:
        cursor.execute(_standing, ["{" + ",".join([key.hex for key in claim.ids]) + "}", claim.stamp])
        return bool(cursor.fetchone()[0] == len(claim.ids))
