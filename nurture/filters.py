"""The one FilterSet of each list of nurture: a query string means the same on the page and in the API."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from leadops.effects import suppression
from leadops.fold import fold_email
from leadops.models import Suppression
from leadops.rest.queries import ListFilter

IN_FORCE, LIFTED, ALL = "in_force", "lifted", "all"
STATES = [(IN_FORCE, _("In force")), (LIFTED, _("Lifted")), (ALL, _("All"))]


def an_address(value: str) -> None:
    if fold_email(value) is None:
        raise ValidationError(_("This is not an e-mail address."))


class SuppressionFilter(ListFilter):
    """Without `state`, what holds now."""

    address = filters.CharFilter(
        label=_("E-mail address"),
        method="by_address",
        validators=[an_address],
    )
    reason = filters.ChoiceFilter(
        label=_("Reason"), choices=list(suppression.REASON_LABELS.items()), empty_label=_("All")
    )
    state = filters.ChoiceFilter(label=_("State"), choices=STATES, method="by_state", empty_label=None)

    class Meta:
        model = Suppression
        fields: list[str] = []

    def filter_queryset(self, queryset: QuerySet[Suppression]) -> QuerySet[Suppression]:
        found: QuerySet[Suppression] = super().filter_queryset(queryset)
        return found if self.form.cleaned_data.get("state") else self.by_state(found, "state", IN_FORCE)

    def by_address(self, rows: Any, _name: str, value: str) -> Any:
        return rows.filter(digest__in=suppression.digests_of_address(value))

    def by_state(self, rows: Any, _name: str, value: str) -> Any:
        return rows if value == ALL else rows.filter(lifting__isnull=value == IN_FORCE)
