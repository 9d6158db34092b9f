"""What a published version took the place of, and why: the two sides of such an act in the audit. It reads and decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from leadops.journal import JournalEntry, Kind
from leadops.versions.kinds import kind_of
from leadops.versions.models import Publication, Version

LONGEST = 240  # characters of a sentence that still fits a cell; longer ones are named by their number


@dataclass(frozen=True, slots=True)
class Sides:
    before: str = ""
    after: str = ""
    reason: str = ""


def sides(entries: Sequence[JournalEntry]) -> Mapping[int, Sides]:
    """Entry id -> its sides, in one statement for all of them; what is no publication is left out."""
    told = [entry for entry in entries if entry.kind == Kind.VERSION_PUBLISHED and entry.version]
    if not told:
        return {}
    pairs = {(entry.data.get("kind", ""), entry.data.get("key", "")) for entry in told}
    rows = Publication.objects.filter(mode=Publication.Mode.LIVE, known_to__isnull=True)
    rows = rows.filter(kind__in={kind for kind, _key in pairs}, key__in={key for _kind, key in pairs})
    held = list(rows.select_related("version").order_by("valid_from", "pk"))
    return {entry.pk: _of(entry, held) for entry in told}


def _of(entry: JournalEntry, held: Sequence[Publication]) -> Sides:
    mine = [row for row in held if (row.kind, row.key) == (entry.data.get("kind"), entry.data.get("key"))]
    earlier = [row for row in mine if row.valid_from < entry.at]
    this = next((row for row in mine if row.version_id == entry.version and row.valid_from == entry.at), None)
    if this is None:
        return Sides(after=_number(entry.data.get("number", "")))
    before, after = (earlier[-1].version if earlier else None), this.version
    return Sides(_words(before), _words(after), this.reason)


def _words(version: Version | None) -> str:
    if version is None:
        return ""
    kind = kind_of(version.kind)
    sentence = " ".join(kind.sentence(kind.upgrade(version.body, version.schema)).split())
    return sentence if 0 < len(sentence) <= LONGEST else _number(version.number)


def _number(number: object) -> str:
    return _("version %(n)s") % {"n": number}
