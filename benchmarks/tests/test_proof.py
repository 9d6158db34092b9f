"""The table of gates: every test it names is there, and only what ran at its number passes."""

from __future__ import annotations

import ast
from functools import cache

import pytest

from benchmarks.proof import judging
from benchmarks.proof.gates import GATES, Gate, Kept
from leadops.platform.children import BASE

WANTED = {*(f"F{n}" for n in range(1, 11)), *(f"F{n}" for n in range(14, 19)), "F22", "F24"}


@cache
def source(file: str) -> ast.Module:
    return ast.parse((BASE / file).read_text())


@cache
def names_in(file: str) -> frozenset[str]:
    return frozenset(node.name for node in source(file).body if isinstance(node, ast.FunctionDef))


def test_every_gate_is_there_once_and_every_test_it_names_exists() -> None:
    assert {gate.key for gate in GATES} == WANTED and len(GATES) == len(WANTED)
    for gate in GATES:
        for kept in gate.by:
            file, name = kept.test.split("::")
            assert name in names_in(file), f"{gate.key}: {kept.test} is gone"


def test_a_test_that_must_reach_a_number_says_its_number() -> None:
    for gate in GATES:
        for kept in gate.by:
            file, name = kept.test.split("::")
            (node,) = [each for each in source(file).body if isinstance(each, ast.FunctionDef) and each.name == name]
            noted = [each for each in ast.walk(node) if isinstance(each, ast.Name) and each.id == "record_property"]
            assert not kept.n or noted, kept.test


@pytest.mark.parametrize(
    ("ran", "state"),
    [
        ({"a": ("passed", 5), "b": ("passed", 0)}, judging.PASSED),
        ({"a": ("passed", 4), "b": ("passed", 0)}, judging.SHORT),
        ({"a": ("passed", 5)}, judging.NOT_RUN),
        ({"a": ("passed", 5), "b": ("skipped", 0)}, judging.NOT_RUN),
        ({"a": ("passed", 5), "b": ("error", 0)}, judging.FAILED),
        ({"a": ("failed", 5), "b": ("passed", 0)}, judging.FAILED),
        ({}, judging.NOT_RUN),
    ],
)
def test_only_what_ran_at_its_number_passes(ran: dict[str, tuple[str, int]], state: str) -> None:
    gate = Gate("F0", "x", "y", (Kept("a", 5), Kept("b")))
    found = {}
    for name, (outcome, n) in ran.items():
        found[name] = judging.Ran()
        found[name].add(outcome, 1.0, {"n": n})
    assert judging.judge([gate], found)[0].state == state


def test_a_gate_without_a_test_is_not_run_and_parameters_are_one_test() -> None:
    assert judging.judge([Gate("F0", "x", "y", ())], {})[0].state == judging.NOT_RUN
    assert judging.name_of("a/b.py::test_x[1-[2]]") == "a/b.py::test_x"
    ran = judging.Ran()
    for outcome in ("passed", "failed"):
        ran.add(outcome, 1.0, {"n": 3, "measured": "m"})
    assert (ran.n, ran.seconds) == (6, 2.0)
    (judged,) = judging.judge([Gate("F0", "x", "y", (Kept("a", 6),))], {"a": ran})
    assert judged.state == judging.FAILED and "F0" in judging.table([judged])
