"""`make proof [ARGS="F7 F14"]`: every test (or those of the gates named) in the size of its promise, then the table of gates.

Exit status 0 only when nothing failed and every gate asked for passed at its number. The table is kept as JSON in `var/`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.proof import judging, reporting
from benchmarks.proof.gates import GATES, Gate

BASE = Path(__file__).resolve().parent.parent.parent
KEPT = BASE / "var" / "proof.json"


def run(gates: tuple[Gate, ...], whole: bool, more: list[str], scale: str) -> tuple[int, dict[str, judging.Ran]]:
    """What pytest said at its end, and each test by its name."""
    tests = [] if whole else sorted({each.test for gate in gates for each in gate.by})
    if not whole and not tests:
        return 0, {}
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "said.json"
        command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadgroup", "-p", "benchmarks.proof.reporting",
                   "--durations=25", "-rs", *more, *tests]  # fmt: skip
        kept = {name: value for name, value in os.environ.items() if name != reporting.REPORT}
        told = subprocess.run(
            command, cwd=BASE, env={**kept, "SCALE": scale, reporting.REPORT: str(report)}, check=False
        )
        ran: dict[str, judging.Ran] = {}
        for said in json.loads(report.read_text()) if report.exists() else []:
            one = ran.setdefault(judging.name_of(said["test"]), judging.Ran())
            one.add(said["outcome"], said["seconds"], said["said"])
    return told.returncode, ran


def main() -> int:
    ask = argparse.ArgumentParser(prog="make proof", description=__doc__)
    ask.add_argument("gates", nargs="*", metavar="GATE", help="F1 to F24; else all of them and every other test")
    ask.add_argument("--scale", default=os.environ.get("SCALE", "proof"), choices=("test", "ci", "proof"))
    chosen, more = ask.parse_known_args()
    known = {gate.key: gate for gate in GATES}
    if unknown := [name for name in chosen.gates if name not in known]:
        ask.error(f"there is no gate {', '.join(unknown)}; there are {', '.join(known)}")
    gates = tuple(known[name] for name in chosen.gates) or GATES
    status, ran = run(gates, not chosen.gates, more, chosen.scale)
    judged = judging.judge(gates, ran)
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps({"scale": chosen.scale, "gates": [one.told() for one in judged]}, indent=1) + "\n")
    print(f"\nGates at SCALE={chosen.scale} ({KEPT.relative_to(BASE)})\n{judging.table(judged)}", flush=True)
    good = status == 0 and all(one.state == judging.PASSED for one in judged)
    return 0 if good else status or 1


if __name__ == "__main__":
    sys.exit(main())
