"""What a received mail means for people and leads: an answer, a bounce, a complaint, or nothing that anybody wrote.

It reads and decides; `resolution` writes. An automatic mail never makes a lead nor an answer, whoever seems to have sent it.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from capture.adapters import mail
from capture.adapters.base import Draft, Mail
from leadops.effects import plan, suppression
from leadops.effects.models import Effect
from leadops.fold import fold_email
from leadops.journal import Kind
from leadops.models import Lead, Person, PersonEmail, Task
from leadops.unit import Unit

NOTICE = "prospect_replied"
SET_ASIDE = {mail.AUTOMATIC: "automatic", mail.BOUNCE: "bounce-of-nobody", mail.COMPLAINT: "bounce-of-nobody",
             mail.UNSUBSCRIBE: "bounce-of-nobody", mail.EVENT: "mail-event"}  # fmt: skip


KINDS = {mail.BOUNCE: Kind.BOUNCED, mail.COMPLAINT: Kind.COMPLAINED, mail.UNSUBSCRIBE: Kind.UNSUBSCRIBED}


@dataclass(slots=True)
class Known:
    """Letters the mails of a batch name, and the people at the addresses that failed."""

    letters: dict[str, Effect] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    leads: dict[uuid.UUID, Lead] = field(default_factory=dict)

    def letter_of(self, draft: Draft) -> Effect | None:
        named = draft.mail.letters if draft.mail else ()
        return next((self.letters[key] for key in named if key in self.letters), None)

    def letter_to(self, person: Person, draft: Draft) -> Effect | None:
        """The same where it went to this person: who answers in the place of another answers no letter of theirs."""
        letter = self.letter_of(draft)
        return letter if letter and letter.person and letter.person.canonical_id == person.canonical_id else None


@dataclass(frozen=True, slots=True)
class Failure:
    """A letter that came back or was complained about: whose, and about which lead."""

    person: Person
    lead: Lead
    kind: str
    hard: bool
    letter: Effect | None
    digests: frozenset[bytes]
    submission: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Absence:
    """Who told by a program that they are away, about which lead, and the first day they are back."""

    person: Person
    lead: Lead
    back: date
    submission: uuid.UUID


def gather(drafts: Sequence[Draft], unit: Unit) -> Known:
    """Three statements where there are mails, none where there are not."""
    mails = [draft for draft in drafts if draft.mail is not None]
    known = Known()
    if not mails:
        return known
    keys = {uuid.UUID(key) for draft in mails for key in draft.mail.letters}  # type: ignore[union-attr]
    for letter in Effect.objects.filter(pk__in=keys, person__isnull=False).select_related("person", "lead"):
        known.letters[letter.pk.hex] = letter
    failed = {fold_email(draft.mail.about) or "" for draft in mails if draft.mail and _failed(draft)} - {""}
    failed |= {fold_email(draft.email) or "" for draft in mails if _away(draft) or _answers(draft)} - {""}
    for row in PersonEmail.objects.filter(folded__in=failed).select_related("person"):
        known.people[row.folded] = row.person
    concerned = {person.canonical_id for person in known.people.values()}
    newest = Lead.objects.filter(canonical__in=concerned, absorbed_by__isnull=True).order_by("-id")
    wanted = {row["canonical"]: row["pk"] for row in reversed(newest.values("canonical", "pk")[:1000])}
    letters = [letter.lead_id for letter in known.letters.values() if letter.lead_id]
    concerns = any(_failed(draft) or _away(draft) for draft in mails)
    for lead in unit.leads([*wanted.values(), *letters]) if concerns else ():
        known.leads[lead.pk] = lead
    return known


def is_report(draft: Draft) -> bool:
    """A mail no human wrote."""
    return draft.mail is not None and draft.mail.kind != mail.HUMAN


def _failed(draft: Draft) -> bool:
    return draft.mail is not None and draft.mail.kind in KINDS


def _away(draft: Draft) -> bool:
    return draft.mail is not None and draft.mail.kind == mail.AUTOMATIC and draft.mail.back is not None


def _answers(draft: Draft) -> bool:
    """A human's mail that names a letter."""
    return draft.mail is not None and draft.mail.kind == mail.HUMAN and bool(draft.mail.letters)


def by_letter(draft: Draft, known: Known) -> Draft:
    """A human's answer from an address nobody knows is the answer of whom the letter went to."""
    letter = known.letter_of(draft)
    if not _answers(draft) or letter is None or letter.person is None or not letter.person.email:
        return draft
    if (fold_email(draft.email) or "") in known.people:
        return draft
    extra = {**draft.extra, "from": draft.email} if draft.email else draft.extra
    return replace(draft, email=letter.person.email, name="", given_name="", family_name="", extra=extra)


