"""Who is in a pool with which weight, and what a territory covers: effective-dated, changed from the unit's moment on."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from decimal import Decimal

from leadops import access
from leadops.journal import Kind
from leadops.unit import Unit
from routing.models import Pool, PoolMember, Territory, TerritoryPlace
from routing.reps import look_again

Place = tuple[str, str, str]  # kind, country, value


def set_members(pool: Pool, weights: Mapping[uuid.UUID, Decimal], unit: Unit) -> None:
    """From now on exactly these reps are in the pool; who stays with the same weight is left alone."""
    access.require(unit.actor, "edit_ruleset", pool)
    known = PoolMember.objects.filter(pool=pool).overlapping(unit.at, None)
    held = {row.rep_id: row.weight for row in known}
    changed = {rep for rep in {*held, *weights} if held.get(rep) != weights.get(rep)}
    for rep in sorted(changed):
        values = {"weight": weights[rep]} if rep in weights else None
        PoolMember.objects.change(
            identity={"pool": pool, "rep_id": rep}, values=values, valid_from=unit.at, known_at=unit.at
        )
    if changed:
        said = {"table": "poolmember", "row": pool.key, "fields": [str(rep) for rep in sorted(changed)], "new": False}
        unit.record(Kind.SETTING_CHANGED, data=said)
        look_again(unit, pools=[pool.key])


def set_places(territory: Territory, places: Iterable[Place], unit: Unit) -> None:
    """From now on the territory covers exactly these places; a place another one holds is refused by the database."""
    access.require(unit.actor, "edit_ruleset", access.WHOLE_HOUSE)
    rows = TerritoryPlace.objects.filter(territory=territory).overlapping(unit.at, None)
    held, wanted = {(row.kind, row.country, row.value) for row in rows}, set(places)
    for kind, country, value in sorted(held ^ wanted):
        TerritoryPlace.objects.change(
            identity={"territory": territory, "kind": kind, "country": country, "value": value},
            values={} if (kind, country, value) in wanted else None,
            valid_from=unit.at,
            known_at=unit.at,
        )
    if held != wanted:
        said = {"table": "territoryplace", "row": territory.key, "fields": [], "new": False}
        unit.record(Kind.SETTING_CHANGED, data=said)
