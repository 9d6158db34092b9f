"""Puts a backup in the place of this house: only one that is proven, only where nothing is lost unasked; then what happened
since is done again (erasures) and what fell due meanwhile is held (mail).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection, transaction

from leadops import moment, sealed
from leadops.access import system
from leadops.backup import dumping, manifest
from leadops.backup.manifest import Manifest, NotTrusted
from leadops.effects import stop, suppression
from leadops.models import Person, Suppression
from leadops.platform import dumps, unfinished
from leadops.privacy import erasing, log
from leadops.privacy.models import Erasure
from leadops.unit import Unit, in_unit
from reports import facts

ACTOR = system("restore")
_GO_ON = """
SELECT setval(pg_get_serial_sequence('leadops_suppression', 'id'),
  greatest(%s, (SELECT coalesce(max(id), 1) FROM leadops_suppression)))
"""
LIVED_IN = ("leadops_lead", "capture_submission", "leadops_user")
Say = Callable[[str], None]


@dataclass(slots=True)
class Restored:
    made_at: str
    rows: int = 0
    held: int = 0
    erased: int = 0
    noes: int = 0
    saved: Path | None = None


def restore(folder: Path, *, over: bool = False, other_key: bool = False, say: Say = lambda line: None) -> Restored:
    """The house of this backup, checked against its manifest; `over`: in the place of one that is lived in."""
    held = manifest.read(folder)
    programs = dumps.programs(manifest.server_major())
    _may(held, over, other_key)
    dumps.contents(programs, folder / manifest.FILE)
    done = Restored(held.made_at)
    again = _erasures(folder, over)
    if over and lived_in():
        log.write_noes(stopped=True)
        done.saved = dumping.backup()
        say(f"what was here is kept in {done.saved}")
    _replace(programs, folder, held)
    done.rows = sum(rows for rows, _digest in held.tables.values())
    say(f"{done.rows} rows in {len(held.tables)} tables are as the manifest says")
    call_command("migrate", interactive=False, verbosity=0)
    if other_key:
        sealed.take_key(moment.now())
    done.held = stop.begin(f"restored from the backup of {held.made_at}", moment.now())
    done.noes = say_no_again(folder)
    done.erased = erase_again(again)
    facts.rebuild()
    with connection.cursor() as cursor:
        cursor.execute(unfinished.END)
    return done


def _may(held: Manifest, over: bool, other_key: bool) -> None:
    newer = manifest.unknown_here(held.migrations)
    if newer:
        raise NotTrusted(
            f"the backup is of a newer leadops ({held.version}; {newer[0]} is unknown here): install that one first"
        )
    if held.server > manifest.server_major():
        raise NotTrusted(
            f"the backup is of PostgreSQL {held.server}, this server is {manifest.server_major()}: restore into a newer one"
        )
    if held.key != manifest.key_mark() and not other_key:
        raise NotTrusted(
            "the backup was made with another SECRET_KEY: sealed secrets could not be read and erased addresses not"
            " recognised. Put the old key in place (in SECRET_KEY, or as the file var/secret_key), or say --other-key and"
            " set every secret anew"
        )
    if lived_in() and not over:
        raise NotTrusted("this house is lived in: stop and look, or say --over to put the backup in its place")
    busy = _others()
    if busy:
        raise NotTrusted(
            f"{busy} other connections use this database: stop web, ticker and clusters first (`make stop`)"
        )


def lived_in() -> bool:
    """Whether anything would be lost; half a restore is nobody's house: what it took the place of was kept before."""
    with connection.cursor() as cursor:
        if unfinished.stands(cursor):
            return False
        there = set(connection.introspection.table_names(cursor))
        for table in LIVED_IN:
            if table in there:
                cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {table})")  # noqa: S608  a table of ours
                if cursor.fetchone()[0]:
                    return True
    return False


def _others() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
        return int(cursor.fetchone()[0])


def _replace(programs: Path, folder: Path, held: Manifest) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(unfinished.BEGIN)
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public AUTHORIZATION CURRENT_USER")
    params = connection.get_connection_params()
    connection.close()  # what this connection prepared speaks of tables that are gone
    dumps.restore(programs, params, folder / manifest.FILE)
    wrong = manifest.differences(held.tables, manifest.tables())
    if wrong:
        raise NotTrusted(f"restored, and not as the manifest says: {', '.join(wrong[:5])}. This house stays shut")


# -- what happened since the backup -------------------------------------------------------------------------


def _logged(folder: Path, name: str, key: str) -> list[dict[str, Any]]:
    """The lines beside this backup and those beside our own: a backup may come from another machine."""
    files = {log.path(name).resolve(), (folder.resolve().parent / name)}
    return [line for file in sorted(files) for line in log.lines(file, key)]


def _erasures(folder: Path, over: bool) -> list[dict[str, Any]]:
    """Every erasure known outside the dump: the log beside the backups, and the house that is overwritten."""
    found = {line["erasure"]: line for line in _logged(folder, log.NAME, "erasure")}
    if over:
        with connection.cursor() as cursor:
            there = Erasure._meta.db_table in connection.introspection.table_names(cursor)
            there = there and not unfinished.stands(
                cursor
            )  # half a restore may be of older tables than this code reads
        for row in Erasure.objects.order_by("at") if there else ():
            found.setdefault(str(row.pk), log.line_of(row))
    return list(found.values())


def erase_again(lines: Iterable[dict[str, Any]]) -> int:
    """Do again what the backup does not know of; addresses stay barred even where the person is not in it. How many."""
    done = 0
    for line in lines:
        in_unit(partial(_bar, line), actor=ACTOR)
        keys = [uuid.UUID(key) for key in (line["person"], *line["people"])]
        for key in dict.fromkeys(keys):
            if Person.objects.filter(pk=key, erased_at__isnull=True).exists():
                erasing.erase(key, line["reason"], ACTOR, company=line["company"])
                done += 1
    return done


def say_no_again(folder: Path) -> int:
    """Who said no since the backup is on the list again; how many. Ids go on after the last one in the log."""
    known = {(row, bytes(digest).hex()) for row, digest in Suppression.objects.values_list("pk", "digest")}
    logged = _logged(folder, log.NOES, "id")
    told = [line for line in logged if (line["id"], line["digest"]) not in known]
    with connection.cursor() as cursor:
        cursor.execute(_GO_ON, [max((line["id"] for line in logged), default=1)])
    for line in told:
        in_unit(partial(_say_no, line), actor=ACTOR)
    return len(told)


def _say_no(line: dict[str, Any], unit: Unit) -> None:
    if line["channel"] == suppression.MAIL:
        suppression.suppress([bytes.fromhex(line["digest"])], line["reason"], unit, origin=line["origin"])


def _bar(line: dict[str, Any], unit: Unit) -> None:
    digests = [bytes.fromhex(digest) for digest in line["digests"]]
    suppression.bury(digests, unit, origin=f"erasure:{line['person']}")
