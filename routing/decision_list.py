"""The list of decisions on the page of the rules: a page of it at a time, its filters by names. It decides nothing."""

from __future__ import annotations

import uuid
from typing import Any

from django.forms import Form, HiddenInput, Select
from django.http import QueryDict
from django.utils.translation import gettext as _

from leadops.decisions import Decision
from leadops.fold import fold
from leadops.templatetags.house import said
from routing.filters import KINDS, DecisionFilter
from routing.match import FALLBACK

DECISIONS = 50


def page_of(found: DecisionFilter, query: QueryDict) -> tuple[list[Decision], str]:
    """A page of them, newest first, and the query of the page of older ones ("" = there are none)."""
    before = _key(query.get("before", ""))
    rows = found.qs.filter(pk__lt=before) if before else found.qs
    some = list(rows[: DECISIONS + 1])
    if len(some) <= DECISIONS:
        return some, ""
    kept = query.copy()
    kept["before"] = str(some[DECISIONS - 1].pk)
    return some[:DECISIONS], kept.urlencode()


def _key(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def by_name(form: Form, rules: list[dict[str, Any]], pools: list[dict[str, Any]]) -> Form:
    """The filters of the API take keys and ids; a reader chooses names."""
    reps = {member["rep"].pk: member["rep"].user.name for row in pools for member in row["members"]}
    names: dict[str, list[tuple[str, Any]]] = {
        "kind": list(KINDS),
        "rule": [(rule["key"], rule["label"]) for rule in rules] + [(FALLBACK, _("Every other lead"))],
        "pool": [(row["pool"].key, said(row["pool"].name) or row["pool"].key) for row in pools],
        "rep": sorted(((str(pk), name) for pk, name in reps.items()), key=lambda one: fold(one[1])),
    }
    for field, choices in names.items():
        form.fields[field].widget = Select(choices=[("", _("All")), *choices])
    for hidden in ("lead", "version"):
        form.fields[hidden].widget = HiddenInput()
    return form
