"""What a file of rows may hold: the kinds, what their columns can mean, and the functions that check and take rows.

capture has two kinds of its own; deals are written by another app, which hands its functions over through
`choreography`: apps do not know each other, and an import needs of a kind no more than stands in `RowKind`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise

from leadops.models import Lead
from leadops.unit import Unit

NEW, KNOWN, DUPLICATE, BAD = "new", "known", "duplicate", "bad"
TEXT, DAY, NUMBER = "text", "day", "number"
ATTRIBUTE = "attribute:"  # before the key of a custom field


@dataclass(frozen=True, slots=True)
class Target:
    """What a column can mean; `names` are words by which a header is recognised, folded and joined by underscores."""

    key: str
    label: str | Promise
    kind: str = TEXT
    names: tuple[str, ...] = ()
    group: str | Promise = ""


@dataclass(slots=True)
class Row:
    """A record of the file: cells by meaning, the others by column. `bad`: it cannot even be read as a row."""

    number: int
    values: dict[str, str] = field(default_factory=dict)
    rest: dict[str, str] = field(default_factory=dict)
    bad: str = ""
    detail: str = ""
    cells: Sequence[str] = ()
    width: int = 0  # cells the header has


# outcome (new, known, duplicate, bad), reason, detail
Verdict = tuple[str, str, str]
Options = Mapping[str, Any]
Check = Callable[[Sequence[Row]], list[Verdict]]


@dataclass(frozen=True, slots=True)
class RowKind:
    """`checker` starts a dry run and gives its function for one batch after another; `take` writes a batch.

    `take` gives one verdict for each row, in order, and must stand being run again on the same rows.
    `undo` ends leads that an import made and nobody touched; without it an import is not taken back.
    `one_of`: without a column for one of these nothing can be found behind a row. `verb`: what its maker must be
    allowed beside importing.
    """

    key: str
    targets: Callable[[], list[Target]]
    checker: Callable[[Options], Check]
    take: Callable[[Any, Sequence[Row], Unit], list[Verdict]]
    one_of: tuple[str, ...]
    verb: str = "import_leads"
    chunk: int = 500
    undo: Callable[[Sequence[Lead], Unit], object] | None = None


_kinds: dict[str, RowKind] = {}


def register(kind: RowKind) -> None:
    """Called once at start-up, for each kind."""
    _kinds[kind.key] = kind


def kind_of(key: str) -> RowKind:
    return _kinds[key]


def known_kinds() -> list[RowKind]:
    return list(_kinds.values())
