"""The parent over stand-in children: real processes and groups, short patience, pulses read from files or a real server."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from leadops.platform import cluster_files, groups, postgres, startup
from leadops.platform.children import BASE, Child, house
from leadops.platform.pulses import Pulses
from leadops.platform.startup import CannotStart
from leadops.platform.supervisor import Patience, Supervisor

SHORT = Patience(
    grace=0.6, silence=0.8, look=0.15, head_start=0.0, end=1.0, first_pause=0.1, window=600.0, deaths=3, slow=60.0
)

# A child with a worker: both write their pid; the leader touches its pulse until told otherwise.
STAND_IN = """
import os, signal, sys, time
folder, name, how = sys.argv[1:4]
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    open(f"{folder}/{name}.pids", "a").write(f"{os.getpid()}\\n")
    time.sleep(300)
open(f"{folder}/{name}.pids", "a").write(f"{os.getpid()}\\n")
if how == "hang":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
beats = 0
while True:
    beats += 1
    if how != "hang" or beats < 5:
        open(f"{folder}/{name}.pulse", "w").close()
    if how == "die" and beats == 2:
        sys.exit(3)
    time.sleep(0.1)
"""


class FilePulses(Pulses):
    """Ages of the files the stand-ins touch; `away` plays a database that does not answer."""

    def __init__(self, folder: Path) -> None:
        super().__init__("")
        self.folder, self.away = folder, False

    def ages(self) -> dict[str, float] | None:
        if self.away:
            return None
        return {path.stem: time.time() - path.stat().st_mtime for path in self.folder.glob("*.pulse")}


def stand_in(folder: Path, name: str, how: str = "beat", **more: str) -> Child:
    script = folder / "stand_in.py"
    script.write_text(STAND_IN)
    return Child(name, [sys.executable, str(script), str(folder), name, how], pulse=name, **more)


def pids(folder: Path, name: str) -> list[int]:
    path = folder / f"{name}.pids"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def living(numbers: list[int]) -> list[int]:
    found = []
    for pid in numbers:
        try:
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(pid)
        except psutil.NoSuchProcess:
            continue
    return found


def until(wanted: Callable[[], object], turn: Callable[[], object] = lambda: None, patience: float = 12.0) -> float:
    """Turn until something is so; how long it took."""
    began = time.monotonic()
    while not wanted():
        assert time.monotonic() - began < patience, "it never happened"
        turn()
        time.sleep(0.05)
    return time.monotonic() - began


def run_for(seconds: float, turn: Callable[[], object]) -> None:
    end = time.monotonic() + seconds
    until(lambda: time.monotonic() > end, turn, seconds + 5)


@pytest.fixture
def parent_of(tmp_path: Path) -> Iterator[Callable[..., Supervisor]]:
    made: list[Supervisor] = []

    def make(*children: Child, **options: object) -> Supervisor:
        supervisor = Supervisor(children, os.environ, FilePulses(tmp_path), tmp_path, SHORT, **options)  # type: ignore[arg-type]
        made.append(supervisor)
        return supervisor

    yield make
    for supervisor in made:
        supervisor.end_all()


@pytest.mark.processes
def test_a_child_whose_heartbeat_stops_is_replaced_as_a_whole_group(
    tmp_path: Path, parent_of: Callable[..., Supervisor]
) -> None:
    supervisor = parent_of(stand_in(tmp_path, "cluster", "hang"), stand_in(tmp_path, "ticker"))
    until(lambda: len(pids(tmp_path, "cluster")) == 2 and len(pids(tmp_path, "ticker")) == 2, supervisor.turn)
    first, beating = pids(tmp_path, "cluster"), pids(tmp_path, "ticker")
    assert living(first) == first
    until(lambda: len(pids(tmp_path, "cluster")) == 4, supervisor.turn)
    assert living(first) == []  # leader and worker, though both ignore SIGTERM
    assert living(beating) == beating  # nobody else was touched


@pytest.mark.processes
def test_when_only_the_leader_is_killed_its_workers_go_with_it(
    tmp_path: Path, parent_of: Callable[..., Supervisor]
) -> None:
    supervisor = parent_of(stand_in(tmp_path, "cluster"))
    until(lambda: len(pids(tmp_path, "cluster")) == 2, supervisor.turn)
    first = pids(tmp_path, "cluster")
    leader = supervisor.watched["cluster"].process
    assert leader is not None
    leader.kill()
    until(lambda: len(pids(tmp_path, "cluster")) == 4, supervisor.turn)
    assert living(first) == []


@pytest.mark.processes
def test_a_child_that_keeps_dying_is_tried_slowly_and_loudly(
    tmp_path: Path, parent_of: Callable[..., Supervisor], capfd: pytest.CaptureFixture[str]
) -> None:
    supervisor = parent_of(stand_in(tmp_path, "web", "die"))
    until(lambda: len(supervisor.watched["web"].ends) == SHORT.deaths + 1, supervisor.turn)
    assert supervisor.watched["web"].start_at > time.monotonic() + SHORT.slow - 5
    said = capfd.readouterr().out
    assert "web ended by itself (status 3): started again in 0.1 s" in said
    assert "!! web ended by itself (status 3), 4 times in 10 minutes" in said


@pytest.mark.processes
def test_nobody_is_blamed_while_the_database_is_away(tmp_path: Path, parent_of: Callable[..., Supervisor]) -> None:
    healed: list[bool] = []
    supervisor = parent_of(stand_in(tmp_path, "cluster", "hang"), heal=lambda: healed.append(True))
    supervisor.pulses.away = True  # type: ignore[attr-defined]
    run_for(SHORT.grace + SHORT.silence + 1, supervisor.turn)
    assert len(pids(tmp_path, "cluster")) == 2
    assert healed
    supervisor.pulses.away = False  # type: ignore[attr-defined]
    until(lambda: len(pids(tmp_path, "cluster")) == 4, supervisor.turn)


@pytest.mark.processes
def test_a_silent_ticker_takes_only_itself(tmp_path: Path, parent_of: Callable[..., Supervisor]) -> None:
    # the clusters' heartbeat is work the ticker enqueues: when it hangs they fall silent through no fault of theirs
    supervisor = parent_of(
        stand_in(tmp_path, "ticker", "hang"), stand_in(tmp_path, "cluster", "hang", beaten_by="ticker")
    )
    until(lambda: len(pids(tmp_path, "ticker")) == 4, supervisor.turn)
    assert len(pids(tmp_path, "cluster")) == 2


@pytest.mark.processes
def test_a_web_server_that_no_longer_answers_is_replaced(tmp_path: Path, parent_of: Callable[..., Supervisor]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # accepts, never answers
        child = stand_in(tmp_path, "web")
        supervisor = parent_of(Child("web", child.command, answers=f"http://127.0.0.1:{deaf.getsockname()[1]}/"))
        until(lambda: len(pids(tmp_path, "web")) == 4, supervisor.turn)


# -- whole runs, in a process of their own -----------------------------------------------------------------

RUN = """
import sys
from pathlib import Path
from leadops.platform import children, parent, postgres, startup
from leadops.platform.tests.test_supervisor import stand_in
folder, pg = Path(sys.argv[1]), Path(sys.argv[2])
postgres.HERE = pg
parent.RUN = folder
children.house = lambda port, workers, demo=False: [stand_in(folder, "web"), stand_in(folder, "cluster")]
startup.house_steps = lambda: []
sys.exit(parent.main(["--serve"]))
"""


@pytest.fixture
def running(tmp_path: Path, var: Path) -> Iterator[subprocess.Popen[str]]:
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(tmp_path), str(var)],
        cwd=BASE,
        env={**kept, "PORT": "8110"},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    until(lambda: len(pids(tmp_path, "web") + pids(tmp_path, "cluster")) == 4, patience=30)
    yield process
    process.kill()
    process.wait()
    until(lambda: not living(pids(tmp_path, "web") + pids(tmp_path, "cluster")), patience=20)


@pytest.mark.processes
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_ends_everything_it_started(
    running: subprocess.Popen[str],
    tmp_path: Path,
    var: Path,
    sign: signal.Signals,
) -> None:
    files = cluster_files.files_of(var)
    descendants = [child.pid for child in psutil.Process(running.pid).children(recursive=True)]
    assert len(descendants) >= 6  # two stand-ins with a worker each, the undertaker, the server
    running.send_signal(sign)
    said, _ = running.communicate(timeout=20)
    assert running.returncode == 0
    assert said.rstrip().endswith("leadops: stopped")
    assert living(descendants) == []
    assert not postgres.alive(files)
    assert list(tmp_path.glob("*.json")) == []


@pytest.mark.processes
def test_a_second_make_demo_says_so_in_one_line_and_disturbs_nobody(
    running: subprocess.Popen[str], tmp_path: Path, var: Path
) -> None:
    children = pids(tmp_path, "web") + pids(tmp_path, "cluster")
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    second = subprocess.run(
        [sys.executable, "-c", RUN, str(tmp_path), str(var)],
        cwd=BASE,
        env={**kept, "PORT": "8114"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert second.returncode == 1
    assert second.stderr.strip() == (
        f"leadops: already running here at http://127.0.0.1:8110 (pid {running.pid}): "
        "use that one, or end it with `make stop`"
    )
    assert running.poll() is None
    assert living(children) == children


@pytest.mark.processes
def test_children_do_not_outlive_a_killed_parent(running: subprocess.Popen[str], tmp_path: Path) -> None:
    children = pids(tmp_path, "web") + pids(tmp_path, "cluster")
    running.kill()
    running.wait()
    assert until(lambda: not living(children), patience=30) < 30


def undertaker_of(parent: int) -> psutil.Process | None:
    for child in psutil.Process(parent).children():
        with contextlib.suppress(psutil.Error):
            if "leadops.platform.undertaker" in child.cmdline():
                return child
    return None


@pytest.mark.processes
def test_a_killed_undertaker_has_a_successor_that_knows_every_group(
    running: subprocess.Popen[str], tmp_path: Path
) -> None:
    children = pids(tmp_path, "web") + pids(tmp_path, "cluster")
    first = undertaker_of(running.pid)
    assert first is not None
    first.kill()
    until(lambda: (found := undertaker_of(running.pid)) is not None and found.pid != first.pid, patience=20)
    assert living(children) == children
    time.sleep(1)  # the successor reads what it was told
    running.kill()
    running.wait()
    assert until(lambda: not living(children), patience=30) < 30


@pytest.mark.processes
def test_a_group_left_by_a_killed_parent_is_ended_at_the_next_start(
    running: subprocess.Popen[str], tmp_path: Path
) -> None:
    children = pids(tmp_path, "web") + pids(tmp_path, "cluster")
    for child in psutil.Process(running.pid).children():
        if "leadops.platform.undertaker" in child.cmdline():
            child.kill()
    running.kill()
    running.wait()
    leader = groups.written_down(tmp_path)[0].pid
    os.kill(leader, signal.SIGKILL)  # the worker alone still carries our token
    until(lambda: len(living(children)) == 3)
    assert sorted(groups.kill_left_over(tmp_path)) == ["cluster", "web"]
    assert living(children) == []
    assert groups.kill_left_over(tmp_path) == []


@pytest.mark.processes
def test_the_next_start_waits_for_who_is_still_dying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left, group = groups.spawn("web", ["sleep", "60"], os.environ, tmp_path)
    groups.write_down(group, tmp_path)
    dying = threading.Timer(0.5, os.killpg, (left.pid, signal.SIGKILL))
    monkeypatch.setattr(groups.os, "killpg", lambda *_of: dying.start())
    shown = iter([True])  # a process whose memory is freed already shows no token
    monkeypatch.setattr(groups.Group, "owns", lambda _self, process: process.pid == left.pid and next(shown, False))
    assert groups.kill_left_over(tmp_path) == ["web"]
    assert living([left.pid]) == []
    left.wait()


@pytest.mark.processes
def test_a_stranger_that_took_over_a_noted_pid_is_left_alone(tmp_path: Path) -> None:
    stranger = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        note = groups.Group("web", stranger.pid, time.time() - 3600, ["gunicorn"], "token")
        groups.write_down(note, tmp_path)
        assert groups.kill_left_over(tmp_path) == []
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.processes
def test_pulses_are_read_by_the_databases_clock_and_outlive_an_outage(var: Path) -> None:
    url = postgres.ensure(var)
    pulses = Pulses(url)
    assert pulses.ages() is None  # no table yet: nobody can be blamed
    with psycopg.connect(url) as connection:
        connection.execute("create table leadops_heartbeat (name text primary key, at timestamptz)")
        connection.execute("insert into leadops_heartbeat values ('ticker', now() - interval '40 s')")
    assert (pulses.ages() or {})["ticker"] == pytest.approx(40, abs=5)
    postgres.stop(var)
    assert pulses.ages() is None
    postgres.ensure(var)
    assert (pulses.ages() or {})["ticker"] == pytest.approx(40, abs=15)
    pulses.close()


# -- refusals ---------------------------------------------------------------------------------------------


def test_a_second_start_in_the_same_folder_is_refused_in_one_line(tmp_path: Path) -> None:
    with startup.alone(tmp_path, 8000):
        assert startup.holder(tmp_path) == {"pid": os.getpid(), "port": 8000}
        with pytest.raises(CannotStart, match=r"already running here at http://127.0.0.1:8000") as refused:
            startup.alone(tmp_path, 8100).__enter__()
    assert "\n" not in str(refused.value)
    assert startup.holder(tmp_path) is None
    with startup.alone(tmp_path, 8100):
        pass


def test_the_house_is_what_the_architecture_says() -> None:
    children = {child.name: child for child in house(8000, 2)}
    assert set(children) == {"web", "live", "ticker", "cluster-now", "cluster-long"}
    assert {child.pulse for child in children.values()} == {None, "live", "ticker", "cluster:now", "cluster:long"}
    assert "127.0.0.1:8000" in children["web"].command
    assert "8001" in children["live"].command
    assert children["cluster-long"].variables["Q_CLUSTER_NAME"] == "long"
    assert children["web"].answers == "http://127.0.0.1:8000/healthz"
    assert Patience().grace + Patience().silence + 2 * Patience().look < 60


def test_a_ticker_between_two_beats_excuses_nobody(tmp_path: Path) -> None:
    """The ticker beats every ten seconds: an age of ten is health, and a hung cluster must not hide behind it."""

    class Read(Pulses):
        def ages(self) -> dict[str, float]:
            return {"ticker": 10.0, "cluster": 40.0}

    supervisor = Supervisor(
        [stand_in(tmp_path, "ticker"), stand_in(tmp_path, "cluster", beaten_by="ticker")], {}, Read(""), tmp_path
    )
    try:
        for watched in supervisor.watched.values():
            watched.excused_until = time.monotonic() - 100
        cluster = supervisor.watched["cluster"]
        assert supervisor.silence_of(cluster, Read("").ages()) > supervisor.patience.silence
        assert supervisor.silence_of(cluster, {"ticker": 40.0, "cluster": 40.0}) <= 0
    finally:
        supervisor.end_all()
