"""The forms of capture's screens: they read and clean what people type; services decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from capture import services
from capture.adapters import ADAPTERS
from capture.attribution import TOUCH
from capture.fields import channel_choices
from capture.models import Campaign, Source
from leadops import money
from leadops.conditions.form import ConditionField
from leadops.errors import Refused
from leadops.fold import fold_email, fold_phone
from leadops.templatetags.house import said

ADAPTER_NAMES = {
    "json": _("JSON from a program"),
    "form": _("Form on your site"),
    "typeform": _("Typeform"),
    "google_ads": _("Google Ads lead form"),
    "hosted": _("Page hosted here"),
    "inbound_raw": _("Mail, as a server passes it on"),
    "inbound_mailgun": _("Mail through Mailgun routes"),
    "inbound_postmark": _("Mail through Postmark inbound"),
    "events_mailgun": _("What Mailgun tells of our mails"),
    "events_postmark": _("What Postmark tells of our mails"),
    "events_brevo": _("What Brevo tells of our mails"),
    "events_mailjet": _("What Mailjet tells of our mails"),
}


class NewLeadForm(forms.Form):
    """Few fields, one key; an address, a number or a name is enough."""

    nonce = forms.CharField(widget=forms.HiddenInput, max_length=64)
    email = forms.CharField(
        label=_("E-mail"),
        required=False,
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "inputmode": "email", "autofocus": True}),
    )
    phone = forms.CharField(
        label=_("Phone"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel"}),
    )
    name = forms.CharField(label=_("Name"), required=False, max_length=250)
    company = forms.CharField(label=_("Company"), required=False, max_length=250)
    country = forms.CharField(label=_("Country"), required=False, max_length=60)
    message = forms.CharField(
        label=_("What they want"), required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 3})
    )
    owner = forms.ChoiceField(
        label=_("Owner"), choices=[("route", _("Route it")), ("me", _("Me"))], widget=forms.RadioSelect, initial="route"
    )

    def __init__(self, *args: Any, is_rep: bool, known_url: str, **options: Any) -> None:
        super().__init__(*args, **options)
        if not is_rep:
            self.fields["owner"].choices = [("route", _("Route it"))]  # type: ignore[attr-defined]
            self.fields["owner"].widget = forms.HiddenInput()
        for name in ("email", "phone"):
            self.fields[name].widget.attrs |= {
                "hx-get": known_url,
                "hx-trigger": "input changed delay:300ms",
                "hx-include": "closest form",
                "hx-target": "#known",
                "hx-swap": "innerHTML",
                "hx-params": "email,phone",
            }

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].strip()
        if email and fold_email(email) is None:
            raise forms.ValidationError(_("This is not an e-mail address."))
        return email

    def clean_phone(self) -> str:
        phone: str = self.cleaned_data["phone"].strip()
        if phone and fold_phone(phone, "FR") is None:
            raise forms.ValidationError(_("This is not a phone number."))
        return phone

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not self.errors and not any(data.get(name) for name in ("email", "phone", "name")):
            raise forms.ValidationError(_("Give at least a name, an e-mail address or a phone number."))
        return data

    def values(self) -> dict[str, Any]:
        return {k: v for k, v in self.cleaned_data.items() if k not in ("nonce", "owner") and v}


class ReplayForm(forms.Form):
    """Corrections laid over what was received; empty = as received."""

    email = forms.CharField(label=_("E-mail"), required=False, max_length=254)
    phone = forms.CharField(label=_("Phone"), required=False, max_length=40)
    name = forms.CharField(label=_("Name"), required=False, max_length=250)
    company = forms.CharField(label=_("Company"), required=False, max_length=250)
    country = forms.CharField(label=_("Country"), required=False, max_length=60)


class SourceForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=200)
    adapter = forms.ChoiceField(label=_("Sent by"), choices=[(key, ADAPTER_NAMES.get(key, key)) for key in ADAPTERS])
    channel = forms.ChoiceField(
        label=_("Channel"), required=False, help_text=_("Counts where the visit itself says nothing.")
    )
    campaign = forms.ModelChoiceField(
        label=_("Campaign"), queryset=Campaign.objects.none(), required=False, empty_label="—"
    )
    hand_raiser = forms.BooleanField(label=_("They ask to be contacted"), required=False, initial=True)
    trigger = forms.ChoiceField(label=_("Routing"), choices=Source.Trigger.choices, initial=Source.Trigger.RULES)
    signed = forms.BooleanField(
        label=_("Refuse what is not signed"),
        required=False,
        help_text=_("A secret is made and shown once. Not for a form on your site: a browser signs nothing."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["channel"].choices = [("", "—"), *channel_choices()]  # type: ignore[attr-defined]
        self.fields["campaign"].queryset = Campaign.objects.filter(active=True).order_by("name")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("signed") and data.get("adapter"):
            try:
                services.scheme_of(data["adapter"], "")
            except Refused as refused:
                self.add_error("signed", forms.ValidationError(str(refused.message), code=refused.code))
        return data


class CampaignForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Campaign
        fields = ["name", "key", "channel", "utm_campaign", "starts_on", "ends_on"]
        widgets = {
            "starts_on": forms.DateInput(attrs={"type": "date"}),
            "ends_on": forms.DateInput(attrs={"type": "date"}),
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["key"].label = _("Name in figures")
        self.fields["channel"] = forms.ChoiceField(
            label=_("Channel"), required=False, choices=[("", "—"), *channel_choices()]
        )


class CostForm(forms.Form):
    """An amount as people write it in their language, over a span of days."""

    from_on = forms.DateField(label=_("First day"), widget=forms.DateInput(attrs={"type": "date"}))
    to_on = forms.DateField(label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}))
    amount = forms.CharField(label=_("Amount"), max_length=40, widget=forms.TextInput(attrs={"inputmode": "decimal"}))
    note = forms.CharField(label=_("Note"), required=False, max_length=200)
    corrects = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def clean_amount(self) -> money.Money:
        try:
            amount = money.parse(self.cleaned_data["amount"], get_language() or "en", settings.HOUSE_CURRENCY)
        except Refused as refused:
            raise forms.ValidationError(str(refused.message), code=refused.code) from refused
        if amount.minor < 0:
            raise forms.ValidationError(_("A cost is not negative."))
        return amount

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("from_on") and data.get("to_on") and data["to_on"] < data["from_on"]:
            self.add_error("to_on", _("The last day comes before the first."))
        return data


class LedgerForm(forms.Form):
    """The period and the source of the ledger; what is missing is filled in by the page."""

    frm = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    to = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    source = forms.ModelChoiceField(
        label=_("Source"),
        queryset=Source.objects.order_by("name"),
        to_field_name="slug",
        required=False,
        empty_label=_("All"),
    )


# -- the channel table ---------------------------------------------------------------------------------------


class PublishForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"), max_length=500, required=False, help_text=_("Why it changes. Everyone reads it.")
    )


class ChannelRuleForm(forms.Form):
    """One rule: what it is called, when it speaks, which channel it gives."""

    label_fr = forms.CharField(label=_("Name in French"), max_length=120)
    label_en = forms.CharField(label=_("Name in English"), max_length=120)
    when = ConditionField(label=_("A touch belongs here when"), vocabulary=TOUCH, required=True)
    channel = forms.ChoiceField(label=_("Channel"))

    def __init__(self, data: Any = None, *, channels: list[dict[str, Any]], **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["channel"].choices = [  # type: ignore[attr-defined]
            (c["code"], said(c.get("labels")) or c["code"]) for c in channels
        ]


class OrderForm(forms.Form):
    """A number per rule, as typed in the table; the smallest is asked first."""

    def __init__(self, data: Any, *, keys: list[str]) -> None:
        super().__init__(data)
        self.keys = keys
        for key in keys:
            self.fields[f"place-{key}"] = forms.DecimalField(label=key, max_digits=7, decimal_places=2)

    def places(self) -> dict[str, Any]:
        return {key: self.cleaned_data[f"place-{key}"] for key in self.keys}
