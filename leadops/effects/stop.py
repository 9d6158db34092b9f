"""Stops all that leaves the house, and lets it go on: what fell due meanwhile is held for a person, never sent in a burst."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from leadops.effects.models import Effect, MailStop

State = Effect.State
WHY = "it fell due before the house was restored or while its mail was stopped"


def holds() -> bool:
    return MailStop.objects.filter(ended_at__isnull=True).exists()


def silence() -> str:
    """Why mail reaches nobody now: "stopped", "unset" (no EMAIL_URL: files on the server), "" where it does.

    In the demo everybody reads the mailbox, so mail reaches them.
    """
    if holds():
        return "stopped"
    return "" if settings.EMAIL_URL or settings.MODE == "demo" else "unset"


def begin(why: str, at: datetime) -> int:
    """From now on nothing leaves. Held: what is due; not known: what was being sent. How many."""
    if not holds():
        MailStop.objects.create(at=at, why=why[:200])
    Effect.objects.filter(state=State.SENDING).update(state=State.UNKNOWN, lease_until=None, error=WHY)
    return hold_due(at)


def end(at: datetime) -> int:
    """What falls due from now on leaves again; what fell due before stays held until somebody sends it. How many are held."""
    held = hold_due(at)
    MailStop.objects.filter(ended_at__isnull=True).update(ended_at=at)
    return held


def hold_due(at: datetime) -> int:
    due = Effect.objects.filter(state=State.PLANNED, due_at__lte=at)
    return due.update(state=State.HELD, error=WHY)
