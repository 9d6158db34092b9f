"""The translation catalogues: finds every message in code and templates, keeps the .po files in step, says what is missing.

It needs no gettext programs (Django's own template reader, Babel for the rest) and it translates nothing.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from leadops.platform.translations import BASE

APPS = ("capture", "routing", "qualification", "nurture", "reports")
FLOORS = ("leadops", *APPS)
LANGUAGE = "fr"
_SKIPPED = {"tests", "migrations", "locale", "__pycache__"}
# Django's marked functions take their arguments as gettext's do; the lazy and no-op twins included.
_KEYWORDS: dict[str, Any] = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
Key = tuple[str | None, str]  # context, English text (singular)
_DAY = datetime(2026, 1, 1, tzinfo=UTC)  # no clock in the header: two runs write the same file
_HOLES = re.compile(r"%(?:\(\w+\))?[a-zA-Z]")


@dataclass(slots=True)
class Found:
    """One message as the sources use it."""

    text: str | tuple[str, ...]
    context: str | None
    places: set[str] = field(default_factory=set)


def sources(base: Path = BASE) -> Iterator[Path]:
    """Every file whose text may be shown to somebody."""
    for floor in FLOORS:
        for path in sorted((base / floor).rglob("*")):
            if path.suffix in (".py", ".html", ".txt") and not _SKIPPED & set(path.relative_to(base).parts):
                yield path
    for path in sorted((base / "templates").rglob("*")):
        if path.suffix in (".html", ".txt"):
            yield path


def catalogue_of(path: Path, base: Path = BASE) -> str:
    """Which floor's catalogue a file belongs to: an app's own code and templates to it, all the rest to leadops."""
    parts = path.relative_to(base).parts
    owner = parts[1] if parts[0] == "templates" and len(parts) > 2 else parts[0]
    return owner if owner in APPS else "leadops"


def messages_in(path: Path) -> Iterator[tuple[str | tuple[str, ...], str | None]]:
    """(text, context) of each message of one file; a plural is (singular, plural)."""
    text = path.read_text()
    if path.suffix != ".py":
        # What stands outside tags comes back as X at its old place: indentation would read as Python's.
        text = "\n".join(line.strip() for line in templatize(text, origin=str(path)).splitlines())
    for _line, found, _comments, context in extract("python", io.BytesIO(text.encode()), _KEYWORDS):
        if isinstance(found, str):
            yield found, context
        elif found[0]:
            yield tuple(part for part in found[:2] if part), context


def collect(base: Path = BASE) -> dict[str, dict[Key, Found]]:
    """Every message of the house, by catalogue."""
    all_found: dict[str, dict[Key, Found]] = {floor: {} for floor in FLOORS}
    for path in sources(base):
        mine = all_found[catalogue_of(path, base)]
        for text, context in messages_in(path):
            single = text if isinstance(text, str) else text[0]
            if not single:
                continue
            found = mine.setdefault((context, single), Found(text, context))
            if isinstance(found.text, str) and not isinstance(text, str):
                found.text = text  # the same words elsewhere in one number only: the plural entry serves both
            found.places.add(str(path.relative_to(base)))
    return all_found


def catalogue_path(floor: str, base: Path = BASE) -> Path:
    return base / floor / "locale" / LANGUAGE / "LC_MESSAGES" / "django.po"


def read(floor: str, base: Path = BASE) -> Catalog:
    """A floor's catalogue, or an empty one."""
    path = catalogue_path(floor, base)
    if not path.exists():
        return Catalog(locale=LANGUAGE)
    with path.open("rb") as text:
        return read_po(text, locale=LANGUAGE)


def _key(message: Message) -> Key:
    text = message.id if isinstance(message.id, str) else message.id[0]
    return (message.context, text)


def _written(catalogue: Catalog) -> dict[Key, Message]:
    """Messages with a translation, those set aside as obsolete included."""
    kept = [message for message in catalogue.obsolete.values() if message.string]
    kept += [message for message in catalogue if message.id and any(_strings(message))]
    return {_key(message): message for message in kept}


def _strings(message: Message) -> tuple[str, ...]:
    return (message.string or "",) if isinstance(message.string, str | None) else tuple(message.string)


