"""Moves many leads at once: plan who would get what, then carry it out in chunks; `taking_back` undoes it.

The plan asks the same `choose` as the live path, so a preview is what would happen if nothing changed meanwhile. Each
verb takes the unit; it opens no transaction. Locks go leads, pools, reps, as everywhere.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext as _

from leadops import access, experiments
from leadops.effects import plan as effects
from leadops.errors import NotFound, Refused
from leadops.journal import Kind
from leadops.models import Lead, Rep
from leadops.unit import Unit
from routing import assignments, availability, deciding, services, telling
from routing.assignments import Placing
from routing.choose import Outcome, choose
from routing.match import Step, Target, match
from routing.models import Assignment, Departure, Pool, ReassignedLead, Reassignment

CHUNK = 200
MOST = 5000
RULES = "rules"
Result = ReassignedLead.Result


@dataclass(frozen=True, slots=True)
class Destination:
    """Where leads go: by the rules, to a pool in its own turns, or to one rep."""

    code: str
    pool: Pool | None = None
    rep: Rep | None = None


def destination(code: str) -> Destination:
    """`rules`, `pool:<key>` or `rep:<id>`; what does not exist is refused."""
    kind, _sep, key = code.partition(":")
    if code == RULES:
        return Destination(code)
    if kind == "pool":
        pool = Pool.objects.filter(key=key, active=True).first()
        if pool is not None:
            return Destination(code, pool=pool)
    if kind == "rep":
        try:
            rep = Rep.objects.select_related("user", "team").filter(pk=uuid.UUID(key), active=True).first()
        except ValueError:
            rep = None
        if rep is not None:
            return Destination(code, rep=rep)
    raise Refused("no-such-destination", _("Choose the rules, a pool, or a rep who receives leads."))


# -- plan ------------------------------------------------------------------------------------------------


def plan(
    leads: Sequence[Lead], code: str, reason: str, unit: Unit, *, keep: bool = True
) -> tuple[Reassignment, list[ReassignedLead]]:
    """Who would get which of these leads; nothing moves. `keep` false stores nothing (a dry run)."""
    where = destination(code)
    if not reason.strip():
        raise Refused("reason-needed", _("Say why: taking a lead from a rep needs a reason."))
    wanted = [lead for lead in leads if lead.is_open and _may(lead, code, unit)]
    if not wanted:
        raise Refused("nothing-to-move", _("None of these leads is open and yours to assign."))
    if len(wanted) > MOST:
        raise Refused("too-many", _("At most %(n)s leads are moved at once.") % {"n": MOST}, most=MOST)
    made = Reassignment(by_id=unit.actor.user_id, destination=code, reason=reason.strip()[:300], planned_at=unit.at)
    wanted.sort(key=lambda lead: (lead.received_at, lead.pk))
    seen = foresee(wanted, where, made.pk, unit)
    rows = [
        ReassignedLead(
            reassignment=made,
            lead=lead,
            before_id=lead.owner_id,
            held=lead.held,
            pool=lead.pool,
            foreseen_id=uuid.UUID(outcome.rep) if outcome.kind == "assigned" else None,
            note="" if outcome.kind == "assigned" else (outcome.reason or outcome.kind)[:24],
        )
        for lead, outcome in zip(wanted, seen, strict=True)
    ]
    if keep:
        made.save(force_insert=True)
        ReassignedLead.objects.bulk_create(rows)
    return made, rows


def _may(lead: Lead, code: str, unit: Unit) -> bool:
    """Who leads assigns; a rep may let go of an own lead, for the rules to place."""
    return access.can(unit.actor, "assign", lead) or (
        code == RULES and lead.owner_id is not None and access.can(unit.actor, "hand_back", lead)
    )


def foresee(leads: Sequence[Lead], where: Destination, seed: uuid.UUID, unit: Unit) -> list[Outcome]:
    """The outcome of each lead in order of arrival, each meeting what the ones before left; locks nothing."""
    if where.rep is not None:
        return [Outcome("assigned", "", str(where.rep.pk), how="by_hand") for _lead in leads]
    targets = _targets(leads, where, unit)
    steps = [step for target in targets for link in target.chain() for step in link.steps]
    keys = {step.key for step in steps if step.kind in ("pool", "claim")}
    people = {step.key for step in steps if step.kind in ("rep", "account_owner")}
    state = availability.ground_for(keys, people, unit.at, availability.calendars_in_force(unit)).state
    found = []
    for lead, target in zip(leads, targets, strict=True):
        outcome, state = choose(target, state, experiments.seed_for(seed, lead.pk), _barred(lead))
        found.append(outcome)
    return found


def _targets(leads: Sequence[Lead], where: Destination, unit: Unit) -> list[Target]:
    if where.pool is not None:
        target = Target("", (Step("pool", where.pool.key),))
        return [target for _lead in leads]
    _version, ruleset = deciding.ruleset_in_force(unit)
    if ruleset is None:
        raise Refused("no-ruleset", _("There is no ruleset in force."), status=409)
    facts = deciding.facts_of(leads, ruleset, unit)
    return [match(facts[lead.pk], ruleset, unit.at) for lead in leads]


def _barred(lead: Lead) -> frozenset[str]:
    return frozenset({str(lead.owner_id)} if lead.owner_id else ())


# -- carry out -------------------------------------------------------------------------------------------


def carry_out(plan_id: uuid.UUID, unit: Unit) -> int:
    """Move the next chunk, by lead id; how many rows were settled. None left = 0, and it is done."""
    made = locked(plan_id)
    refuse_of_departure(made)
    if made.undone_at is not None:
        raise Refused("undone", _("This reassignment was taken back."), status=409)
    todo = list(made.rows.filter(result="").order_by("lead")[:CHUNK])
    if not todo:
        finish(made, unit)
        return 0
    if made.started_at is None:
        made.started_at = unit.at
        made.save(update_fields=["started_at"])
    settle(todo, destination(made.destination), made, unit)
    return len(todo)


def settle(rows: Sequence[ReassignedLead], where: Destination, made: Reassignment, unit: Unit) -> list[Lead]:
    """Move the leads of these rows that are still as they were planned; each row says what became of it."""
    by_lead = {row.lead_id: row for row in rows}
    leads = [lead for lead in unit.leads(by_lead) if _may_move(lead, by_lead[lead.pk], made, unit)]
    if made.done_at is None:  # the reps hear of them together, when it is done
        unit.quiet.update(by_lead)
    if leads:
        _move(leads, where, made, unit)
    for lead in leads:
        by_lead[lead.pk].got_id = lead.owner_id
        by_lead[lead.pk].result = Result.MOVED if lead.owner_id else Result.WAITS
    ReassignedLead.objects.bulk_update(rows, ["result", "got"])
    return leads


def departure_of(made: Reassignment) -> Departure | None:
    """The departure whose leads this moves: it is carried out and taken back with all the rep had, not by itself."""
    return Departure.objects.filter(plan=made).first()


def refuse_of_departure(made: Reassignment) -> None:
    if departure_of(made) is not None:
        raise Refused("of-a-departure", _("These leads moved with a departure: take the departure back."), status=409)


def locked(plan_id: uuid.UUID) -> Reassignment:
    made = Reassignment.objects.select_for_update().filter(pk=plan_id).first()
    if made is None:
        raise NotFound(_("There is no such reassignment."))
    return made


def _may_move(lead: Lead, row: ReassignedLead, made: Reassignment, unit: Unit) -> bool:
    """Whether the lead is still as it was planned; else its row says what became of it."""
    if not lead.is_open:
        row.result = Result.CLOSED
    elif lead.owner_id != row.before_id or not _may(lead, made.destination, unit):
        row.result = Result.CHANGED
    elif made.destination == f"rep:{lead.owner_id}":
        row.result = Result.STAYED
    return not row.result


def _move(leads: Sequence[Lead], where: Destination, made: Reassignment, unit: Unit) -> None:
    owned = [lead for lead in leads if lead.owner_id is not None]
    before = {lead.pk: lead.owner_id for lead in leads}
    if where.code == RULES:
        services.take_away(owned, unit, "reassigned", give_back=True)
        services.route_freed(leads, unit)
        return
    assignments.lock_pools(_pools_of(owned, where))
    assignments.give_back(assignments.end(owned, unit, "reassigned").values(), unit)
    if where.rep is not None:
        (rep,) = services.locked_reps([str(where.rep.pk)])
        if not rep.active:
            raise Refused("rep-inactive", _("This rep receives no more leads."), status=409)
        how = Assignment.How.BY_HAND
        placings = [Placing(lead, rep.pk, rep.team_id, how, before=before[lead.pk], text=made.reason) for lead in leads]
        assignments.own(placings, unit)
    else:
        _in_turns(leads, where.code.partition(":")[2], made, before, unit)
    assignments.write_leads(leads, before, unit)


def _pools_of(owned: Sequence[Lead], where: Destination) -> set[uuid.UUID]:
    """Every pool this chunk touches, so that they are locked together and in order."""
    held = Assignment.objects.filter(lead__in=owned, ended_at__isnull=True, pool__isnull=False)
    return {*held.values_list("pool", flat=True), *([where.pool.pk] if where.pool else [])}


def _in_turns(
    leads: Sequence[Lead], key: str, made: Reassignment, before: Mapping[uuid.UUID, uuid.UUID | None], unit: Unit
) -> None:
    """By the pool's own turns, oldest first; who cannot be placed waits for it."""
    assignments.settle(unit)
    ground = availability.ground_for([key], (), unit.at, availability.calendars_in_force(unit), lock=True)
    state, target = ground.state, Target("", (Step("pool", key),))
    placings, turns = [], []
    for lead in sorted(leads, key=lambda lead: (lead.received_at, lead.pk)):
        had = before[lead.pk]
        barred = frozenset({str(had)} if had else ())
        outcome, state = choose(target, state, experiments.seed_for(made.pk, lead.pk), barred)
        if outcome.kind != "assigned":
            _wait(lead, outcome, key, unit)
            continue
        rep_id, team, how = uuid.UUID(outcome.rep), ground.teams[outcome.rep], Assignment.How.BY_HAND
        placings.append(Placing(lead, rep_id, team, how, ground.pools[key], before=had, text=made.reason))
        turns.append((outcome, lead.pk, None))
    assignments.own(placings, unit)
    assignments.book(turns, state, ground.pools, ground.joiners, ground.taken, ground.state, unit)


