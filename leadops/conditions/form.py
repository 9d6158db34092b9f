"""The condition as a form field: a builder that works without JavaScript, in product pages and in the stock admin.

It renders and reads inputs; what a condition may be is said by `validate`, what the buttons do by `builder`.
Every builder button is a plain submit: the form comes back with the change and "not saved yet". Where the owner gives
a `url`, htmx asks for the same thing and swaps only the builder; that view answers `str(form["condition"])`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import npgettext_lazy, pgettext_lazy

from leadops.conditions.builder import Draft, Json, drafted, process, written
from leadops.conditions.fields import LEAD, Vocabulary
from leadops.conditions.page import builder_context
from leadops.conditions.validate import Invalid, validate

Count = Callable[[Json], int | str]


class ConditionWidget(forms.Widget):
    """Nested fieldsets, one row per comparison. Its value is a `Draft` when bound, a document when not."""

    template_name = "components/condition_form.html"
    use_fieldset = True

    class Media:
        css = {"all": ["css/conditions.css"]}

    def __init__(self, vocabulary: Vocabulary, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.vocabulary = vocabulary
        self.url: str | Promise = ""
        self.count_url: str | Promise = ""
        self.count: Count | None = None

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Draft:
        return process(data, name, self.vocabulary)

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return f"{name}-mode" not in data

    def id_for_label(self, id_: str) -> str:
        return ""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        bound = isinstance(value, Draft)
        draft = value if bound else drafted(value, self.vocabulary)
        context = super().get_context(name, None, attrs)
        context["cond"] = builder_context(name, draft, self.vocabulary, show_faults=not draft.action)
        if self.count is not None and context["cond"]["valid"]:
            context["cond"]["count"] = self.count(context["cond"]["document"])
        context["cond"] |= {"url": str(self.url), "count_url": str(self.count_url)}
        return context

    def _render(self, template_name: str, context: dict[str, Any], renderer: Any = None) -> SafeString:
        # The project's own templates, not the form renderer's: the widget looks the same wherever it stands.
        return mark_safe(render_to_string(template_name, context))


class ConditionField(forms.Field):
    """A condition over a vocabulary; cleans to the canonical document (`{"all": []}`: always).

    `url`: where htmx posts the form to get the builder again. `count` (document -> how many rows match) is asked while
    rendering; `count_url` instead lets htmx fetch that figure afterwards.
    """

    widget = ConditionWidget
    default_error_messages = {
        "draft": pgettext_lazy("condition", "The condition was changed on the page; nothing is saved yet."),
        "invalid": npgettext_lazy(
            "condition",
            "The condition has %(count)d mistake, shown where it is.",
            "The condition has %(count)d mistakes, shown where they are.",
            "count",
        ),
    }

    def __init__(
        self,
        *,
        vocabulary: Vocabulary = LEAD,
        url: str | Promise = "",
        count: Count | None = None,
        count_url: str | Promise = "",
        **options: Any,
    ) -> None:
        self.vocabulary = vocabulary
        options.setdefault("widget", ConditionWidget(vocabulary))
        options.setdefault("required", False)
        super().__init__(**options)
        self.widget.url, self.widget.count, self.widget.count_url = url, count, count_url

    def process(self, data: Mapping[str, Any], name: str) -> tuple[Draft, str]:
        """What was typed under this name with the pressed builder button applied, and that button ('' for none)."""
        draft = process(data, name, self.vocabulary)
        return draft, draft.action

    def clean(self, value: Any) -> Json:
        draft = value if isinstance(value, Draft) else drafted(value, self.vocabulary)
        if draft.action:
            raise ValidationError(self.error_messages["draft"], code="draft")
        if self.required and not draft.root.members:
            raise ValidationError(self.error_messages["required"], code="required")
        try:
            return validate(written(draft, self.vocabulary).document, self.vocabulary)
        except Invalid as refused:
            count = {"count": len(refused.faults)}
            raise ValidationError(self.error_messages["invalid"], code="condition-invalid", params=count) from refused

    def has_changed(self, initial: Any, data: Any) -> bool:
        if self.disabled:
            return False
        before, after = self._canonical(drafted(initial, self.vocabulary)), self._canonical(data)
        return before is None or before != after

    def _canonical(self, draft: Draft) -> Json | None:
        """The document a draft says, None while it says none."""
        try:
            return validate(written(draft, self.vocabulary).document, self.vocabulary)
        except Invalid:
            return None
