"""Forms of routing's pages: an absence; checks of shape only, rights and rules are the services'."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from leadops.models import Absence, Rep
from leadops.templatetags.house import said
from routing.models import Pool

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


class LeaveForm(forms.Form):
    """Where the leads and the accounts of somebody who leaves go."""

    leads_to = forms.ChoiceField(label=_("The open leads go"))
    accounts_to = forms.ChoiceField(label=_("The accounts go to"), required=False)

    def __init__(self, rep: Rep, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        pools = [(f"pool:{p.key}", said(p.name) or p.key) for p in Pool.objects.filter(active=True).order_by("key")]
        others = Rep.objects.filter(active=True).exclude(pk=rep.pk).select_related("user", "team")
        people = [(str(one.pk), f"{one.user.name} · {one.team.name}") for one in others.order_by("user__name")]
        self.fields["leads_to"].choices = [  # type: ignore[attr-defined]
            ("rules", _("by the rules")),
            (_("To a pool, in its turns"), pools),
            (_("To one rep"), [(f"rep:{key}", name) for key, name in people]),
        ]
        self.fields["accounts_to"].choices = [("", _("nobody: the rules decide")), *people]  # type: ignore[attr-defined]
