"""The chain over the journal: each seal holds the digest of the one before and of all rows committed since, so that a row
changed, added or taken out afterwards shows. With an entry its decision is sealed: digest of facts, outcome, chance.

Facts, salts, texts and names stand on the side and are no part of it: erasing somebody breaks no seal. It changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Sum

from leadops.journal import Seal

TABLE = "journal"
AT_A_TIME = 20_000  # rows of one seal, unless one transaction wrote more
LOCK = 7_201_805
LAST_XID = 2**63 - 1

# every column is named: one that is added later changes no digest of today
ROWS = """
SELECT count(*), coalesce(max(j.id), 0), sha256(coalesce(string_agg(sha256(convert_to(jsonb_build_array(
  j.id, j.xid, j.kind, j.lead_id, j.person_id, j.actor_id, j.system, to_char(j.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'),
  to_char(j.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), j.cycle, j.cause, j.decision, j.version, j.data,
  encode(d.digest, 'hex'), d.kind, d.version_id, d.batch_id, d.ordinal, d.outcome, d.seed, d.propensity, d.engine
)::text, 'UTF8')), ''::bytea ORDER BY j.xid, j.id), ''::bytea))
FROM leadops_journalentry j LEFT JOIN leadops_decision d ON d.id = j.decision
WHERE j.xid > %s AND j.xid <= %s AND j.id > %s AND j.id <= %s
"""
COVERED = "SELECT count(*) FROM leadops_journalentry WHERE NOT (xid > %s AND id > %s)"
BOUND = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1"
FIRST = "SELECT min(xid) FROM leadops_journalentry WHERE xid > %s AND xid <= %s AND id > %s"
FURTHER = """
SELECT xid FROM leadops_journalentry WHERE xid > %s AND xid <= %s AND id > %s ORDER BY xid, id OFFSET %s LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Broken:
    """What a seal says and what is there; `why`: rows, or chain (it does not follow the one before)."""

    seal: Seal
    why: str


def seal_new(at: datetime) -> int:
    """Seal what was committed since the last seal, in as many seals as it takes; rows sealed. One process at a time."""
    done = 0
    while rows := _seal_next(at):
        done += rows
    return done


def _seal_next(at: datetime) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
        last, bound = Seal.objects.filter(table=TABLE).order_by("-id").first(), committed()
        after, base = (last.until_xid, last.after_id) if last else (0, 0)
        if last is not None and bound < last.until_xid:  # restored on a younger server: numbers began anew
            cursor.execute(FIRST, [after, LAST_XID, base])
            (tail,) = cursor.fetchone()
            bound = LAST_XID  # what the backup held unsealed keeps its old numbers, and goes first
            if tail is None:
                after, base, bound = 0, _highest(), committed()
        until = _until(after, bound, base)
        if until is None:
            return 0
        rows, highest, digest = _digest(after, until, base, LAST_XID)
        chained = _chained(last, after, until, base, highest, rows, digest)
        Seal.objects.create(
            table=TABLE,
            after_xid=after,
            after_id=base,
            until_xid=until,
            until_id=highest,
            rows=rows,
            digest=chained,
            at=at,
        )
        return rows


def committed() -> int:
    """The last transaction before which nothing can still appear."""
    with connection.cursor() as cursor:
        cursor.execute(BOUND)
        return int(cursor.fetchone()[0])


def _highest() -> int:
    """The highest row sealed so far: rows of a restored house have higher ones."""
    return int(Seal.objects.filter(table=TABLE).order_by("-until_id").values_list("until_id", flat=True)[0])


def _until(after: int, bound: int, base: int) -> int | None:
    """The transaction at which the next seal ends; None where there is nothing to seal."""
    with connection.cursor() as cursor:
        cursor.execute(FIRST, [after, bound, base])
        (first,) = cursor.fetchone()
        if first is None:
            return None
        cursor.execute(FURTHER, [after, bound, base, AT_A_TIME])
        further = cursor.fetchone()
    if further is not None:
        return max(int(first), int(further[0]) - 1)  # a transaction is sealed whole
    return bound if bound < LAST_XID else _largest(after, base)


def _largest(after: int, base: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(xid) FROM leadops_journalentry WHERE xid > %s AND id > %s", [after, base])
        return int(cursor.fetchone()[0])


def _digest(after: int, until: int, base: int, highest: int) -> tuple[int, int, bytes]:
    with connection.cursor() as cursor:
        cursor.execute(ROWS, [after, until, base, highest])
        rows, last, digest = cursor.fetchone()
    return int(rows), int(last), bytes(digest)


def _chained(last: Seal | None, after: int, until: int, base: int, highest: int, rows: int, digest: bytes) -> bytes:
    span = f"{TABLE}|{after}|{until}|{base}|{highest}|{rows}|".encode()
    return hashlib.sha256((bytes(last.digest) if last else b"") + span + digest).digest()


def broken() -> Iterator[Broken]:
    """Every seal that does not say what is there, the oldest first; one that is missing breaks the next."""
    last: Seal | None = None
    for seal in Seal.objects.filter(table=TABLE).order_by("id").iterator():
        rows, highest, digest = _digest(seal.after_xid, seal.until_xid, seal.after_id, seal.until_id)
        chained = _chained(last, seal.after_xid, seal.until_xid, seal.after_id, seal.until_id, rows, digest)
        if (rows, highest, chained) != (seal.rows, seal.until_id, bytes(seal.digest)):
            yield Broken(seal, "rows")
        elif not _follows(last, seal):
            yield Broken(seal, "chain")
        last = seal
    if last is not None and _covered(last) != Seal.objects.filter(table=TABLE).aggregate(n=Sum("rows"))["n"]:
        yield Broken(last, "rows outside of every seal")


def _covered(last: Seal) -> int:
    """Rows that stood before the last seal: each is in exactly one."""
    with connection.cursor() as cursor:
        cursor.execute(COVERED, [last.until_xid, last.after_id])
        return int(cursor.fetchone()[0])


def _follows(last: Seal | None, seal: Seal) -> bool:
    """Where the one before ended, or at the beginning of a restored house's numbers, above every row sealed until then."""
    if last is None:
        return (seal.after_xid, seal.after_id) == (0, 0)
    if (seal.after_xid, seal.after_id) == (last.until_xid, last.after_id):
        return True
    return seal.after_xid == 0 and seal.after_id >= last.until_id
