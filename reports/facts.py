"""Keeps the derived rows of the reports in step with the journal: an incremental reader, and a rebuild in slices.

It reads by (xid, id) below the snapshot's xmin, so a late commit is never passed over. Whatever it has not read yet,
`unread` names, and reports count those leads directly: a figure is the same with facts, without, and in between.
"""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, transaction

from leadops import journal, moment
from leadops.journal import JournalEntry
from leadops.lifecycle import FORWARD, WITHDRAWN
from leadops.models import OPEN_STAGES
from reports import deal_facts
from reports.models import AXES, RANKS, FactsRead

if TYPE_CHECKING:
    from collections.abc import Iterator

Rows = Counter[tuple[Any, ...]]  # rows of one lead, each as often as it stands
NAME = "leads"
LOCK = 0x6C656164_0005  # one reader at a time
BATCH = 20_000  # journal rows of one step: a batch of the pipeline writes seven of each lead, kind after kind
SLICE = 5000  # leads of one step of a rebuild
LONGEST = 4.0  # seconds of one run: the `long` cluster's slices end below five
MANY = 5000  # unread rows above which reading everything directly is no slower

_OPEN = ", ".join(f"'{stage}'" for stage in OPEN_STAGES)
_ORIGINS = ", ".join(f"l.{axis}" for axis in AXES if axis != "ended")
# `cohorts.countable`, of the lead `l`
COUNTABLE = f"l.absorbed_by_id IS NULL AND NOT (l.stage = 'disqualified' AND l.stage_reason = '{WITHDRAWN}')"
# Lead by lead, by the journal's index: joined as sets they were compared each with each where statistics were yet to come.
# LEADS: what LeadFact holds, one row per countable lead. ASKINGS: what AskingFact holds, one row per asking of theirs.
LEADS = f"""
SELECT l.id AS lead_id, l.received_at, {_ORIGINS}, l.stage || ':' || l.stage_reason AS ended,
       l.stage IN ({_OPEN}) AS is_open, l.stage_at, coalesce(w.waiting_on, '') AS waiting_on,
       {", ".join(f"m.e{k} AS entered_{k}" for k in RANKS)}
FROM leadops_lead l LEFT JOIN leadops_work w ON w.lead_id = l.id CROSS JOIN LATERAL (
  SELECT {", ".join(f"min(m.at) FILTER (WHERE m.rank >= {k}) AS e{k}" for k in RANKS)}
  FROM (SELECT greatest(j.at, l.received_at) AS at, array_position(%(forward)s::text[], j.data->>'to') AS rank
        FROM leadops_journalentry j WHERE j.lead_id = l.id AND j.kind = 'stage_moved') m
) m
WHERE l.id = ANY(%(leads)s) AND {COUNTABLE}
"""  # noqa: S608 (numbers and names of fixed lists only)
ASKINGS = f"""
SELECT a.lead_id, a.cycle, a.asked_at, t.assigned_at, t.answered_at, t.contacted_at, a.next_asked_at, a.owner_id,
       a.source, a.hand_raiser AS asks, a.stage IN ({_OPEN}) AS is_open, a.converted
FROM (
  SELECT l.id AS lead_id, k.cycle, k.asked_at, l.owner_id, l.source, l.hand_raiser, l.stage,
         lead(k.asked_at) OVER (PARTITION BY l.id ORDER BY k.asked_at, k.cycle, k.entry) AS next_asked_at,
         d.converted
  FROM leadops_lead l CROSS JOIN LATERAL (
    SELECT 1 AS cycle, l.received_at AS asked_at, 0 AS entry
    UNION ALL
    SELECT b.cycle, b.at, b.id FROM leadops_journalentry b
    WHERE b.lead_id = l.id AND b.kind = 'came_back' AND b.data->'new_cycle' = 'true'::jsonb
  ) k CROSS JOIN LATERAL (
    SELECT count(*) > 0 AS converted FROM leadops_journalentry d
    WHERE d.lead_id = l.id AND d.kind = 'stage_moved' AND d.data->>'to' IN ('opportunity', 'won')
  ) d
  WHERE l.id = ANY(%(leads)s) AND {COUNTABLE}
) a CROSS JOIN LATERAL (
  SELECT min(j.at) FILTER (WHERE j.kind IN ('assigned', 'claimed')) AS assigned_at,
         min(j.at) FILTER (WHERE j.kind IN ('attempted', 'conversed') AND j.actor_id IS NOT NULL) AS answered_at,
         min(j.at) FILTER (WHERE j.kind = 'conversed' AND j.actor_id IS NOT NULL) AS contacted_at
  FROM leadops_journalentry j
  WHERE j.lead_id = a.lead_id AND j.cycle = a.cycle AND j.at >= a.asked_at
    AND j.kind IN ('assigned', 'claimed', 'attempted', 'conversed')
) t
"""  # noqa: S608 (constants of this page)
_LEAD_COLUMNS = ", ".join(
    ["lead_id", "received_at", *AXES, "is_open", "stage_at", "waiting_on", *(f"entered_{k}" for k in RANKS)]
)
_ASKING_COLUMNS = (
    "lead_id, cycle, asked_at, assigned_at, answered_at, contacted_at, next_asked_at, owner_id, source, asks, is_open,"
    " converted"
)
KEPT = (("reports_leadfact", _LEAD_COLUMNS, LEADS), ("reports_askingfact", _ASKING_COLUMNS, ASKINGS))
SUMS = ("reports_dayfact", "reports_askingday", "reports_askingspan", "reports_stayspan", "reports_standingday")
# (journal place, what it has not read) of usable facts; of another server's numbers, nothing
USABLE = """
SELECT f.read_at, ARRAY(SELECT j.lead_id FROM leadops_journalentry j WHERE (j.xid, j.id) > (f.xid, f.entry)
                        ORDER BY j.xid, j.id LIMIT %s)
FROM reports_factsread f WHERE f.name = %s AND f.zone = %s AND f.built_at IS NOT NULL
  AND f.xid < pg_snapshot_xmax(pg_current_snapshot())::text::bigint
"""
_FROM_THE_FUTURE = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint <= %s"  # another server's numbers


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts a report may use, but for the leads of `unread`, which it counts directly."""

    unread: list[uuid.UUID]
    read_at: datetime


def usable() -> Facts | None:
    """The facts as they stand, or None where counting directly is right: not built, or too far behind."""
    with connection.cursor() as cursor:
        cursor.execute(USABLE, [MANY + 1, NAME, settings.REPORTING_ZONE])
        row = cursor.fetchone()
    if row is None or len(row[1]) > MANY:
        return None
    return Facts(sorted({lead for lead in row[1] if lead is not None}), row[0])


@dataclass(frozen=True, slots=True)
class Correction:
    """A lead the facts have not read, as they hold it (`sign` -1) and as it is (+1): what sums of them are off by."""

    sign: int
    received_at: datetime
    first_source: str
    ended: str
    is_open: bool
    stage_at: datetime
    waiting_on: str
    entered_3: datetime | None


def corrections(kept: Facts) -> list[Correction]:
    """What to add to sums of lead facts; nothing while everything is read."""
    if not kept.unread:
        return []
    names = "received_at, first_source, ended, is_open, stage_at, waiting_on, entered_3"
    sql = f"""
