"""A rep leaves, in two transactions: first nothing more comes to them, then what they hold moves on. A door."""

from __future__ import annotations

import uuid

from leadops import batch
from leadops.access import Actor
from leadops.models import Rep
from leadops.unit import Unit, in_unit
from routing import selectors, services

AT_A_TIME = 200


def deactivate(rep_id: uuid.UUID, actor: Actor) -> int:
    """Deactivate a rep and move their open leads through routing; how many moved. Safe to repeat, the ticker ends it."""

    def stop(unit: Unit) -> None:
        rep = Rep.objects.select_related("user").get(pk=rep_id)
        services.deactivate_rep(rep, unit)

    in_unit(stop, actor=actor)
    moved = 0
    while some := selectors.leads_left_behind(AT_A_TIME):
        moved += batch.run("left behind", some, actor=actor)
    return moved
