"""Records of a kept file as rows of its kind: cells under what they mean, in one form; writes nothing.

A number or a day that cannot be read stays as typed: the kind that takes the row says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from capture.imports import cells, files, newfields
from capture.imports.kinds import DAY, NUMBER, Row, Target, kind_of
from capture.models import Import
from leadops.fold import fold


def targets_of(file: Import) -> dict[str, Target]:
    """What a column may hold: the fields of the kind, and those this import will make."""
    known = {target.key: target for target in kind_of(file.kind).targets()}
    return {target.key: target for target in newfields.pending(file)} | known


class Reader:
    """Turns records into rows by the mapping and options of an import."""

    def __init__(self, file: Import) -> None:
        targets = targets_of(file)
        self.names = [column["name"] for column in file.columns]
        self.meant = {int(place): targets[key] for place, key in file.mapping.items() if key in targets}
        self.mark = file.options.get("decimal", ".")
        self.order = file.options.get("days", "")
        self.empty = {fold(text) for text in str(file.options.get("empty", "")).split(",") if text.strip()}

    def row(self, number: int, record: Sequence[str]) -> Row:
        width = len(self.names)
        if len(record) < width or any(cell.strip() for cell in record[width:]):
            detail = f"{len(record)} / {width}"
            return Row(number, bad="shape", detail=detail, cells=record, width=width)
        row = Row(number)
        for place, name in enumerate(self.names):
            text = record[place].strip()
            if not text or (self.empty and fold(text) in self.empty):
                continue
            target = self.meant.get(place)
            if target is None:
                row.rest[name] = text
            else:
                self._put(row, target, name, text)
        return row

    def _put(self, row: Row, target: Target, name: str, text: str) -> None:
        found: str | None = text
        if target.kind == DAY:
            found = cells.day(text, self.order)
        elif target.kind == NUMBER:
            found = cells.number(text, self.mark)
        row.values[target.key] = text if found is None else found
        if found not in (None, text):
            row.rest[name] = text  # as typed, beside what it was read as


def rows_of(file: Import, after: int = 0) -> Iterator[Row]:
    """The rows of the file below row `after`, in order."""
    reader = Reader(file)
    for number, record in raw_records(file):
        if number > after:
            yield reader.row(number, record)


def batches(file: Import, size: int, after: int = 0) -> Iterator[list[Row]]:
    held: list[Row] = []
    for row in rows_of(file, after):
        held.append(row)
        if len(held) == size:
            yield held
            held = []
    if held:
        yield held


def raw_records(file: Import) -> Iterator[tuple[int, list[str]]]:
    """Records as they stand in the file, without the header."""
    found = files.records(files.pieces_of(file.pk), file.encoding, file.separator)
    next(found, None)
    return found
