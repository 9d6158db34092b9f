"""The FilterSets of capture: one per list, for page and API alike."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

import django_filters as filters
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q, QuerySet
from django.forms import DateInput, HiddenInput
from django.utils.translation import gettext_lazy as _

from capture import ledger
from capture.models import Source, Submission
from capture.reasons import REASONS
from leadops import moment
from leadops.rest.queries import ListFilter, MomentFilter


class SubmissionFilter(ListFilter):
    q = filters.CharFilter(label=_("Submission or lead"), method="by_id")
    source = filters.ModelChoiceFilter(
        label=_("Source"), queryset=Source.objects.order_by("name"), to_field_name="slug", empty_label=_("All")
    )
    end = filters.ChoiceFilter(label=_("End"), choices=Submission.End.choices, empty_label=_("All"))
    reason = filters.ChoiceFilter(label=_("Reason"), choices=list(REASONS.items()), empty_label=_("All"))
    day = filters.DateFilter(
        label=_("Day"),
        method="by_day",
        widget=DateInput(attrs={"type": "date"}),
        validators=[MinValueValidator(moment.FIRST_DAY), MaxValueValidator(moment.LAST_DAY)],
    )
    file = filters.UUIDFilter(label=_("Import"), field_name="file", widget=HiddenInput)
    received_after = MomentFilter(label=_("Received from"), field_name="received_at", lookup_expr="gte")
    received_before = MomentFilter(label=_("Received before"), field_name="received_at", lookup_expr="lt")

    class Meta:
        model = Submission
        fields: list[str] = []

    def by_id(self, rows: QuerySet[Submission], name: str, value: str) -> QuerySet[Submission]:
        """By its own id, its lead's id, or the sender's id of the delivery."""
        try:
            key = uuid.UUID(value.strip())
        except ValueError:
            return rows.filter(delivery_key__in=[f"{kind}:{value.strip()}" for kind in ("v", "i", "n")])
        return rows.filter(Q(pk=key) | Q(lead=key))

    def by_day(self, rows: QuerySet[Submission], name: str, value: date) -> QuerySet[Submission]:
        start, stop = ledger.midnight(value), ledger.midnight(value + timedelta(days=1))
        return rows.filter(received_at__gte=start, received_at__lt=stop)
