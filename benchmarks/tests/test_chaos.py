"""The fault campaign from the command line; and the pieces that need no house to be tried."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.chaos import armed
from benchmarks.chaos.senders import deliveries
from capture import claiming
from leadops import checks, failpoints
from leadops.platform.children import BASE

N = 10_000


def campaigned(*words: str) -> dict[str, Any]:
    """The verdict of `make chaos` with these words."""
    command = [sys.executable, "-m", "benchmarks.chaos", "--seed", "7", "--json", *words]
    ran = subprocess.run(command, cwd=BASE, capture_output=True, text=True, timeout=1800)
    said: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    assert ran.returncode == 0 and said["pass"], (ran.stdout, ran.stderr)
    return said


def noted(record_property: Callable[[str, object], None], n: int, said: dict[str, Any]) -> None:
    record_property("n", n)
    first, faults = said["runs"][0], sum(sum(run["faults"].values()) for run in said["runs"])
    drained = max(run["drained_s"] for run in said["runs"])
    record_property("measured", f"answers {first['answers']}, faults {faults}, drained in {drained} s at most")


@pytest.mark.proof  # minutes, on a machine of its own
def test_a_house_that_is_left_alone_loses_and_doubles_nothing(record_property):
    noted(record_property, N, campaigned("--calm", "--n", str(N)))


@pytest.mark.proof
def test_a_house_that_is_hurt_while_it_is_posted_to_loses_and_doubles_nothing(record_property):
    """`make chaos` in full."""
    said = campaigned("--n", str(N))
    assert sum(said["runs"][0]["faults"].values()) >= 8, "a campaign without faults proves nothing"
    assert len(said["controls"]) == 4
    noted(record_property, N, said)


@pytest.mark.proof
def test_a_house_that_ends_at_every_failpoint_loses_and_doubles_nothing(record_property):
    said = campaigned("--points")
    assert {run["what"] for run in said["runs"]} == {f"failpoint {name}" for name in failpoints.POINTS}
    for run in said["runs"]:
        name = run["what"].removeprefix("failpoint ")
        assert run["faults"].get(name), f"{name} ended no process: its run proves nothing"
    noted(record_property, 300 * len(said["runs"]), said)


def test_the_same_seed_sends_the_same_plan_with_duplicates_late_ones_and_conflicts():
    plan = deliveries(1000, 7, ["a", "b"])
    assert plan == deliveries(1000, 7, ["a", "b"]) != deliveries(1000, 8, ["a", "b"])
    numbers = [one.n for one in plan]
    assert set(numbers) == set(range(1000)) and numbers != sorted(numbers)
    assert 1080 < len(plan) < 1180 and 8 <= sum(one.conflict for one in plan) <= 36
    bodies = {one.n: {other.body for other in plan if other.n == one.n} for one in plan if one.conflict}
    assert all(len(found) == 2 for found in bodies.values())


@pytest.mark.parametrize("name", ["_claim_fresh", "_claim_few", "_claim_alone"])
def test_the_control_takes_the_guard_out_of_the_real_claim(name):
    real = getattr(claiming, name)
    assert "chaos_hint" not in real and armed.only_hinted(real).count("chaos_hint") == 1
    with pytest.raises(LookupError):
        armed.only_hinted("SELECT 1")


def test_a_failpoint_ends_the_process_where_it_is_armed_and_nowhere_else(tmp_path):
    note = tmp_path / "ends"
    script = "from pathlib import Path; from leadops.failpoints import arm, failpoint; {}; failpoint('job.after_claim')"
    for arming, status, noted_so_far in (
        ("pass", 0, False),
        (f"arm({{'job.after_commit': 1.0}}, Path('{note}'))", 0, False),
        (f"arm({{'job.after_claim': 1.0}}, Path('{note}'))", -signal.SIGKILL, True),
    ):
        ran = subprocess.run([sys.executable, "-c", script.format(arming)], cwd=BASE, env=os.environ)
        assert (ran.returncode, note.exists()) == (status, noted_so_far)
    assert note.read_text() == "job.after_claim\n"


def test_a_house_in_use_refuses_to_start_with_failpoints(monkeypatch, settings):
    assert checks.faults_are_asked_for_by_the_campaign_alone(None) == []
    monkeypatch.setenv(failpoints.VARIABLE, "job.after_claim=0.5")
    assert [one.id for one in checks.faults_are_asked_for_by_the_campaign_alone(None)] == ["leadops.E001"]
    settings.CHAOS = True
    assert checks.faults_are_asked_for_by_the_campaign_alone(None) == []
    with pytest.raises(KeyError):
        failpoints.arm({"no.such": 1.0})
