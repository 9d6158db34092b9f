"""What is owed to a prospect next: a date a person promised, or the next try after one without contact. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from leadops.access import Actor
from leadops.journal import Entry, Kind

WITHOUT_CONTACT = ("voicemail", "no_answer", "sent")
PROMISES = ("callback", "call", "mail", "social", "other")


@dataclass(frozen=True, slots=True)
class Promise:
    """The moment a follow-up is counted from, and the entry it comes from."""

    at: datetime
    entry: Entry


def promised(entries: Sequence[Entry], at: datetime, actor: Actor) -> dict[uuid.UUID, Promise]:
    """Per lead the last promise of these entries: a date a person set outweighs the bare next try.

    A task that a sequence sets is no promise to anybody. `actor` acted where an entry names nobody.
    """
    found: dict[uuid.UUID, Promise] = {}
    for entry in entries:
        if entry.lead_id is None:
            continue
        by_person = entry.by_person(actor)
        if by_person and entry.kind == Kind.TASK_SET and entry.data.get("kind") in PROMISES:
            due = entry.data.get("due_at")
            found[entry.lead_id] = Promise(datetime.fromisoformat(due) if due else at, entry)
        elif entry.kind == Kind.ATTEMPTED and entry.data.get("outcome") in WITHOUT_CONTACT:
            known = found.get(entry.lead_id)
            if known is None or known.entry.kind != Kind.TASK_SET:
                found[entry.lead_id] = Promise(entry.at or at, entry)
    return found
