"""A table as a CSV file in the reader's language: French for French spreadsheets, else RFC 4180. Holds no figure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.http import HttpResponse

BOM = "\ufeff"
_ACTS = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run instead of show


def csv_file(name: str, heading: Sequence[str], rows: Iterable[Sequence[Any]], language: str) -> HttpResponse:
    """The download; an unknown figure is an empty cell."""
    french = language.startswith("fr")
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";" if french else ",", lineterminator="\r\n")
    writer.writerow([_cell(title, french) for title in heading])
    writer.writerows([_cell(value, french) for value in row] for row in rows)
    response = HttpResponse((BOM if french else "") + out.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _cell(value: Any, french: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, float | Decimal):
        plain = f"{value:f}" if isinstance(value, Decimal) else f"{value:.6f}".rstrip("0").rstrip(".")
        return plain.replace(".", ",") if french else plain
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_ACTS) else text
