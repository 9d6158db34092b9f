"""The one FilterSet of leads: a query string means the same on the page and in the API."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from leadops.fold import fold, fold_email
from leadops.models import OPEN_STAGES, Lead, Stage


class LeadFilter(filters.FilterSet):
    q = filters.CharFilter(label=_("Name, e-mail or company"), method="by_text")
    stage = filters.MultipleChoiceFilter(label=_("Stage"), choices=Stage.choices)
    open = filters.BooleanFilter(label=_("Open"), method="by_open")
    owner = filters.UUIDFilter(label=_("Owner"), field_name="owner")
    team = filters.UUIDFilter(label=_("Team"), field_name="team")
    held = filters.BooleanFilter(label=_("Held"), method="by_held")
    source = filters.CharFilter(label=_("Source"), field_name="source")
    campaign = filters.CharFilter(label=_("Campaign"), field_name="campaign")
    channel = filters.CharFilter(label=_("Channel"), field_name="channel")
    received_after = filters.IsoDateTimeFilter(label=_("Received from"), field_name="received_at", lookup_expr="gte")
    received_before = filters.IsoDateTimeFilter(label=_("Received before"), field_name="received_at", lookup_expr="lt")
    external_key = filters.CharFilter(field_name="external_key")
    submission = filters.UUIDFilter(field_name="submission")

    class Meta:
        model = Lead
        fields: list[str] = []

    def by_open(self, rows: QuerySet[Lead], name: str, value: bool) -> QuerySet[Lead]:
        still_open = Q(stage__in=OPEN_STAGES, absorbed_by__isnull=True)
        return (
            rows.filter(still_open) if value else rows.filter(Q(absorbed_by__isnull=False) | ~Q(stage__in=OPEN_STAGES))
        )

    def by_held(self, rows: QuerySet[Lead], name: str, value: bool) -> QuerySet[Lead]:
        return rows.filter(held="") if not value else rows.filter(Q(held__gt=""))

    def by_text(self, rows: QuerySet[Lead], name: str, value: str) -> QuerySet[Lead]:
        """Exact e-mail, else the beginning of a name or company, folded: indexed, never fuzzy on open."""
        email: Any = fold_email(value)
        if email:
            return rows.filter(person__emails__folded=email)
        text = fold(value)
        return (
            rows.filter(Q(person__name_folded__startswith=text) | Q(company_folded__startswith=text)) if text else rows
        )
