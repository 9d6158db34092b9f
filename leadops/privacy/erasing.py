"""Erases a person for good: every place of `holdings`, in one transaction, provably; counts, balances and chains stay.

Leads end first, in a unit of their own: what the phases write about them then is erased with the rest.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from capture import pipeline
from capture.adapters import Draft, Unreadable
from capture.imports import erasing as files
from capture.models import Submission
from capture.reading import Poisoned, drafts_of
from leadops import access
from leadops.access import WHOLE_HOUSE, Actor
from leadops.effects import suppression
from leadops.effects.models import Effect
from leadops.eraser import eraser
from leadops.errors import Refused
from leadops.journal import Kind
from leadops.models import Person
from leadops.platform import queue
from leadops.privacy import log
from leadops.privacy.holdings import HOLDINGS, Holding
from leadops.privacy.models import Erasure
from leadops.privacy.subject import Subject, subject_of
from leadops.unit import Unit, in_unit
from qualification import services as qualification

RECEIVED = next(holding for holding in HOLDINGS if holding.model is Submission)
# What nobody could attach to a person and names them all the same: set aside, unreadable, another's, or not yet read.
_NAMED = """
SELECT id, "end" = 'pending' FROM capture_submission s WHERE person_id IS NULL AND body <> ''
AND ("end" <> 'pending' OR file_id IS NULL)
AND (EXISTS (SELECT 1 FROM unnest(%s::bytea[]) AS word WHERE position(word in s.body) > 0)
  OR EXISTS (SELECT 1 FROM unnest(%s::text[]) AS word WHERE position(lower(word) in lower(s.headers::text)) > 0))
"""


def erase(person_id: uuid.UUID, reason: str, actor: Actor, *, company: bool = False) -> Erasure:
    """End their leads and mails, then erase them; refused when nothing is left to erase."""
    access.require(actor, "erase_person", WHOLE_HOUSE)
    if reason not in Erasure.Reason.values:
        raise Refused("unknown-reason", _("Choose a reason from the list."), reason=reason)
    with _without_pipeline():
        in_unit(lambda unit: _end(person_id, unit), actor=actor)
        return in_unit(lambda unit: _erase(person_id, reason, company, unit), actor=actor)


def _end(person_id: uuid.UUID, unit: Unit) -> None:
    subject = subject_of(person_id)
    if subject.person.erased_at is not None:
        raise Refused("erased-already", _("This person was erased before: nothing is left of them."), status=409)
    suppression.bury(subject.digests, unit, origin=f"erasure:{subject.person.pk}")
    qualification.end_erased(unit.leads(subject.leads), unit)


@contextmanager
def _without_pipeline() -> Iterator[None]:
    """No batch is at work meanwhile: it would write back what it read of them before, or bring them a lead in between.

    Inside a transaction of the caller's (a keyed call of the API) that holds until it ends, for nothing is erased before.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s), pg_advisory_xact_lock(%s)", [pipeline.LOCK] * 2)
    try:
        yield
    finally:
        if connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [pipeline.LOCK])


def _erase(person_id: uuid.UUID, reason: str, company: bool, unit: Unit) -> Erasure:
    subject = subject_of(person_id, company=company)
    unit.leads(subject.leads)
    Effect.objects.filter(person__in=subject.people, state=Effect.State.PLANNED).update(state=Effect.State.HELD)
    made = Erasure.objects.create(
        person=subject.person,
        reason=reason,
        company=subject.account is not None,
        people=sorted(str(key) for key in subject.people),
        digests=sorted(digest.hex() for digest in subject.digests),
        by_id=unit.actor.user_id,
        system="" if unit.actor.user_id else unit.actor.code,
        at=unit.at,
    )
    with eraser():
        made.rows = _blank_all(subject, unit.at)
    made.save(update_fields=["rows"])
    unit.after_commit(log.follow)
    Person.objects.filter(pk__in=subject.people).update(erased_at=unit.at)
    unit.record(
        Kind.ERASED, person_id=subject.person.pk, data={"erasure": str(made.pk), "reason": reason, "rows": made.rows}
    )
    return made


def _blank_all(subject: Subject, at: datetime) -> dict[str, int]:
    """Rows that changed, by table. First what is found by what others say, last what they are found by."""
    counts = {"capture_import": _blank_files(subject)}
    counts["capture_submission"] = _blank_unattached(subject, at)
    counts["queue"] = queue.forget(subject.words)
    for holding in reversed(HOLDINGS):
        table = holding.model._meta.db_table
        counts[table] = counts.get(table, 0) + _blank(holding, subject)
    return {table: count for table, count in counts.items() if count}


def _blank_files(subject: Subject) -> int:
    found = files.touched(RECEIVED.rows(subject).values_list("pk", flat=True), subject.spellings)
    return sum(files.blank(file, rows, subject.words) for file, rows in sorted(found.items()))


def _blank_unattached(subject: Subject, at: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_NAMED, [subject.spellings, list(subject.words)])
        found = dict(cursor.fetchall())
    waiting = Submission.objects.select_related("source").filter(pk__in=[key for key, waits in found.items() if waits])
    spared = {each.pk for each in waiting.iterator() if not _says_only_them(each, subject)}
    Submission.objects.filter(pk__in=[each for each, waits in found.items() if waits and each not in spared]).update(
        end=Submission.End.DUPLICATE, ended_at=at, lease_until=None
    )
    return _blank_rows(RECEIVED, Submission.objects.filter(pk__in=found.keys() - spared), subject)


def _says_only_them(waiting: Submission, subject: Subject) -> bool:
    """Whether nobody else's inquiry is in what waits to be read. Where it is, the pipeline leaves out the erased one."""
    try:
        drafts = drafts_of(waiting)
    except (Unreadable, Poisoned):
        return True
    return all(_is_theirs(draft, subject) for draft in drafts)


def _is_theirs(draft: Draft, subject: Subject) -> bool:
    """By what a lead is known by; whoever only mentions them speaks for themselves."""
    if draft.email:
        return bool(suppression.digests_of_address(draft.email) & subject.digests)
    return (draft.phone or draft.name) in subject.words


def _blank(holding: Holding, subject: Subject) -> int:
    rows = holding.rows(subject)
    if holding.gone:
        return int(rows.delete()[0])
    return _blank_rows(holding, rows, subject) if holding.personal else 0


def _blank_rows(holding: Holding, rows: QuerySet[Any], subject: Subject) -> int:
    keys = list(rows.values_list("pk", flat=True).distinct())
    table = holding.model._default_manager
    for row in table.filter(pk__in=keys) if holding.each else ():
        told = {column: (getattr(row, column), turn) for column, turn in holding.each.items()}
        changed = {column: new for column, (old, turn) in told.items() if (new := turn(old, subject)) != old}
        if changed:
            table.filter(pk=row.pk).update(**changed)
    if holding.blank:
        table.filter(pk__in=keys).update(**holding.blank)
    return len(keys)
