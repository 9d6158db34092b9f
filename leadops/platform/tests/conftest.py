"""A private server's folder, and one running house shared by the tests of this package that need one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadops.platform import cluster_files, postgres
from leadops.platform.tests.house import House, until


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


@pytest.fixture(scope="package")
def running_house() -> Iterator[House]:
    """Started once and ended after this package: a test that hurts it waits until it is well again."""
    top = Path(tempfile.mkdtemp(prefix="lo"))
    top.chmod(0o755)
    started = House(top)
    try:
        started.start()
        yield started
    finally:
        started.stop()
        cluster_files.remove(started.var)
        shutil.rmtree(top)


@pytest.fixture
def house(running_house: House) -> House:
    until(running_house.ready, 60, look=0.4)
    return running_house
