"""Where the private PostgreSQL keeps its data, socket and log, and whose processes work there; it starts nothing.

`var/pg` when the server's account can reach it; else another folder, named by `var/pg/where`.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from leadops.platform.account import Account, account_for
from leadops.platform.binaries import NoPostgres

LONGEST_SOCKET_FOLDER = 89  # the kernel's limit is 107 bytes (103 on macOS) with /.s.PGSQL.5432 behind
PLAIN_PATH = re.compile(r"[\w/.+@ -]+")  # what may stand unquoted in unix_socket_directories
ELSEWHERE = ("/var/lib", "/var/tmp")  # noqa: S108 - a folder of our own with mode 0700 is made inside


@dataclass(frozen=True)
class Files:
    """The folders of one private server."""

    var: Path  # var/pg: ours, holds lock, url and where
    home: Path  # var/pg, or the folder `where` names
    account: Account

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.home / "log"

    def socket(self) -> Path:
        """The socket's folder: beside the data, or a short one where that path is too long or needs quoting."""
        beside = self.home / "socket"
        if len(os.fsencode(beside)) <= LONGEST_SOCKET_FOLDER and PLAIN_PATH.fullmatch(str(beside)):
            return beside
        tag = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"leadops-{tag}"


def files_of(var: Path) -> Files:
    """The folders in use for `var/pg`; makes `var/pg` and, where it must, the other folder."""
    var = var.absolute()
    var.mkdir(parents=True, exist_ok=True)
    where = var / "where"
    home = Path(where.read_text().strip()) if where.exists() else var
    from_data = Files(var, home, account=account_of(home))
    if where.exists() or from_data.account.reaches(var):
        return from_data
    for parent in (*ELSEWHERE, tempfile.gettempdir()):
        home = Path(parent) / f"leadops-{hashlib.sha256(os.fsencode(var)).hexdigest()[:12]}"
        if from_data.account.reaches(Path(parent)) and own_folder(home, from_data.account):
            where.write_text(f"{home}\n")
            return Files(var, home, from_data.account)
    raise NoPostgres(f"{from_data.account.name} reaches neither {var} nor {', '.join(ELSEWHERE)}: set DATABASE_URL")


def account_of(home: Path) -> Account:
    """The account for the server of this home; refuses data that belongs to somebody else."""
    account = account_for(home / "data")
    data = home / "data"
    if not account.other and data.exists() and data.stat().st_uid != account.uid:
        raise NoPostgres(f"{data} belongs to another account: run as that account or as root, or remove it there")
    return account


def own_folder(path: Path, account: Account) -> bool:
    """Make (or take) a folder of mode 0700 that belongs to the account; False when something else stands there."""
    try:
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        return False
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (account.uid, os.geteuid()):
        return False
    path.chmod(0o700)
    account.give(path)
    return True


def remove(var: Path) -> None:
    """Delete everything of the private server that `var/pg` names; the caller has stopped it."""
    where = var / "where"
    if where.exists():
        home = Path(where.read_text().strip())
        if home.name.startswith("leadops-"):
            shutil.rmtree(home, ignore_errors=True)
    shutil.rmtree(var, ignore_errors=True)


def recorded_pid(file: Path) -> int | None:
    """The pid on the first line of a lock file of PostgreSQL; it proves nothing by itself."""
    try:
        return abs(int(file.read_text().split("\n", 1)[0]))
    except (FileNotFoundError, ValueError):
        return None


def working_in(data: Path, pid: int) -> bool:
    """Is this process a PostgreSQL process of that data directory? (Each of them has it as its working directory.)"""
    proc = Path("/proc") / str(pid)
    if Path("/proc/self").exists():
        try:
            return os.readlink(proc / "cwd") == str(data.resolve())
        except OSError:  # gone, a zombie, or of another account: not a server that could hold our data
            return False
    shown = subprocess.run(["ps", "-p", str(pid), "-o", "stat=,comm="], capture_output=True, text=True, check=False)
    state, _, command = shown.stdout.strip().partition(" ")
    return bool(state) and not state.startswith("Z") and "postgres" in command


def postmaster(data: Path) -> int | None:
    """The pid of the live postmaster of this data, None when there is none."""
    pid = recorded_pid(data / "postmaster.pid")
    return pid if pid is not None and working_in(data, pid) else None


def disown_stale_locks(files: Files) -> None:
    """Make leftover lock files harmless when their pid now belongs to a zombie or to another program.

    PostgreSQL would refuse to start because that pid is alive. `postmaster.pid` is not removed: its later lines let
    PostgreSQL see backends of the dead postmaster that still hold shared memory. PostgreSQL ignores its parent's pid.
    """
    if postmaster(files.data) is not None:
        return
    file = files.data / "postmaster.pid"
    if recorded_pid(file) is not None:
        owner = file.stat()
        file.write_text("\n".join([str(os.getpid()), *file.read_text().split("\n")[1:]]))
        os.chown(file, owner.st_uid, owner.st_gid)
    # the socket's own lock guards nothing more: its folder is ours alone
    (files.socket() / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
