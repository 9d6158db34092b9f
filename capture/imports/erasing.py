"""Takes somebody out of the files imports keep: their rows become blank lines, every other row keeps its place and words."""

from __future__ import annotations

import csv
import io
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from django.db import connection

from capture.imports import files
from capture.models import Import, ImportFault, ImportPart, Submission

_NAMED = """
SELECT DISTINCT file_id FROM capture_importpart p
WHERE EXISTS (SELECT 1 FROM unnest(%s::bytea[]) AS word WHERE position(word in p.data) > 0)
"""


def touched(submissions: Iterable[uuid.UUID], spellings: Sequence[bytes]) -> dict[uuid.UUID, set[int]]:
    """File -> the rows known to be theirs; a file that only names them has none of these."""
    found: dict[uuid.UUID, set[int]] = defaultdict(set)
    rows = Submission.objects.filter(pk__in=list(submissions), file__isnull=False, row__isnull=False)
    for file, row in rows.values_list("file", "row"):
        found[file].add(row or 0)
    with connection.cursor() as cursor:
        cursor.execute(_NAMED, [list(spellings)])
        for (file,) in cursor.fetchall():
            found[file] |= set()
    return found


def blank(file_id: uuid.UUID, rows: Collection[int], words: Collection[str]) -> int:
    """Blank these rows and all that hold one of the words; how many. What a mapping shows of them goes too."""
    file = Import.objects.select_for_update().get(pk=file_id)
    kept, gone = io.StringIO(newline=""), {}
    writer = csv.writer(kept, delimiter=file.separator, lineterminator="\r\n")
    wanted, last = [word.casefold() for word in words], 0
    for number, cells in files.records(files.pieces_of(file_id), file.encoding, file.separator):
        kept.write("\r\n" * (number - last - 1))  # blank lines count in a row's number
        last = number
        told = "\n".join(cells).casefold()
        if number > 1 and (number in rows or any(word in told for word in wanted)):
            gone[number] = cells
            kept.write("\r\n")
        else:
            writer.writerow(cells)
    if gone:
        _replace(file, kept.getvalue(), {cell.strip() for cells in gone.values() for cell in cells})
        ImportFault.objects.filter(file=file, row__in=gone).update(detail="")
    return len(gone)


def _replace(file: Import, text: str, cells: Collection[str]) -> None:
    raw = text.encode(file.encoding)
    ImportPart.objects.filter(file=file).delete()
    files.save(file.pk, [raw[start : start + files.PIECE] for start in range(0, len(raw), files.PIECE)])
    for column in file.columns:
        column["samples"] = [sample for sample in column.get("samples", []) if sample not in cells]
    file.save(update_fields=["columns"])
