"""Killed workers and killed leaders of real clusters: work flows again within a minute, and never two clusters at once."""

from __future__ import annotations

import contextlib
import math
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import psutil
import pytest

from leadops.platform import groups
from leadops.platform.children import BASE, manage
from leadops.platform.tests.house import LIMIT, House, happens, until
from leadops.platform.ticker import LEADER
from leadops.tests.scale import sized

pytestmark = pytest.mark.processes
TRIALS = sized(1, 6)
Noted = Callable[[str, object], None]
STILL = 12.0  # more than twice the silence after which the supervisor of these tests acts


@pytest.mark.parametrize("trial", range(TRIALS))
def test_work_flows_again_after_the_worker_that_held_the_queue_was_killed(
    house: House, trial: int, record_property: Noted
) -> None:
    """django-q2 alone stands still for ever once the killed worker held the queue's lock (reliability M5)."""
    first = house.leader("cluster-now").pid
    house.kill_the_lock_holder()
    seconds = house.flows("idle")
    assert seconds < LIMIT
    record_property("n", 1)
    record_property("measured", f"{seconds:.0f} s")
    assert len(house.clusters("now")) == 1
    assert house.leader("cluster-now").pid != first
    assert not psutil.pid_exists(first) or psutil.Process(first).status() == psutil.STATUS_ZOMBIE


@pytest.fixture
def unwatched(house: House) -> Iterator[House]:
    """The guard of M5 taken out: no silence is ever too long."""
    patience = house.supervisor.patience
    house.supervisor.patience = replace(patience, silence=math.inf)
    yield house
    house.supervisor.patience = patience


def test_without_the_watch_a_killed_idle_worker_leaves_the_cluster_standing_still(unwatched: House) -> None:
    """The negative control of M5: the harm is real, and it is the watch that ends it."""
    house, first = unwatched, unwatched.leader("cluster-now").pid
    house.kill_the_lock_holder()
    submission = house.lead("unwatched")
    assert not happens(lambda: house.end_of(submission) == "created", STILL)
    assert house.leader("cluster-now").pid == first  # alive all the while, and nobody minds
    assert house.holders("now") == [] and len(house.locked_out("now")) >= 2  # nobody has it, nobody gets it
    house.supervisor.patience = replace(house.supervisor.patience, silence=5.0)
    until(lambda: house.end_of(submission) == "created", LIMIT)
    assert house.leader("cluster-now").pid != first


@pytest.mark.parametrize("trial", range(TRIALS))
def test_orphans_of_a_killed_leader_go_and_one_new_cluster_runs(
    house: House, trial: int, record_property: Noted
) -> None:
    """Left alone they would live on beside the next cluster and keep executing tasks (reliability M6)."""
    until(lambda: len(house.clusters("now")) == 1 and len(house.leader("cluster-now").children(recursive=True)) == 5)
    leader = house.leader("cluster-now")
    orphans = leader.children(recursive=True)
    house.supervisor.watched["cluster-now"].ends.clear()  # a death of ours is none of its own
    leader.kill()
    most, began = 0, time.monotonic()
    while time.monotonic() - began < 6:
        most = max(most, len(house.clusters("now")))
        if most and house.supervisor.watched["cluster-now"].process not in (None, leader):
            time.sleep(0.05)
    assert most == 1  # one group at any look
    assert [each for each in orphans if each.is_running() and each.status() != psutil.STATUS_ZOMBIE] == []
    assert house.flows("orphans") < LIMIT
    record_property("n", 1)


def test_without_the_end_of_the_whole_group_two_clusters_run(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control of M6: a supervisor that buries the leader alone leaves a cluster beside the next one."""
    until(lambda: len(house.leader("cluster-now").children(recursive=True)) == 5)
    leader = house.leader("cluster-now")
    orphans = leader.children(recursive=True)
    house.supervisor.watched["cluster-now"].ends.clear()
    try:
        with monkeypatch.context() as unguarded:
            unguarded.setattr(groups, "end_whole", lambda process: process.wait())
            leader.kill()
            until(lambda: len(house.clusters("now")) == 2, 30)
        time.sleep(1)
        assert [each for each in orphans if each.is_running()] == orphans
    finally:
        for each in orphans:
            with contextlib.suppress(psutil.NoSuchProcess):  # what does not live does not keep the others alive
                each.kill()
    until(lambda: len(house.clusters("now")) == 1)
    assert house.flows("after-two-clusters") < LIMIT


def test_when_the_leading_ticker_is_killed_the_one_standing_by_leads(house: House) -> None:
    first = leading_backend(house)
    standby = subprocess.Popen(
        manage("ticker", "--skip-checks"), cwd=BASE, env={**house.variables, "LEADOPS_ROLE": "ticker"}
    )
    try:
        until(lambda: waiting_tickers(house, first), LIMIT)
        assert leading_backend(house) == first  # one leads, the other waits
        house.leader("ticker").suspend()  # hangs, so that the supervisor cannot be the one who helps at once
        house.leader("ticker").kill()
        until(lambda: leading_backend(house) not in (0, first), 10)
        assert house.flows("standby") < LIMIT
    finally:
        standby.terminate()
        assert standby.wait(timeout=10) == 0
    assert house.flows("after-standby") < LIMIT


def waiting_tickers(house: House, leader: int) -> int:
    asking = "SELECT pid FROM pg_stat_activity WHERE application_name = 'leadops-ticker'"
    return len(house.ask(f"{asking} AND pid <> %s AND query LIKE %s", leader, "%pg_try_advisory_lock%"))


def leading_backend(house: House) -> int:
    held = house.ask(
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = %s AND classid = 0", LEADER
    )
    return int(held[0][0]) if held else 0


def test_a_queue_emptied_by_hand_is_rebuilt_from_the_tables(house: House) -> None:
    """C12: the queue is a hint, what waits is in the tables."""
    waiting = "SELECT 1 FROM django_q_ormq WHERE key = 'now' AND lock <= now()"  # others died with a killed cluster
    until(lambda: not house.ask(waiting), 20)
    stopped = [house.leader("cluster-now"), *house.leader("cluster-now").children(recursive=True)]
    for process in stopped:
        process.suspend()
    submission = house.lead("emptied")
    until(lambda: house.ask(waiting), 10)
    house.leader("ticker").suspend()
    assert house.ask("DELETE FROM django_q_ormq RETURNING id")
    for process in [*stopped, house.leader("ticker")]:
        process.resume()
    until(lambda: house.end_of(submission) == "created", 20)
