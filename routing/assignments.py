"""The only writer of who owns a lead, since when, by which pool, or why it is held; and of assignments and credits.

Every function takes many leads and writes one statement per table. Callers hold the leads (the unit's lock); pools
and reps are locked by them, or by `give_back`, in the house's order.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from leadops import bulk
from leadops.calendars.offsets import instant
from leadops.decisions import Decision
from leadops.errors import Conflict
from leadops.journal import Entry, Kind
from leadops.models import Lead
from leadops.unit import Unit
from routing import credits, telling
from routing.choose import Outcome, State
from routing.models import Assignment, CreditEntry, Pool, PoolCredit
from routing.weighing import accrued_of

COLUMNS = {
    "owner_id": "uuid",
    "team_id": "uuid",
    "pool": "text",
    "held": "text",
    "held_at": "timestamptz",
    "held_until": "timestamptz",
    "assigned_at": "timestamptz",
    "accepted_at": "timestamptz",
}


_BOOKED = "routing.turns booked"  # turns of this unit that wait to be written


@dataclass(slots=True)
class Placing:
    """One lead to one rep."""

    lead: Lead
    rep_id: uuid.UUID
    team_id: uuid.UUID | None
    how: str
    pool: Pool | None = None
    decision: Decision | None = None
    rule: str = ""
    units: int = 1
    cause: Entry | None = None
    before: uuid.UUID | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """An assignment that was ended, with what giving its turn back needs."""

    lead_id: uuid.UUID
    rep_id: uuid.UUID
    pool_id: uuid.UUID | None
    units: int
    decision_id: uuid.UUID | None
    started_at: datetime


def write_leads(leads: Sequence[Lead], before: Mapping[uuid.UUID, uuid.UUID | None], unit: Unit) -> None:
    """Write routing's columns of these instances in one statement, each only if its owner is still who we think."""
    for lead in leads:
        lead.version += 1
    leads = unit.written(leads)
    if not leads:
        return
    columns = ", ".join(f"{name} = v.{name}" for name in COLUMNS)
    arrays = ", ".join(f"%s::{kind}[]" for kind in ("uuid", "uuid", *COLUMNS.values()))
    sql = (
        f"UPDATE leadops_lead AS l SET {columns}, version = l.version + 1 "  # noqa: S608  # names from COLUMNS
        f"FROM unnest({arrays}) AS v(id, was, {', '.join(COLUMNS)}) "
        "WHERE l.id = v.id AND l.owner_id IS NOT DISTINCT FROM v.was"
    )
    values: list[Any] = [[lead.id for lead in leads], [before.get(lead.id) for lead in leads]]
    values += [[getattr(lead, name) for lead in leads] for name in COLUMNS]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        if cursor.rowcount != len(leads):
            raise Conflict("owner-changed", _("Somebody else changed this lead a moment ago."))


_text = lru_cache(maxsize=4096)(str)  # reps and teams come again lead after lead


def own(placings: Sequence[Placing], unit: Unit, kind: str = Kind.ASSIGNED) -> list[Assignment]:
    """Open the assignments, journal them and tell the reps. The instances change here; `write_leads` writes them."""
    rows = []
    for p in placings:
        lead = p.lead
        lead.owner_id, lead.team_id, lead.pool = p.rep_id, p.team_id, p.pool.key if p.pool else ""
        lead.held, lead.held_at, lead.held_until = "", None, None
        lead.assigned_at, lead.accepted_at = unit.at, None
        rows.append(
            bulk.make(
                Assignment,
                lead_id=lead.id,
                rep_id=p.rep_id,
                pool_id=p.pool.id if p.pool else None,
                decision_id=p.decision.id if p.decision else None,
                how=p.how,
                by_id=unit.actor.user_id if p.how in ("by_hand", "claimed") else None,
                cycle=lead.cycle,
                units=p.units,
                started_at=unit.at,
            )
        )
        _record(p, unit, kind)
    bulk.insert(unit.add_with_leads(rows))
    told = [(p.rep_id, p.lead, row.id, {"rule": p.rule, "how": p.how}) for p, row in zip(placings, rows, strict=True)]
    telling.assigned(told, unit)
    moved = {p.lead.id: p.before for p in placings if p.before and p.before != p.rep_id}
    telling.taken_away({p.lead.id: p.lead for p in placings}, moved, "reassigned", unit)
    return rows


