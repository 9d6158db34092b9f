"""The form of one SLA policy: whom it is for, its clocks, their targets and steps; it reads and cleans, the check decides."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from leadops import moment
from leadops.conditions.fields import LEAD
from leadops.conditions.form import ConditionField
from leadops.versions.calendars import names_at
from leadops.versions.forms import NameForm
from routing.models import Clock
from routing.sla import editing
from routing.sla.policy import KINDS, MOST, MOST_STEPS

LABELS = {"first_attempt": _("First attempt"), "acceptance": _("Acceptance"), "follow_up": _("Follow-up")}
ACTS = [
    ("", "—"),
    ("remind", _("remind the owner")),
    ("breach", _("note the breach and tell the owner")),
    ("escalate", _("escalate to the manager")),
    ("take_away", _("take the lead away and route it again")),
]
UNITS = [("minutes", _("minutes")), ("hours", _("hours")), ("seconds", _("seconds"))]
STARTS = [("received", _("from reception")), ("assigned", _("from assignment"))]


def _calendars() -> list[tuple[str, Any]]:
    special = [("rep", _("Working time of the rep")), ("team", _("Working time of the team"))]
    always = [("always", _("Elapsed time, day and night"))]
    return [*special, *always, *((key, name) for key, name in names_at(moment.now()).items() if key != "always")]


class PolicyForm(NameForm):
    """One policy. Fields of a clock are named by its kind, those of a step by their place."""

    when = ConditionField(label=_("For leads for which this is true"), vocabulary=LEAD)

    def __init__(self, data: Any = None, *, policy: editing.Body, url: str = "") -> None:
        label = policy.get("label") or {}
        names = {"name_fr": label.get("fr", ""), "name_en": label.get("en", "")}
        super().__init__(data, initial={**names, "when": policy.get("when") or {}})
        self.policy, self.rungs = policy, dict[str, int]()
        self.fields["when"].widget.url = url
        for kind in KINDS:
            self._add_clock(kind, editing.clock_of(policy, kind))

    def _add_clock(self, kind: str, held: editing.Body | None) -> None:
        amount, unit = editing.span((held or {}).get("target", 3600))
        label = LABELS[kind]
        self._add(f"{kind}_on", forms.BooleanField(label=label, required=False, initial=held is not None))
        whole = forms.IntegerField(
            label=_("Within"),
            min_value=1,
            max_value=7_776_000,
            initial=amount,
            error_messages={"required": _("Say within how long.")},
        )
        self._add(f"{kind}_target", whole)
        self._add(f"{kind}_unit", forms.ChoiceField(label=_("Unit"), choices=UNITS, initial=unit))
        start = (held or {}).get("from", "assigned")
        if kind != Clock.Kind.FOLLOW_UP:
            self._add(f"{kind}_from", forms.ChoiceField(label=_("Counted"), choices=STARTS, initial=start))
        else:
            most = (held or {}).get("most", MOST)
            self._add("most", forms.IntegerField(label=_("At most so many"), min_value=1, max_value=50, initial=most))
        calendar = (held or {}).get("calendar", "rep")
        self._add(f"{kind}_calendar", forms.ChoiceField(label=_("In"), choices=_calendars(), initial=calendar))
        ladder = (held or {}).get("ladder", editing.NEW_LADDER)
        sent = max((n + 1 for n in range(MOST_STEPS + 1) if f"{kind}_{n}_at" in self.data), default=0)
        self.rungs[kind] = max(editing.RUNGS, len(ladder) + editing.SPARE, sent)
        for n in range(self.rungs[kind]):
            self._add_step(f"{kind}_{n}", ladder[n] if n < len(ladder) else {})

    def _add_step(self, name: str, rung: editing.Body) -> None:
        at = forms.IntegerField(
            label=_("At percent of the target"), required=False, min_value=1, max_value=1000, initial=rung.get("at")
        )
        self._add(f"{name}_at", at)
        self._add(
            f"{name}_do", forms.ChoiceField(label=_("Do"), choices=ACTS, required=False, initial=rung.get("do", ""))
        )
        on = bool(rung) and rung.get("on", True)
        self._add(f"{name}_on", forms.BooleanField(label=_("Switched on"), required=False, initial=on))

    def _add(self, name: str, field: forms.Field) -> None:
        self.fields[name] = field

    def clock_rows(self) -> list[dict[str, Any]]:
        """The bound fields of each clock, as the template lays them out."""
        return [
            {
                "kind": kind,
                "on": self[f"{kind}_on"],
                "target": [self[f"{kind}_target"], self[f"{kind}_unit"]],
                "rest": [self[name] for name in (f"{kind}_from", f"{kind}_calendar") if name in self.fields],
                "most": self["most"] if kind == Clock.Kind.FOLLOW_UP else None,
                "steps": [[self[f"{kind}_{n}_{part}"] for part in ("at", "do", "on")] for n in range(self.rungs[kind])],
            }
            for kind in KINDS
        ]

    def heads(self) -> list[Any]:
        return [self["name_fr"], self["name_en"], self["when"]]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        for kind in KINDS:
            if not data.get(f"{kind}_on"):
                self._errors.pop(f"{kind}_target", None)  # type: ignore[attr-defined]  # a clock that does not run has none
            for n in range(self.rungs[kind]):
                if bool(data.get(f"{kind}_{n}_at")) is not bool(data.get(f"{kind}_{n}_do")):
                    self.add_error(
                        f"{kind}_{n}_at", _("A step names what to do and at which percentage of the target.")
                    )
        return data

    def changed(self) -> editing.Body:
        """The policy with what was typed; its key stays."""
        data = self.cleaned_data
        clocks = [self._clock(kind, data) for kind in KINDS if data[f"{kind}_on"]]
        return {**self.policy, "label": self.names(), "when": data["when"], "clocks": clocks}

    def _clock(self, kind: str, data: dict[str, Any]) -> editing.Body:
        steps = [
            {"at": data[f"{kind}_{n}_at"], "do": data[f"{kind}_{n}_do"]}
            | ({} if data[f"{kind}_{n}_on"] else {"on": False})
            for n in range(self.rungs[kind])
            if data[f"{kind}_{n}_at"]
        ]
        clock: editing.Body = {
            "kind": kind,
            "target": data[f"{kind}_target"] * editing.UNITS[data[f"{kind}_unit"]],
            "from": data.get(f"{kind}_from") or "assigned",
            "calendar": data[f"{kind}_calendar"],
            "ladder": sorted(steps, key=lambda step: step["at"]),
        }
        return clock | ({"most": data["most"]} if kind == Clock.Kind.FOLLOW_UP else {})

    def typed_condition(self) -> dict[str, Any] | None:
        """The condition as it stands on the page, whatever button was pressed; None while it is none."""
        field: ConditionField = self.fields["when"]  # type: ignore[assignment]
        draft, _action = field.process(self.data, self.add_prefix("when"))
        draft.action = ""
        try:
            return field.clean(draft)
        except ValidationError:
            return None
