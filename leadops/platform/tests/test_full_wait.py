"""With the waits of production, waited out: a cluster that stands still or lost its leader works again within a minute."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from leadops.platform import cluster_files
from leadops.platform.supervisor import Patience
from leadops.platform.tests.house import LIMIT, House, until

pytestmark = [pytest.mark.processes, pytest.mark.proof]


@pytest.fixture(scope="module")
def patient_house() -> Iterator[House]:
    """A house in which nothing is shortened: heartbeats each ten seconds, half a minute of silence."""
    top = Path(tempfile.mkdtemp(prefix="lo"))
    top.chmod(0o755)
    started = House(top, Patience(), "leadops.platform.tests.house_settings_unhurried")
    try:
        started.start()
        until(started.ready, 60, look=0.4)
        yield started
    finally:
        started.stop()
        cluster_files.remove(started.var)
        shutil.rmtree(top)


def test_a_cluster_that_stands_still_is_replaced_within_a_minute(patient_house: House) -> None:
    """M5, on the clock of the wall."""
    house = patient_house
    first = house.leader("cluster-now").pid
    house.kill_the_lock_holder()
    killed = time.monotonic()
    house.flows("still")
    took = time.monotonic() - killed
    print(f"stood still and was replaced: {took:.1f} s")
    assert Patience().silence / 2 < took < LIMIT  # the silence was waited out, not skipped
    assert house.leader("cluster-now").pid != first
    assert len(house.clusters("now")) == 1


def test_a_cluster_whose_leader_was_killed_is_replaced_within_a_minute(patient_house: House) -> None:
    """M6, on the clock of the wall."""
    house = patient_house
    leader = house.leader("cluster-now")
    orphans = leader.children(recursive=True)
    killed = time.monotonic()
    leader.kill()
    house.flows("orphaned", LIMIT)
    print(f"lost its leader and was replaced: {time.monotonic() - killed:.1f} s")
    assert time.monotonic() - killed < LIMIT
    until(lambda: all(not each.is_running() or each.status() == psutil.STATUS_ZOMBIE for each in orphans), LIMIT)
    until(lambda: house.leader("cluster-now") != leader, LIMIT)
    assert len(house.clusters("now")) == 1
