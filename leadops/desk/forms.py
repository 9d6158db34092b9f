"""Forms of the desk's verbs; they check shape only, the services decide."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from leadops import calendars, moment, perrequest
from leadops.desk.services import Channel, Outcome
from leadops.desk.timeline import held_words, said
from leadops.models import AttributeDef, Lead, Reason, Rep, RepTerms
from leadops.places import countries, languages
from leadops.versions import services as versions
from routing import availability, workload


class Moment(forms.DateTimeField):
    """A local moment typed or picked in the reader's zone."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    input_formats = ("%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M")


def reasons(use: str) -> list[tuple[str, str]]:
    """Active reasons of a list, in the reader's language."""
    return [(row.key, said(row.labels)) for row in perrequest.reasons() if row.use == use and row.active]


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
        rows = [row for row in perrequest.statuses() if row.active]
        self.fields["status"].choices = [(row.key, said(row.labels)) for row in rows]  # type: ignore[attr-defined]


def room_of(reps: Sequence[uuid.UUID], at: datetime) -> dict[uuid.UUID, list[str]]:
    """Beside each rep: open work against capacity, and whether their hours run now."""
    work = workload.work_of(reps, at)
    known = availability.calendars_of(versions.all_at("calendar", at))
    found = {}
    for terms in RepTerms.objects.state_at(at).filter(rep__in=reps):
        load = work.get(str(terms.rep_id), {}).get("load", 0)
        words = _("load %(load)s of %(capacity)s") if terms.capacity is not None else _("load %(load)s")
        open_now = calendars.open_at(availability.calendar_for(terms.calendar, known), at)
        found[terms.rep_id] = [
            words % {"load": load, "capacity": terms.capacity},
            str(_("in their hours") if open_now else _("outside hours")),
        ]
    return found


class AssignForm(forms.Form):
    """To whom; the reason is asked for when somebody has the lead."""

    rep = forms.ModelChoiceField(label=_("Rep"), queryset=Rep.objects.none(), empty_label=_("Choose a rep"))
    reason = forms.CharField(
        label=_("Reason"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, lead: Lead, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Rep.objects.filter(active=True).select_related("user", "team").order_by("team__name", "user__name")
        field: Any = self.fields["rep"]
        field.queryset = rows.exclude(pk=lead.owner_id) if lead.owner_id else rows
        room = room_of([rep.pk for rep in field.queryset], moment.now())
        field.label_from_instance = lambda rep: " · ".join([rep.user.name, rep.team.name, *room.get(rep.pk, [])])
        self.intro = held_words(lead.held) if lead.held else ""
        self.fields["reason"].required = lead.owner_id is not None


class LeadForm(forms.Form):
    """What is known of who asks: the facts of the lead, and the house's own fields by their kinds."""

    company = forms.CharField(label=_("Company"), required=False, max_length=250)
    title = forms.CharField(label=_("Job title"), required=False, max_length=200)
    industry = forms.CharField(label=_("Industry"), required=False, max_length=80)
    employees = forms.IntegerField(label=_("Number of employees"), required=False, min_value=0, max_value=10_000_000)
    country = forms.ChoiceField(label=_("Country"), required=False)
    region = forms.CharField(label=_("Region"), required=False, max_length=8)
    postcode = forms.CharField(label=_("Postcode"), required=False, max_length=16)
    city = forms.CharField(label=_("City"), required=False, max_length=120)
    language = forms.ChoiceField(label=_("Language"), required=False)

    def __init__(self, *args: Any, lead: Lead, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.facts = tuple(self.fields)
        for name, known in (("country", countries()), ("language", languages())):
            held = getattr(lead, name)
            odd = [] if held in {"", *(code for code, _name in known)} else [(held, held)]
            self.fields[name].choices = [("", "—"), *odd, *known]  # type: ignore[attr-defined]
        for name in self.facts:
            self.fields[name].initial = getattr(lead, name)
        for one in AttributeDef.objects.filter(owner=AttributeDef.Owner.LEAD).order_by("key"):
            self.fields[f"own_{one.key}"] = _own(one, lead.attributes.get(one.key))

    def values(self) -> dict[str, Any]:
        """The facts, and under `attributes` those own fields that were changed; an emptied one is null."""
        data = self.cleaned_data
        own = {name: data[name] for name in self.changed_data if name.startswith("own_")}
        found = {name: data[name] for name in self.facts}
        kept = {name.removeprefix("own_"): value or None for name, value in own.items()}
        return found | ({"attributes": kept} if kept else {})


def _own(one: AttributeDef, held: Any) -> forms.Field:
    """One field of the house's own; what is typed is read by its kind when it is kept."""
    shared: dict[str, Any] = {"label": said(one.labels) or one.key, "required": False}
    choices = [(row["code"], said(row.get("labels")) or row["code"]) for row in one.choices or ()]
    if one.kind == "choice":
        return forms.ChoiceField(choices=[("", "—"), *choices], initial=held or "", **shared)
    if one.kind == "multi":
        return forms.MultipleChoiceField(
            choices=choices, initial=held or [], widget=forms.CheckboxSelectMultiple, **shared
        )
    if one.kind == "flag":
        asked = {None: "", True: "yes", False: "no"}[held]
        return forms.ChoiceField(choices=[("", "—"), ("yes", _("Yes")), ("no", _("No"))], initial=asked, **shared)
    return forms.CharField(max_length=2000, initial="" if held is None else str(held), **shared)
