"""Which territory a place belongs to: the longest postcode prefix, else the region, else the country. Pure reading.

The bulk reader and the SQL of the field `territory` give the same answer; two places cannot tie (a constraint).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import BooleanField, Case, F, Func, IntegerField, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Length

from routing.models import TerritoryPlace

Kind = TerritoryPlace.Kind
Places = Mapping[tuple[str, str, str], str]  # (kind, country, value) -> territory key


def places_at(at: datetime, known_at: datetime | None = None) -> dict[tuple[str, str, str], str]:
    """Every place of an active territory as it stood at a moment; one query."""
    rows = TerritoryPlace.objects.state_at(at, known_at).filter(territory__active=True)
    return {(r[0], r[1], r[2]): r[3] for r in rows.values_list("kind", "country", "value", "territory__key")}


def territory_of(country: str, region: str, postcode: str, places: Places) -> str:
    """The territory's key; '' when no place covers it or the country is unknown."""
    if not country:
        return ""
    for length in range(len(postcode), 0, -1):
        found = places.get((Kind.POSTCODE, country, postcode[:length]))
        if found:
            return found
    return (region and places.get((Kind.REGION, country, region))) or places.get((Kind.COUNTRY, country, ""), "")


def read(leads: Sequence[Any], at: datetime) -> dict[Any, str]:
    """The field's bulk reader."""
    places = places_at(at)
    return {lead.pk: territory_of(lead.country, lead.region, lead.postcode, places) for lead in leads}


def sql(at: datetime) -> Subquery:
    """The field's SQL: the most specific place that covers the row."""
    begins = Func(OuterRef("postcode"), F("value"), function="starts_with", output_field=BooleanField())
    covers = (
        Q(kind=Kind.COUNTRY, value="")
        | (Q(kind=Kind.REGION, value=OuterRef("region")) & ~Q(value=""))
        | (Q(kind=Kind.POSTCODE) & Q(begins) & ~Q(value=""))
    )
    rank = Case(
        When(kind=Kind.POSTCODE, then=Value(2)),
        When(kind=Kind.REGION, then=Value(1)),
        default=Value(0),
        output_field=IntegerField(),
    )
    rows = TerritoryPlace.objects.state_at(at).filter(covers, territory__active=True, country=OuterRef("country"))
    best = rows.annotate(rank=rank, length=Length("value")).order_by("-rank", "-length")
    return Subquery(best.values("territory__key")[:1])


def overlaps(rows: Iterable[tuple[str, str, str, str]]) -> list[tuple[str, str, str]]:
    """Places claimed twice among (kind, country, value, territory): said before the constraint refuses them."""
    seen: dict[tuple[str, str, str], str] = {}
    return [
        (kind, country, value)
        for kind, country, value, territory in rows
        if seen.setdefault((kind, country, value), territory) != territory
    ]
