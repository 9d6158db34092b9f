"""The forms of nurture's screens: they read and clean what people type; services decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from leadops import moment
from leadops.conditions.fields import LEAD
from leadops.conditions.form import ConditionField
from leadops.money import format_number
from leadops.templatetags.house import said
from leadops.versions import services as versions
from leadops.versions.calendars import name_of, names_at
from leadops.versions.forms import NameForm, ReasonForm
from nurture import selectors
from nurture.sequence import BY_CONDITION, BY_HAND, STAGE, TOUCH

COUNTED = 1000  # a live count is read off the table, not added up to its end


def calendars() -> list[tuple[str, str]]:
    return list(names_at(moment.now()).items())


def published_sequences() -> list[tuple[str, str]]:
    rows = versions.all_at("sequence", moment.now())
    return [(row.key, said(row.body.get("name")) or row.key) for row in rows]


def counted(document: Any) -> str:
    found = selectors.meeting_count(document, moment.now(), COUNTED)
    shown = format_number(found, "fr")
    return f"{shown}+" if found == COUNTED else shown


class SettingsForm(NameForm):
    """Everything of a sequence but its steps: exit rules first, then who enters and when is written."""

    goal_fr = forms.CharField(label=_("Goal in French"), max_length=300, required=False)
    goal_en = forms.CharField(label=_("Goal in English"), max_length=300, required=False)
    exits = forms.MultipleChoiceField(
        label=_("It ends as well when"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[(STAGE, _("the stage changes")), (TOUCH, _("a rep calls, writes or talks to them"))],
        help_text=_("A reply, an unsubscribe, a bounce, a complaint and a sale always end it."),
    )
    by = forms.ChoiceField(
        label=_("Who enters"),
        widget=forms.RadioSelect,
        choices=[(BY_HAND, _("Leads put in by hand")), (BY_CONDITION, _("Every lead for which this is true"))],
    )
    entry = ConditionField(
        label=_("Entry condition"),
        vocabulary=LEAD,
        count=counted,
        help_text=_("It counts only where leads enter by condition. Whoever must not be written to stays outside."),
    )
    needs_consent = forms.BooleanField(label=_("Only people who gave their consent"), required=False)
    calendar = forms.ChoiceField(label=_("Working days of"))
    opens = forms.CharField(label=_("Writes from"), widget=forms.TextInput(attrs={"type": "time"}), max_length=5)
    closes = forms.CharField(
        label=_("Until"),
        widget=forms.TextInput(attrs={"type": "time"}),
        max_length=5,
        help_text=_("In the recipient’s own zone, else the calendar’s."),
    )

    def __init__(self, data: Any = None, *, body: dict[str, Any]) -> None:
        window = body.get("window") or {}
        start = {
            **{f"{part}_{lang}": (body.get(part) or {}).get(lang, "") for part in ("name", "goal") for lang in ("fr", "en")},
            "exits": body.get("exits", []),
            "by": body.get("by", BY_HAND),
            "entry": body.get("entry") or {},
            "needs_consent": body.get("needs_consent", False),
            "calendar": window.get("calendar", "house"),
            "opens": window.get("opens", ""),
            "closes": window.get("closes", ""),
        }  # fmt: skip
        super().__init__(data, initial=start)
        self.body = body
        known = calendars()
        self.fields["calendar"].choices = known or [("house", name_of("house", None))]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("by") == BY_HAND and "entry" in self.errors and self.data.get("_save"):
            del self._errors["entry"]  # type: ignore[attr-defined]  # a condition nobody asks for may stay half typed
            data["entry"] = {}
        return data

    def changed_body(self) -> dict[str, Any]:
        """The draft's document with what was typed; its steps stay."""
        data = self.cleaned_data
        return {
            **self.body,
            "name": self.names(),
            "goal": {"fr": data["goal_fr"], "en": data["goal_en"]},
            "exits": data["exits"],
            "by": data["by"],
            "entry": data.get("entry") or {} if data["by"] == BY_CONDITION else {},
            "needs_consent": data["needs_consent"],
            "window": {"calendar": data["calendar"], "opens": data["opens"], "closes": data["closes"]},
        }


class TemplateForm(NameForm):
    """Subject and text in both languages."""

    subject_fr = forms.CharField(label=_("Subject in French"), max_length=200, required=False)
    body_fr = forms.CharField(
        label=_("Text in French"), max_length=20_000, required=False, widget=forms.Textarea(attrs={"rows": 12, "lang": "fr"})
    )  # fmt: skip
    subject_en = forms.CharField(label=_("Subject in English"), max_length=200, required=False)
    body_en = forms.CharField(
        label=_("Text in English"), max_length=20_000, required=False, widget=forms.Textarea(attrs={"rows": 12, "lang": "en"})
    )  # fmt: skip

    def __init__(self, data: Any = None, *, body: dict[str, Any]) -> None:
        parts = [(part, lang) for part in ("name", "subject", "body") for lang in ("fr", "en")]
        super().__init__(data, initial={f"{part}_{lang}": (body.get(part) or {}).get(lang, "") for part, lang in parts})
        self.order_fields(["name_fr", "name_en", "subject_fr", "body_fr", "subject_en", "body_en"])

    def changed_body(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {part: {"fr": data[f"{part}_fr"], "en": data[f"{part}_en"]} for part in ("name", "subject", "body")}


class CapForm(ReasonForm):
    """How many mails one person gets at most, over all sequences."""

    per_day = forms.IntegerField(label=_("Mails to one person within 24 hours"), min_value=1, max_value=20)
    per_week = forms.IntegerField(label=_("Mails to one person within seven days"), min_value=1, max_value=100)
    field_order = ["per_day", "per_week", "reason"]


class RollBackForm(ReasonForm):
    number = forms.ChoiceField(label=_("Version"))

    def __init__(self, data: Any = None, *, numbers: list[int]) -> None:
        super().__init__(data, auto_id="back_%s")
        self.fields["number"].choices = [(str(n), _("Version %(n)s") % {"n": n}) for n in numbers]  # type: ignore[attr-defined]
        self.order_fields(["number", "reason"])


class SuppressForm(forms.Form):
    """An address nobody is to write to again, and why."""

    address = forms.CharField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text=_("Only its keyed hash is kept: nobody can read it back from the list."),
    )
    why = forms.CharField(label=_("Reason"), max_length=200)


class LiftForm(forms.Form):
    """Why an entry ends; the address where only the person’s own new consent may end it."""

    address = forms.CharField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text=_("The person said so themselves. With their address we look whether they agreed to mail since."),
    )
    why = forms.CharField(label=_("Reason"), max_length=200, help_text=_("It stays on record."))

    def __init__(self, data: Any = None, *, own_word: bool) -> None:
        super().__init__(data)
        if not own_word:
            del self.fields["address"]


class EnrolForm(forms.Form):
    sequence = forms.ChoiceField(label=_("Sequence"))

    def __init__(self, data: Any = None, *, on: object = "") -> None:
        super().__init__(data, auto_id=f"enrol-{on}-%s")
        self.fields["sequence"].choices = published_sequences()  # type: ignore[attr-defined]
