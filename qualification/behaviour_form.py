"""The form of one behaviour line: which acts count, how far back, how many, and how they fade; it publishes nothing."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from leadops.models import Touch
from qualification.behaviour import HALVES, LINEAR, MATCHES, NONE
from qualification.criteria import PLACES, Body
from qualification.scoring import NEGATIVE


class BehaviourForm(forms.Form):
    """One line that counts acts of the person: which, how far back, how many, and how they fade."""

    DECAYS: ClassVar = (
        (NONE, _("keep their points until the window ends")),
        (LINEAR, _("fall evenly to zero over the window")),
        (HALVES, _("halve again and again")),
    )
    place = forms.ChoiceField(label=_("Group"), choices=PLACES[1:3])
    label_fr = forms.CharField(label=_("Label in French"), max_length=120)
    label_en = forms.CharField(label=_("Label in English"), max_length=120)
    kinds = forms.MultipleChoiceField(
        label=_("Touches"), choices=Touch.Kind.choices, widget=forms.CheckboxSelectMultiple, required=False, help_text=_("None ticked: every kind.")
    )  # fmt: skip
    points = forms.IntegerField(
        label=_("Points per touch"), min_value=-1000, max_value=1000, help_text=_("Below zero in the negative group.")
    )
    most = forms.IntegerField(label=_("Touches counted at most"), min_value=1, max_value=50, initial=3)
    days = forms.IntegerField(label=_("Window, in days"), min_value=1, max_value=365, initial=30)
    decay = forms.ChoiceField(label=_("With time, touches"), choices=DECAYS, initial=NONE)
    half_life_days = forms.IntegerField(
        label=_("Half-life, in days"),
        min_value=1,
        max_value=365,
        required=False,
        help_text=_("Needed when touches halve."),
    )
    channel = forms.CharField(label=_("Only through the channels"), required=False, max_length=500)
    campaign = forms.CharField(label=_("Only of the campaigns"), required=False, max_length=500)
    source = forms.CharField(label=_("Only from the sources"), required=False, max_length=500)
    content = forms.CharField(
        label=_("Only with the contents"), required=False, max_length=500, help_text=_("Keys separated by commas, as touches carry them.")
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        place, points = cleaned.get("place"), cleaned.get("points")
        if (place and points is not None and (points < 0) is not (place == NEGATIVE)) or points == 0:
            self.add_error("points", _("Points are below zero in the negative group, above zero elsewhere."))
        if cleaned.get("decay") == HALVES and not cleaned.get("half_life_days"):
            self.add_error("half_life_days", _("Say in how many days a touch halves."))
        return cleaned

    def line(self) -> Body:
        """What a scorecard's body holds of it beside key and label."""
        typed = self.cleaned_data
        touch: Body = {"kinds": typed["kinds"], "days": typed["days"], "most": typed["most"], "decay": typed["decay"]}
        if typed["decay"] == HALVES:
            touch["half_life_days"] = typed["half_life_days"]
        for name in MATCHES:
            wanted = [value.strip() for value in typed[name].split(",") if value.strip()]
            if wanted:
                touch[name] = wanted
        return {"points": typed["points"], "touch": touch}
