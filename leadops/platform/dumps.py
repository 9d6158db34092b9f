"""pg_dump and pg_restore of the server's own major, found and run; a password never stands on a command line. Knows no table."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from psycopg.conninfo import make_conninfo

from leadops.platform import binaries
from leadops.platform.postgres import environment, last_line

PROGRAMS = ("pg_dump", "pg_restore")
# what psycopg or Django add to an address and libpq's programs do not know
NOT_OURS = {"cursor_factory", "context", "prepare_threshold", "client_encoding", "options", "autocommit", "row_factory"}
BLOCK = 1024 * 1024


class DumpFailed(Exception):
    """A program is missing or ended badly; the text is one line that says what to do."""


def programs(major: int) -> Path:
    """The folder that holds both programs of this major."""
    seen: list[str] = []
    for folder in _folders():
        found = _major_of(folder)
        if found == major:
            return folder
        if found:
            seen.append(f"{found} in {folder}")
    others = f" (found: {', '.join(seen)})" if seen else ""
    raise DumpFailed(
        f"no pg_dump and pg_restore of PostgreSQL {major} here{others}: install the client programs of that version, or"
        " name their folder in LEADOPS_PG_BIN"
    )


def _folders() -> Iterator[Path]:
    named = os.environ.get("LEADOPS_PG_BIN", "")
    if named:
        yield Path(named)
    yield from (folder for _origin, folder in binaries.places())
    on_path = shutil.which("pg_dump")
    if on_path:
        yield Path(on_path).parent


def _major_of(folder: Path) -> int | None:
    if not all(os.access(folder / name, os.X_OK) for name in PROGRAMS):
        return None
    try:
        said = subprocess.run([folder / "pg_dump", "-V"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"\) (\d+)", said.stdout)
    return int(found.group(1)) if found else None


def dump(folder: Path, params: Mapping[str, Any], snapshot: str, without: Sequence[str], file: Path) -> None:
    """The database as this snapshot sees it, in the custom format; tables in `without` come empty."""
    empty = [f"--exclude-table-data={table}" for table in without]
    _run([folder / "pg_dump", "-Fc", "--no-owner", "--no-acl", f"--snapshot={snapshot}", *empty, "-f", file], params)


def contents(folder: Path, file: Path) -> list[str]:
    """The archive's list of what it holds; fails on what is no archive."""
    return _run([folder / "pg_restore", "--list", file], {}).splitlines()


def text(folder: Path, file: Path) -> Iterator[bytes]:
    """The whole archive as SQL, in blocks."""
    command = [str(folder / "pg_restore"), "-f", "-", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as running:
        assert running.stdout is not None  # noqa: S101  a pipe was asked for
        while block := running.stdout.read(BLOCK):
            yield block


def restore(folder: Path, params: Mapping[str, Any], file: Path) -> None:
    """Everything in the archive into an empty schema, in one transaction: all of it or nothing."""
    wanted = file.with_suffix(".list")
    # the schema is there already, and a server of another role would refuse to make or describe it
    lines = [line for line in contents(folder, file) if not re.search(r" (SCHEMA|COMMENT) - (SCHEMA )?public ", line)]
    wanted.write_text("\n".join(lines) + "\n")
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-acl", f"--use-list={wanted}"]
    try:
        _run([folder / "pg_restore", *options, file], params)
    finally:
        wanted.unlink()


def _run(command: Sequence[str | Path], params: Mapping[str, Any]) -> str:
    told = {key: value for key, value in params.items() if key not in NOT_OURS and value not in (None, "")}
    secret = told.pop("password", None)
    target = [f"--dbname={make_conninfo(**told)}"] if told else []
    env = environment() | ({"PGPASSWORD": str(secret)} if secret else {})
    done = subprocess.run([*command, *target], capture_output=True, text=True, check=False, env=env)
    if done.returncode:
        raise DumpFailed(f"{Path(command[0]).name} failed: {last_line(done.stderr)}")
    return done.stdout


def sha256_of(file: Path) -> str:
    with file.open("rb") as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest()
