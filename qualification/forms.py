"""What people type to end a lead or work a deal: read and checked for form only; rules are the services'."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from leadops import money, perrequest
from leadops.conditions.fields import day_of
from leadops.errors import Refused
from leadops.models import Opportunity, Reason
from leadops.money import Money
from leadops.templatetags.house import day, said
from qualification.answers import Answered
from qualification.models import FrameworkAnswer
from qualification.rests import rest_of


def reasons(use: str) -> list[tuple[str, str]]:
    rows = [row for row in perrequest.reasons() if row.use == use and row.active]
    return [("", "—"), *((row.key, said(row.labels) or row.key) for row in rows)]


class DayInput(forms.DateInput):
    """The browser's own day picker; its value is always ISO."""

    input_type = "date"

    def __init__(self, **options: Any) -> None:
        super().__init__(format="%Y-%m-%d", **options)


class VerbForm(forms.Form):
    """A form that stands several times on one page: every copy has ids of its own."""

    def __init__(self, data: Any = None, *, on: object = "", **options: Any) -> None:
        super().__init__(data, auto_id=f"{type(self).__name__.lower()}-{on}-%s", **options)
        for field in self.fields.values():
            if isinstance(field, forms.ChoiceField) and hasattr(field, "use"):
                field.choices = reasons(field.use)


class ReasonField(forms.ChoiceField):
    """One reason of a closed list; read from the table when the form is made."""

    def __init__(self, use: str, **options: Any) -> None:
        super().__init__(label=_("Reason"), **options)
        self.use = use


class AmountField(forms.CharField):
    """An amount as the reader's language writes it: 12 000,50 € or €12,000.50."""

    def __init__(self, **options: Any) -> None:
        attrs = {"inputmode": "decimal", "autocomplete": "off"}
        super().__init__(max_length=60, widget=forms.TextInput(attrs=attrs), **options)


class AmountForm(VerbForm):
    """Fields `amount` and `currency` read together; `money` is None where the amount may be left out."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        text, currency = cleaned.get("amount", ""), cleaned.get("currency") or settings.HOUSE_CURRENCY
        cleaned["money"] = self._amount(text, currency) if text else None
        return cleaned

    def _amount(self, text: str, currency: str) -> Money | None:
        try:
            found = money.parse(text, get_language() or settings.HOUSE_LANGUAGE, currency.upper())
        except Refused as refused:
            self.add_error("amount", str(refused.message))
            return None
        if found.minor < 0:
            self.add_error("amount", _("An amount is not below zero."))
        return found


def _currency() -> forms.CharField:
    attrs = {"size": 4, "maxlength": 3, "autocapitalize": "characters", "autocomplete": "off", "spellcheck": "false"}
    return forms.CharField(
        label=_("Currency"), min_length=3, max_length=3, required=False, widget=forms.TextInput(attrs=attrs)
    )


class DisqualifyForm(VerbForm):
    reason = ReasonField(Reason.Use.DISQUALIFY)
    text = forms.CharField(
        label=_("Comment"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )


class RecycleForm(VerbForm):
    """Left without a day, the lead rests as long as its reason suggests."""

    reason = ReasonField(Reason.Use.RECYCLE)
    wake_on = forms.DateField(
        label=_("Wake on"),
        required=False,
        widget=DayInput(),
        help_text=_("If left empty, the day suggested beside the reason."),
    )
    text = forms.CharField(
        label=_("Comment"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, data: Any = None, *, on: object = "", at: datetime | None = None, **options: Any) -> None:
        super().__init__(data, on=on, **options)
        field: forms.ChoiceField = self.fields["reason"]  # type: ignore[assignment]
        if at is not None:
            offered: Any = field.choices
            field.choices = [
                (key, f"{label} · {day(day_of(at + rest_of(key)))}" if key else label) for key, label in offered
            ]

    def wake_at(self) -> datetime | None:
        """Nine in the morning of that day, where the reader is; None: as the reason suggests."""
        chosen: date | None = self.cleaned_data["wake_on"]
        return datetime.combine(chosen, time(9), timezone.get_current_timezone()) if chosen else None


class AnswersForm(VerbForm):
    """The questions of a framework, each with its closed list of answers."""

    def __init__(
        self, data: Any = None, *, on: object = "", body: Mapping[str, Any], held: Mapping[str, str], **options: Any
    ) -> None:
        super().__init__(data, on=on, **options)
        self.questions = [question["key"] for question in body["questions"]]
        for question in body["questions"]:
            key = question["key"]
            choices = [("", "—"), *((row["key"], said(row["label"])) for row in question["answers"])]
            known = {row["key"] for row in question["answers"]}
            self.fields[f"q_{key}"] = forms.ChoiceField(
                label=said(question["label"]),
                choices=choices,
                required=False,
                initial=held.get(key, "") if held.get(key) in known else "",
            )
        self.fields["evidence"] = forms.ChoiceField(label=_("How we know"), choices=FrameworkAnswer.Evidence.choices)
        self.fields["text"] = forms.CharField(
            label=_("Comment"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
        )

    def given(self) -> Answered:
        """What was answered; a question left open stays open."""
        typed = {key: self.cleaned_data[f"q_{key}"] for key in self.questions}
        return Answered(
            {key: value for key, value in typed.items() if value},
            self.cleaned_data["evidence"],
            self.cleaned_data["text"],
        )


class OpenOpportunityForm(AmountForm):
    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    amount = AmountField(label=_("Amount"), required=False)
    currency = _currency()
    expected_on = forms.DateField(label=_("Expected on"), required=False, widget=DayInput())


class WinForm(AmountForm):
    amount = AmountField(label=_("Amount won"))
    currency = _currency()
    closed_on = forms.DateField(label=_("Won on"), required=False, widget=DayInput())


class LoseForm(VerbForm):
    reason = ReasonField(Reason.Use.LOST)


def amount_text(deal: Opportunity) -> str:
    """An amount as the reader may type it again."""
    if deal.amount_minor is None:
        return ""
    digits = money.exponent(deal.currency)
    number = Decimal(deal.amount_minor).scaleb(-digits)
    return money.format_number(number, get_language() or settings.HOUSE_LANGUAGE, digits)
