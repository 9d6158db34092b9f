"""Forms of routing's pages: an absence; checks of shape only, rights and rules are the services'."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from leadops.models import Absence


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