SELECT -1, {names} FROM reports_leadfact WHERE lead_id = ANY(%(leads)s)
UNION ALL SELECT 1, {names} FROM ({LEADS}) x
"""  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, _asked(kept.unread))
        return [Correction(*row) for row in cursor.fetchall()]


def next_due(at: datetime) -> datetime | None:
    """Now, while something is to be read or built; None while the facts are level with journal and deals."""
    row = _row()
    if row is None or row.built_at is None or _foreign(row) or deal_facts.due():
        return at
    return at if journal.committed(JournalEntry, (row.xid, row.entry), 1) else None


def keep() -> int:
    """Read or build for a few seconds; returns journal rows and deals read or built. May run twice or beside its twin."""
    began, done = time.monotonic(), 0
    with _alone() as mine:
        while mine and time.monotonic() - began < LONGEST:
            step = _step() or deal_facts.step()
            done += step
            if not step:
                break
    return done


def rebuild() -> int:
    """Make everything anew, whole; returns the number of leads. For operators; the ticker does it in slices."""
    with _alone(wait=True):
        _begin()
        built = 0
        while step := _slice():
            built += step
        deal_facts.rebuild()
        return built


def _step() -> int:
    row = _row()
    if row is None or _foreign(row):
        _begin()
        return 1
    return _slice() if row.built_at is None else _read()


@transaction.atomic
def _begin() -> None:
    """Forget the facts and note where the journal stands: what commits later is read afterwards."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join([*(table for table, _names, _sql in KEPT), *SUMS])}")
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1")
        (xid,) = cursor.fetchone()
    FactsRead.objects.update_or_create(
        name=NAME,
        defaults={
            "zone": settings.REPORTING_ZONE, "xid": xid, "entry": 2**62, "built_upto": None, "built_at": None,
            "read_at": moment.now(),
        },
    )  # fmt: skip


