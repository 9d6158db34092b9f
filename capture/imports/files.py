"""An uploaded file as text and rows: kept in pieces, read as a stream, its encoding and separator guessed; writes no row
but the pieces. It knows nothing of leads.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from capture.models import ImportPart
from leadops.errors import Refused
from leadops.fold import clean_text

PIECE = 256 * 1024  # bytes of a kept piece
MOST_BYTES = 50 * 1024 * 1024
MOST_ROWS = 200_000
MOST_COLUMNS = 200
LONGEST_LINE = 1024 * 1024  # characters
LOOKED_AT = 2000  # rows the guesses are made from
SAMPLES = 3
SEPARATORS = (",", ";", "\t", "|")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1")
# What is renamed to .csv most often, by its first bytes.
_no_text = (
    (b"PK\x03\x04", "xlsx"), (b"\xd0\xcf\x11\xe0", "xls"), (b"%PDF", "pdf"), (b"\x1f\x8b", "gz"), (b"Rar!", "rar"),
)  # fmt: skip

csv.field_size_limit(LONGEST_LINE)


@dataclass(slots=True)
class Kept:
    """A file taken in: its pieces, not saved yet, and what was seen on the way."""

    pieces: list[bytes] = field(default_factory=list)
    digest: bytes = b""
    size: int = 0
    encoding: str = "utf-8"


@dataclass(slots=True)
class Profile:
    """What the file holds: names of its columns, the first rows, how many rows there are."""

    names: list[str]
    first: list[list[str]]
    rows: int

    def samples(self, column: int) -> list[str]:
        """The first different values of a column."""
        seen: dict[str, None] = {}
        for row in self.first:
            text = row[column].strip() if column < len(row) else ""
            if text:
                seen.setdefault(clean_text(text, 120))
            if len(seen) == SAMPLES:
                break
        return list(seen)

    def values(self, column: int) -> Iterator[str]:
        return (row[column].strip() for row in self.first if column < len(row) and row[column].strip())

    @property
    def header(self) -> bytes:
        return hashlib.sha256("\x1f".join(self.names).encode()).digest()


# -- taking in -------------------------------------------------------------------------------------------


def take_in(chunks: Iterable[bytes]) -> Kept:
    """Read an upload once: bounded, digested, its encoding told from its bytes. Refuses what is no text."""
    kept, whole, digest = Kept(), bytearray(), hashlib.sha256()
    for chunk in chunks:
        kept.size += len(chunk)
        if kept.size > MOST_BYTES:
            raise too_large()
        digest.update(chunk)
        whole += chunk
        while len(whole) >= PIECE:
            kept.pieces.append(bytes(whole[:PIECE]))
            del whole[:PIECE]
    if whole:
        kept.pieces.append(bytes(whole))
    kept.digest = digest.digest()
    _refuse_no_text(kept)
    kept.encoding = _encoding(kept.pieces)
    return kept


def too_large() -> Refused:
    return Refused(
        "file-too-large", _("The file is larger than %(size)s MB: cut it in several.") % {"size": MOST_BYTES >> 20}
    )


def _refuse_no_text(kept: Kept) -> None:
    start = kept.pieces[0] if kept.pieces else b""
    if not start.strip(b"\xef\xbb\xbf \t\r\n\x00"):
        raise Refused("file-empty", _("The file is empty."))
    for mark, name in _no_text:
        if start.startswith(mark):
            words = _("This is a file of another kind (%(kind)s), whatever its name says. Save it as CSV first.")
            raise Refused("file-not-text", words % {"kind": name}, kind=name)
    utf16 = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if not utf16 and start.count(0) * 50 > len(start):
        raise Refused("file-not-text", _("This is not a text file. Save it as CSV first."), kind="binary")


def _encoding(pieces: Sequence[bytes]) -> str:
    """By its mark, else UTF-8 where every byte fits, else the code page of Western offices."""
    if pieces[0].startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if pieces[0].startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for name in ("utf-8", "cp1252"):
        decoder = codecs.getincrementaldecoder(name)()
        try:
            for piece in pieces:
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return name
    return "latin-1"


def save(file_id: uuid.UUID, pieces: Sequence[bytes]) -> None:
    ImportPart.objects.bulk_create(
        [ImportPart(file_id=file_id, number=n, data=piece) for n, piece in enumerate(pieces)], batch_size=32
    )


def pieces_of(file_id: uuid.UUID) -> Iterator[bytes]:
    """The kept pieces, one at a time."""
    number = 0
    while True:
        found = ImportPart.objects.filter(file=file_id, number=number).values_list("data", flat=True).first()
        if found is None:
            return
        yield bytes(found)
        number += 1


# -- reading ---------------------------------------------------------------------------------------------


class _Stream(io.RawIOBase):
    """Pieces as one stream of bytes."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        while not self._left:
            try:
                self._left = next(self._pieces)
            except StopIteration:
                return 0
        taken = self._left[: len(buffer)]
        buffer[: len(taken)] = taken
        self._left = self._left[len(taken) :]
        return len(taken)


