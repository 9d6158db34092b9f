"""What marketing ops types to change the framework of questions, and the version body it makes; it publishes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from qualification.criteria import Body, ReasonForm

SPARE_QUESTIONS, SPARE_ANSWERS = 1, 1  # empty rows offered beside those filled in
MOST: Final = 60  # rows read of one post


class FrameworkForm(ReasonForm):
    """Name, minimum and questions with their answers. A row is named by its place, and carries its key for ever."""

    name_fr = forms.CharField(label=_("Name in French"), max_length=60)
    name_en = forms.CharField(label=_("Name in English"), max_length=60)
    minimum = forms.IntegerField(
        label=_("Sales qualified from (percent)"),
        min_value=0,
        max_value=100,
        help_text=_("Of the whole weight; and every needed question is answered."),
    )

    def __init__(self, data: Any = None, *, body: Mapping[str, Any], **options: Any) -> None:
        name = body.get("name") or {}
        start = {"name_fr": name.get("fr", ""), "name_en": name.get("en", ""), "minimum": body.get("minimum", 50)}
        super().__init__(data, initial=start, **options)
        self.shape: list[tuple[str, list[str]]] = []
        held = [*body.get("questions", ()), *({} for _ in range(SPARE_QUESTIONS))]
        for n, question in enumerate(held[:MOST]):
            self._add_question(f"q{n}", question)
        self.order_fields([name for name in self.fields if name != "reason"] + ["reason"])

    def _add_question(self, prefix: str, question: Mapping[str, Any]) -> None:
        self._texts(prefix, question)
        self.fields[f"{prefix}_weight"] = forms.IntegerField(
            label=_("Weight"), min_value=1, max_value=100, required=False, initial=question.get("weight", 25)
        )
        self.fields[f"{prefix}_needed"] = forms.BooleanField(
            label=_("Needed before a lead is sales qualified"), required=False, initial=question.get("needed", False)
        )
        answers = [*question.get("answers", ()), *({} for _ in range(SPARE_ANSWERS if question else 3))]
        names = [f"{prefix}_a{n}" for n in range(len(answers))]
        for name, answer in zip(names, answers, strict=True):
            self._texts(name, answer)
            self.fields[f"{name}_worth"] = forms.IntegerField(
                label=_("Worth (percent of the weight)"), min_value=0, max_value=100, required=False,
                initial=answer.get("worth"),
            )  # fmt: skip
        self.shape.append((prefix, names))

    def _texts(self, name: str, row: Mapping[str, Any]) -> None:
        label = row.get("label") or {}
        self.fields[f"{name}_key"] = forms.SlugField(
            max_length=40, required=False, widget=forms.HiddenInput(), initial=row.get("key", "")
        )
        for language, words in (("fr", _("In French")), ("en", _("In English"))):
            self.fields[f"{name}_{language}"] = forms.CharField(
                label=words, max_length=120, required=False, initial=label.get(language, "")
            )

    # -- for the page -----------------------------------------------------------------------------------

    def heads(self) -> list[Any]:
        return [self[name] for name in ("name_fr", "name_en", "minimum")]

    def questions(self) -> list[dict[str, Any]]:
        """The bound fields of each question, as the template lays them out."""
        return [
            {
                "key": self[f"{prefix}_key"],
                "fields": [self[f"{prefix}_{part}"] for part in ("fr", "en", "weight")],
                "needed": self[f"{prefix}_needed"],
                "answers": [[self[f"{name}_{part}"] for part in ("key", "fr", "en", "worth")] for name in names],
                "new": not self[f"{prefix}_key"].value(),
            }
            for prefix, names in self.shape
        ]

    # -- what was typed ---------------------------------------------------------------------------------

    def body(self, before: Mapping[str, Any]) -> Body:
        """The document; a question or an answer whose names were emptied is taken out, a new one gets its key."""
        data = self.cleaned_data
        taken = {data[f"{prefix}_key"] for prefix, _names in self.shape}
        questions = []
        for prefix, names in self.shape:
            row = self._row(prefix, taken)
            if row is not None:
                answers = self._answers(names)
                weight = data[f"{prefix}_weight"]
                questions.append({**row, "weight": weight, "needed": data[f"{prefix}_needed"], "answers": answers})
        name = {"fr": data["name_fr"], "en": data["name_en"]}
        return {**dict(before), "name": name, "minimum": data["minimum"], "questions": questions}

    def _answers(self, names: list[str]) -> list[Body]:
        taken = {self.cleaned_data[f"{name}_key"] for name in names}
        rows = [(self._row(name, taken), self.cleaned_data[f"{name}_worth"]) for name in names]
        return [{**row, "worth": worth} for row, worth in rows if row is not None]

    def _row(self, name: str, taken: set[str]) -> Body | None:
        """Key and label of a row, None for an empty one."""
        label = {language: self.cleaned_data[f"{name}_{language}"] for language in ("fr", "en")}
        if not any(label.values()):
            return None
        key = self.cleaned_data[f"{name}_key"]
        if not key:
            base = slugify(label["en"] or label["fr"]).replace("-", "_")[:36] or "row"
            key = next(k for n in range(1, MOST * MOST) if (k := base if n == 1 else f"{base}_{n}") not in taken)
            taken.add(key)
        return {"key": key, "label": label}