def _record(p: Placing, unit: Unit, kind: str) -> None:
    data: dict[str, Any] = {"rep": _text(p.rep_id), "pool": p.pool.key if p.pool else ""}
    if kind == Kind.ASSIGNED:
        team, before = _text(p.team_id) if p.team_id else None, str(p.before) if p.before else None
        data |= {"team": team, "how": p.how, "from": before, "rule": p.rule}
    decided = p.decision.id if p.decision else None
    version = p.decision.version_id if p.decision else None
    unit.record(kind, p.lead, data=data, cause=p.cause, decision=decided, version=version, text=p.text)
    unit.wake("inbox", p.rep_id, *([p.before] if p.before else []))


def hold(lead: Lead, reason: str, unit: Unit, *, until: datetime | None = None, pool: str | None = None) -> bool:
    """Mark the instance held; True when that is news. `write_leads` writes it."""
    news = lead.held != reason or lead.owner_id is not None
    lead.owner_id, lead.assigned_at, lead.accepted_at = None, None, None
    if pool is not None:
        lead.pool = pool
    if news:
        lead.held, lead.held_at = reason, unit.at
    lead.held_until = until
    return news


def end(leads: Sequence[Lead], unit: Unit, why: str) -> dict[uuid.UUID, Taken]:
    """Close the open assignments of these leads, in one statement."""
    sql = (
        "UPDATE routing_assignment SET ended_at = greatest(started_at, %s), ended_why = %s "
        "WHERE lead_id = ANY(%s) AND ended_at IS NULL "
        "RETURNING lead_id, rep_id, pool_id, units, decision_id, started_at"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [unit.at, why[:24], [lead.id for lead in leads]])
        return {row[0]: Taken(*row) for row in cursor.fetchall()}


# -- credits -------------------------------------------------------------------------------------------


def lock_pools(keys: Iterable[Any]) -> dict[uuid.UUID, Pool]:
    rows = Pool.objects.select_for_update(no_key=True).filter(pk__in=set(keys)).order_by("id")
    return {pool.pk: pool for pool in rows}


def book(
    outcomes: Sequence[tuple[Outcome, uuid.UUID, uuid.UUID | None]],
    after: State,
    pools: Mapping[str, Pool],
    joiners: frozenset[tuple[str, str]],
    taken: Mapping[tuple[str, str], int],
    start: State,
    unit: Unit,
) -> None:
    """Write the turns of a batch: what each paid, lead by lead, and what each accrued, in one row for the batch.

    A turn without a decision is undone from the ledger alone: what it accrued is written lead by lead.
    """
    paid = [row for row in outcomes if row[0].kind == "assigned" and row[0].pool]
    accrued: dict[tuple[str, str], int] = defaultdict(int)
    turns: dict[tuple[str, str], int] = defaultdict(int)
    for outcome, lead_id, decision in paid:
        turns[outcome.pool, outcome.rep] += 1
        for rep, share in outcome.accrued.items():
            if decision is None:
                entry = _entry(pools[outcome.pool].pk, rep, share, CreditEntry.Why.ACCRUED, unit)
                entry.lead_id = lead_id
                unit.add([entry])
            accrued[outcome.pool, rep] += 0 if decision is None else share
        if outcome.accrued:
            cost = -outcome.units * credits.ONE
            entry = _entry(pools[outcome.pool].pk, outcome.rep, cost, CreditEntry.Why.PAID, unit)
            entry.lead_id, entry.decision = lead_id, decision
            unit.add([entry])
    changed = sorted({*turns, *accrued})
    for key, rep in changed:
        first = start.pools[key].credits.get(rep, 0)
        if (key, rep) in joiners and first:
            unit.add([_entry(pools[key].pk, rep, first, CreditEntry.Why.JOINED, unit)])
        if accrued[key, rep]:
            unit.add([_entry(pools[key].pk, rep, accrued[key, rep], CreditEntry.Why.ACCRUED, unit)])
    rows = [
        PoolCredit(
            pool=pools[key],
            rep_id=rep,
            credit=credits.decimal(after.pools[key].credits.get(rep, 0)),
            taken=taken.get((key, rep), 0) + turns[key, rep],
            last_at=instant(after.pools[key].last[rep]) if rep in after.pools[key].last else None,
        )
        for key, rep in changed
    ]
    if rows:
        unit.write_later(bulk.replacing(rows, ["pool", "rep"], ["credit", "taken", "last_at"]))
        unit.memo[_BOOKED] = True


