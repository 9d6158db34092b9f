"""One filter set for handoffs, meant for page and API alike: a query string means the same in both."""

from __future__ import annotations

from typing import Any

import django_filters
from django.forms import Select
from django.utils.translation import gettext_lazy as _

from leadops.models import Reason
from leadops.rest.queries import ListFilter, Truth, WholeNumber
from leadops.templatetags.house import said
from qualification.models import Handoff


def _reasons() -> list[tuple[str, str]]:
    return [(row.key, said(row.labels)) for row in Reason.objects.filter(use=Reason.Use.HAND_BACK)]


class HandoffFilter(ListFilter):
    """?state=handed_back&reason=no_fit"""

    state = django_filters.ChoiceFilter(label=_("State"), choices=Handoff.State.choices, empty_label=_("All"))
    reason = django_filters.ChoiceFilter(label=_("Reason"), choices=_reasons, empty_label=_("All"))
    version = WholeNumber(label=_("Version"), field_name="definition__number")
    overdue = Truth(
        label=_("Not answered in time"),
        field_name="overdue_at",
        lookup_expr="isnull",
        exclude=True,
        widget=Select(choices=[("", _("All")), ("true", _("Yes")), ("false", _("No"))]),
    )

    class Meta:
        model = Handoff
        fields: list[Any] = ["state", "reason", "version", "overdue"]
