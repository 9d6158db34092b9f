"""Keeps the derived rows of the reports in step with the journal: an incremental reader, and a rebuild in slices.

It reads by (xid, id) below the snapshot's xmin, so a late commit is never passed over. Whatever it has not read yet,
`unread` names, and reports count those leads directly: a figure is the same with facts, without, and in between.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, transaction

from leadops import journal, moment
from leadops.journal import JournalEntry
from leadops.lifecycle import FORWARD, WITHDRAWN
from reports.models import AXES, RANKS, FactsRead

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "leads"
LOCK = 0x6C656164_0005  # one reader at a time
BATCH = 2000  # journal rows of one step
SLICE = 5000  # leads of one step of a rebuild
LONGEST = 4.0  # seconds of one run: the `long` cluster's slices end below five
MANY = 5000  # unread rows above which reading everything directly is no slower

_ORIGINS = ", ".join(f"l.{axis}" for axis in AXES if axis != "ended")
# `cohorts.countable`, of the lead `l`
COUNTABLE = f"l.absorbed_by_id IS NULL AND NOT (l.stage = 'disqualified' AND l.stage_reason = '{WITHDRAWN}')"
# one row per countable lead of %s: what LeadFact holds
LEADS = f"""
SELECT l.id, l.received_at, {_ORIGINS}, l.stage || ':' || l.stage_reason, {", ".join(f"m.e{k}" for k in RANKS)}
FROM leadops_lead l LEFT JOIN (
  SELECT m.lead_id, {", ".join(f"min(m.at) FILTER (WHERE m.rank >= {k}) AS e{k}" for k in RANKS)}
  FROM (SELECT j.lead_id, greatest(j.at, r.received_at) AS at, array_position(%s::text[], j.data->>'to') AS rank
        FROM leadops_journalentry j JOIN leadops_lead r ON r.id = j.lead_id
        WHERE j.lead_id = ANY(%s) AND j.kind = 'stage_moved') m
  GROUP BY m.lead_id
) m ON m.lead_id = l.id
WHERE l.id = ANY(%s) AND {COUNTABLE}
"""  # noqa: S608 (numbers and names of fixed lists only)
# one row per asking of those leads: what AskingFact holds
ASKINGS = f"""
SELECT a.lead_id, a.cycle, a.asked_at,
       min(j.at) FILTER (WHERE j.kind IN ('assigned', 'claimed')),
       min(j.at) FILTER (WHERE j.kind IN ('attempted', 'conversed') AND j.actor_id IS NOT NULL),
       min(j.at) FILTER (WHERE j.kind = 'conversed' AND j.actor_id IS NOT NULL)
FROM (
  SELECT l.id AS lead_id, 1 AS cycle, l.received_at AS asked_at, 0 AS entry FROM leadops_lead l
  WHERE l.id = ANY(%s) AND {COUNTABLE}
  UNION ALL
  SELECT j.lead_id, j.cycle, j.at, j.id FROM leadops_journalentry j JOIN leadops_lead l ON l.id = j.lead_id
  WHERE j.lead_id = ANY(%s) AND j.kind = 'came_back' AND j.data->'new_cycle' = 'true'::jsonb
    AND {COUNTABLE}
) a LEFT JOIN leadops_journalentry j ON j.lead_id = a.lead_id AND j.cycle = a.cycle AND j.at >= a.asked_at
     AND j.kind IN ('assigned', 'claimed', 'attempted', 'conversed')
GROUP BY a.lead_id, a.cycle, a.asked_at, a.entry
"""  # noqa: S608 (the condition above)
_COLUMNS = ", ".join(["lead_id", "received_at", *AXES, *(f"entered_{k}" for k in RANKS)])
WRITE_LEADS = f"INSERT INTO reports_leadfact ({_COLUMNS}) {LEADS}"
WRITE_ASKINGS = (
    "INSERT INTO reports_askingfact (lead_id, cycle, asked_at, assigned_at, answered_at, contacted_at)" + ASKINGS
)
UNREAD = "SELECT j.lead_id FROM leadops_journalentry j WHERE (j.xid, j.id) > (%s, %s) ORDER BY j.xid, j.id LIMIT %s"
_FROM_THE_FUTURE = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint <= %s"  # another server's numbers


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts a report may use, but for the leads of `unread`, which it counts directly."""

    unread: list[uuid.UUID]
    read_at: datetime


def usable() -> Facts | None:
    """The facts as they stand, or None where counting directly is right: not built, or too far behind."""
    row = _row()
    if row is None or row.built_at is None or _foreign(row):
        return None
    with connection.cursor() as cursor:
        cursor.execute(UNREAD, [row.xid, row.entry, MANY + 1])
        found = [lead for (lead,) in cursor.fetchall()]
    if len(found) > MANY:
        return None
    return Facts(sorted({lead for lead in found if lead is not None}), row.read_at)


def next_due(at: datetime) -> datetime | None:
    """Now, while something is to be read or built; None while the facts are level with the journal."""
    row = _row()
    if row is None or row.built_at is None or _foreign(row):
        return at
    return at if journal.committed(JournalEntry, (row.xid, row.entry), 1) else None


def keep() -> int:
    """Read or build for a few seconds; returns journal rows read or leads built. May run twice or beside its twin."""
    began, done = time.monotonic(), 0
    with _alone() as mine:
        while mine and time.monotonic() - began < LONGEST:
            step = _step()
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
        cursor.execute("TRUNCATE reports_leadfact, reports_askingfact, reports_dayfact")
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
        _write(leads)
        row.built_upto = leads[-1]
    else:
        row.built_at = moment.now()
    row.save(update_fields=["built_upto", "built_at"])
    return len(leads)


@transaction.atomic
def _read() -> int:
    """Take the next journal rows and renew the facts of their leads."""
    row = FactsRead.objects.select_for_update().get(name=NAME)
    found = journal.committed(JournalEntry, (row.xid, row.entry), BATCH)
    if not found:
        return 0
    _write(sorted({entry.lead_id for entry in found if entry.lead_id is not None}))
    row.xid, row.entry = found[-1].xid, found[-1].id
    row.read_at = moment.now()
    row.save(update_fields=["xid", "entry", "read_at"])
    return len(found)


def _write(leads: Sequence[uuid.UUID]) -> None:
    """The facts of these leads as they are now, whatever was there."""
    ids, forward = list(leads), list(FORWARD)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM reports_leadfact WHERE lead_id = ANY(%s)", [ids])
        cursor.execute("DELETE FROM reports_askingfact WHERE lead_id = ANY(%s)", [ids])
        cursor.execute(WRITE_LEADS, [forward, ids, ids])
        cursor.execute(WRITE_ASKINGS, [ids, ids])


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
