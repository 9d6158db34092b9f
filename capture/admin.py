"""Capture in the admin, for marketing ops and revenue ops: sources and campaigns to look at, hosted forms to edit.

Sources and campaigns change on their own pages, by their services; a form is words and fields, edited here.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from capture import editing
from capture.hosted_fields import fault_of, known_name
from capture.models import Campaign, Form, Source
from leadops.adminsite import HouseAdmin, ReadOnlyAdmin
from leadops.unit import in_unit

TEXTS = {"title": (_("Title"), 200), "intro": (_("Introduction"), 2000), "thanks": (_("Thanks"), 2000), "consent": (_("Consent"), 1000)}  # fmt: skip
LANGUAGES = {"fr": _("French"), "en": _("English")}


class Texts(forms.MultiValueField):
    """One text in both languages, stored as {"fr": …, "en": …}; nothing typed is an empty object."""

    def __init__(self, longest: int, **options: Any) -> None:
        kind = forms.TextInput if longest <= 200 else forms.Textarea
        widgets: dict[str, forms.Widget | type[forms.Widget]] = {
            language: kind(attrs={"lang": language, "aria-label": f"{options['label']} · {word}"})
            for language, word in LANGUAGES.items()
        }
        parts = [forms.CharField(max_length=longest, required=False) for _language in LANGUAGES]
        super().__init__(parts, require_all_fields=False, widget=_TextsWidget(widgets), **options)

    def compress(self, data_list: list[str]) -> dict[str, str]:
        typed = dict(zip(LANGUAGES, data_list or [], strict=False))
        return {language: text.strip() for language, text in typed.items() if text and text.strip()}


class _TextsWidget(forms.MultiWidget):
    """A box per language, each with its label."""

    def decompress(self, value: Any) -> list[str]:
        return [(value or {}).get(language, "") for language in LANGUAGES]

    def _render(self, template_name: str, context: dict[str, Any], renderer: Any = None) -> SafeString:
        parts = zip(self.widgets, LANGUAGES.values(), context["widget"]["subwidgets"], strict=True)
        told = [
            (part["attrs"]["id"], word, box._render(part["template_name"], {"widget": part}, renderer))  # type: ignore[attr-defined]
            for box, word, part in parts
        ]
        boxes = format_html_join("", '<p><label for="{}">{}</label>{}</p>', told)
        return format_html('<div class="texts">{}</div>', boxes)


class HostedForm(forms.ModelForm):  # type: ignore[type-arg]
    """The words in two languages, the questions as lines."""

    field_lines = forms.CharField(
        label=_("Questions"),
        widget=forms.Textarea(attrs={"rows": 10, "cols": 80}),
        help_text=_("One per line: name | required or optional | French | English | choices, separated by semicolons."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, (label, longest) in TEXTS.items():
            initial = getattr(self.instance, name)
            self.fields[name] = Texts(longest, label=label, required=name == "title", initial=initial)
        self.fields["field_lines"].initial = "\n".join(_line(spec) for spec in self.instance.fields or [])
        if "source" in self.fields:
            free = Source.objects.filter(adapter="hosted", form__isnull=True).exclude(state=Source.State.ENDED)
            self.fields["source"].queryset = free  # type: ignore[attr-defined]

    def clean_field_lines(self) -> list[dict[str, Any]]:
        kept = {spec.get("name"): spec for spec in self.instance.fields or []}
        rows = [_spec(line, kept) for line in filter(str.strip, self.cleaned_data["field_lines"].splitlines())]
        fault = fault_of(rows)
        if fault:
            raise ValidationError(fault)
        return rows

    def save(self, commit: bool = True) -> Any:
        for name in TEXTS:
            setattr(self.instance, name, self.cleaned_data[name])
        self.instance.fields = self.cleaned_data["field_lines"]
        return super().save(commit)


def _line(spec: dict[str, Any]) -> str:
    label = spec.get("label") or {}
    choices = "; ".join(str(c.get("value", "")) if isinstance(c, dict) else str(c) for c in spec.get("choices") or ())
    parts = [spec["name"], "required" if spec.get("required") else "optional", label.get("fr", ""), label.get("en", "")]
    return " | ".join([*parts, choices] if choices else parts).rstrip(" |")


def _spec(line: str, kept: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    """One question; what a line cannot say (a help text, labels of choices) stays as it was."""
    name, required, french, english, choices = ([part.strip() for part in line.split("|")] + [""] * 4)[:5]
    if line.count("|") > 4 or not known_name(name) or required not in ("", "required", "optional"):
        raise ValidationError(_("“%(line)s” is no question."), params={"line": line[:80]})
    spec = {**kept.get(name, {}), "name": name, "required": required == "required"}
    spec.pop("label", None)
    if french or english:
        spec["label"] = {code: text for code, text in (("fr", french), ("en", english)) if text}
    given = [text.strip() for text in choices.split(";") if text.strip()]
    before = {str(c.get("value", "")) if isinstance(c, dict) else str(c): c for c in spec.pop("choices", None) or ()}
    if given:
        spec["choices"] = [before.get(text, text) for text in given]
    return spec


class _Seen:
    """Shown to those who may read sources, and to nobody else of the admin."""

    actions: Any = None
    _can: Any

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(self._can(request, "read_sources"))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self._can(request, "read_sources"))


@admin.register(Source)
class SourceAdmin(_Seen, ReadOnlyAdmin):
    list_display = ("name", "slug", "adapter", "state", "channel", "trigger")
    list_filter = ("state",)
    search_fields = ("name", "slug")
    exclude = ("key",)  # whoever has it can post


@admin.register(Campaign)
class CampaignAdmin(_Seen, ReadOnlyAdmin):
    list_display = ("name", "key", "channel", "utm_campaign", "starts_on", "ends_on", "active")
    list_filter = ("active",)
    search_fields = ("name", "key", "utm_campaign")


@admin.register(Form)
class FormAdmin(_Seen, HouseAdmin):
    form = HostedForm
    edit_verb = "edit_sources"
    list_display = ("slug", "source", "active")
    list_select_related = ("source",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        words = ("title", "intro", "thanks", "consent") if self.has_change_permission(request) else ()
        return ("slug", "source", "active", *(("field_lines", *words) if words else ()))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        # the words are fields of the form itself, not of its Meta: the admin builds its own from plain columns
        kept = [name for name in ("slug", "source", "active") if name not in self.get_readonly_fields(request, obj)]
        return super().get_form(request, obj, change, **{**options, "fields": kept})

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("slug", "source") if obj is not None else ()  # its address and its figures stay what they are

    def save_model(self, request: HttpRequest, obj: Form, form: Any, change: bool) -> None:
        kept = {name: getattr(obj, name) for name in editing.FORM_FIELDS}
        row = Form.objects.get(pk=obj.pk) if change else obj
        in_unit(lambda unit: editing.keep_form(row, kept, unit=unit), actor=request.actor)  # type: ignore[attr-defined]