@transaction.atomic
def _slice() -> int:
    """Build the next leads; the last slice ends the rebuild."""
    row = FactsRead.objects.select_for_update().get(name=NAME)
    with connection.cursor() as cursor:
        after = "WHERE id > %s" if row.built_upto else ""
        cursor.execute(
            f"SELECT id FROM leadops_lead {after} ORDER BY id LIMIT %s",  # noqa: S608
            [*([row.built_upto] if row.built_upto else []), SLICE],
        )
        leads = [lead for (lead,) in cursor.fetchall()]
    if leads:
        _insert(leads)
        row.built_upto = leads[-1]
    else:
        row.built_at = moment.now()
    row.save(update_fields=["built_upto", "built_at"])
    return len(leads)


@transaction.atomic
def _read() -> int:
    """Take the next journal rows and renew the facts of their leads."""
    row = FactsRead.objects.select_for_update().get(name=NAME)
    found = journal.committed(JournalEntry, (row.xid, row.entry), BATCH, only=("xid", "id", "lead_id"))
    if not found:
        return 0
    _write(sorted({lead for _xid, _entry, lead in found if lead is not None}))
    row.xid, row.entry, _lead = found[-1]
    row.read_at = moment.now()
    row.save(update_fields=["xid", "entry", "read_at"])
    return len(found)


def _insert(leads: Sequence[uuid.UUID]) -> None:
    with connection.cursor() as cursor:
        for table, names, sql in KEPT:
            cursor.execute(f"INSERT INTO {table} ({names}) {sql}", _asked(leads))


def _write(leads: Sequence[uuid.UUID]) -> None:
    """The facts of these leads as they are now; what did not change is left alone, and so are its sums."""
    with connection.cursor() as cursor:
        for table, names, sql in KEPT:
            cursor.execute(f"SELECT {names} FROM {table} WHERE lead_id = ANY(%s)", [list(leads)])  # noqa: S608
            stored = _by_lead(cursor.fetchall())
            gone = _outdated(cursor, names, sql, stored)
            if gone:
                cursor.execute(f"DELETE FROM {table} WHERE lead_id = ANY(%s)", [gone])  # noqa: S608
            again = {*gone, *(lead for lead in leads if lead not in stored)}
            if again:
                cursor.execute(f"INSERT INTO {table} ({names}) {sql}", _asked(sorted(again)))


def _outdated(cursor: Any, names: str, sql: str, stored: Mapping[uuid.UUID, Rows]) -> list[uuid.UUID]:
    """Of leads with facts those whose facts are others now, or none."""
    if not stored:
        return []
    cursor.execute(f"SELECT {names} FROM ({sql}) x", _asked(list(stored)))  # noqa: S608
    fresh = _by_lead(cursor.fetchall())
    return [lead for lead, rows in stored.items() if fresh.get(lead) != rows]


def _asked(leads: Sequence[uuid.UUID]) -> dict[str, Any]:
    return {"leads": list(leads), "forward": list(FORWARD)}


def _by_lead(rows: Sequence[tuple[Any, ...]]) -> dict[uuid.UUID, Rows]:
    found: dict[uuid.UUID, Rows] = {}
    for row in rows:
        found.setdefault(row[0], Counter())[row] += 1
    return found


def _row() -> FactsRead | None:
    return FactsRead.objects.filter(name=NAME, zone=settings.REPORTING_ZONE).first()


def _foreign(row: FactsRead) -> bool:
    """After a logical restore transaction numbers start anew: what was read means nothing here."""
    with connection.cursor() as cursor:
        cursor.execute(_FROM_THE_FUTURE, [row.xid])
        return bool(cursor.fetchone()[0])


@contextmanager
def _alone(wait: bool = False) -> Iterator[bool]:
    with connection.cursor() as cursor:
        if wait:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            mine = True
        else:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
            mine = bool(cursor.fetchone()[0])
        try:
            yield mine
        finally:
            if mine:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
