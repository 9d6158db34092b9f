"""From what the tests of a run reported to the table of gates. A gate whose test did not run is "not run", never "passed"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.proof.gates import Gate

PASSED, FAILED, SHORT, NOT_RUN = "passed", "FAILED", "too few", "not run"


@dataclass(slots=True)
class Ran:
    """All that was said by the runs of one test, whatever their parameters."""

    outcomes: list[str] = field(default_factory=list)
    n: int = 0
    measured: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, outcome: str, seconds: float, said: Mapping[str, Any]) -> None:
        self.seconds += seconds
        self.n += int(said.get("n", 0))
        if "measured" in said:
            self.measured.append(str(said["measured"]))
        if outcome:
            self.outcomes.append(outcome)


def name_of(test: str) -> str:
    """A test's id without its parameters and the group it ran in."""
    return test.split("[", 1)[0].split("@", 1)[0]


@dataclass(frozen=True, slots=True)
class Judged:
    gate: Gate
    state: str
    n: int
    measured: str
    seconds: float

    def told(self) -> dict[str, Any]:
        return {
            "gate": self.gate.key, "what": self.gate.what, "bound": self.gate.bound, "state": self.state, "n": self.n,
            "measured": self.measured, "seconds": round(self.seconds, 1), "tests": [each.test for each in self.gate.by],
        }  # fmt: skip


def judge(gates: Iterable[Gate], ran: Mapping[str, Ran]) -> list[Judged]:
    return [_judge(gate, ran) for gate in gates]


def _judge(gate: Gate, ran: Mapping[str, Ran]) -> Judged:
    found = [(each, ran.get(each.test, Ran())) for each in gate.by]
    n, seconds = sum(run.n for _each, run in found), sum(run.seconds for _each, run in found)
    measured = "; ".join(text for _each, run in found for text in dict.fromkeys(run.measured))
    return Judged(gate, _state(found), n, measured, seconds)


def _state(found: list[tuple[Any, Ran]]) -> str:
    outcomes = {outcome for _each, run in found for outcome in run.outcomes}
    if outcomes & {"failed", "error"}:
        return FAILED
    if not found or any(set(run.outcomes) != {"passed"} for _each, run in found):
        return NOT_RUN
    return SHORT if any(run.n < each.n for each, run in found) else PASSED


def table(judged: Iterable[Judged]) -> str:
    lines = [f"{'gate':<5} {'state':<8} {'N':>7} {'s':>7}  what passes, and what was measured"]
    for one in judged:
        lines.append(
            f"{one.gate.key:<5} {one.state:<8} {one.n or '-':>7} {one.seconds:>7.1f}  {one.gate.what}: {one.gate.bound}"
        )
        if one.measured:
            lines.append(f"{'':<31}{one.measured}")
    return "\n".join(lines)
