"""The import contracts of pyproject.toml hold, and each of them fails on a planted breach of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

BASE = Path(__file__).resolve().parents[2]
PACKAGES = ("leadops", "capture", "routing", "qualification", "nurture", "reports")
LINTER = Path(sys.executable).with_name("lint-imports")
CONTRACTS = {
    each["id"]: each["name"]
    for each in tomllib.loads((BASE / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}

# the contract that must say no, the file, the line added to it, what the linter must name
BREACHES = (
    ("siblings", "routing/match.py", "import capture.ledger", "routing.match -> capture.ledger"),
    ("siblings", "capture/services.py", "import qualification.mql", "capture.services -> qualification.mql"),
    ("tree", "leadops/work.py", "import routing.models", "leadops.work -> routing.models"),
    ("tree", "capture/models/__init__.py", "import leadops.desk.rows", "capture.models -> leadops.desk.rows"),
    ("tree", "leadops/platform/ticker.py", "import routing.services", "leadops.platform.ticker -> routing.services"),
    ("ground", "leadops/journal.py", "import leadops.lifecycle", "leadops.journal -> leadops.lifecycle"),
    ("capture", "capture/models/__init__.py", "import capture.services", "capture.models -> capture.services"),
    ("routing", "routing/helpers.py", "", "routing.helpers"),
    ("sla", "routing/sla/policy.py", "import routing.sla.clocks", "routing.sla.policy -> routing.sla.clocks"),
    (
        "hours",
        "routing/hours/editing.py",
        "import routing.hours.reading",
        "routing.hours.editing -> routing.hours.reading",
    ),
    ("qualification", "qualification/utils.py", "", "qualification.utils"),
    ("nurture", "nurture/common.py", "", "nurture.common"),
    ("reports", "reports/periods.py", "import reports.views", "reports.periods -> reports.views"),
    ("http", "capture/services.py", "import rest_framework.response", "capture.services -> rest_framework"),
    ("pure", "routing/choose.py", "import leadops.models", "routing.choose -> leadops.models"),
    ("queue", "routing/tasks.py", "import django_q.tasks", "routing.tasks -> django_q"),
    ("tasks", "routing/services.py", "import routing.tasks", "routing.services -> routing.tasks"),
    ("testing", "leadops/shipped.py", "import leadops.testing", "leadops.shipped -> leadops.testing"),
    ("parent", "leadops/platform/parent.py", "import django.conf", "leadops.platform.parent -> django"),
)


def linted(where: Path) -> subprocess.CompletedProcess[str]:
    wide = {**os.environ, "COLUMNS": "300"}  # or it wraps what is looked for
    return subprocess.run([LINTER, "--no-cache"], cwd=where, env=wide, capture_output=True, text=True, timeout=120)


def broken(output: str) -> dict[str, str]:
    """Contract id -> what the linter says against it."""
    lines = output.partition("Broken contracts")[2].splitlines()
    said: dict[str, list[str]] = {}
    section: list[str] = []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if following.startswith("---") and line.strip():
            section = said.setdefault(line.strip(), [])
        section.append(line)
    ids = {name: key for key, name in CONTRACTS.items()}
    return {ids[title]: "\n".join(text) for title, text in said.items()}


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the linter says of a copy of the tree with every breach in it: one run for all of them."""
    root = tmp_path_factory.mktemp("tree")
    left_out = shutil.ignore_patterns("tests", "locale", "migrations", "__pycache__")
    for package in PACKAGES:
        shutil.copytree(BASE / package, root / package, ignore=left_out)
    shutil.copy(BASE / "pyproject.toml", root)
    for _contract, file, line, _named in BREACHES:
        with (root / file).open("a") as planted:
            planted.write(f"\n{line}\n")
    return broken(linted(root).stdout)


def test_every_contract_is_kept() -> None:
    done = linted(BASE)
    assert done.returncode == 0, done.stdout[-4000:]
    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken." in done.stdout


@pytest.mark.parametrize(("contract", "file", "line", "named"), BREACHES, ids=[f"{b[0]}: {b[3]}" for b in BREACHES])
def test_a_planted_breach_is_caught(
    complaints: dict[str, str], contract: str, file: str, line: str, named: str
) -> None:
    assert named in complaints.get(contract, "kept"), f"{file}: {line}"


def test_every_contract_was_breached() -> None:
    assert {breach[0] for breach in BREACHES} == set(CONTRACTS)
