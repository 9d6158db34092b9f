"""What must be true before the first child starts: one parent per folder, free ports, a database, migrations, static files.

Every refusal is one line that a person can act on. It starts no lasting process.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from leadops.platform import translations, unfinished
from leadops.platform.children import BASE, manage

VAR = BASE / "var"
SERVER_PATIENCE = 20.0
SCHEMES = ("postgresql://", "postgres://", "psql://", "pgsql://")
FINAL = ("password authentication failed", "does not exist", "no pg_hba.conf entry")  # waiting changes none of these


class CannotStart(Exception):
    """The one line that says why."""


def not_ours(fault: PermissionError) -> str:
    """What a start or an end meets where another account ran here before, or still does."""
    return f"{fault.filename or 'what runs here'} belongs to another account: run as that account or as root"


@dataclass(frozen=True)
class Step:
    """One command that must succeed before serving; `needed` spares it where nothing changed, `done` notes that it ran."""

    name: str
    command: list[str]
    needed: Callable[[], bool] = lambda: True
    done: Callable[[], object] = lambda: None


@contextlib.contextmanager
def alone(folder: Path, port: int) -> Iterator[None]:
    """Hold this folder's lock: a second parent here would fight the first one over children and data.

    Port 0 is a restore, which puts other data under whoever would start meanwhile.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = holder(folder)
            if other and not other["port"]:
                raise CannotStart(f"a restore is at work here (pid {other['pid']}): wait for its end") from None
            where = f" at http://127.0.0.1:{other['port']} (pid {other['pid']})" if other else ""
            raise CannotStart(f"already running here{where}: use that one, or end it with `make stop`") from None
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "port": port}))
        file.flush()
        yield


def holder(folder: Path) -> dict[str, int] | None:
    """Who holds the lock now; None when nobody does."""
    try:
        with (folder / "lock").open("r") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                said: dict[str, int] = json.loads(file.read() or "null")
                return said
    except (FileNotFoundError, ValueError):
        return None
    return None


def wanted() -> tuple[int, int]:
    """Port of the web and its workers, as the environment says."""
    return whole("PORT", 8000, 64999), whole("WEB_WORKERS", 2, 64)


def whole(name: str, default: int, highest: int) -> int:
    raw = os.environ.get(name, str(default))
    if not raw.isascii() or not raw.isdigit() or not 1 <= int(raw) <= highest:
        raise CannotStart(f"{name}={raw!r} is not a whole number from 1 to {highest}")
    return int(raw)


