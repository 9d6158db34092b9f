"""Sends what was planned, row by row: claims, marks as sending, sends, says how it ended. Decides nothing else.

`sending` is committed before the call, each row by itself: a slow server keeps no other row from anybody, and a row found
in `sending` after its lease is one whose sender died. It may have left or not: it becomes `unknown` and a person decides,
unless its purpose says that twice is better than never (an alert about a clock). What a guard locks stays as it was until
`sending` is committed: no letter starts after the person said no.
"""

from __future__ import annotations

import logging
import smtplib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from anymail.exceptions import AnymailError, AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import connection, transaction
from django.db.models import F, Min, QuerySet
from django.utils import timezone, translation
from requests import ReadTimeout

from leadops import moment
from leadops.access import system
from leadops.effects import stop
from leadops.effects.line import Line
from leadops.effects.models import Effect
from leadops.failpoints import failpoint
from leadops.platform import unfinished
from leadops.unit import Unit, in_unit

log = logging.getLogger("leadops.effects")
LEASE = timedelta(minutes=2)  # longer than any worker lives with one task: after it nobody sends the row any more
LOCK = 0x6C656164_0003  # the advisory lock of the one sender: a slow server takes one worker, not all
RETRY_AFTER = (30, 120, 600, 3600, 14400)
MOST = 200  # sent by one task,
LONGEST = 20.0  # or as many as go out in so many seconds; the ticker asks again
MOST_STARTS = 8
SHORTEST = timedelta(seconds=1)  # what a guard puts off is never asked for in the same round
LONGEST_LINE = 400
NEVER_TAKEN = (400, 406, 422)  # what a mail service says of a mail it will not take the next time either
LETTER = "letter"
DIED = "the worker ended while it was sending"


@dataclass(frozen=True, slots=True)
class Letter:
    """What leaves. `to` is the address of a prospect; a colleague is written to at their own."""

    subject: str
    text: str
    html: str = ""
    to: str = ""
    sender: str = ""
    reply_to: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


Writer = Callable[[Effect], Letter]
Guard = Callable[[Effect], str | datetime]
Sent = Callable[[Effect, Unit], None]


@dataclass(frozen=True, slots=True)
class Purpose:
    """How a purpose is worded; `guard` says why it must not leave ("" = it may; an instant = not before), in the
    transaction that marks it as sending, so that what it locks cannot change before; `again`: after a crash it is sent
    once more; `sent` notes that it left, in the transaction that says so."""

    write: Writer
    guard: Guard | None = None
    again: bool = False
    sent: Sent | None = None


_purposes: dict[str, Purpose] = {}


def register(
    purpose: str, write: Writer, *, guard: Guard | None = None, again: bool = False, sent: Sent | None = None
) -> None:
    """Who words a purpose and who may stop it; called at start-up."""
    _purposes[purpose] = Purpose(write, guard, again, sent)


def next_due(at: datetime) -> datetime | None:
    """When the ticker has to look again: the next planned effect, or a sending one whose lease ran out."""
    planned = Effect.objects.filter(state=Effect.State.PLANNED).aggregate(at=Min("due_at"))["at"]
    lost = Effect.objects.filter(state=Effect.State.SENDING).aggregate(at=Min("lease_until"))["at"]
    due = min((each for each in (planned, lost) if each), default=None)
    return None if due is None or stop.holds() else due


def run(at: datetime | None = None) -> int:
    """Send what is due; returns how many were sent. One task at a time: another one returns at once."""
    sent, until = 0, time.monotonic() + LONGEST
    with _one_sender() as mine, Line() as line:
        if not mine or stop.holds() or _half_restored():
            return 0
        _settle_lost(at or moment.now())
        for _row in range(MOST):
            effect = _claim(at or moment.now())
            if effect is None:
                break
            sent += _send(effect, at, line)
            if time.monotonic() > until:
                break
    return sent


def _half_restored() -> bool:
    """What is due in a house that was only just put back is held by the restore's last steps."""
    with connection.cursor() as cursor:
        return unfinished.stands(cursor)


@contextmanager
def _one_sender() -> Iterator[bool]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        (mine,) = cursor.fetchone()
    try:
        yield bool(mine)
    finally:
        if mine and connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _settle_lost(at: datetime) -> None:
    """Rows whose sender died: planned again where twice is better than never, else unknown."""
    lost = Effect.objects.filter(state=Effect.State.SENDING, lease_until__lt=at)
    again = [name for name, purpose in _purposes.items() if purpose.again]
    once_more = lost.filter(purpose__in=again)
    once_more.update(state=Effect.State.PLANNED, due_at=at, lease_until=None, error=DIED)
    unknown = lost.update(state=Effect.State.UNKNOWN, lease_until=None, error=DIED)
    if unknown:
        log.error("not known whether sent", extra={"effects": unknown})


def _claim(at: datetime) -> Effect | None:
    """The next row, committed as sending; None = nothing is due. What may not leave ends here and the next is taken."""
    while True:
        with transaction.atomic():
            rows = Effect.objects.select_for_update(skip_locked=True, of=("self",))
            due = rows.filter(state=Effect.State.PLANNED, due_at__lte=at).order_by("due_at", "id")
            effect = due.select_related("user", "lead__person", "person").first()
            if effect is None:
                return None
            effect.starts += 1
            stopped = _why_not(effect)
            if not stopped:
                Effect.objects.filter(pk=effect.pk).update(
                    state=Effect.State.SENDING, starts=F("starts") + 1, lease_until=at + LEASE
                )
                return effect
            if isinstance(stopped, datetime):
                Effect.objects.filter(pk=effect.pk).update(due_at=max(stopped, at + SHORTEST))
                continue
            state, error = stopped
            Effect.objects.filter(pk=effect.pk).update(state=state, error=error[:300])


