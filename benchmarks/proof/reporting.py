"""The pytest plugin of a proof: who runs beside whom, and what each test said (outcome, seconds, its number, what it measured)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

REPORT = "PROOF_REPORT"  # the file that gets it
_said: list[dict[str, Any]] = []


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file's tests run in one process, as `make test` has them, but for those that take it up for an hour each."""
    for item in items:
        if item.get_closest_marker("apart") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.split("::", 1)[0]))


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
