"""The visitor's form, built from `Form.fields`: names, labels in the visitor's language, checks; stores nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from capture.adapters.coercion import LIMITS
from leadops.fold import clean_text, fold_email
from leadops.places import countries

KNOWN: dict[str, tuple[Any, str]] = {  # label, what the browser may fill in
    "email": (_("E-mail"), "email"),
    "phone": (_("Phone"), "tel"),
    "given_name": (_("First name"), "given-name"),
    "family_name": (_("Last name"), "family-name"),
    "name": (_("Name"), "name"),
    "company": (_("Company"), "organization"),
    "title": (_("Job title"), "organization-title"),
    "country": (_("Country"), "country"),
    "postcode": (_("Postcode"), "postal-code"),
    "city": (_("City"), "address-level2"),
    "industry": (_("Industry"), "off"),
    "employees": (_("Number of employees"), "off"),
    "message": (_("Message"), "off"),
}
TRAP = "subject_2"  # no person sees it, so no person fills it in
CONSENT = "consent"
MOST_FIELDS = 40


def said(texts: Any) -> str:
    """{"fr": …, "en": …} in the active language, else in any."""
    if not isinstance(texts, Mapping):
        return str(texts or "")
    language = (get_language() or "en")[:2]
    return str(texts.get(language) or next((text for text in texts.values() if text), ""))


def known_name(name: Any) -> bool:
    """A field we know, or a plain name of the house's own."""
    plain = isinstance(name, str) and name.isascii() and name.replace("_", "").isalnum() and len(name) <= 60
    return plain or name in KNOWN


def fault_of(specs: Any) -> str:
    """What stands against these questions, in words; empty when nothing does."""
    if not isinstance(specs, list) or not all(
        isinstance(spec, dict) and known_name(spec.get("name")) for spec in specs
    ):
        return str(_("Each question is an object with a plain name."))
    names = [spec["name"] for spec in specs]
    if len(set(names)) != len(names) or len(names) > MOST_FIELDS:
        return str(_("Each question has a name of its own, and there are at most 40."))
    if not {"email", "phone"} & set(names):
        return str(_("Ask for an e-mail address or a phone number: nobody can answer otherwise."))
    return ""


def is_address(value: str) -> None:
    if fold_email(value) is None:
        raise ValidationError(_("This is not an e-mail address."))


def visitor_form(specs: list[dict[str, Any]], consent: str, data: Mapping[str, str] | None) -> forms.Form:
    """An unbound or bound form for these field specifications."""
    fields: dict[str, forms.Field] = {
        str(spec["name"]): _field(str(spec["name"]), spec)
        for spec in specs
        if isinstance(spec, dict) and spec.get("name")
    }
    if consent:
        fields[CONSENT] = forms.BooleanField(
            label=consent, required=False, help_text=_("Optional: the form is sent either way.")
        )
    made = type("VisitorForm", (forms.Form,), fields)
    kept = None if data is None else {name: clean_text(value, 20_000) for name, value in data.items()}
    return made(kept)  # type: ignore[no-any-return]


def _field(name: str, spec: dict[str, Any]) -> forms.Field:
    label, autocomplete = KNOWN.get(name, (name, "off"))
    common: dict[str, Any] = {
        "label": said(spec.get("label")) or label,
        "required": bool(spec.get("required")),
        "help_text": said(spec.get("help")),
    }
    choices = countries() if name == "country" else _choices(spec.get("choices"))
    if choices:
        widget = forms.Select(attrs={"autocomplete": autocomplete})
        return forms.ChoiceField(choices=[("", "—"), *choices], widget=widget, **common)
    return forms.CharField(
        max_length=LIMITS.get(name, 254 if name == "email" else 500),
        widget=_widget(name, spec)(attrs={"autocomplete": autocomplete}),
        validators=[is_address] if name == "email" else [],
        **common,
    )


def _widget(name: str, spec: dict[str, Any]) -> type[forms.Widget]:
    if name == "message" or spec.get("kind") == "long":
        return forms.Textarea
    return {"email": forms.EmailInput, "phone": _Phone}.get(name, forms.TextInput)


class _Phone(forms.TextInput):
    input_type = "tel"


def _choices(given: Any) -> list[tuple[str, str]]:
    """Plain texts, or {"value": …, "label": {"fr": …, "en": …}}."""
    found = []
    for one in given if isinstance(given, list) else []:
        value = str(one.get("value", "")) if isinstance(one, dict) else str(one)
        found.append((value, (said(one.get("label")) if isinstance(one, dict) else "") or value))
    return found
