"""What went wrong and waits: stalled leads, and what was not sent. Operators see it and have it tried again.

It sends and resumes nothing itself: what is asked for again is due at once, and the ticker does it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db.models import QuerySet

from leadops import access, stalled
from leadops.access import Actor
from leadops.effects.models import Effect
from leadops.journal import Kind
from leadops.stalled import Stalled
from leadops.unit import Unit

State = Effect.State
SENDABLE = (State.FAILED, State.UNKNOWN, State.HELD)


def stalled_leads(actor: Actor) -> QuerySet[Stalled]:
    access.require(actor, "read_operations")
    return Stalled.objects.select_related("lead__person")


def effects(actor: Actor) -> QuerySet[Effect]:
    access.require(actor, "read_operations")
    return Effect.objects.select_related("user", "lead__person")


def retry(lead_ids: Iterable[uuid.UUID], unit: Unit) -> int:
    """Stalled leads are tried again at once, with all their tries before them; how many."""
    access.require(unit.actor, "run_operations")
    unit.wake("due")
    return stalled.retry_now(list(lead_ids), unit.at)


def send_again(effect_ids: Iterable[uuid.UUID], unit: Unit) -> int:
    """What failed, was held or is not known to have been sent is planned anew, by a person's decision; how many."""
    access.require(unit.actor, "run_operations")
    rows = Effect.objects.select_for_update().filter(pk__in=list(effect_ids), state__in=SENDABLE)
    found = list(rows.order_by("id").values_list("pk", "state", "lead_id"))
    Effect.objects.filter(pk__in=[pk for pk, *_rest in found]).update(
        state=State.PLANNED, due_at=unit.at, starts=0, lease_until=None
    )
    for pk, state, _lead in found:
        data = {"table": "effect", "row": str(pk), "fields": ["state"], "new": False, "from": state}
        unit.record(Kind.SETTING_CHANGED, data=data)
    unit.wake("due")
    return len(found)
