"""The tag `stencil`: markup that repeats is rendered once per language and kind, then only its gaps are filled.

Twenty-five rows of one list differ in a dozen words, and Django works each tag out anew for every one of them. `house`
registers it. It reads no row and no request: what stands inside sees nothing but what the tag itself names.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Hashable, Mapping
from typing import Any

from django import template
from django.template.base import FilterExpression, Node, NodeList, Parser, Token, VariableNode, render_value_in_context
from django.template.base import token_kwargs as named
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

KINDS = 1024  # of one stencil, some six kB each; a condition that is never the same twice must not fill the memory


class StencilNode(Node):
    """What `{% stencil %}` does; its cache lives as long as the compiled template."""

    child_nodelists = ("nodelist",)

    def __init__(
        self, nodelist: NodeList, kinds: Mapping[str, FilterExpression], gaps: Mapping[str, FilterExpression]
    ) -> None:
        self.nodelist = nodelist
        self.kinds = dict(kinds)
        self.gaps = dict(gaps)
        # ids nobody can know: no text from outside is ever taken for a gap, and an address takes them for a lead's
        self.marks = {name: str(uuid.uuid4()) for name in gaps}
        self.cut: dict[tuple[Hashable, ...], str] = {}

    def render(self, context: template.Context) -> SafeString:
        kinds = {name: value.resolve(context, ignore_failures=True) for name, value in self.kinds.items()}
        given = {name: value.resolve(context, ignore_failures=True) for name, value in self.gaps.items()}
        shown = {name: _shown(value, context) for name, value in given.items()}
        there = tuple([bool(text) for text in shown.values()])
        key = (get_language(), context.autoescape, there, *kinds.values())
        pattern = self.cut.get(key)
        if pattern is None:
            pattern = self._cut(
                context, kinds, {name: self.marks[name] if text else "" for name, text in shown.items()}
            )
            if len(self.cut) >= KINDS:
                self.cut.clear()
            self.cut[key] = pattern
        return mark_safe(pattern % shown)  # gaps are escaped as Django escapes any value

    def _cut(self, context: template.Context, kinds: Mapping[str, Any], marks: Mapping[str, str]) -> str:
        """The markup of one kind as a pattern with named gaps."""
        told = str(self.nodelist.render(context.new({**kinds, **marks}))).replace("%", "%%")
        names = {mark: name for name, mark in marks.items() if mark}
        if not names:
            return told
        return re.sub("|".join(names), lambda hit: f"%({names[hit.group()]})s", told)


def _shown(value: Any, context: template.Context) -> str:
    """As Django shows it; what is not there is not shown, zero is there."""
    return "" if value is None or value is False else render_value_in_context(value, context)


def stencil(parser: Parser, token: Token) -> StencilNode:
    """{% stencil by state=row.state with id=lead.pk name=lead.person %} … {{ name }} … {% endstencil %}

    `with` names what differs from one to the next: shown as it is (filters stand in the tag, never inside) or asked
    whether it is there. `by` names what else decides how it looks; a few values, each with a rendering of its own. Inside,
    nothing else of the page is known; without any name the text is the same on every page of a language.
    """
    bits = token.split_contents()[1:]
    parts: dict[str, dict[str, FilterExpression]] = {"by": {}, "with": {}}
    while bits:
        word = bits.pop(0)
        found = named(bits, parser) if word in parts else {}
        if not found:
            raise template.TemplateSyntaxError(f"stencil: 'by' or 'with' and names were expected, not {word!r}")
        parts[word] |= found
    nodelist = parser.parse(("endstencil",))
    parser.delete_first_token()
    for node in nodelist.get_nodes_by_type(VariableNode):
        told: Any = node.filter_expression  # type: ignore[attr-defined]
        if told.filters and getattr(told.var, "var", "").split(".")[0] in parts["with"]:
            raise template.TemplateSyntaxError(f"stencil: the filters of {told.token!r} belong into the tag")
    return StencilNode(nodelist, parts["by"], parts["with"])