def failure_of(draft: Draft, known: Known) -> Failure | None:
    """Whose letter failed: by the letter itself, else by the address the report names.

    A mail that names no letter of ours may be anybody's: a bounce is noted and stops nothing, a complaint is none.
    """
    if draft.mail is None or not _failed(draft):
        return None
    person, lead, letter = _whose(draft, draft.mail.about, known)
    sure = letter is not None or draft.mail.by_service
    if person is None or lead is None or not (sure or draft.mail.kind == mail.BOUNCE):
        return None
    return Failure(
        person, lead, KINDS[draft.mail.kind], draft.mail.hard and sure, letter, _stopped(draft.mail, person, letter)
    )


def _stopped(report: Mail, person: Person, letter: Effect | None) -> frozenset[bytes]:
    """The mailboxes it is about: where the letter went; one that is named, of the service alone, whom it may know better."""
    sent_to = letter.body.get("digest", "") if letter else ""
    found = {bytes.fromhex(sent_to) if sent_to else suppression.digest_of(person.email)}
    if report.by_service and report.about:
        found.add(suppression.digest_of(report.about))
    return frozenset(each for each in found if each)


def _whose(draft: Draft, address: str, known: Known) -> tuple[Person | None, Lead | None, Effect | None]:
    """By the letter a mail is about, else by an address; the lead is the letter's, else the newest of the person."""
    letter = known.letter_of(draft)
    person = letter.person if letter else known.people.get(fold_email(address) or "")
    if person is None:
        return None, None, letter
    lead = known.leads.get(letter.lead_id) if letter and letter.lead_id else None
    lead = lead or next((each for each in known.leads.values() if each.canonical_id == person.canonical_id), None)
    return person, lead, letter


def absences_of(draft: Draft, known: Known, submission: uuid.UUID) -> list[Absence]:
    """Of an automatic answer of somebody we know that names the day of return; else none."""
    if draft.mail is None or draft.mail.back is None or not _away(draft):
        return []
    person, lead, _letter = _whose(draft, draft.email, known)
    return [Absence(person, lead, draft.mail.back, submission)] if person and lead else []


def record(
    replied: Sequence[tuple[Lead, Effect | None, uuid.UUID]],
    failed: Sequence[Failure],
    away: Sequence[Absence],
    unit: Unit,
) -> None:
    """What the mails of a batch mean, told to the journal."""
    record_replies(replied, unit)
    for absence in away:
        record_absence(absence, unit)
    for failure in failed:
        record_failure(failure, unit)


def record_absence(absence: Absence, unit: Unit) -> None:
    """Told to whoever writes to them; the mail itself stays one that nobody wrote."""
    data = {"until": absence.back.isoformat(), "submission": str(absence.submission)}
    unit.record(Kind.AWAY, absence.lead, person_id=absence.person.pk, data=data)


def record_failure(failure: Failure, unit: Unit) -> None:
    """A hard bounce or a complaint stops all mail to the address, before the journal tells the sequence."""
    own = {Kind.COMPLAINED: suppression.COMPLAINED, Kind.UNSUBSCRIBED: suppression.UNSUBSCRIBED}
    reason = own.get(Kind(failure.kind), suppression.BOUNCED)
    if failure.kind != Kind.BOUNCED or failure.hard:
        suppression.suppress(failure.digests, reason, unit, origin=f"submission:{failure.submission}")
    data: dict[str, Any] = {"hard": failure.hard, "effect": str(failure.letter.pk) if failure.letter else ""}
    unit.record(failure.kind, failure.lead, person_id=failure.person.pk, data=data)


def record_replies(replied: Sequence[tuple[Lead, Effect | None, uuid.UUID]], unit: Unit) -> None:
    """An answer stops the sequence, tells the owner, and puts the lead on top of their list."""
    for lead, letter, submission in replied:
        data = {"effect": str(letter.pk) if letter else "", "submission": str(submission)}
        unit.record(Kind.REPLIED, lead, data=data)
        if lead.owner_id is not None:
            key = f"reply:{submission}"
            plan.notice(unit, user_id=lead.owner_id, key=key, kind=NOTICE, lead=lead)
    leads = {lead.pk: lead for lead, _letter, _submission in replied}
    waiting = Task.objects.filter(lead__in=leads, kind=Task.Kind.REPLY, done_at__isnull=True) if leads else []
    asked = {task.lead_id for task in waiting}
    Task.objects.bulk_create(
        Task(lead=lead, owner_id=lead.owner_id, kind=Task.Kind.REPLY, due_at=unit.at, created_at=unit.at)
        for lead in leads.values()
        if lead.pk not in asked
    )
