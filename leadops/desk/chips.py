"""Filters in force as chips: each in words, each with the address that takes it away; works as plain links."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django_filters import FilterSet

from capture.selectors import Names, names_of
from leadops.desk.timeline import held_words
from leadops.models import Rep, Team
from leadops.templatetags.house import day

PAGING = ("after", "of")


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter: its name and value in words, and the query string without it."""

    label: str
    value: str
    without: str


def chips(chosen: FilterSet, given: QueryDict) -> list[Chip]:
    """The valid filters of a query string, in the order of the FilterSet."""
    asked = chosen.form.cleaned_data if chosen.form.is_valid() else {}
    found = [(name, value) for name, value in _values(asked) if name in given]
    names = names_of(
        (str(value) for name, value in found if name.endswith("source")),
        (str(value) for name, value in found if name.endswith("campaign")),
    )
    return [
        Chip(str(chosen.filters[name].label or name), _words(chosen, name, value, names), _without(given, name, value))
        for name, value in found
    ]


def _values(asked: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in asked.items():
        if isinstance(value, list):
            yield from ((name, one) for one in value)
        elif value not in (None, ""):
            yield name, value


def _words(chosen: FilterSet, name: str, value: Any, names: Names) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, datetime):
        return day(value)
    if name in ("owner", "given_to"):
        rep = Rep.objects.filter(pk=value).select_related("user").first()
        return rep.user.name if rep else "—"
    if name == "team":
        return next(iter(Team.objects.filter(pk=value).values_list("name", flat=True)), "—")
    if name == "held_for":
        return held_words(value)
    if name.endswith(("source", "campaign")):
        table = names.sources if name.endswith("source") else names.campaigns
        return str(table.get(value, value))
    choices = dict(getattr(chosen.form.fields[name], "choices", ()) or ())
    return str(choices.get(value, value))


def _without(given: QueryDict, name: str, value: Any) -> str:
    """The address without this one value; a filter of many values keeps its others."""
    rest = given.copy()
    for each in PAGING[:1]:
        rest.pop(each, None)
    others = [one for one in rest.getlist(name) if one != str(value)] if len(rest.getlist(name)) > 1 else []
    if others:
        rest.setlist(name, others)
    else:
        rest.pop(name, None)
    return f"?{rest.urlencode()}"
