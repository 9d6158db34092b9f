"""Forms of routing's pages: an absence; checks of shape only, rights and rules are the services'."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from leadops.models import Absence

MOVES = [
    ("keep", _("stay with the rep")),
    ("urgent", _("go to others by the rules, those due meanwhile")),
    ("all", _("go to others by the rules, all of them")),
]


class AbsenceForm(forms.Form):
    """From and to in the reader's own time; open-ended without an end."""

    kind = forms.ChoiceField(label=_("Kind of absence"), choices=Absence.Kind.choices)
    start = forms.DateTimeField(
        label=_("From"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    end = forms.DateTimeField(
        label=_("Until"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    move = forms.ChoiceField(label=_("The open leads"), choices=MOVES, initial="keep", required=False)

    def clean_move(self) -> str:
        return self.cleaned_data["move"] or "keep"

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("start") and data.get("end") and data["end"] <= data["start"]:
            self.add_error("end", _("An absence ends after it begins."))
        return data
