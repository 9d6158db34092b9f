"""Killed workers and killed leaders of real clusters: work flows again within a minute, and never two clusters at once."""

from __future__ import annotations

import subprocess
import time

import psutil
import pytest

from leadops.platform.children import BASE, manage
from leadops.platform.tests.house import LIMIT, House, until
from leadops.platform.ticker import LEADER

pytestmark = pytest.mark.processes


def test_work_flows_again_after_an_idle_worker_was_killed(house: House) -> None:
    """django-q2 alone stands still for ever once the killed worker held the queue's lock (reliability M5)."""
    first = house.leader("cluster-now").pid
    for turn in range(12):
        victim = house.workers("now")[1]
        victim.kill()
        assert house.flows(f"idle{turn}") < LIMIT
        assert len(house.clusters("now")) == 1
        if house.leader("cluster-now").pid != first:
            break
    else:
        pytest.fail("the cluster never stood still: this test proved nothing")
    assert not psutil.pid_exists(first) or psutil.Process(first).status() == psutil.STATUS_ZOMBIE


def test_orphans_of_a_killed_leader_go_and_one_new_cluster_runs(house: House) -> None:
    """Left alone they would live on beside the next cluster and keep executing tasks (reliability M6)."""
    until(lambda: len(house.clusters("now")) == 1 and len(house.leader("cluster-now").children(recursive=True)) == 5)
    leader = house.leader("cluster-now")
    orphans = leader.children(recursive=True)
    leader.kill()
    most, began = 0, time.monotonic()
    while time.monotonic() - began < 6:
        most = max(most, len(house.clusters("now")))
        if most and house.supervisor.watched["cluster-now"].process not in (None, leader):
            time.sleep(0.05)
    assert most == 1  # one group at any look
    assert [each for each in orphans if each.is_running() and each.status() != psutil.STATUS_ZOMBIE] == []
    assert house.flows("orphans") < LIMIT


def test_when_the_leading_ticker_is_killed_the_one_standing_by_leads(house: House) -> None:
    first = leading_backend(house)
    standby = subprocess.Popen(manage("ticker"), cwd=BASE, env={**house.variables, "LEADOPS_ROLE": "ticker"})
    try:
        until(lambda: waiting_tickers(house, first), 20)
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
    """The queue is a hint: what waits is in the tables."""
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