def _why_not(effect: Effect) -> tuple[str, str] | datetime | None:
    if effect.person is None and (effect.user is None or not effect.user.is_active):
        return Effect.State.FAILED, "nobody to send to"
    if effect.starts > MOST_STARTS:
        return Effect.State.FAILED, "started too often"
    purpose = _purposes.get(effect.purpose)
    try:
        reason = purpose.guard(effect) if purpose and purpose.guard else ""
    except Exception as fault:  # what cannot be checked does not leave, and stops no other
        log.exception("not checked", extra={"effect": str(effect.pk)})
        return Effect.State.FAILED, f"{type(fault).__name__}: {fault}"
    if isinstance(reason, datetime):
        return reason
    return (Effect.State.HELD, reason) if reason else None


def _send(effect: Effect, at: datetime | None, line: Line) -> int:
    """Word the mail in its reader's language and hand it over; 1 when the server took it."""
    try:
        with translation.override(_language(effect)), timezone.override(_zone(effect)):
            letter = _purposes[effect.purpose].write(effect)
            mail = _mail(effect, letter)
    except Exception as fault:  # one letter that cannot be worded stops no other; it is kept with its cause
        log.exception("not worded", extra={"effect": str(effect.pk)})
        return _end(effect, Effect.State.FAILED, at, f"{type(fault).__name__}: {fault}"[:300])
    failpoint("email.before_smtp")
    try:
        line.send(mail)
    except (OSError, ValueError, smtplib.SMTPException, AnymailError) as fault:
        return _not_sent(effect, at, fault)
    failpoint("email.after_smtp")
    return _end(effect, Effect.State.SENT, at)


def _language(effect: Effect) -> str:
    wanted = effect.user.language if effect.user else effect.person.language if effect.person else ""
    return wanted if wanted in dict(settings.LANGUAGES) else settings.HOUSE_LANGUAGE


def _zone(effect: Effect) -> ZoneInfo:
    """Moments in a letter are those of its reader's clock; the house's for a prospect, whose zone is a guess."""
    return ZoneInfo(effect.user.zone if effect.user else settings.REPORTING_ZONE)


def _mail(effect: Effect, letter: Letter) -> EmailMultiAlternatives:
    headers = {"Message-ID": message_id(effect), **{name: one_line(text) for name, text in letter.headers.items()}}
    mail = EmailMultiAlternatives(
        one_line(letter.subject),
        letter.text,
        from_email=letter.sender or None,
        to=[effect.user.email if effect.user else letter.to],
        reply_to=[letter.reply_to] if letter.reply_to else None,
        headers=headers,
    )
    if letter.html:
        mail.attach_alternative(letter.html, "text/html")
    if effect.person_id:  # a mail service gives it back with each bounce; others do not read it
        mail.metadata = {LETTER: effect.pk.hex}  # type: ignore[attr-defined]
    return mail


def message_id(effect: Effect) -> str:
    return f"<{effect.pk}@leadops>"


def one_line(text: str) -> str:
    """A header holds one line, whatever somebody called themselves."""
    return " ".join(text.split())[:LONGEST_LINE]


def _not_sent(effect: Effect, at: datetime | None, fault: Exception) -> int:
    """Tried again, but for what will never be taken, and for what may have been taken: a second mail is worse than none."""
    cause = f"{type(fault).__name__}: {fault}"[:300]
    if isinstance(fault, AnymailRecipientsRefused) or getattr(fault, "status_code", None) in NEVER_TAKEN:
        return _end(effect, Effect.State.FAILED, at, cause)
    if isinstance(fault, AnymailError) and isinstance(fault, ReadTimeout) and not _purposes[effect.purpose].again:
        log.error("not known whether sent", extra={"effect": str(effect.pk)})
        return _end(effect, Effect.State.UNKNOWN, at, cause)
    return _again(effect, at, fault)


def _again(effect: Effect, at: datetime | None, fault: Exception) -> int:
    """Planned again with back-off, until the patience is used up."""
    log.warning("not sent", extra={"effect": str(effect.pk), "fault": type(fault).__name__})
    cause = f"{type(fault).__name__}: {fault}"[:300]
    if effect.starts > len(RETRY_AFTER):
        return _end(effect, Effect.State.FAILED, at, cause)
    due_at = (at or moment.now()) + timedelta(seconds=RETRY_AFTER[effect.starts - 1])
    _mine(effect).update(state=Effect.State.PLANNED, due_at=due_at, lease_until=None, error=cause)
    return 0


def _end(effect: Effect, state: str, at: datetime | None, error: str = "") -> int:
    sent_at = (at or moment.now()) if state == Effect.State.SENT else None
    purpose = _purposes.get(effect.purpose)
    tell = purpose.sent if purpose and sent_at else None

    def end(unit: Unit | None = None) -> None:
        done = _mine(effect).update(state=state, sent_at=sent_at, lease_until=None, error=error)
        if done and tell and unit:
            tell(effect, unit)

    if tell:
        in_unit(end, actor=system("ticker"), at=sent_at)
    else:
        end()
    return 1 if sent_at else 0


def _mine(effect: Effect) -> QuerySet[Effect]:
    """The row while it is in this start: what somebody settled meanwhile stays settled."""
    return Effect.objects.filter(pk=effect.pk, state=Effect.State.SENDING, starts=effect.starts)
