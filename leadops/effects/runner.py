"""Sends what was planned: claims, marks as sending, sends, marks as sent. Words are made here, in the reader's language.

After a crash an internal alert in `sending` is sent again; a mail to a prospect becomes `unknown` and is not.
"""

from __future__ import annotations

import logging
import smtplib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, Min, Q
from django.utils import translation

from leadops import moment
from leadops.effects.models import Effect

log = logging.getLogger("leadops.effects")
LEASE = timedelta(minutes=2)
RETRY_AFTER = (30, 120, 600, 3600, 14400)
BATCH = 50
MOST_STARTS = 8


@dataclass(frozen=True, slots=True)
class Letter:
    subject: str
    text: str


Writer = Callable[[Effect], Letter]
_writers: dict[str, Writer] = {}


def register(purpose: str, writer: Writer) -> None:
    """Who words a purpose; called at start-up."""
    _writers[purpose] = writer


def next_due(at: datetime) -> datetime | None:
    """When the ticker has to look again: the next planned effect, or a sending one whose lease ran out."""
    rows = Effect.objects.aggregate(
        planned=Min("due_at", filter=Q(state="planned")), lost=Min("lease_until", filter=Q(state="sending"))
    )
    return min((t for t in rows.values() if t), default=None)


def run(at: datetime | None = None) -> int:
    """Send what is due; returns how many were sent. Claiming commits first, so that a killer takes only itself."""
    at = at or moment.now()
    sent = 0
    for key in _claim(at):
        sent += _send(key, at)
    return sent


def _claim(at: datetime) -> list[uuid.UUID]:
    due = Q(state=Effect.State.PLANNED, due_at__lte=at) | Q(state=Effect.State.SENDING, lease_until__lt=at)
    with transaction.atomic():
        rows = list(Effect.objects.select_for_update(skip_locked=True).filter(due).order_by("due_at")[:BATCH])
        keys = [row.pk for row in rows]
        Effect.objects.filter(pk__in=keys).update(
            state=Effect.State.SENDING, starts=F("starts") + 1, lease_until=at + LEASE
        )
    return keys


def _send(key: uuid.UUID, at: datetime) -> int:
    effect = Effect.objects.select_related("user", "lead__person").get(pk=key)
    if effect.user is None or not effect.user.is_active:
        return _end(effect, Effect.State.FAILED, at, "nobody to send to")
    if effect.starts > MOST_STARTS:
        return _end(effect, Effect.State.FAILED, at, "started too often")
    try:
        with translation.override(effect.user.language):
            letter = _writers[effect.purpose](effect)
    except Exception as fault:  # one letter that cannot be worded stops no other; it is kept with its cause
        log.exception("not worded", extra={"effect": str(effect.pk)})
        return _end(effect, Effect.State.FAILED, at, f"{type(fault).__name__}: {fault}"[:300])
    mail = EmailMessage(
        one_line(letter.subject), letter.text, to=[effect.user.email], headers={"Message-ID": f"<{effect.pk}@leadops>"}
    )
    try:
        mail.send()
    except (OSError, ValueError, smtplib.SMTPException) as fault:
        return _again(effect, at, fault)
    return _end(effect, Effect.State.SENT, at)


def one_line(text: str) -> str:
    """A header holds one line, whatever somebody called themselves."""
    return " ".join(text.split())[:200]


def _again(effect: Effect, at: datetime, fault: Exception) -> int:
    """Planned again with back-off, until the patience is used up."""
    log.warning("not sent", extra={"effect": str(effect.pk), "fault": type(fault).__name__})
    if effect.starts > len(RETRY_AFTER):
        return _end(effect, Effect.State.FAILED, at, type(fault).__name__)
    wait = timedelta(seconds=RETRY_AFTER[effect.starts - 1])
    Effect.objects.filter(pk=effect.pk).update(
        state=Effect.State.PLANNED, due_at=at + wait, lease_until=None, error=type(fault).__name__
    )
    return 0


def _end(effect: Effect, state: str, at: datetime, error: str = "") -> int:
    sent_at = at if state == Effect.State.SENT else None
    Effect.objects.filter(pk=effect.pk).update(state=state, sent_at=sent_at, lease_until=None, error=error)
    return 1 if sent_at else 0
