"""What a reader may ask of a report in the query string; an unreadable wish is said and the default is shown."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from leadops.errors import Refused
from reports.periods import DEFAULT, Period, period_of

PERIODS = [
    ("7", _("Last 7 days")),
    ("30", _("Last 30 days")),
    ("90", _("Last 90 days")),
    ("quarter", _("This quarter")),
    ("custom", _("From … to …")),
]
BY = [("source", _("Source")), ("campaign", _("Campaign")), ("channel", _("Channel"))]
REASONS_BY = [("source", _("First source")), ("definition", _("MQL definition"))]
MODELS = [("first", _("First touch")), ("last", _("Last touch"))]


VIEWS = [("cohort", _("Leads of the period, up to now")), ("period", _("What happened in the period"))]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A readable wish."""

    period: Period
    by: str = "source"
    model: str = "first"
    compare: bool = False
    everyone: bool = False
    happened: bool = False


class PeriodForm(forms.Form):
    """The period; `at` is when the reader asks."""

    period = forms.ChoiceField(label=_("Period"), choices=PERIODS, required=False)
    first_day = forms.DateField(label=_("First day"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    last_day = forms.DateField(label=_("Last day"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, data: Any, at: datetime) -> None:
        given = data.copy()
        for name, field in self.base_fields.items():  # a plain address shows the defaults, chosen
            if isinstance(field, forms.ChoiceField) and not given.get(name):
                given[name] = DEFAULT if name == "period" else next(iter(field.widget.choices))[0]
        super().__init__(given)
        self.at = at
        self.spotted = period_of(DEFAULT, at)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        try:
            self.spotted = period_of(
                given.get("period") or DEFAULT, self.at, given.get("first_day"), given.get("last_day")
            )
        except Refused as refusal:
            self.add_error("period", str(refusal.message))
        return given

    def chosen(self) -> Chosen:
        """What to show: the wish where it is readable, the default where it is not."""
        self.is_valid()
        given = self.cleaned_data
        return Chosen(
            period=self.spotted,
            by=given.get("by") or "source",
            model=given.get("model") or "first",
            compare=bool(given.get("compare")),
            everyone=bool(given.get("everyone")),
            happened=given.get("view") == "period",
        )


class OriginForm(PeriodForm):
    """Period, origin and touch: sources and funnel."""

    view = forms.ChoiceField(label=_("View"), choices=VIEWS, required=False)
    by = forms.ChoiceField(label=_("By"), choices=BY, required=False)
    model = forms.ChoiceField(label=_("Credit to"), choices=MODELS, required=False)
    compare = forms.BooleanField(label=_("Compare with the days before"), required=False)


class ResponseForm(PeriodForm):
    """Period and whose waiting counts."""

    everyone = forms.BooleanField(label=_("Also leads that did not ask to be contacted"), required=False)
    compare = forms.BooleanField(label=_("Compare with the days before"), required=False)


class ReasonsForm(PeriodForm):
    """Period, and what the reasons are told apart by."""

    by = forms.ChoiceField(label=_("By"), choices=REASONS_BY, required=False)


class ComparedForm(PeriodForm):
    """Period, and whether the days before stand beside."""

    compare = forms.BooleanField(label=_("Compare with the days before"), required=False)


class DealListForm(PeriodForm):
    """The deals behind a figure: their state, and one agent, product or sector ("-" = without)."""

    state = forms.ChoiceField(
        label=_("Deals"),
        choices=[("closed", _("Closed")), ("won", _("Won deals")), ("open", _("Open now"))],
        required=False,
    )
    agent = forms.CharField(required=False, widget=forms.HiddenInput)
    product = forms.CharField(required=False, max_length=120, widget=forms.HiddenInput)
    sector = forms.CharField(required=False, max_length=80, widget=forms.HiddenInput)
    after = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def clean_agent(self) -> str:
        given = str(self.cleaned_data.get("agent") or "")
        if given in ("", "-"):
            return given
        try:
            return str(uuid.UUID(given))
        except ValueError as fault:
            raise forms.ValidationError(_("There is no such agent.")) from fault

    @property
    def what(self) -> dict[str, Any]:
        """What was readable of it."""
        self.is_valid()
        return self.cleaned_data
