"""Finds text in templates that no translator will ever see; it reads templates and changes none.

An element that must stay as it is (a code sample, a proper name) says so itself with translate="no".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from django.template.base import DebugLexer, TokenType

from leadops.platform.translations import BASE

# The brand, and words that are the same in every language of the house.
ALLOWED = {"leadops", "CSV", "JSON", "API", "URL", "UTC", "UTM", "MQL", "SAL", "SQL", "SQO", "SLA", "ROI", "CAC", "PDF", "HTML", "FR", "EN", "BANT", "CHAMP", "MEDDIC", "GPCTBA", "Ctrl", "cURL", "fetch", "WordPress", "Zapier", "GTM", "ID", "DKIM", "SPF", "AUC", "Brier", "ECE", "PSI", "P50", "P90", "P95", "SRM", "min", "max"}  # fmt: skip
_READ_ALOUD = {
    "title",
    "placeholder",
    "aria-label",
    "alt",
    "aria-description",
    "data-key-label",
    "data-copied",
    "data-palette",
}
_SILENT = {"script", "style", "code", "pre", "samp", "kbd", "svg"}
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_TAGS_WITH_TEXT = {"blocktranslate", "blocktrans", "comment", "verbatim"}
_ARGUMENT = re.compile(
    r"\b(title|label|text|submit|action_label|finding|note|definition|comparison|aria)=([\"'])(.*?)\2"
)
_WORD = re.compile(r"[^\W\d_]{2,}")
_HOLE = "\ue000"  # where a tag or a variable stood


def untranslated(text: str) -> bool:
    """Whether a person would read words here that are not in any catalogue."""
    return any(word not in ALLOWED for word in _WORD.findall(text.replace(_HOLE, " ")))


class _Reader(HTMLParser):
    """Text nodes and spoken attributes of a template whose tags became holes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[int, str]] = []
        self.quiet: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        # Words in a named language, or kept on purpose, are not for the catalogue.
        own = given.get("translate") == "no" or given.get("lang") in ("fr", "en")
        for name, value in attrs:
            spoken = name in _READ_ALOUD or (
                name == "value" and tag == "input" and given.get("type") in ("submit", "button")
            )
            if spoken and value and untranslated(value) and not own:
                self.found.append((self.getpos()[0], f'{name}="{value}"'))
        if tag not in _VOID and (self.quiet or tag in _SILENT or own):
            self.quiet.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if self.quiet and self.quiet[-1] == tag:
            self.quiet.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in self.quiet:
            while self.quiet.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not self.quiet and untranslated(data):
            lead = data[: len(data) - len(data.lstrip())].count("\n")
            self.found.append((self.getpos()[0] + lead, " ".join(data.replace(_HOLE, "…").split())[:70]))


def in_template(source: str) -> list[tuple[int, str]]:
    """(line, text) of every raw text of one template."""
    page: list[str] = []
    found: list[tuple[int, str]] = []
    inside = ""
    for token in DebugLexer(source).tokenize():
        name = token.contents.split(None, 1)[0] if token.token_type == TokenType.BLOCK and token.contents else ""
        start, end = token.position or (0, 0)  # the debug lexer always knows
        lines = "\n" * source[start:end].count("\n")
        if inside:
            inside = "" if name == f"end{inside}" else inside
            page.append(lines)
        elif token.token_type == TokenType.TEXT:
            page.append(token.contents)
        else:
            if name in _TAGS_WITH_TEXT:
                inside = name
            elif name == "block" and token.contents.endswith("_class"):
                inside = name  # {% block body_class %}wide{% endblock %} fills an attribute nobody reads
            page.append((_HOLE if token.token_type != TokenType.COMMENT else "") + lines)
            if name in ("include", "with"):
                found += [
                    (token.lineno or 0, f'{key}="{text}"')
                    for key, _quote, text in _ARGUMENT.findall(token.contents)
                    if untranslated(text)
                ]
    reader = _Reader()
    reader.feed("".join(page))
    reader.close()
    return sorted(found + reader.found)


def faults(base: Path = BASE) -> Iterator[str]:
    """Raw text in any template of the house."""
    for path in sorted([*(base / "templates").rglob("*.html"), *base.glob("*/templates/**/*.html")]):
        for line, text in in_template(path.read_text()):
            yield f"{path.relative_to(base)}:{line}: not marked for translation: {text}"
