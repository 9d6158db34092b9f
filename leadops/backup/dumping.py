"""Makes a backup: one snapshot, dumped and counted alike, put in place only when it is whole."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from leadops import moment
from leadops.backup import manifest
from leadops.backup.manifest import FILE, WITHOUT, Manifest
from leadops.platform import dumps, unfinished
from leadops.privacy import log

HALF = ".half"
LEFT = 24 * 3600  # seconds after which no backup is still at work in its half folder


def backup(to: Path | None = None) -> Path:
    """A folder with the dump and its manifest below `to`; the house may be open meanwhile. Its path."""
    home, at = to or Path(settings.BACKUPS), moment.now()
    with connection.cursor() as cursor:
        if unfinished.stands(cursor):  # it would push a good backup out of those that are kept
            raise dumps.DumpFailed(unfinished.LINE)
    log.write_new()
    log.write_noes()
    programs = dumps.programs(manifest.server_major())
    place = home / f"{at:%Y-%m-%dT%H%M%SZ}"
    half = place.with_name(place.name + HALF)
    _clear(home)
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True, mode=0o700)
    try:
        manifest.write(half, _dumped(programs, half / FILE, at))
        for each in (half / FILE, half / manifest.MANIFEST, half):
            _keep(each)
        half.rename(place)
    except BaseException:  # also a Ctrl-C: half a dump may be what fills the disk
        shutil.rmtree(half, ignore_errors=True)
        raise
    _keep(home)
    return place


def _clear(home: Path) -> None:
    """What backups that were killed left here; one of a day or less may be of another that is at work."""
    for left in home.glob(f"*{HALF}"):
        with suppress(FileNotFoundError):  # it has its name by now
            if left.stat().st_mtime < time.time() - LEFT:
                shutil.rmtree(left, ignore_errors=True)


def _keep(path: Path) -> None:
    """On the disk, not only in its cache: a backup that a power cut empties must not bear a whole one's name."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _dumped(programs: Path, file: Path, at: datetime) -> Manifest:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SELECT pg_export_snapshot()")
        (snapshot,) = cursor.fetchone()
        dumps.dump(programs, connection.get_connection_params(), snapshot, WITHOUT, file)
        file.chmod(0o600)
        return Manifest(
            made_at=at.isoformat(),
            version=manifest.version(),
            server=manifest.server_major(),
            sha256=dumps.sha256_of(file),
            size=file.stat().st_size,
            key=manifest.key_mark(),
            migrations=manifest.applied(),
            tables=manifest.tables(),
        )


def kept(home: Path) -> list[Path]:
    """Whole backups, newest first."""
    return sorted((file.parent for file in home.glob(f"*/{manifest.MANIFEST}") if HALF not in str(file)), reverse=True)


def thin(home: Path, keep: int) -> list[Path]:
    """Delete all but the newest so many; those deleted."""
    gone = kept(home)[keep:] if keep > 0 else []
    for folder in gone:
        shutil.rmtree(folder)
    return gone
