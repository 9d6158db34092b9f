"""What a query string may say, so that a typing error never widens a list: each name once, truth as true or false, pages in numbers.

It knows no resource. An empty value says nothing, as in the forms of the pages.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import django_filters as filters
from django.core.exceptions import ValidationError
from django.forms import IntegerField, NullBooleanField
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django_filters.fields import IsoDateTimeField
from django_filters.widgets import BooleanWidget
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from leadops import moment
from leadops.errors import Refused

AnyFilter = TypeVar("AnyFilter", bound=filters.FilterSet)

TRUTH = ("", "true", "false", "1", "0")
OF_PAGES = ("after", "of")  # what the address of a list says beside its filters
BOX = (*TRUTH, "on")  # as a ticked box of a page sends it


class ListFilter(filters.FilterSet):
    """The filters of a list that has a page: one that cannot be read finds nothing, and the page says which."""

    needs: Mapping[str, str] = {}  # a filter -> the one without which it says nothing

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(_said(data), *args, **kwargs)

    def is_valid(self) -> bool:
        valid: bool = super().is_valid()
        told = self.form.cleaned_data if self.is_bound else {}
        for name, other in self.needs.items():
            if told.get(name) and not told.get(other) and other not in self.form.errors:
                words = _("This filter says something only beside another: %(name)s")
                self.form.add_error(name, words % {"name": self.filters[other].label})
                valid = False
        return valid

    @property
    def qs(self) -> Any:
        if self.is_bound and not self.is_valid():
            return self.queryset.none()
        return super().qs


def _said(data: Any) -> Any:
    """What a query string says: an empty value says nothing."""
    if not isinstance(data, QueryDict):
        return data
    said = QueryDict(mutable=True)
    for name, values in data.lists():
        if kept := [value for value in values if value]:
            said.setlist(name, kept)
    return said


class _TruthWidget(BooleanWidget):
    """Leaves what is neither true nor false as it came, so that somebody can say so."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        found = super().value_from_datadict(data, files, name)
        return data.get(name) if found is None else found


class _TruthField(NullBooleanField):
    def to_python(self, value: Any) -> bool | None:
        if isinstance(value, str) and value.lower() not in TRUTH:
            raise ValidationError(_("This is either true or false."), code="invalid")
        return super().to_python(value.lower() if isinstance(value, str) else value)


class Truth(filters.BooleanFilter):
    """A filter of yes and no: what is neither is refused, not ignored."""

    field_class = _TruthField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("widget", _TruthWidget)
        super().__init__(*args, **kwargs)


class _WholeField(IntegerField):
    re_decimal = re.compile(r"(?!)")  # nothing is cut from what was sent


@extend_schema_field(OpenApiTypes.INT)
class WholeNumber(filters.NumberFilter):
    """A filter of whole numbers: half a version is refused, not rounded to one nobody asked for."""

    field_class = _WholeField


class _MomentField(IsoDateTimeField):
    def to_python(self, value: Any) -> datetime | None:
        found: datetime | None = super().to_python(value)
        try:
            found = found and found.astimezone(UTC)
        except OverflowError:
            pass  # at the very ends of the calendar, beyond the years below
        if found is not None and not moment.can_be_kept(found):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return found


class MomentFilter(filters.IsoDateTimeFilter):
    """A filter of moments: those that can be kept, whatever zone they name; a database knows fewer zones than ISO 8601."""

    field_class = _MomentField


def check(given: QueryDict, several: Collection[str], truths: Collection[str], words: Collection[str] = TRUTH) -> None:
    """Raises Refused for a name that is given twice, `several` apart; ValidationError for a truth that is neither."""
    twice = sorted(name for name in given if name not in several and len(given.getlist(name)) > 1)
    if twice:
        said = _("This is given more than once: %(names)s") % {"names": ", ".join(twice)[:200]}
        raise Refused("repeated-filter", said, status=400, names=twice)
    wrong = [name for name in truths if given.get(name, "").lower() not in words]
    if wrong:
        raise serializers.ValidationError({name: [_("This is either true or false.")] for name in wrong})


def size(given: str, most: int) -> None:
    """Raises Refused unless it is a number of rows a page may have; more than the most is the most."""
    if given and not (given.isascii() and given.isdecimal() and len(given) < 20 and int(given) > 0):
        raise Refused("invalid-limit", _("A page has 1 to %(most)s rows.") % {"most": most}, status=400)


def read(found: AnyFilter) -> AnyFilter:
    """The filter, read, before somebody acts on what it finds: one that cannot be read would find more than was meant.

    Raises Refused `unknown-filter`, `repeated-filter` or `bad-filter`, which name the field and what is wrong with it.
    """
    given = found.data
    unknown = sorted(set(given) - set(found.filters) - set(OF_PAGES))
    if unknown:
        words = _("There is no filter of this name: %(names)s") % {"names": ", ".join(unknown)[:200]}
        raise Refused("unknown-filter", words, names=unknown)
    check(given, [name for name, each in found.filters.items() if isinstance(each, filters.MultipleChoiceFilter)], ())
    if not found.is_valid():
        where = next(iter(found.errors))
        label = found.form[where].label
        raise Refused("bad-filter", f"{label} — {found.errors[where][0]}", names=[where])
    return found
