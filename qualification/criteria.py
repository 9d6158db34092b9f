"""What marketing ops types to change the criteria, and the version bodies it makes; it publishes nothing."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from leadops.conditions.form import ConditionField
from leadops.versions.models import Version
from qualification import selectors
from qualification.behaviour import MATCHES
from qualification.fields import BAND_LABELS
from qualification.mql import COOLDOWN, MOST_CYCLES
from qualification.scoring import BANDS, ENGAGEMENT, FIT, GRADES, LEVELS, NEGATIVE

Body = dict[str, Any]
KNOCKOUT = "knockout"
PLACES = ((FIT, _("Fit")), (ENGAGEMENT, _("Engagement")), (NEGATIVE, _("Negative points")), (KNOCKOUT, _("Exclusion")))
EMPTY_CARD: Body = {
    "groups": [{"key": key, "cap": cap, "lines": []} for key, cap in ((FIT, 50), (ENGAGEMENT, 40), (NEGATIVE, 40))],
    "bands": [{"key": "hot", "from": 60}, {"key": "warm", "from": 30}, {"key": "cold", "from": 0}],
    "knockouts": [],
}


def _scorecards() -> list[tuple[str, str]]:
    rows = selectors.published_scorecards()
    return [("", "—"), *((selectors.reference(row), _said(row)) for row in rows)]


def _said(version: Version) -> str:
    return f"v{version.number} · {version.get_state_display()}"


class ReasonForm(forms.Form):
    """The reason every publication needs; a draft is saved without."""

    reason = forms.CharField(
        label=_("Reason"), max_length=500, required=False, help_text=_("Why it changes now. Needed to publish; kept in the history, everyone reads it.")
    )  # fmt: skip


class MqlForm(ReasonForm):
    """The whole definition on one page."""

    when = ConditionField(label=_("A lead is an MQL when"), required=True)
    scorecard = forms.ChoiceField(
        label=_("Scorecard it reads"),
        required=False,
        choices=_scorecards,
        help_text=_("A version: publishing another scorecard alone changes nobody’s MQL."),
    )
    cooldown_days = forms.IntegerField(
        label=_("Days before a lead handed back may be offered again"), min_value=0, max_value=3650, initial=COOLDOWN
    )
    most_cycles = forms.IntegerField(
        label=_("Cycles a lead may run"),
        min_value=1,
        max_value=100,
        initial=MOST_CYCLES,
        required=False,
        help_text=_("In the last one it can no longer be recycled."),
    )
    note = forms.CharField(
        label=_("What sales and marketing agreed"),
        required=False,
        max_length=500,
        help_text=_("Stays beside the definition as long as it holds: exceptions, examples, who agreed."),
    )
    field_order = ("when", "scorecard", "cooldown_days", "most_cycles", "note", "reason")

    def __init__(self, data: Any = None, *, url: str = "", **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["when"].widget.url = url
        live = {"hx-post": url, "hx-trigger": "change", "hx-swap": "none"} if url else {}
        self.fields["scorecard"].widget.attrs.update(live)

    def body(self) -> Body:
        return body_of_mql(self.cleaned_data["when"], self.cleaned_data)

    def body_typed(self) -> Body | None:
        """The definition as it stands on the page, whatever button was pressed; None while it says nothing."""
        field: ConditionField = self.fields["when"]  # type: ignore[assignment]
        draft, _action = field.process(self.data, self.add_prefix("when"))
        draft.action = ""
        try:
            return body_of_mql(field.clean(draft), {"scorecard": self.data.get("scorecard", "")})
        except ValidationError:
            return None


def body_of_mql(when: Body, typed: Mapping[str, Any]) -> Body:
    return {
        "when": when,
        "scorecards": [typed["scorecard"]] if typed.get("scorecard") else [],
        "cooldown_days": typed.get("cooldown_days", COOLDOWN),
        "most_cycles": typed.get("most_cycles") or MOST_CYCLES,
        "note": typed.get("note", ""),
    }


def mql_initial(body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "when": body.get("when"),
        "scorecard": next(iter(body.get("scorecards", ())), ""),
        "cooldown_days": body.get("cooldown_days", COOLDOWN),
        "most_cycles": body.get("most_cycles", MOST_CYCLES),
        "note": body.get("note", ""),
    }


_STEPS = (("bands", BANDS), ("grades", GRADES), ("levels", LEVELS))


def _named_step(kind: str, name: str) -> str:
    words = _("Fit grade %(letter)s") if kind == "grades" else _("Engagement level %(letter)s")
    return words % {"letter": name}


class CardForm(ReasonForm):
    """Caps, bands, grades and levels of a scorecard; its lines have forms of their own."""

    def __init__(self, data: Any = None, *, body: Mapping[str, Any], **options: Any) -> None:
        super().__init__(data, **options)
        caps = {group["key"]: group.get("cap", 0) for group in body.get("groups", ())}
        for key, label in PLACES[:3]:
            self._number(f"cap_{key}", _("%(group)s: at most") % {"group": label}, caps.get(key, 0), minimum=0)
        for kind, names in _STEPS:
            held = {row["key"]: row["from"] for row in body.get(kind, ())}
            for name in names:
                shown: Any = BAND_LABELS.get(name) or _named_step(kind, name)
                self._number(f"{kind}_{name}", _("%(name)s from") % {"name": shown}, held.get(name))
        self.order_fields([name for name in self.fields if name != "reason"] + ["reason"])

    def _number(self, name: str, label: Any, initial: int | None, minimum: int | None = None) -> None:
        optional = name.startswith(("grades_", "levels_"))
        self.fields[name] = forms.IntegerField(
            label=label, initial=initial, min_value=minimum, max_value=1000, required=not optional
        )

    def body(self, before: Mapping[str, Any]) -> Body:
        made: Body = copy.deepcopy(dict(before))
        for group in made.get("groups", ()):
            group["cap"] = self.cleaned_data[f"cap_{group['key']}"]
        for kind, names in _STEPS:
            starts = ((name, self.cleaned_data.get(f"{kind}_{name}")) for name in names)
            made[kind] = [{"key": name, "from": start} for name, start in starts if start is not None]
        return made


class LineForm(forms.Form):
    """One line of a scorecard, or one exclusion."""

    place = forms.ChoiceField(label=_("Group"), choices=PLACES)
    label_fr = forms.CharField(label=_("Label in French"), max_length=120)
    label_en = forms.CharField(label=_("Label in English"), max_length=120)
    when = ConditionField(label=_("It counts when"), required=True)
    points = forms.IntegerField(
        label=_("Points"), required=False, min_value=-1000, max_value=1000, help_text=_("Below zero in the negative group; an exclusion has none.")
    )  # fmt: skip

    def __init__(self, data: Any = None, *, url: str = "", **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["when"].widget.url = url

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        place, points = cleaned.get("place"), cleaned.get("points")
        if place and place != KNOCKOUT and not points:
            self.add_error("points", _("A line needs its points."))
        elif place and place != KNOCKOUT and points and (points < 0) is not (place == NEGATIVE):
            self.add_error("points", _("Points are below zero in the negative group, above zero elsewhere."))
        return cleaned


def _behaviour_shown(line: Mapping[str, Any]) -> dict[str, Any]:
    touch = line["touch"]
    shown = {name: touch.get(name) for name in ("kinds", "days", "most", "decay", "half_life_days")}
    return shown | {name: ", ".join(touch.get(name, ())) for name in MATCHES}


def line_named(body: Mapping[str, Any], key: str) -> dict[str, Any] | None:
    """A line or exclusion as the form shows it."""
    for place, lines in _places(body):
        for line in lines:
            if line.get("key") == key:
                label = line.get("label") or {}
                return {
                    "place": place,
                    "label_fr": label.get("fr", ""),
                    "label_en": label.get("en", ""),
                    "when": line.get("when"),
                    "points": line.get("points"),
                    **(_behaviour_shown(line) if "touch" in line else {}),
                }
    return None


def _places(body: Mapping[str, Any]) -> list[tuple[str, list[Any]]]:
    groups = [(group["key"], group["lines"]) for group in body.get("groups", ())]
    return [*groups, (KNOCKOUT, body.get("knockouts", []))]


def without_line(body: Mapping[str, Any], key: str) -> Body:
    made: Body = copy.deepcopy(dict(body))
    for _place, lines in _places(made):
        lines[:] = [line for line in lines if line.get("key") != key]
    return made


def with_line(body: Mapping[str, Any], key: str, typed: Mapping[str, Any], acts: Body | None = None) -> Body:
    """The body with a line put in its place: where it stood, else last of its group. A new line gets its key for ever.

    `acts` makes it a behaviour line.
    """
    made: Body = copy.deepcopy(dict(body))
    made.setdefault("knockouts", [])
    for name in (FIT, ENGAGEMENT, NEGATIVE):
        if all(group["key"] != name for group in made.setdefault("groups", [])):
            made["groups"].append({"key": name, "cap": 0, "lines": []})
    taken = {line["key"] for _place, lines in _places(made) for line in lines}
    line: Body = {
        "key": key or _fresh_key(typed["label_en"], taken),
        "label": {"fr": typed["label_fr"], "en": typed["label_en"]},
    }
    if acts is not None:
        line |= acts
    else:
        line["when"] = typed["when"]
        if typed["place"] != KNOCKOUT:
            line["points"] = typed["points"]
    for place, lines in _places(made):
        at = next((i for i, each in enumerate(lines) if each["key"] == key), None)
        if at is not None and place == typed["place"]:
            lines[at] = line
            return made
        if at is not None:
            del lines[at]
    dict(_places(made))[typed["place"]].append(line)
    return made


def _fresh_key(label: str, taken: set[str]) -> str:
    stem = slugify(label).replace("-", "_")[:40] or "line"
    return next(name for name in (stem, *(f"{stem}_{n}" for n in range(2, 1000))) if name not in taken)
