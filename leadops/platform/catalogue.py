"""The translation gate: every text in code and templates has its French, with the same placeholders and French spacing.

It reads and reports; it writes no catalogue. Needs neither the database nor gettext's programs.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po
from django.utils.translation.template import templatize

from leadops.platform.translations import BASE

PACKAGES = ("leadops", "capture", "routing", "qualification", "nurture", "reports")
CALLS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
# what Django's `templatize` makes of a template: gettext('…'), ngettext('…', '…', count), pgettext('…', '…')
IN_TEMPLATE = re.compile(
    r"\b(n?p?gettext|_)\(\s*((?:u?(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")\s*,?\s*)+)", re.DOTALL
)
QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w*\}|%[sd]")
WRONG_SPACE = re.compile(r" [:;?!%»](?!\w)|« ")


@dataclass(frozen=True)
class Text:
    """One text that a person may read, and where it stands."""

    msgid: str
    context: str | None
    place: str


def texts_in_code(base: Path) -> Iterator[Text]:
    for package in PACKAGES:
        for path in sorted((base / package).rglob("*.py")):
            if "tests" in path.parts or "migrations" in path.parts:
                continue
            for line, said, _, context in extract_from_file("python", path, keywords=CALLS):
                msgid = said[0] if isinstance(said, tuple) else said
                yield Text(msgid, context, f"{path.relative_to(base)}:{line}")


def texts_in_templates(base: Path) -> Iterator[Text]:
    for path in sorted((base / "templates").rglob("*.*")):
        source = templatize(path.read_text(), origin=str(path)) if path.suffix in (".html", ".txt") else ""
        for call in IN_TEMPLATE.finditer(source):
            said = [unescaped(a or b) for a, b in QUOTED.findall(call[2])]
            context = said.pop(0) if "p" in call[1].replace("gettext", "") and len(said) > 1 else None
            yield Text(said[0], context, f"{path.relative_to(base)}:{source[: call.start()].count(chr(10)) + 1}")


def unescaped(text: str) -> str:
    return text.replace("\\n", "\n").replace("\\'", "'").replace('\\"', '"').replace("\\\\", "\\")


def french(base: Path) -> dict[tuple[str, str | None], Message]:
    """Every French message of the house."""
    found = {}
    for path in sorted(base.glob("*/locale/fr/LC_MESSAGES/django.po")):
        with path.open("rb") as source:
            for message in read_po(source, locale="fr", abort_invalid=True):
                if message.id:
                    found[first(message.id), message.context] = message
    return found


def first(value: str | list[str] | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else value[0]


def faults_of(message: Message) -> Iterator[str]:
    """What is wrong with one translation."""
    translations = [message.string] if isinstance(message.string, str) else list(message.string or ())
    originals = [message.id] if isinstance(message.id, str) else list(message.id)
    if message.fuzzy:
        yield "is marked fuzzy"
    if not translations or not all(translations):
        yield "is empty"
        return
    allowed = {placeholder for original in originals for placeholder in PLACEHOLDER.findall(original)}
    for translation in translations:
        used = set(PLACEHOLDER.findall(translation))
        # a plural may leave its number out ("un prospect"), a single text may not leave out anything
        if not used <= allowed or (len(originals) == 1 and used != allowed):
            yield f"has other placeholders: {', '.join(sorted(used ^ allowed))}"
        if WRONG_SPACE.search(translation):
            yield "has a plain space where French needs a no-break space"


def faults(base: Path = BASE) -> list[str]:
    """One line per fault, in the order of the tree."""
    known = french(base)
    lines: dict[tuple[str, str], str] = {}
    for text in [*texts_in_code(base), *texts_in_templates(base)]:
        message = known.get((text.msgid, text.context))
        if not text.msgid:
            continue
        problems = ["has no French"] if message is None else list(faults_of(message))
        for problem in problems:
            lines.setdefault((text.msgid, problem), f"{text.place}: {text.msgid!r} {problem}")
    return list(lines.values())


if __name__ == "__main__":
    found = faults()
    print("\n".join(found) or "leadops: every text has its French")
    sys.exit(1 if found else 0)
