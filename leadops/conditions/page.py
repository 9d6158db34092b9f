"""What the builder's templates show: menus, inputs and faults for each part of a draft; it writes no markup."""

from __future__ import annotations

from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import pgettext, pgettext_lazy

from leadops.conditions.builder import MODES, WORDS, Draft, Group, Path, Row, written
from leadops.conditions.durations import UNITS
from leadops.conditions.fields import Field, Vocabulary
from leadops.conditions.operators import DURATION, LIST, NONE, OPERATORS, RANGE, Operator, accepted
from leadops.conditions.sentence import Line, outline, sentence
from leadops.conditions.typed import is_menu
from leadops.conditions.validate import DEEPEST, Fault, Invalid, validate

Context = dict[str, Any]
MOST_BOXES: Final = 30  # above, a list box instead of check boxes
INPUTS: Final = {"day": "date", "instant": "datetime-local", "text": "text"}
MODE_LABELS: Final[dict[str, Promise]] = {
    "all": pgettext_lazy("condition", "all of these"),
    "any": pgettext_lazy("condition", "at least one of these"),
    "none": pgettext_lazy("condition", "none of these"),
    "not_all": pgettext_lazy("condition", "not all of these"),
}
UNIT_LABELS: Final[dict[str, Promise]] = {
    "days": pgettext_lazy("condition", "days"),
    "hours": pgettext_lazy("condition", "hours"),
    "minutes": pgettext_lazy("condition", "minutes"),
    "seconds": pgettext_lazy("condition", "seconds"),
}


def builder_context(name: str, draft: Draft, vocabulary: Vocabulary, *, show_faults: bool) -> Context:
    """Everything the builder shows; `valid` says whether the draft is a condition already."""
    said = written(draft, vocabulary)
    faults: list[Fault] = []
    lines: list[Line] = []
    try:
        document = validate(said.document, vocabulary)
        words, lines = sentence(document, vocabulary), outline(document, vocabulary)
    except Invalid as refused:
        document, words, faults = said.document, "", refused.faults
    shown: dict[Path, list[Fault]] = {}
    for fault in faults if show_faults else ():
        shown.setdefault(said.place(fault), []).append(fault)
    page = _Page(name, draft, vocabulary, shown)
    root = page.group(draft.root, (), 0)
    context = {"name": name, "root": root, "valid": not faults, "document": document}
    return {**context, "sentence": words, "outline": lines, "count": None}


class _Page:
    """One rendering: the menus are made once, not once per row."""

    def __init__(self, name: str, draft: Draft, vocabulary: Vocabulary, faults: dict[Path, list[Fault]]) -> None:
        self.prefix, self.draft, self.vocabulary, self.faults = name, draft, vocabulary, faults
        self.fields = vocabulary.all()
        self.choices: dict[str, list[tuple[str, str]]] = {}

    def base(self, path: Path, label: str) -> Context:
        steps = "-".join(str(step) for step in path)
        return {
            "path": steps,
            "name": f"{self.prefix}-{steps}" if steps else self.prefix,
            "label": label,
            "faults": self.faults.get(path, []),
            "focus": self.draft.focus == path,
            "first": bool(path) and path[-1] == 0,
        }

    def group(self, group: Group, path: Path, depth: int) -> Context:
        depth += len(WORDS[group.mode])
        position = ".".join(str(step + 1) for step in path)
        members = []
        for step, member in enumerate(group.members):
            here = (*path, step)
            part = self.group(member, here, depth) if isinstance(member, Group) else self.row(member, here)
            members.append(part | {"last": step == len(group.members) - 1})
        return self.base(path, pgettext("condition", "Group %(position)s") % {"position": position} if path else "") | {
            "is_group": True,
            "is_root": not path,
            "modes": [(mode, MODE_LABELS[mode], mode == group.mode) for mode in MODES],
            "members": members,
            "may_nest": depth < DEEPEST,
        }

    def row(self, row: Row, path: Path) -> Context:
        position = ".".join(str(step + 1) for step in path)
        context = self.base(path, pgettext("condition", "Comparison %(position)s") % {"position": position})
        known, operator = self.vocabulary.get(row.field), OPERATORS.get(row.op)
        context |= {
            "is_group": False,
            "menu": self.menu(row.field),
            "known": known,
            "stray": "" if known else row.field,
        }
        if known is None:
            return context
        offered = accepted(known.kind)
        context["operators"] = [(each.key, each.label, each.key == row.op) for each in offered]
        if operator is None or operator not in offered:
            return context | {"operators": [("", "", True), *context["operators"]], "operator": None}
        return context | {"operator": operator, "value": self.value(known, operator, row)}

    def menu(self, chosen: str) -> list[tuple[str, list[tuple[str, str, bool]]]]:
        groups: dict[str, list[tuple[str, str, bool]]] = {}
        for field in self.fields:
            groups.setdefault(str(field.group), []).append((field.key, str(field.label), field.key == chosen))
        return list(groups.items())

    def value(self, field: Field, operator: Operator, row: Row) -> Context | None:
        if operator.shape == NONE:
            return None
        first = row.values[-1] if row.values else ""
        context: Context = {"shape": operator.shape, "first": first, "upto": row.upto}
        if operator.shape == DURATION:
            return context | {"input": "duration", "units": self.units(field, row.unit)}
        if is_menu(field):
            many = operator.shape == LIST
            options = self.options(field, row.values if many else row.values[-1:])
            return context | {
                "input": ("boxes" if len(options) <= MOST_BOXES else "listbox") if many else "select",
                "options": options,
            }
        if operator.shape == LIST:
            return context | {"input": "lines"}
        number = field.kind in ("number", "count")
        return context | {
            "input": "range" if operator.shape == RANGE else "one",
            "type": INPUTS.get(field.kind, "text"),
            "numeric": number,
        }

    def options(self, field: Field, chosen: list[str]) -> list[tuple[str, str, bool]]:
        """The choices, and behind them what was chosen once and is no choice any more."""
        if field.key not in self.choices:
            self.choices[field.key] = list(field.labelled().items())
        known = self.choices[field.key]
        stray = [code for code in chosen if code and code not in dict(known)]
        return [(code, label, code in chosen) for code, label in known] + [(code, code, True) for code in stray]

    def units(self, field: Field, chosen: str) -> list[tuple[str, Promise, bool]]:
        return [(unit, UNIT_LABELS[unit], unit == chosen) for unit in UNITS[field.kind]]