def update(base: Path = BASE, *, only: str = "", prune: bool = False) -> dict[str, int]:
    """Bring every .po in step with the sources, keeping translations; how many messages each holds."""
    old = {floor: read(floor, base) for floor in FLOORS}
    everywhere = {key: message for floor in FLOORS for key, message in _written(old[floor]).items()}
    counts = {}
    for floor, found in collect(base).items():
        if only not in ("", floor):
            continue
        mine = {**everywhere, **_written(old[floor])}
        fresh = _empty()
        fresh.header_comment = f"# French texts of {floor}. Kept in step by `manage.py messages`."
        for key in sorted(found, key=lambda one: (one[1], one[0] or "")):
            _carry(fresh, found[key], mine.get(key))
        if not prune:
            for key, message in _written(old[floor]).items():
                if key not in found:
                    fresh.obsolete[message.id if isinstance(message.id, str) else message.id[0]] = message
        _write(catalogue_path(floor, base), fresh)
        counts[floor] = len(found)
    return counts


def _empty() -> Catalog:
    people = {"last_translator": "leadops", "language_team": LANGUAGE, "msgid_bugs_address": "leadops", "version": "1"}
    return Catalog(locale=LANGUAGE, project="leadops", fuzzy=False, revision_date=_DAY, creation_date=_DAY, **people)


def _carry(fresh: Catalog, found: Found, before: Message | None) -> None:
    """Add one message with the translation it had; a plural that was a singular keeps its words in the first form."""
    words: Any = before.string if before is not None else None
    plural = not isinstance(found.text, str)
    if plural and isinstance(words, str):
        words = (words, "")
    if not plural and isinstance(words, tuple | list):
        words = words[0]
    text: Any = found.text
    flags = before.flags & {"fuzzy"} if before is not None else ()
    places = [(place, 0) for place in sorted(found.places)]
    fresh.add(text, words, locations=places, flags=flags, context=found.context)


def _write(path: Path, catalogue: Catalog) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = io.BytesIO()
    write_po(text, catalogue, width=0, include_lineno=False, sort_output=False)
    path.write_bytes(text.getvalue())


def faults(base: Path = BASE) -> list[str]:
    """Why the French is not complete: missing, fuzzy, untranslated, obsolete, broken placeholders or typography."""
    said = []
    for floor, found in collect(base).items():
        catalogue = read(floor, base)
        kept = {_key(message): message for message in catalogue if message.id}
        for key, use in sorted(found.items(), key=lambda one: one[0][1]):
            where = f"{floor}: {key[1]!r} ({', '.join(sorted(use.places)[:2])})"
            said += [f"{where}: {fault}" for fault in _wrong(use, kept.get(key))]
        unused = {_key(message) for message in catalogue.obsolete.values()} | (set(kept) - set(found))
        said += [
            f"{floor}: {text!r}: in no source any more (`messages --prune`)"
            for _context, text in sorted(unused, key=str)
        ]
    return said


def _wrong(use: Found, message: Message | None) -> Iterable[str]:
    if message is None:
        return ["missing"]
    if message.fuzzy:
        return ["fuzzy"]
    strings = _strings(message)
    if not all(strings) or (not isinstance(use.text, str) and len(strings) < 2):
        return ["untranslated"]
    return [fault for words in strings for fault in (*_holes(use, words), *typography(words))]


def _holes(use: Found, words: str) -> list[str]:
    """A translation fills the holes of one of its originals, no other (a singular may leave its number out)."""
    texts = (use.text,) if isinstance(use.text, str) else use.text
    allowed = {hole for text in texts for hole in _HOLES.findall(text.replace("%%", ""))}
    needed = set.intersection(*({*_HOLES.findall(text.replace("%%", ""))} for text in texts))
    given = set(_HOLES.findall(words.replace("%%", "")))
    return [] if needed <= given <= allowed else [f"placeholders differ: {words!r}"]


_LOOSE = re.compile(r" [:;?!»]| %%|« |(?<=[^\W\d])[?!;](?=\s|$)|(?<=[^\W\d]):(?=\s|$)")


_STRAIGHT = re.compile(r"(?<=[^\W\d])'(?=[^\W\d])")


def typography(words: str) -> list[str]:
    """French sets a no-break space before : ; ? ! % and inside « »; its apostrophe is ’."""
    return [
        f"{fault} near {words[max(0, hit.start() - 12) : hit.end() + 4]!r}"
        for mark, fault in ((_LOOSE, "no-break space missing"), (_STRAIGHT, "straight apostrophe"))
        for hit in mark.finditer(words)
    ]
