"""What a backup says of itself: checksum, rows and digest of every table, migrations, versions. Reads only."""

from __future__ import annotations

import hashlib
import hmac
import json
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from leadops.platform import dumps

FORMAT = "leadops-backup-1"
FILE, MANIFEST = "house.dump", "manifest.json"
# they describe a moment of running processes, or let somebody in: a restored house makes its own
WITHOUT = ("django_session", "django_q_ormq", "leadops_heartbeat")
_COUNT = (
    "SELECT count(*), coalesce(sum(('x' || substr(md5(t::text), 1, 16))::bit(64)::bigint::numeric), 0)::text FROM {} t"
)
Tables = dict[str, list[Any]]  # name → [rows, digest]


class NotTrusted(Exception):
    """A backup nobody should go on with, or a house that must not be overwritten; one line says why."""


@dataclass(frozen=True, slots=True)
class Manifest:
    made_at: str
    version: str
    server: int
    sha256: str
    size: int
    key: str
    migrations: list[str]
    tables: Tables
    format: str = FORMAT


def tables() -> Tables:
    """Rows and digest of every table that a dump holds: the digest is the same whatever the order of the rows."""
    found: Tables = {}
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            if table not in WITHOUT:
                cursor.execute(_COUNT.format(connection.ops.quote_name(table)))
                rows, total = cursor.fetchone()
                found[table] = [rows, total]
    return found


def applied() -> list[str]:
    return sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations())


def unknown_here(migrations: list[str]) -> list[str]:
    """Migrations this code has never heard of: the backup is of a newer leadops."""
    known = {f"{app}.{name}" for app, name in MigrationLoader(connection).disk_migrations}
    return sorted(set(migrations) - known)


def server_major() -> int:
    return int(connection.pg_version) // 10000  # type: ignore[attr-defined]


def version() -> str:
    with (settings.BASE_DIR / "pyproject.toml").open("rb") as file:
        found: str = tomllib.load(file)["project"]["version"]
    return found


def key_mark() -> str:
    """Which SECRET_KEY the sealed columns and keyed hashes were made with, and nothing of it."""
    return hmac.new(settings.SECRET_KEY.encode(), b"leadops.backup", hashlib.sha256).hexdigest()[:16]


def write(folder: Path, manifest: Manifest) -> None:
    file = folder / MANIFEST
    file.write_text(json.dumps(asdict(manifest), indent=1) + "\n")
    file.chmod(0o600)


def read(folder: Path) -> Manifest:
    """The manifest of a backup, its file proven to be the one it speaks of."""
    _must_be_there(folder)
    try:
        found = _typed(Manifest(**json.loads((folder / MANIFEST).read_text())))
    except OSError as fault:
        raise NotTrusted(f"{folder / MANIFEST} cannot be read: {fault.strerror}") from fault
    except (ValueError, TypeError, AttributeError) as fault:
        raise NotTrusted(f"{folder / MANIFEST} is cut short or no manifest of ours: do not use this backup") from fault
    if found.format != FORMAT:
        raise NotTrusted(f"{folder} is of the format {found.format}, this leadops reads {FORMAT}")
    if dumps.sha256_of(folder / FILE) != found.sha256:
        raise NotTrusted(f"{folder / FILE} is not the file its manifest speaks of: do not use it")
    return found


def _typed(found: Manifest) -> Manifest:
    """The manifest, every value of its kind: a wrong one must be met before anything is replaced."""
    words = [found.made_at, found.version, found.sha256, found.key, found.format, *found.migrations]
    numbers = [found.server, found.size, *(rows for rows, _digest in found.tables.values())]
    words += [digest for _rows, digest in found.tables.values()]
    if not isinstance(found.migrations, list) or {type(each) for each in words} != {str}:
        raise TypeError("no words where words belong")
    if {type(each) for each in numbers} != {int}:
        raise TypeError("no whole number where one belongs")
    return found


def _must_be_there(folder: Path) -> None:
    if not folder.exists():
        raise NotTrusted(f"{folder} is not there: name the folder of a backup, as `make backup` printed it")
    if not folder.is_dir():
        raise NotTrusted(f"{folder} is a file: name the folder that holds {MANIFEST} and {FILE}")
    for name in (MANIFEST, FILE):
        if not (folder / name).is_file():
            raise NotTrusted(f"{folder} holds no whole backup: {name} is missing")


def differences(wanted: Tables, found: Tables) -> list[str]:
    names = sorted(set(wanted) | set(found))
    return [name for name in names if list(wanted.get(name, ())) != list(found.get(name, ()))]
