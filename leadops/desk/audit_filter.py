"""The one FilterSet of the audit, for page, file and API alike."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import django_filters as filters
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q, QuerySet
from django.forms import DateInput, Select
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from leadops import moment
from leadops.audited import ANSWERED_FOR, BY_PEOPLE, OWNERS, EntryOrigin
from leadops.journal import JournalEntry
from leadops.models import User
from leadops.rest.queries import ListFilter

# what one looks for -> kinds
SUBJECTS: dict[str, tuple[str, ...]] = {
    "sign_in": ("signed_in", "sign_in_refused", "second_factor"),
    "tokens": ("token_changed", "token_elsewhere"),
    "versions": ("version_published",),
    "settings": ("setting_changed",),
    "reps": ("rep_deactivated", "rep_absent"),
    "owners": OWNERS,
    "persons": ("merged", "unmerged", "erased", "copied"),
    "files": ("exported", "imported"),
    "replays": ("submission_replayed",),
}
WORDS = {
    "sign_in": _("Sign-in and second factor"),
    "tokens": _("API tokens"),
    "versions": _("Rules and other versions"),
    "settings": _("Users, roles and settings"),
    "reps": _("Reps who leave or are away"),
    "owners": _("Owners of leads"),
    "persons": _("Merges, copies and erasures"),
    "files": _("Files in and out"),
    "replays": _("Submissions read again"),
}
BY = [("", _("All")), ("person", _("People")), ("system", _("The system"))]
NEAR = [MinValueValidator(moment.FIRST_DAY), MaxValueValidator(moment.LAST_DAY)]  # beyond, a day has no next one
DAY = DateInput(attrs={"type": "date"})


def _begins(day: date) -> datetime:
    """The first instant of a day where the reader is."""
    return timezone.make_aware(datetime.combine(day, time()))


class AuditFilter(ListFilter):
    what = filters.ChoiceFilter(label=_("What"), choices=list(WORDS.items()), method="by_subject", empty_label=_("All"))
    who = filters.ModelChoiceFilter(
        label=_("Who"), field_name="actor", queryset=User.objects.order_by("name", "pk"), empty_label=_("Everybody")
    )
    by = filters.ChoiceFilter(label=_("By"), choices=BY[1:], method="by_side", empty_label=BY[0][1], widget=Select)
    address = filters.CharFilter(label=_("Address they came from"), max_length=64, method="by_address")
    since = filters.DateFilter(label=_("From day"), method="by_since", widget=DAY, validators=NEAR)
    until = filters.DateFilter(label=_("To day"), method="by_until", widget=DAY, validators=NEAR)

    class Meta:
        model = JournalEntry
        fields: list[str] = []

    def filter_queryset(self, queryset: QuerySet[JournalEntry]) -> QuerySet[JournalEntry]:
        """Where no subject is asked for, changes of owners by rule stay out: they are as many as leads."""
        rows: QuerySet[JournalEntry] = super().filter_queryset(queryset)
        return rows if self.form.cleaned_data.get("what") else rows.filter(BY_PEOPLE)

    def by_subject(self, rows: QuerySet[JournalEntry], _name: str, value: str) -> QuerySet[JournalEntry]:
        return rows.filter(kind__in=SUBJECTS[value])

    def by_side(self, rows: QuerySet[JournalEntry], _name: str, value: str) -> QuerySet[JournalEntry]:
        return rows.filter(actor__isnull=value == "system")

    def by_address(self, rows: QuerySet[JournalEntry], _name: str, value: str) -> QuerySet[JournalEntry]:
        return rows.filter(pk__in=EntryOrigin.objects.filter(address=value.strip()).values("entry"))

    def by_since(self, rows: QuerySet[JournalEntry], _name: str, value: date) -> QuerySet[JournalEntry]:
        return rows.filter(recorded_at__gte=_begins(value))

    def by_until(self, rows: QuerySet[JournalEntry], _name: str, value: date) -> QuerySet[JournalEntry]:
        return rows.filter(recorded_at__lt=_begins(value + timedelta(days=1)))


def every() -> Q:
    return Q(kind__in=(*ANSWERED_FOR, *OWNERS))
