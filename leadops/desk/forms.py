"""Forms of the desk's verbs; they check shape only, the services decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from leadops.desk.services import Channel, Outcome
from leadops.desk.timeline import said
from leadops.models import Reason, Status


class Moment(forms.DateTimeField):
    """A local moment typed or picked in the reader's zone."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    input_formats = ("%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M")


def reasons(use: str) -> list[tuple[str, str]]:
    """Active reasons of a list, in the reader's language."""
    rows = Reason.objects.filter(use=use, active=True).order_by("position")
    return [(row.key, said(row.labels)) for row in rows]


class AttemptForm(forms.Form):
    """`outcome` comes first: after a call it is the one thing to say; the rest has its usual value."""

    outcome = forms.ChoiceField(
        label=_("Result"), choices=Outcome.choices, initial=Outcome.REACHED, widget=forms.RadioSelect
    )
    channel = forms.ChoiceField(label=_("How"), choices=Channel.choices, initial=Channel.CALL, widget=forms.RadioSelect)
    callback_at = Moment(label=_("Call back at"), required=False)
    text = forms.CharField(label=_("Note"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 2}))


class HandBackForm(forms.Form):
    reason = forms.ChoiceField(label=_("Reason"))
    text = forms.CharField(label=_("Note"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].choices = reasons(Reason.Use.HAND_BACK)  # type: ignore[attr-defined]


class NoteForm(forms.Form):
    text = forms.CharField(label=_("Note"), max_length=4000, widget=forms.Textarea(attrs={"rows": 4}))


class SnoozeForm(forms.Form):
    until = Moment(label=_("Until"))


class StatusForm(forms.Form):
    status = forms.ChoiceField(label=_("Status"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Status.objects.filter(active=True).order_by("position")
        self.fields["status"].choices = [(row.key, said(row.labels)) for row in rows]  # type: ignore[attr-defined]
