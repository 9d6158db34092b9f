"""The access matrix: every route × method × object × actor answers as `access_matrix.csv` says, and tells nobody what is not theirs.

ACCESS_MATRIX=write writes the file anew; whoever does so reads the difference cell by cell before it is committed.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadops import access
from leadops.tests import matrix_walk as walking
from leadops.tests.matrix_walk import ACTORS, DENIED, MISSING, Cell, Told, Walk
from leadops.tests.matrix_world import OF_A_LEAD, World
from leadops.tests.scale import SCALE

pytestmark = pytest.mark.django_db
FILE = Path(__file__).with_name("access_matrix.csv")
WRITE = os.environ.get("ACCESS_MATRIX") == "write"
WHOLE = SCALE == "proof" or WRITE
AT_LEAST = 30  # cells that must change when the filter of rows is taken out
Matrix = dict[tuple[str, str, str], dict[str, str]]


def written() -> Matrix:
    with FILE.open(newline="") as file:
        rows = list(csv.reader(file))
    return {(row[0], row[1], row[2]): dict(zip(ACTORS, row[3:], strict=True)) for row in rows[1:]}


@pytest.fixture
def walk(db: None) -> Iterator[Walk]:
    yield Walk(World())


def test_every_cell_answers_as_written_and_betrays_nobody(walk: Walk) -> None:
    found = walking.cells(walk.world)
    expected = {} if WRITE else written()
    if not WRITE:
        assert {cell.name for cell in found} == set(expected), "a route the matrix does not know, or one that is gone"
    answers: Matrix = {cell.name: {} for cell in found}
    faults: list[str] = []
    unseen: dict[tuple[str, str, str], dict[str, str]] = {}
    for cell in found:
        for actor in ACTORS:
            if WHOLE or walking.in_ci(actor, cell):
                told = walk.ask(actor, cell)
                answers[cell.name][actor] = told.answer
                faults += _faults(actor, cell, told)
                if cell.relation in (*OF_A_LEAD, MISSING):
                    faults += _same(unseen.setdefault((cell.route, cell.method, actor), {}), actor, cell, told)
    if WRITE:
        _write(answers)
    for name, row in answers.items():
        faults += [f"{name} {actor}: {got}, written {expected[name][actor]}" for actor, got in row.items()
                   if not WRITE and got != expected[name][actor]]  # fmt: skip
    assert not faults, f"{len(faults)} cells:\n" + "\n".join(faults[:60])


def _faults(actor: str, cell: Cell, told: Told) -> list[str]:
    """What no cell may ever do, whatever is written."""
    where, found = f"{cell.name} {actor}", []
    if words := walking.betrayed(actor, told):
        found.append(f"{where}: tells {sorted(words)}")
    if told.answer in DENIED and told.wrote:
        found.append(f"{where}: {told.answer}, and yet written: {sorted(told.wrote)}")
    found += [f"{where}: {fault}" for fault in told.unsafe]
    if told.answer == "500":
        found.append(f"{where}: a fault")
    return found


def _same(texts: dict[str, str], actor: str, cell: Cell, told: Told) -> list[str]:
    """What one may not see answers exactly like what is not there: status and every byte."""
    if cell.relation == MISSING or walking.hidden(cell, actor):
        texts[cell.relation] = f"{told.answer} {walking.plain(cell, told.text)}"
    if cell.relation == MISSING:
        return [f"{(cell.route, cell.method, relation)} {actor}: not like one that is missing"
                for relation, text in texts.items() if text != texts[MISSING]]  # fmt: skip
    return []


def _write(answers: Matrix) -> None:
    with FILE.open("w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["route", "method", "object", *ACTORS])
        out.writerows([*name, *(row[actor] for actor in ACTORS)] for name, row in answers.items())


def test_without_the_filter_of_rows_the_matrix_fails(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The matrix is not blind: with `leads_visible_to` opened to everybody, cells of hidden leads answer otherwise."""
    monkeypatch.setattr(access, "_lead_scope", lambda actor, prefix="": None)
    expected, changed, told = written(), 0, 0
    for cell in walking.cells(walk.world):
        if cell.relation == "foreign" and cell.route != "api/v1/decisions/<uuid:pk>/replay":
            got = walk.ask("rep", cell)
            changed += got.answer != expected[cell.name]["rep"]
            told += bool(walking.betrayed("rep", got))
    assert changed >= AT_LEAST and told >= 5, (changed, told)
