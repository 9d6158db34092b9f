"""Plans effects and notices inside a unit: a row with a unique key each; planning twice changes nothing."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from leadops.effects.models import Effect, Notice
from leadops.models import Lead
from leadops.unit import Unit


def mail(
    unit: Unit,
    *,
    user_id: uuid.UUID,
    key: str,
    purpose: str,
    lead: Lead | None,
    body: dict[str, Any],
    due_at: datetime | None = None,
) -> None:
    """A mail to a colleague, worded at the moment of sending in their language."""
    _once(
        unit,
        Effect(
            channel=Effect.Channel.MAIL,
            key=key,
            purpose=purpose,
            lead=lead,
            user_id=user_id,
            body=body,
            due_at=due_at or unit.at,
            created_at=unit.at,
        ),
    )
    unit.wake("due")


def letter(
    unit: Unit,
    *,
    person_id: uuid.UUID,
    key: str,
    purpose: str,
    lead: Lead | None,
    body: dict[str, Any],
    due_at: datetime | None = None,
) -> Effect:
    """A mail to a prospect, worded at the moment of sending; its id is the Message-ID it leaves under."""
    effect = Effect(
        channel=Effect.Channel.MAIL,
        key=key,
        purpose=purpose,
        lead=lead,
        person_id=person_id,
        body=body,
        due_at=due_at or unit.at,
        created_at=unit.at,
    )
    _once(unit, effect)
    unit.wake("due")
    return effect


def notice(
    unit: Unit, *, user_id: uuid.UUID, key: str, kind: str, lead: Lead | None, data: dict[str, Any] | None = None
) -> None:
    """A line in a colleague's bell; their open pages hear of it after the commit."""
    _once(unit, Notice(user_id=user_id, key=key, kind=kind, lead=lead, data=data or {}, at=unit.at))
    unit.wake("inbox", user_id)


def _once(unit: Unit, row: Effect | Notice) -> None:
    unit.add_once([row])