def _wait(lead: Lead, outcome: Outcome, key: str, unit: Unit) -> None:
    until = unit.at + deciding.LOOK_AGAIN.get(outcome.reason, timedelta(minutes=15))
    if assignments.hold(lead, outcome.reason, unit, until=until, pool=key):
        unit.record(Kind.HELD, lead, data={"reason": outcome.reason, "until": None, "pool": key})


def finish(made: Reassignment, unit: Unit) -> None:
    """All rows are settled: one line in the bell of each rep concerned, and one mail."""
    if made.done_at is not None:
        return
    made.started_at, made.done_at = made.started_at or unit.at, unit.at
    made.save(update_fields=["started_at", "done_at"])
    got: dict[uuid.UUID, int] = {}
    lost: dict[uuid.UUID, int] = {}
    for row in made.rows.filter(result__in=(Result.MOVED, Result.WAITS)):
        if row.got_id:
            got[row.got_id] = got.get(row.got_id, 0) + 1
        if row.before_id:
            lost[row.before_id] = lost.get(row.before_id, 0) + 1
    for kind, counts in (("leads_given", got), ("leads_moved", lost)):
        due = telling.openings(counts, unit)
        for rep, count in counts.items():
            if rep == unit.actor.user_id:
                continue
            key, data = f"{kind}:{made.pk}:{rep}", {"count": count}
            effects.notice(unit, user_id=rep, key=key, kind=kind, lead=None, data=data)
            effects.mail(unit, user_id=rep, key=key, purpose=kind, lead=None, body=data, due_at=due[rep])
