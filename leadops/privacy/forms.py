"""Forms of the privacy pages: shape only, and the word that must be typed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from leadops.privacy.models import Erasure
from leadops.privacy.policy import LONGEST, SHORTEST

WORDS = ("erase", "effacer")


def confirmed(word: str) -> bool:
    return word.strip().casefold() in WORDS


class EraseForm(forms.Form):
    """Why, whether the company is the person, and the word."""

    reason = forms.ChoiceField(
        label=_("Why"), choices=[one for one in Erasure.Reason.choices if one[0] != Erasure.Reason.RETENTION]
    )
    company = forms.BooleanField(label=_("The company is the person: erase its name too"), required=False)
    confirm = forms.CharField(
        label=_("Type the word “erase” to confirm"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, company: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not company:
            del self.fields["company"]

    def clean_confirm(self) -> str:
        word: str = self.cleaned_data["confirm"]
        if not confirmed(word):
            raise forms.ValidationError(_("Type the word to confirm. Nothing was erased."))
        return word


class RetentionForm(forms.Form):
    months = forms.IntegerField(
        label=_("Erase who gave no sign for so many months"),
        required=False,
        min_value=SHORTEST,
        max_value=LONGEST,
        help_text=_("Empty: nobody is erased by age. In France 36 months are usual."),
    )
    reason = forms.CharField(label=_("Reason"), max_length=300)
