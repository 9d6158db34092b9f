"""The house these tests route in: pools, reps, rules by territory and skill; and short words for what happens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from leadops import moment, unit
from leadops.access import Actor, system
from leadops.journal import Kind
from leadops.models import Lead, Rep, RepTerms
from leadops.testing import ALWAYS_OPEN, DAWN, LeadFactory, put_in_force, rep
from leadops.unit import Phase, Unit, in_unit
from routing import services
from routing.models import Pool, PoolMember, Territory, TerritoryPlace

PIPELINE = system("pipeline")
OFFICE = {
    "zone": "Europe/Paris",
    "week": {day: [["09:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
}


@contextmanager
def only_routing() -> Iterator[None]:
    """The flow with the one phase under test."""
    before = unit.phases()
    unit.set_phases([Phase("route", services.ROUTE_KINDS, services.route)])
    try:
        yield
    finally:
        unit.set_phases(before)


def pool(key: str, *reps: Rep, weights: Sequence[float] = (), **fields: Any) -> Pool:
    made, _ = Pool.objects.get_or_create(key=key, defaults={"name": {"en": key.title()}, **fields})
    for place, each in enumerate(reps):
        weight = weights[place] if weights else 1
        PoolMember.objects.create(pool=made, rep=each, weight=weight, valid_from=DAWN, known_from=DAWN)
    return made


def territory(key: str, *places: tuple[str, str, str]) -> Territory:
    made = Territory.objects.create(key=key, name={"en": key.title()})
    for kind, country, value in places:
        TerritoryPlace.objects.create(
            territory=made, kind=kind, country=country, value=value, valid_from=DAWN, known_from=DAWN
        )
    return made


def rules(*given: dict[str, Any], fallback: str = "everyone", nobody: str = "hold_until_open", **more: Any) -> Any:
    put_in_force("calendar", "always", ALWAYS_OPEN)
    Pool.objects.get_or_create(key=fallback)
    body = {
        "triggers": {"capture": "hand_raiser", "mql": True},
        "rules": list(given),
        "fallback": {"pool": fallback, "watcher": "revenue_ops", "nobody": nobody},
        **more,
    }
    return put_in_force("ruleset", "house", body)


def rule(key: str, to: dict[str, Any], when: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"key": key, "label": {"fr": key, "en": key}, "when": when or {}, "to": to, **more}


def is_in(field: str, value: str) -> dict[str, Any]:
    return {"all": [{"field": field, "op": "eq", "value": value}]}


def arrive(leads: Sequence[Lead], trigger: str = "now", actor: Actor = PIPELINE, **data: Any) -> list[Lead]:
    """These leads come in together, in this order."""

    def work(unit: Unit) -> None:
        for lead in unit.leads([each.pk for each in leads]):
            known = {"trigger": trigger, "hand_raiser": lead.hand_raiser, "source": lead.source, **data}
            unit.record(Kind.CAPTURED, lead, data=known)

    in_unit(work, actor=actor)
    found = {lead.pk: lead for lead in Lead.objects.filter(pk__in=[lead.pk for lead in leads])}
    return [found[lead.pk] for lead in leads]


def new_leads(n: int, **fields: Any) -> list[Lead]:
    return [LeadFactory(**fields) for _ in range(n)]


def do(work: Any, actor: Actor = PIPELINE) -> Any:
    return in_unit(work, actor=actor)


def three(names: Sequence[str] = ("Ada", "Bob", "Cleo"), **terms: Any) -> list[Rep]:
    return [rep(name, **terms) for name in names]


def new_terms(rep: Rep, **values: Any) -> None:
    """From now on these terms hold, the others as before."""
    at, apart = moment.now(), {"id", "rep", "valid_from", "valid_to", "known_from", "known_to"}
    row = RepTerms.objects.state_at(at).get(rep=rep)
    kept = {field.name: getattr(row, field.name) for field in row._meta.concrete_fields if field.name not in apart}
    RepTerms.objects.change(identity={"rep": rep}, values={**kept, **values}, valid_from=at, known_at=at)


def now() -> Any:
    return moment.now()