def settle(unit: Unit) -> None:
    """Write turns booked earlier in this unit: called before credits are read or changed again."""
    if unit.memo.pop(_BOOKED, False):
        unit.flush()


def give_back(taken: Iterable[Taken], unit: Unit) -> None:
    """Undo the turns of ended assignments: their reps get the lead's cost back, each who accrued returns a share."""
    turned = [row for row in taken if row.pool_id is not None]
    if not turned:
        return
    settle(unit)
    lock_pools(row.pool_id for row in turned)
    shares = _accrued(turned)
    deltas: dict[tuple[Any, str], int] = defaultdict(int)
    turns: dict[tuple[Any, str], int] = defaultdict(int)
    for row in turned:
        given = shares.get(row.lead_id)
        if not given:
            continue
        turns[row.pool_id, str(row.rep_id)] -= 1
        for rep, share in {**given, str(row.rep_id): given.get(str(row.rep_id), 0) - row.units * credits.ONE}.items():
            entry = _entry(row.pool_id, rep, -share, CreditEntry.Why.GIVEN_BACK, unit)
            entry.lead_id, entry.decision = row.lead_id, row.decision_id
            unit.add([entry])
            deltas[row.pool_id, rep] -= share
    _shift(deltas, turns)


def _accrued(rows: Sequence[Taken]) -> dict[uuid.UUID, dict[str, int]]:
    """Lead -> what its turn gave to whom: from its decision, or from the ledger where it was claimed."""
    decided = {row.decision_id: row.lead_id for row in rows if row.decision_id}
    found: dict[uuid.UUID, dict[str, int]] = {}
    for key, why in Decision.objects.filter(pk__in=decided).values_list("pk", "why"):
        found[decided[key]] = accrued_of(why)
    claimed = {row.lead_id: row for row in rows if not row.decision_id}
    if claimed:
        entries = CreditEntry.objects.filter(lead__in=claimed, why=CreditEntry.Why.ACCRUED)
        for lead_id, rep, delta, at in entries.values_list("lead_id", "rep_id", "delta", "at"):
            if at >= claimed[lead_id].started_at:
                found.setdefault(lead_id, {})[str(rep)] = credits.micro(delta)
    return found


def _shift(deltas: Mapping[tuple[Any, str], int], turns: Mapping[tuple[Any, str], int]) -> None:
    if not deltas:
        return
    keys = list(deltas)
    sql = (
        "UPDATE routing_poolcredit AS c SET credit = c.credit + v.delta, taken = greatest(c.taken + v.turns, 0) "
        "FROM unnest(%s::uuid[], %s::uuid[], %s::numeric[], %s::int[]) AS v(pool_id, rep_id, delta, turns) "
        "WHERE c.pool_id = v.pool_id AND c.rep_id = v.rep_id"
    )
    columns = [[k[0] for k in keys], [k[1] for k in keys], [credits.decimal(deltas[k]) for k in keys]]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*columns, [turns.get(k, 0) for k in keys]])


def _entry(pool_id: Any, rep: str, delta: int, why: str, unit: Unit) -> CreditEntry:
    return bulk.make(
        CreditEntry, pool_id=pool_id, rep_id=uuid.UUID(rep), delta=credits.decimal(delta), why=why, at=unit.at
    )
