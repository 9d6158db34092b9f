"""The private PostgreSQL: start or join it, use it, stop it; safe from many processes and after kill -9. Knows no Django.

`DATABASE_URL` overrules it entirely. It listens on a socket in a folder of mode 0700 and never on TCP, which is why
trust authentication is enough. Alive means that a connection succeeds, never that a pid exists.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from leadops.platform import cluster_files
from leadops.platform.binaries import Binaries, NoPostgres, choose, within_reach
from leadops.platform.cluster_files import Files, files_of

BASE = Path(__file__).resolve().parent.parent.parent
HERE = BASE / "var" / "pg"
USER = DATABASE = "leadops"
START_TIMEOUT = 60.0
STOP_TIMEOUT = 30.0
LARGEST_LOG = 5 * 2**20
OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
}


@contextlib.contextmanager
def locked(path: Path, how: int = fcntl.LOCK_EX) -> Iterator[IO[str]]:
    """Hold a lock on a file; the kernel gives it back when we die."""
    try:
        file = path.open("a")
    except PermissionError as fault:
        raise NoPostgres(f"{path} belongs to another account (was make run as root before?)") from fault
    with file:
        fcntl.flock(file, how)
        yield file


def url_of(files: Files, database: str = DATABASE) -> str:
    return f"postgresql://{USER}@/{database}?host={quote(str(files.socket()), safe='/')}"


def alive(files: Files) -> bool:
    """Does a connection succeed? A full server is alive, one that is starting up is not yet."""
    try:
        psycopg.connect(url_of(files, "postgres"), connect_timeout=5).close()
    except psycopg.OperationalError as fault:
        return "too many clients" in str(fault) or "remaining connection slots" in str(fault)
    return True


def environment() -> dict[str, str]:
    """What PostgreSQL's programs see: nobody's PG* variables, one language, one zone."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def make_cluster(files: Files, binaries: Binaries) -> None:
    """initdb into `data.init`, then rename: a half-made cluster is never taken for a whole one."""
    fresh = files.home / "data.init"
    wanted = (
        ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        if binaries.major >= 17
        else ["--locale=C.UTF-8"]
    )
    said = ""
    for locale in (wanted, ["--locale=C"]):  # a system without C.UTF-8 still gets UTF-8 text
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        files.account.give(fresh)
        made = subprocess.run(
            [binaries.folder / "initdb", "-D", fresh, "-U", USER, "-E", "UTF8", "-A", "trust", *locale],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=environment(),
            **files.account.popen(),
        )
        if made.returncode == 0:
            os.rename(fresh, files.data)
            return
        said = last_line(made.stderr)
    raise NoPostgres(f"initdb of {binaries.folder} failed: {said}")