def _lines(pieces: Iterable[bytes], encoding: str) -> Iterator[str]:
    raw: Any = _Stream(pieces)
    text = io.TextIOWrapper(io.BufferedReader(raw, PIECE), encoding=encoding, newline="")
    while line := text.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise Refused("line-too-long", _("A line of the file is longer than a megabyte: this is no table of rows."))
        yield line


def records(pieces: Iterable[bytes], encoding: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Every record that is not blank, with its row as a spreadsheet counts: the header is row 1."""
    try:
        for number, cells in enumerate(csv.reader(_lines(pieces, encoding), delimiter=separator), 1):
            if cells:
                yield number, cells
    except UnicodeError as fault:
        raise Refused("file-encoding", _("The file cannot be read in this encoding: choose another one.")) from fault
    except csv.Error as fault:
        raise Refused(
            "file-unreadable", _("The file cannot be read as a table: %(why)s") % {"why": str(fault)}
        ) from fault


def profile(pieces: Iterable[bytes], encoding: str, separator: str) -> Profile:
    """One pass over the whole file."""
    rows = records(pieces, encoding, separator)
    _number, header = next(rows, (0, []))
    if not any(name.strip() for name in header):
        raise Refused("file-empty", _("The first row of the file names no column."))
    if len(header) > MOST_COLUMNS:
        raise Refused("too-many-columns", _("The file has more than %(n)s columns.") % {"n": MOST_COLUMNS})
    found = Profile(_names(header), [], 0)
    for _number, cells in rows:
        found.rows += 1
        if found.rows > MOST_ROWS:
            raise Refused(
                "too-many-rows", _("The file has more than %(n)s rows: cut it in several.") % {"n": MOST_ROWS}
            )
        if len(found.first) < LOOKED_AT:
            found.first.append(cells[: MOST_COLUMNS + 1])  # one row may have as many as the file has bytes
    if not found.rows:
        raise Refused("file-empty", _("The file has a header and no row below it."))
    return found


def _names(header: Sequence[str]) -> list[str]:
    """Names of the columns; a name that stands twice gets a number, an empty one its position."""
    names: list[str] = []
    seen: Counter[str] = Counter()
    for position, given in enumerate(header, 1):
        name = clean_text(given, 120).strip() or f"#{position}"
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names


def separator_of(pieces: Sequence[bytes], encoding: str) -> str:
    """The separator that cuts the first rows into the same number of cells most often; a comma when none does."""
    best, chosen = (0.0, 0), ","
    for separator in SEPARATORS:
        widths = []
        try:
            for _number, cells in records(pieces, encoding, separator):
                widths.append(len(cells))
                if len(widths) == 60:
                    break
        except Refused:
            continue
        if not widths or widths[0] < 2:
            continue
        alike = (sum(w == widths[0] for w in widths) / len(widths), widths[0])
        if alike > best:
            best, chosen = alike, separator
    return chosen
