"""A private server's folder for the tests of the platform."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadops.platform import cluster_files, postgres


@pytest.fixture
def var() -> Iterator[Path]:
    """An empty var/pg that any account reaches (pytest's own folders are closed to others)."""
    top = Path(tempfile.mkdtemp(prefix="lo"))
    top.chmod(0o755)
    yield top / "pg"
    if (top / "pg").exists():
        postgres.stop(top / "pg")
        cluster_files.remove(top / "pg")
    shutil.rmtree(top)
