"""What people type about any version, whatever its kind: its name in both languages, and why it changes. It decides nothing."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class NameForm(forms.Form):
    name_fr = forms.CharField(label=_("Name in French"), max_length=120)
    name_en = forms.CharField(label=_("Name in English"), max_length=120)

    def names(self) -> dict[str, str]:
        return {"fr": self.cleaned_data["name_fr"], "en": self.cleaned_data["name_en"]}


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=500, help_text=_("Why it changes. Everyone reads it."))
