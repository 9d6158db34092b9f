"""The one FilterSet of routing decisions, for the page and the API alike."""

from __future__ import annotations

import django_filters as filters
from django.utils.translation import gettext_lazy as _

from leadops.decisions import Decision
from leadops.rest.queries import ListFilter

KINDS = [("assigned", _("Assigned")), ("held", _("Held")), ("pool", _("To be claimed"))]


class DecisionFilter(ListFilter):
    kind = filters.ChoiceFilter(label=_("Outcome"), choices=KINDS, field_name="outcome__kind")
    rule = filters.CharFilter(label=_("Rule"), field_name="why__rule")
    pool = filters.CharFilter(label=_("Pool"), field_name="outcome__pool")
    rep = filters.UUIDFilter(label=_("Rep"), method="by_rep")
    lead = filters.UUIDFilter(label=_("Lead"), field_name="lead")
    version = filters.UUIDFilter(label=_("Version of the rules"), field_name="version")

    class Meta:
        model = Decision
        fields: list[str] = []

    def by_rep(self, rows, name, value):  # type: ignore[no-untyped-def]
        return rows.filter(outcome__rep=str(value))
