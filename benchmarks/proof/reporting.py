"""The pytest plugin that writes down what each test of a run said: outcome, seconds, its number and what it measured."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

REPORT = "PROOF_REPORT"  # the file that gets it
_said: list[dict[str, Any]] = []


def pytest_runtest_logreport(report: Any) -> None:
    """Every phase of every test; with several processes the one that leads hears them all."""
    outcome = ""
    if report.when == "call":
        outcome = report.outcome
    elif report.outcome != "passed":
        outcome = "error" if report.outcome == "failed" else report.outcome
    said = {name: value for name, value in report.user_properties if name in ("n", "measured")}
    _said.append({"test": report.nodeid, "outcome": outcome, "seconds": report.duration,
                  "said": said if report.when == "call" else {}})  # fmt: skip


def pytest_sessionfinish(session: Any) -> None:
    if REPORT in os.environ and not hasattr(session.config, "workerinput"):
        Path(os.environ[REPORT]).write_text(json.dumps(_said))
