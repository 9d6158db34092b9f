"""What a draft says about a person and a lead as column values, and how empty fields are filled; pure.

A later submission fills what is empty and never overwrites (D8): who typed first, or corrected by hand, wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from capture.adapters.base import Draft
from capture.attributes import Coerced
from capture.identity import Keys, whole_name
from capture.models import Source
from leadops.fold import fold
from leadops.models import Lead, Person

EARLIEST = timedelta(days=3653)  # a provider's time further back than ten years is not believed


def person_facts(draft: Draft, keys: Keys, source: Source, attributes: Coerced) -> dict[str, Any]:
    name = whole_name(draft)
    return {
        "given_name": draft.given_name,
        "family_name": draft.family_name,
        "name": name,
        "name_folded": keys.name[:250],
        "email": draft.email if keys.email else "",
        "phone": draft.phone,
        "title": draft.title,
        "language": draft.language or source.language,
        "country": draft.country or source.country,
        "attributes": attributes.values,
        "attributes_folded": attributes.folded,
    }


def lead_facts(draft: Draft, keys: Keys, source: Source, attributes: Coerced) -> dict[str, Any]:
    return {
        "company": draft.company,
        "company_folded": keys.company_whole[:250],
        "title": draft.title,
        "title_folded": fold(draft.title)[:200],
        "industry": draft.industry,
        "employees": draft.employees,
        "country": draft.country or source.country,
        "region": draft.region[:8],
        "postcode": " ".join(draft.postcode.upper().split()),
        "city": draft.city,
        "city_folded": fold(draft.city)[:120],
        "language": draft.language or source.language,
        "free_mail": keys.free_mail,
        "external_key": draft.external_id,
        "attributes": attributes.values,
        "attributes_folded": attributes.folded,
    }


LEAD_FACTS = (
    "company", "company_folded", "title", "title_folded", "industry", "employees", "country", "region", "postcode",
    "city", "city_folded", "language", "free_mail", "external_key", "attributes", "attributes_folded",
)  # fmt: skip
PERSON_FACTS = (
    "given_name", "family_name", "name", "name_folded", "email", "phone", "title", "language", "country", "attributes",
    "attributes_folded",
)  # fmt: skip


def fill(row: Lead | Person, facts: Mapping[str, Any]) -> list[str]:
    """Set what is empty on the row; returns the names of what changed, folded twins left out."""
    changed: list[str] = []
    for name, value in facts.items():
        held = getattr(row, name)
        if isinstance(value, Mapping):
            fresh = {key: item for key, item in value.items() if key not in held}
            if fresh:
                setattr(row, name, {**held, **fresh})
                changed += [] if name.endswith("_folded") else sorted(fresh)
        elif held in ("", None) and value not in ("", None):
            setattr(row, name, value)
            if not name.endswith("_folded"):
                changed.append(name)
    return changed


def occurred(draft: Draft, received_at: datetime) -> tuple[datetime, str]:
    """When the touch happened, within [ten years before, received]; and the warning when that had to be bent."""
    if draft.occurred_at is None or draft.occurred_at > received_at:
        return received_at, "occurred-clamped" if draft.occurred_at is not None else ""
    earliest = received_at - EARLIEST
    return (draft.occurred_at, "") if draft.occurred_at >= earliest else (earliest, "occurred-clamped")


def says_nothing(draft: Draft) -> bool:
    """Whether nobody could be found behind a draft: no address, number, name, company, message or id of its own."""
    return not any(
        (draft.email, draft.phone, whole_name(draft), draft.company, draft.message, draft.external_id, draft.title)
    )