def _bind(port: int) -> None:
    """Take the port for an instant; raises what the system says against it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))


def is_free(port: int) -> bool:
    try:
        _bind(port)
    except OSError:
        return False
    return True


def check_ports(ports: Sequence[int], patience: float = 0.0) -> None:
    """Refuse with one line while a port is taken (a child would only fail again and again).

    `patience`: seconds in which it may still become free: what was just killed closes its sockets a little later.
    """
    deadline = time.monotonic() + patience
    while patience and not all(map(is_free, ports)) and time.monotonic() < deadline:
        time.sleep(0.1)
    for port in ports:
        try:
            _bind(port)
        except PermissionError:
            raise CannotStart(f"port {port} needs root: choose another with PORT=8080") from None
        except OSError:
            raise CannotStart(
                f"port {port} is in use: end the program that uses it, or choose another port with PORT="
                f"{port + 100} (leadops uses that one and the next)"
            ) from None


def check_backups() -> None:
    """Refuse a folder of backups in which the log of erasures could not be written."""
    folder = BASE / (os.environ.get("BACKUP_DIR", "") or VAR / "backups")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as fault:
        raise CannotStart(f"BACKUP_DIR={str(folder)!r} is no folder we can write to: {fault.strerror}") from None
    for log in folder.glob("*.jsonl"):
        if not os.access(log, os.W_OK):
            raise CannotStart(f"{log} cannot be written to: it belongs to another account")


def libpq_url(url: str) -> str:
    """The address as libpq reads it (Django's readers also know other names for the scheme)."""
    for scheme in ("psql://", "pgsql://"):
        if url.startswith(scheme):
            return "postgresql://" + url.removeprefix(scheme)
    return url


def await_server(url: str) -> None:
    """Wait for the server of `DATABASE_URL`, which may be starting beside us; say at once what it is waited for.

    No message holds the address as it was given: there is a password in it.
    """
    named, deadline, told = named_server(url), time.monotonic() + SERVER_PATIENCE, False
    while True:
        try:
            psycopg.connect(libpq_url(url), connect_timeout=3).close()
            return
        except psycopg.OperationalError as fault:
            cause = cause_of(fault)
            final = any(words in cause for words in FINAL)
            if final or time.monotonic() > deadline:
                does = "refuses us" if final else "does not answer"
                raise CannotStart(f"the server of DATABASE_URL at {named} {does}: {cause}") from None
            if not told:
                print(
                    f"leadops: waiting up to {SERVER_PATIENCE:.0f} s for the server of DATABASE_URL at {named}: {cause}",
                    flush=True,
                )
                told = True
            time.sleep(0.5)


def check_restored(url: str) -> None:
    """Refuse a database that holds half a restore; one that starts beside us is waited for, as it may hold one."""
    await_server(url)
    try:
        with psycopg.connect(libpq_url(url), connect_timeout=3) as found:
            half = unfinished.stands(found.cursor())
    except psycopg.Error as fault:
        raise CannotStart(f"the database cannot be asked whether a restore ended: {cause_of(fault)}") from None
    if half:
        raise CannotStart(unfinished.LINE)


def named_server(url: str) -> str:
    """Host and port of an address; refuses what is none, without repeating it."""
    if not url.startswith(SCHEMES):
        raise CannotStart(
            "DATABASE_URL cannot be read: it must start with postgresql:// (leadops runs on PostgreSQL only)"
        )
    try:
        found = conninfo_to_dict(libpq_url(url))
    except psycopg.Error:
        found = {}
    if not found.get("dbname"):
        raise CannotStart("DATABASE_URL cannot be read: it is postgresql://user:password@host:port/name")
    return f"{found.get('host') or 'the local socket'} port {found.get('port') or 5432}"


def cause_of(fault: Exception) -> str:
    """The first line says why; the further ones only ask whether the server runs."""
    line = (str(fault).strip().splitlines() or ["no reason given"])[0]
    return line.rpartition(" failed: ")[2].strip()


def static_digest() -> str:
    """Changes whenever a static file of ours or the set of installed packages may have."""
    digest = hashlib.sha256()
    for path in sorted((BASE / "static").rglob("*")):
        if path.is_file():
            found = path.stat()
            digest.update(f"{path.relative_to(BASE)} {found.st_size} {found.st_mtime_ns}\n".encode())
    for path in (BASE / "requirements.txt", BASE / "leadops" / "settings.py"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def static_step() -> Step:
    """What is noted is the state found before the copy: a file that changes meanwhile is copied again at the next start."""
    note, found = VAR / "static.digest", static_digest()

    def needed() -> bool:
        collected = (VAR / "static" / "staticfiles.json").exists()
        return not (collected and note.exists() and note.read_text() == found)

    return Step(
        "static files",
        manage("collectstatic", "--noinput", "--verbosity", "0"),
        needed,
        done=lambda: note.write_text(found),
    )


def house_steps() -> list[list[Step]]:
    """Rounds of steps; the steps of one round run side by side."""
    return [[Step("the house", manage("prepare_house", "--skip-checks")), static_step()]]


def prepare(rounds: Sequence[Sequence[Step]], variables: Mapping[str, str], folder: Path = BASE) -> None:
    """Compile the translations, then run every step that is needed; the first failure stops the start."""
    translations.compile_all()
    for steps in rounds:
        running = [
            (step, subprocess.Popen(step.command, cwd=folder, env=dict(variables), stdin=subprocess.DEVNULL))
            for step in steps
            if step.needed()
        ]
        try:
            for step, process in running:
                if process.wait() != 0:
                    raise CannotStart(f"{step.name}: the command failed, its last words are above")
                step.done()
        finally:
            for _, process in running:
                if process.poll() is None:
                    process.terminate()
                    process.wait()
