"""Who is in a pool with which weight, and what a territory covers: effective-dated, changed from the unit's moment on."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from leadops import access
from leadops.audited import changes
from leadops.errors import Refused
from leadops.journal import Kind
from leadops.models import Rep
from leadops.unit import Unit
from routing.models import Pool, PoolMember, Territory, TerritoryPlace
from routing.reps import look_again

T = TypeVar("T", Pool, Territory)
Place = tuple[str, str, str]  # kind, country, value
POOL_FIELDS = ("name", "team", "method", "absence", "claimable", "claim_limit", "active")
TERRITORY_FIELDS = ("name", "active")


def keep_pool(pool: Pool, values: Mapping[str, Any], unit: Unit) -> Pool:
    """A new pool, or other values of one; its key never changes. Who is in it is said by `set_members`."""
    access.require(unit.actor, "edit_reference")
    return _keep(pool, {name: values[name] for name in POOL_FIELDS if name in values}, unit)


def keep_territory(territory: Territory, values: Mapping[str, Any], unit: Unit) -> Territory:
    """A new territory, or other values of one; its key never changes. What it covers is said by `set_places`."""
    access.require(unit.actor, "edit_reference")
    return _keep(territory, {name: values[name] for name in TERRITORY_FIELDS if name in values}, unit)


def _keep(row: T, values: Mapping[str, Any], unit: Unit) -> T:
    new = row._state.adding
    if new and type(row)._default_manager.filter(key=row.key).exists():
        raise Refused("key-taken", _("This key is taken."), status=409)
    told = changes({} if new else {name: getattr(row, name) for name in values}, values)
    changed = sorted(values) if new else told["fields"]
    for name in changed:
        setattr(row, name, values[name])
    if new or changed:
        row.save()
        said = {"table": row._meta.model_name, "row": row.key, **told, "fields": changed, "new": new}
        unit.record(Kind.SETTING_CHANGED, data=said)
    return row


def set_members(pool: Pool, weights: Mapping[uuid.UUID, Decimal], unit: Unit) -> None:
    """From now on exactly these reps are in the pool; who stays with the same weight is left alone."""
    access.require(unit.actor, "edit_ruleset", pool)
    known = PoolMember.objects.filter(pool=pool).overlapping(unit.at, None)
    held = {row.rep_id: row.weight for row in known}
    if not all(access.can(unit.actor, "edit_ruleset", rep) for rep in Rep.objects.filter(pk__in=weights.keys() - held)):
        raise Refused(
            "other-team", _("Only revenue ops of the house put a rep of another team into a pool."), status=403
        )
    changed = {rep for rep in {*held, *weights} if held.get(rep) != weights.get(rep)}
    for rep in sorted(changed):
        values = {"weight": weights[rep]} if rep in weights else None
        PoolMember.objects.change(
            identity={"pool": pool, "rep_id": rep}, values=values, valid_from=unit.at, known_at=unit.at
        )
    if changed:
        said = {"table": "poolmember", "row": pool.key, "new": False}
        said |= changes(*({str(rep): side.get(rep) for rep in changed} for side in (held, weights)))
        unit.record(Kind.SETTING_CHANGED, data=said)
        look_again(unit, pools=[pool.key])


def join(pool: Pool, rep: Rep, unit: Unit) -> None:
    """From now on this rep takes turns in the pool, too, with the weight of one; the caller has asked for the right."""
    PoolMember.objects.change(
        identity={"pool": pool, "rep_id": rep.pk}, values={"weight": Decimal(1)}, valid_from=unit.at, known_at=unit.at
    )
    said = {"table": "poolmember", "row": pool.key, "new": False, **changes({}, {str(rep.pk): 1})}
    unit.record(Kind.SETTING_CHANGED, data=said)
    look_again(unit, pools=[pool.key])


def set_places(territory: Territory, places: Iterable[Place], unit: Unit) -> None:
    """From now on the territory covers exactly these places; a place another one holds is refused."""
    access.require(unit.actor, "edit_ruleset", access.WHOLE_HOUSE)
    rows = TerritoryPlace.objects.filter(territory=territory).overlapping(unit.at, None)
    held, wanted = {(row.kind, row.country, row.value) for row in rows}, set(places)
    others = TerritoryPlace.objects.exclude(territory=territory).overlapping(unit.at, None)
    taken = wanted & {(row.kind, row.country, row.value) for row in others}
    if taken:
        where = " ".join(filter(None, min(taken)))
        raise Refused("place-taken", _("Another territory holds %(place)s.") % {"place": where}, status=409)
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
