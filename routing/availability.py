"""What routing knows of pools and reps at a moment: members, terms, absences, hours, credits, load, counts. Reads only.

Effective-dated rows are read through `state_at` alone. With `lock` the pools and then the reps are held until the
unit's end, so that what is read here is what the write meets.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject

from leadops import calendars
from leadops.calendars.offsets import instant, micros
from leadops.models import Absence, Lead, Rep, RepTerms, Team
from leadops.once import Once
from leadops.unit import Unit
from leadops.versions import services as versions
from leadops.versions.calendars import HOUSE
from routing import credits
from routing.choose import PoolState, RepState, State
from routing.models import Pool, PoolCredit, PoolMember
from routing.workload import WORK, working

Calendars = Mapping[str, calendars.Calendar]
TEAMS = "routing.team calendars"  # in a unit's memo: team -> key of its calendar
REPS = "routing.rep calendars"  # and rep -> key of the one their terms name, none without terms


@dataclass(frozen=True, slots=True)
class Ground:
    """The state, and the rows a write needs beside it."""

    state: State
    pools: Mapping[str, Pool]
    teams: Mapping[str, Any]  # rep id -> team id
    taken: Mapping[tuple[str, str], int]  # (pool key, rep id) -> turns so far
    joiners: frozenset[tuple[str, str]]  # members without a credit row yet
    members: Mapping[str, frozenset[str]]
    rep_calendars: Mapping[Any, str | None]
    team_calendars: Mapping[Any, str]


def calendars_in_force(unit: Unit) -> Calendars:
    return calendars_of(versions.all_in_force("calendar", unit))


def rep_calendars(reps: Iterable[uuid.UUID], unit: Unit) -> dict[uuid.UUID, str]:
    """Calendar keys of these reps' own terms at the unit's moment; who has no terms is not in it. Read once a unit."""
    known: dict[uuid.UUID, str | None] = unit.memo.setdefault(REPS, {})
    missing = {rep for rep in reps if rep not in known}
    if missing:
        rows = RepTerms.objects.state_at(unit.at).filter(rep__in=missing)
        known.update(dict.fromkeys(missing))
        known.update(rows.values_list("rep_id", "calendar"))
    return {rep: key for rep in reps if (key := known[rep]) is not None}


def calendars_of(rows: Iterable[Any]) -> Calendars:
    return {version.key: versions.compiled(version) for version in rows}


def calendar_for(key: str, known: Calendars) -> calendars.Calendar:
    return known.get(key) or known.get(HOUSE) or calendars.ALWAYS


def ground_for(
    pool_keys: Iterable[str],
    people: Iterable[str],
    at: datetime,
    known: Calendars,
    *,
    known_at: datetime | None = None,
    lock: bool = False,
) -> Ground:
    """State of these pools and of the reps named (ids or e-mails), in a fixed number of queries."""
    pools = _pools(set(pool_keys), lock)
    weights: dict[Any, dict[str, int]] = {pool.pk: {} for pool in pools}
    held: dict[tuple[Any, str], _Held] = {}
    members = _members.rows(pools=list(weights), at=at, known_at=known_at or at) if pools else []
    for pool_id, rep_id, weight, *turns in members:
        rep = str(rep_id)
        weights[pool_id][rep] = credits.micro(weight)
        if turns[0] is not None:
            held[pool_id, rep] = _Held(*turns)
    named = {name.lower() for name in people if name}
    reps = _reps({rep for members in weights.values() for rep in members}, named, lock)
    states, hours = _rep_states(reps, at, known_at, known, live=lock)
    state = State(
        at=micros(at),
        pools={pool.key: _pool_state(pool, weights[pool.pk], held) for pool in pools},
        reps=states,
        people={row["email"]: row["id"] for row in reps},
    )
    return Ground(
        state=state,
        pools={pool.key: pool for pool in pools},
        teams={row["id"]: row["team"] for row in reps},
        taken={
            (p.key, rep): held[p.pk, rep].taken if (p.pk, rep) in held else 0 for p in pools for rep in weights[p.pk]
        },
        joiners=frozenset((p.key, rep) for p in pools for rep in weights[p.pk] if (p.pk, rep) not in held),
        members={pool.key: frozenset(weights[pool.pk]) for pool in pools},
        rep_calendars=hours,
        team_calendars={row["team"]: row["hours"] for row in reps if row["team"]},
    )


def state_for(pools: Sequence[Pool], at: datetime, known_at: datetime | None = None) -> State:
    """The state alone, as it stood at `at` by what was known at `known_at`; locks nothing."""
    known = calendars_of(versions.all_at("calendar", at))
    return ground_for([pool.key for pool in pools], (), at, known, known_at=known_at).state


def _pools(keys: set[str], lock: bool) -> list[Pool]:
    rows = Pool.objects.filter(key__in=keys, active=True).order_by("id")
    return list(rows.select_for_update(no_key=True) if lock else rows) if keys else []


def _reps(ids: set[str], named: set[str], lock: bool) -> list[dict[str, Any]]:
    """Members and the reps rules name; with `lock` nobody can be deactivated until we commit."""
    if not ids and not named:
        return []
    # FOR SHARE is not in the ORM; the order by id is the house's lock order
    sql = (
        "SELECT r.user_id::text AS id, r.active, r.team_id AS team, t.calendar AS hours, u.email FROM leadops_rep r "
        "JOIN leadops_user u ON u.id = r.user_id LEFT JOIN leadops_team t ON t.id = r.team_id "
        "WHERE r.user_id = ANY(%s::uuid[]) OR u.email = ANY(%s) OR r.user_id::text = ANY(%s) ORDER BY r.user_id"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql + (" FOR SHARE OF r" if lock else ""), [sorted(ids), sorted(named), sorted(named)])
        columns = [column[0] for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


_TERMS = ("capacity", "cap_hour", "cap_day", "cap_month", "skills", "languages", "calendar")
_STATE = ("pk", "term", "absent", "back_at", *WORK)


def _states(reps: Sequence[Any], at: datetime, known_at: datetime, *, live: bool) -> QuerySet[Rep, Any]:
    """What `_STATE` names, rep by rep."""
    terms = RepTerms.objects.state_at(at, known_at).filter(rep=OuterRef("pk"))
    away = Absence.objects.state_at(at, known_at).filter(rep=OuterRef("pk")).order_by("pk")
    rows: QuerySet[Rep] = working(reps, at, live, terms).annotate(
        term=Subquery(terms.values(all=JSONObject(**{name: name for name in _TERMS}))[:1]),
        absent=Exists(away),
        back_at=Subquery(away.values("valid_to")[:1]),
    )
    return rows.values_list(*_STATE)


_live_states, _past_states = Once(partial(_states, live=True)), Once(partial(_states, live=False))


def _rep_states(
    reps: Sequence[Mapping[str, Any]], at: datetime, known_at: datetime | None, known: Calendars, *, live: bool
) -> tuple[dict[str, RepState], dict[Any, str | None]]:
    """Terms, absences and work of these reps, in one query; and the calendars of those whose terms name one."""
    ids, asked = [uuid.UUID(row["id"]) for row in reps], _live_states if live else _past_states
    rows = asked.rows(reps=ids, at=at, known_at=known_at or at) if ids else []
    states = {str(row[0]): dict(zip(_STATE, row, strict=True)) for row in rows}
    calendar = {rep: (row["term"] or {}).get("calendar", HOUSE) for rep, row in states.items()}
    hours = {key: hours_of(key, known, at) for key in set(calendar.values())}
    found = {}
    for row in reps:
        rep = row["id"]
        state = states[rep]
        term = state["term"] or {}
        is_open, opens_at = hours[calendar[rep]]
        found[rep] = RepState(
            id=rep,
            active=row["active"],
            absent=state["absent"],
            back_at=micros(state["back_at"]) if state["back_at"] else None,
            open=is_open,
            opens_at=opens_at,
            capacity=term.get("capacity"),
            load=int(state["load"]),
            cap_hour=term.get("cap_hour"),
            hour=int(state["hour"]),
            cap_day=term.get("cap_day"),
            day=int(state["day"]),
            cap_month=term.get("cap_month"),
            month=int(state["month"]),
            skills={str(code): int(level) for code, level in (term.get("skills") or {}).items()},
            languages=tuple(term.get("languages") or ()),
        )
    return found, {row["pk"]: calendar[rep] if row["term"] else None for rep, row in states.items()}


def hours_of(key: str, known: Calendars, at: datetime) -> tuple[bool, int | None]:
    calendar = calendar_for(key, known)
    if calendars.open_at(calendar, at):
        return True, None
    try:
        return False, micros(calendars.next_opening(calendar, at))
    except calendars.NeverOpens:
        return False, None


def team_calendars(leads: Sequence[Lead], unit: Unit) -> dict[uuid.UUID, str]:
    """Team -> its calendar."""
    known: dict[uuid.UUID, str] = unit.memo.setdefault(TEAMS, {})
    if any(lead.team_id and lead.team_id not in known for lead in leads):
        known.update(Team.objects.values_list("id", "calendar"))
    return known


class _Held(NamedTuple):
    """What a member has in a pool: of `PoolCredit`."""

    credit: Decimal
    taken: int
    last_at: datetime | None


def _of_pools(pools: Sequence[Any], at: datetime, known_at: datetime) -> QuerySet[PoolMember, Any]:
    """Members of these pools with their weight and what they have there, nothing for who has not yet had a turn."""
    credit = PoolCredit.objects.filter(pool=OuterRef("pool"), rep=OuterRef("rep"))
    turns = [Subquery(credit.values(name)[:1]) for name in _Held._fields]
    rows = PoolMember.objects.state_at(at, known_at).filter(pool__any=pools).order_by("pool_id", "rep_id")
    return rows.values_list("pool_id", "rep_id", "weight", *turns)


_members = Once(_of_pools)


def _pool_state(pool: Pool, weights: dict[str, int], held: Mapping[tuple[Any, str], _Held]) -> PoolState:
    rows = {rep: held[pool.pk, rep] for rep in weights if (pool.pk, rep) in held}
    credit = {rep: credits.micro(row.credit) for rep, row in rows.items()}
    start = credits.joining(list(credit.values()))
    return PoolState(
        key=pool.key,
        weights=weights,
        credits={rep: credit.get(rep, start) for rep in weights},
        last={rep: micros(row.last_at) for rep, row in rows.items() if row.last_at},
        method=pool.method,
        catch_up=pool.absence == Pool.Absence.CATCH_UP,
    )


# -- the state beside a batch of decisions ----------------------------------------------------------------


def to_json(state: State) -> dict[str, Any]:
    """The state as a record keeps it; the same bytes give the same choices again."""
    pools = {key: pool._asdict() for key, pool in state.pools.items()}
    reps = {key: rep._asdict() for key, rep in state.reps.items()}
    return {"at": state.at, "pools": pools, "reps": reps, "people": state.people}


def from_json(raw: Mapping[str, Any]) -> State:
    return State(
        at=raw["at"],
        pools={key: PoolState(**pool) for key, pool in raw["pools"].items()},
        reps={key: RepState(**{**rep, "languages": tuple(rep["languages"])}) for key, rep in raw["reps"].items()},
        people=raw["people"],
    )


def moment_of(value: int | None) -> datetime | None:
    return None if value is None else instant(value)
