"""Reference data of the ground in the admin, for revenue ops: same policy as everywhere, each change journalled.

Users, memberships, reps and account owners stand in `admin_people`.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from leadops import moment
from leadops.adminsite import HouseAdmin
from leadops.audited import changes
from leadops.journal import Kind
from leadops.models import AttributeDef, Reason, Status, Team
from leadops.templatetags.house import said
from leadops.unit import Unit, in_unit
from leadops.versions.calendars import name_of, names_at


class LabelsForm(forms.ModelForm):  # type: ignore[type-arg]
    """Texts users wrote, in both languages, as two plain fields instead of JSON."""

    label_fr = forms.CharField(label=_("Label in French"), max_length=120)
    label_en = forms.CharField(label=_("Label in English"), max_length=120)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for language in ("fr", "en"):
            self.fields[f"label_{language}"].initial = (self.instance.labels or {}).get(language, "")

    def save(self, commit: bool = True) -> Any:
        self.instance.labels = {language: self.cleaned_data[f"label_{language}"].strip() for language in ("fr", "en")}
        return super().save(commit)


class AttributeForm(LabelsForm):
    """Choices as lines "code | français | English"."""

    choice_lines = forms.CharField(
        label=_("Choices"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("One per line: code | French | English."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        rows = self.instance.choices or []
        self.fields["choice_lines"].initial = "\n".join(
            f"{row['code']} | {row['labels'].get('fr', '')} | {row['labels'].get('en', '')}" for row in rows
        )

    def clean_choice_lines(self) -> list[dict[str, Any]]:
        rows = []
        for line in filter(str.strip, self.cleaned_data["choice_lines"].splitlines()):
            parts = [part.strip() for part in line.split("|")]
            if len(parts) != 3 or not all(parts):
                raise ValidationError(_("“%(line)s” is not: code | French | English."), params={"line": line[:60]})
            rows.append({"code": parts[0], "labels": {"fr": parts[1], "en": parts[2]}})
        if len({row["code"] for row in rows}) != len(rows):
            raise ValidationError(_("Two choices share a code."))
        return rows

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        kind = cleaned.get("kind") or self.instance.kind
        if kind in ("choice", "multi") and not cleaned.get("choice_lines") and "choice_lines" not in self.errors:
            self.add_error("choice_lines", _("This kind needs its choices."))
        return cleaned

    def save(self, commit: bool = True) -> Any:
        self.instance.choices = self.cleaned_data["choice_lines"]
        return super().save(commit)


class ReferenceAdmin(HouseAdmin):
    """Rows revenue ops may name and add; keys never change, nothing is deleted, each change is journalled."""

    actions = None
    fixed: tuple[str, ...] = ()  # fields that are given once

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._can(request, self.edit_verb)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._can(request, self.edit_verb)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.fixed if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        asked = form.changed_data
        told = changes({n: form.initial.get(n) for n in asked}, {n: form.cleaned_data.get(n) for n in asked})
        data = {"table": self.opts.model_name, "row": str(obj), **told, "fields": sorted(asked), "new": not change}

        def work(unit: Unit) -> None:
            obj.save()
            unit.record(Kind.SETTING_CHANGED, data=data)

        in_unit(work, actor=request.actor)  # type: ignore[attr-defined]


class TeamForm(forms.ModelForm):  # type: ignore[type-arg]
    """The calendar is picked by its name."""

    calendar = forms.ChoiceField(label=_("Calendar"), help_text=_("The one the team’s clocks follow."))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        key = self.instance.calendar
        self.fields["calendar"].choices = list(({key: name_of(key, None)} | names_at(moment.now())).items())  # type: ignore[attr-defined]

    class Meta:
        model = Team
        fields = ("key", "name", "zone", "calendar")


@admin.register(Team)
class TeamAdmin(ReferenceAdmin):
    form = TeamForm
    list_display = ("name", "key", "zone", "calendar_name")
    fields = ("key", "name", "zone", "calendar")
    fixed = ("key",)
    search_fields = ("name", "key")

    @admin.display(description=_("Calendar"))
    def calendar_name(self, team: Team) -> str:
        return names_at(moment.now()).get(team.calendar) or name_of(team.calendar, None)


class LabelledAdmin(ReferenceAdmin):
    form = LabelsForm

    @admin.display(description=_("Label"), ordering="labels")
    def words(self, row: Reason | Status) -> str:
        return said(row.labels)


@admin.register(Reason)
class ReasonAdmin(LabelledAdmin):
    list_display = ("key", "use", "words", "position", "active")
    list_filter = ("use", "active")
    fields = ("use", "key", "label_fr", "label_en", "position", "active")
    fixed = ("use", "key")


@admin.register(Status)
class StatusAdmin(LabelledAdmin):
    list_display = ("key", "words", "position", "active")
    fields = ("key", "label_fr", "label_en", "position", "active")
    fixed = ("key",)


@admin.register(AttributeDef)
class AttributeDefAdmin(ReferenceAdmin):
    form = AttributeForm
    list_display = ("key", "owner", "kind", "personal", "indexed")
    list_filter = ("owner", "kind")
    fields = ("owner", "key", "kind", "label_fr", "label_en", "choice_lines", "personal", "indexed")
    fixed = ("owner", "key", "kind")