def last_line(text: str) -> str:
    """The line of an output that most likely names the fault."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    faults = [line for line in lines if re.search(r"FATAL|error|could not|Permission", line)]
    return (faults or lines or ["no output"])[-1]


def launch(files: Files, binaries: Binaries) -> subprocess.Popen[bytes]:
    """Start the postmaster itself (no shell between), in a session of its own: a Ctrl-C at our terminal is not for it."""
    cluster_files.disown_stale_locks(files)
    options = {**OPTIONS, "unix_socket_directories": str(files.socket())}
    arguments = [argument for name, value in options.items() for argument in ("-c", f"{name}={value}")]
    with files.log.open("ab") as log:
        return subprocess.Popen(
            [binaries.folder / "postgres", "-D", files.data, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=environment(),
            start_new_session=True,
            **files.account.popen(),
        )


def bring_up(files: Files, binaries: Binaries, timeout: float) -> None:
    """Start until a connection succeeds. Just after a kill -9 the first tries may fail: old backends are still leaving."""
    deadline = time.monotonic() + timeout
    started: subprocess.Popen[bytes] | None = None
    pause = 0.02
    while not alive(files):
        if time.monotonic() > deadline:
            tail = files.log.read_text(errors="replace")[-4000:] if files.log.exists() else ""
            raise NoPostgres(
                f"PostgreSQL did not start in {timeout:.0f} s: {last_line(tail)} (whole story: {files.log})"
            )
        gone = started is None or started.poll() is not None
        if gone and cluster_files.postmaster(files.data) is None:
            started = launch(files, binaries)
        time.sleep(pause)
        pause = min(pause * 1.5, 0.3)


def ensure(var: Path | None = None, timeout: float = START_TIMEOUT) -> str:
    """Start or join the private server of this folder and return its URL; any number of processes may call it at once."""
    files = files_of(var or HERE)
    with locked(files.var / "lock"):
        if not (files.data.exists() and alive(files)):
            start(files, timeout)
        create_database(files)
        write_url(files)
    return url_of(files)


def start(files: Files, timeout: float) -> None:
    """The whole way from an empty or stopped folder to a server that answers; the caller holds the lock."""
    binaries = within_reach(choose(files.data), files.account, files.home)
    if files.log.exists() and files.log.stat().st_size > LARGEST_LOG:
        files.log.unlink()
    if not files.data.exists():
        make_cluster(files, binaries)
    if not cluster_files.own_folder(files.socket(), files.account):
        raise NoPostgres(f"{files.socket()} exists and is not ours: remove it")
    bring_up(files, binaries, timeout)


def create_database(files: Files) -> None:
    with psycopg.connect(url_of(files, "postgres"), autocommit=True, connect_timeout=10) as connection:
        found = connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone()
        if found is None:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))


def write_url(files: Files) -> None:
    """Leave the address for `leadops.settings`; it stays when the server stops, so that nobody falls back to another."""
    fresh = files.var / f"url.{os.getpid()}"
    fresh.write_text(url_of(files) + "\n")
    os.replace(fresh, files.var / "url")


def stop(var: Path | None = None) -> bool:
    """Stop the private server of this folder; False when none ran. Only a process proven to be that server is signalled."""
    if not ((var or HERE) / "lock").exists():
        return False
    files = files_of(var or HERE)
    with locked(files.var / "lock"):
        pid = cluster_files.postmaster(files.data)
        if pid is None:
            return False
        for sign, patience in ((signal.SIGINT, STOP_TIMEOUT), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0)):
            if ended(files.data, pid, sign, patience):
                return True
    raise NoPostgres(f"PostgreSQL (pid {pid}) does not stop")


def ended(data: Path, pid: int, sign: signal.Signals, patience: float) -> bool:
    """Send one signal (INT is PostgreSQL's fast shutdown) and wait for the end."""
    deadline = time.monotonic() + patience
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, sign)
    while cluster_files.working_in(data, pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # a server we started ourselves would stay a zombie
    return True


@contextlib.contextmanager
def in_use(var: Path | None = None) -> Iterator[str]:
    """The server for as long as we need it: the last user to leave stops it. With `DATABASE_URL` that server, untouched."""
    given = os.environ.get("DATABASE_URL", "")
    if given:
        yield given
        return
    var = var or HERE
    var.mkdir(parents=True, exist_ok=True)
    with locked(var / "in-use", fcntl.LOCK_SH) as users:
        url = ensure(var)
        try:
            yield url
        finally:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass  # somebody else still works with it
            else:
                stop(var)


def run(command: list[str]) -> int:
    """Run one command with the server up and `DATABASE_URL` set; its exit status."""
    with in_use() as url:
        variables: dict[str, Any] = {**os.environ, "DATABASE_URL": url}
        child = subprocess.Popen(command, env=variables)
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                continue  # the child got the same Ctrl-C and ends by itself


def main(arguments: list[str]) -> int:
    """`start`, `stop`, `url`, `remove`, or `run COMMAND…`."""
    parser = argparse.ArgumentParser(prog="python -m leadops.platform.postgres", description=__doc__)
    parser.add_argument("verb", choices=("start", "stop", "url", "remove", "run"))
    parser.add_argument("command", nargs=argparse.REMAINDER)
    asked = parser.parse_args(arguments)
    if asked.verb == "run":
        return run(asked.command)
    if asked.verb in ("stop", "remove"):
        if stop():
            print("leadops: the private PostgreSQL stopped")
        if asked.verb == "remove":
            cluster_files.remove(HERE)
        return 0
    print(ensure() if asked.verb == "start" else url_of(files_of(HERE)))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except NoPostgres as fault:
        sys.exit(f"leadops: {fault}")
