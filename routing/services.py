"""Routing's verbs: route a batch, drain what was held, assign, claim, let go, deactivate, absences, preview.

Each takes the unit and writes through `deciding` and `assignments`. None opens a transaction or reads the clock.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from leadops import access, bulk, experiments
from leadops.access import Actor
from leadops.errors import Conflict, Refused
from leadops.journal import Entry, Kind
from leadops.models import Lead, Rep
from leadops.unit import Unit
from leadops.versions import services as versions
from leadops.versions.models import Version
from routing import assignments, availability, deciding, selectors, weighing
from routing.assignments import Placing
from routing.choose import State, choose, taken_by, why_full, why_not
from routing.deciding import Wanted, decide
from routing.match import Ruleset, Target, is_wanted_at_capture, match
from routing.models import Assignment, Pool
from routing.reps import deactivate_rep, end_absence, look_again, rules_naming_only, set_absence, take_away

ROUTE_KINDS = frozenset(
    {Kind.CAPTURED, Kind.CAME_BACK, Kind.STAGE_MOVED, Kind.RELEASED, Kind.TAKEN_AWAY, Kind.HANDED_BACK}
)
__all__ = [
    "ROUTE_KINDS",
    "acknowledge_many",
    "assign",
    "claim",
    "deactivate_rep",
    "drain",
    "end_absence",
    "let_go",
    "locked_reps",
    "look_again",
    "preview",
    "route",
    "route_again",
    "route_freed",
    "rules_naming_only",
    "set_absence",
    "take_away",
    "why_not_now",
]


# -- the phase -------------------------------------------------------------------------------------------


def route(entries: Sequence[Entry], unit: Unit) -> None:
    """Phase `route`: decide now for those of these leads that nobody owns and whose turn it is."""
    by_hand = _given_by_hand(entries, unit)
    wanted = _wanted([e for e in entries if e.lead_id not in by_hand] if by_hand else entries, unit)
    if wanted:
        decide(wanted, unit)
    if any(e.kind == Kind.STAGE_MOVED and e.lead and e.lead.owner_id and not e.lead.is_open for e in entries):
        look_again(unit, held="no_capacity")


def _wanted(entries: Sequence[Entry], unit: Unit) -> list[Wanted]:
    """One per lead, with who had it and may not get it again; an owned lead is never in it."""
    _version, ruleset = deciding.ruleset_in_force(unit)
    free = [e for e in entries if e.lead is not None and e.lead.is_open and e.lead.owner_id is None]
    arrivals = [e.lead for e in free if e.kind in (Kind.CAPTURED, Kind.CAME_BACK) and e.lead is not None]
    asks = ruleset is not None and ruleset.hand_raiser is not None
    facts = deciding.facts_of(arrivals, ruleset, unit) if arrivals and asks and ruleset else {}
    found: dict[uuid.UUID, Wanted] = {}
    for entry in free:
        lead = entry.lead
        if lead is None or not _is_due(entry, lead, ruleset, facts.get(lead.id, {}), unit):
            continue
        had = {str(entry.data["rep"])} if entry.data.get("rep") else set()
        known = found.setdefault(lead.id, Wanted(lead, entry))
        known.barred = known.barred | had
    return list(found.values())


def _is_due(entry: Entry, lead: Lead, ruleset: Ruleset | None, facts: Mapping[str, Any], unit: Unit) -> bool:
    data = entry.data
    if entry.kind in (Kind.CAPTURED, Kind.CAME_BACK):
        trigger, asked = data.get("trigger", "rules"), bool(data.get("hand_raiser"))
        if ruleset is None:
            return trigger == "now" or (trigger == "rules" and asked)
        return is_wanted_at_capture(ruleset, trigger, asked, facts, unit.at)
    if entry.kind == Kind.STAGE_MOVED:
        return data.get("to") == "mql" and (ruleset is None or ruleset.on_mql)
    if entry.kind == Kind.TAKEN_AWAY:
        return bool(data.get("reroute", True))
    if entry.kind == Kind.RELEASED:
        return bool(data.get("reroute"))
    return data.get("reason") == "wrong_rep"


def _given_by_hand(entries: Sequence[Entry], unit: Unit) -> set[uuid.UUID]:
    """Leads whose capture named the owner (New lead: me): given to that rep while they receive leads."""
    named = {e.lead_id: e for e in entries if e.data.get("owner") and e.lead and e.lead.owner_id is None}
    if not named:
        return set()
    reps = {str(rep.pk): rep for rep in locked_reps({str(e.data["owner"]) for e in named.values()}) if rep.active}
    chosen = [(e, reps[str(e.data["owner"])]) for e in named.values() if str(e.data["owner"]) in reps]
    placings = [
        Placing(e.lead, rep.pk, rep.team_id, Assignment.How.BY_HAND, cause=e) for e, rep in chosen if e.lead is not None
    ]
    assignments.own(placings, unit)
    assignments.write_leads([p.lead for p in placings], {}, unit)
    return {p.lead.id for p in placings}


def locked_reps(ids: Iterable[str]) -> list[Rep]:
    return list(Rep.objects.select_for_update(no_key=True).filter(pk__in=list(ids)).order_by("pk"))


def route_freed(leads: Sequence[Lead], unit: Unit) -> None:
    """Decide at once for leads nobody owns (any more); who just had one does not get it again."""
    freed = {e.lead_id: e for e in unit.entries if e.kind == Kind.TAKEN_AWAY}
    had = {key: frozenset({str(e.data["rep"])}) for key, e in freed.items()}
    decide([Wanted(lead, freed.get(lead.id), had.get(lead.id, frozenset())) for lead in leads], unit)


# -- held leads --------------------------------------------------------------------------------------------


def drain(lead_ids: Sequence[uuid.UUID], unit: Unit) -> int:
    """Look again at these leads, oldest first, while nobody has them; those that another holds are passed over."""
    unit.keep(selectors.unplaced([key for key in lead_ids if not unit.knows(key)]))
    leads = [lead for lead in unit.leads(k for k in lead_ids if unit.knows(k)) if selectors.is_unplaced(lead)]
    leads.sort(key=lambda lead: (lead.received_at, lead.id))
    if leads:
        decide([Wanted(lead) for lead in leads], unit)
    return len(leads)


# -- by hand -----------------------------------------------------------------------------------------------


def assign(lead: Lead, rep: Rep, unit: Unit, reason: str = "") -> Assignment:
    """Give a lead to a rep by hand. Uses no turn; taking it from somebody needs a reason and gives their turn back."""
    (lead,) = unit.leads([lead.id])
    access.require(unit.actor, "assign", lead)
    if not lead.is_open:
        raise Refused("lead-closed", _("This lead is closed."))
    if lead.owner_id == rep.pk:
        raise Refused("already-owner", _("This rep owns the lead already."), status=409)
    if lead.owner_id is not None and not reason.strip():
        raise Refused("reason-needed", _("Say why: taking a lead from a rep needs a reason."))
    before = lead.owner_id
    taken = assignments.end([lead], unit, "reassigned")
    assignments.give_back(taken.values(), unit)
    (locked,) = locked_reps([str(rep.pk)])
    if not locked.active:
        raise Refused("rep-inactive", _("This rep receives no more leads."))
    placing = Placing(lead, locked.pk, locked.team_id, Assignment.How.BY_HAND, before=before, text=reason.strip())
    (row,) = assignments.own([placing], unit)
    assignments.write_leads([lead], {lead.id: before}, unit)
    return row


def route_again(lead: Lead, unit: Unit) -> Lead:
    """Decide anew now for a lead nobody owns, whatever it was held for: rules or people may have changed."""
    (lead,) = unit.leads([lead.id])
    access.require(unit.actor, "assign", lead)
    if not lead.is_open:
        raise Refused("lead-closed", _("This lead is closed."))
    if lead.owner_id is not None:
        raise Refused("already-owned", _("Somebody owns this lead already."), status=409)
    decide([Wanted(lead)], unit)
    return lead


def claim(lead: Lead, rep: Rep, unit: Unit) -> Assignment:
    """Take a lead from a pool: one wins, everybody else is told who was faster."""
    access.require(unit.actor, "claim")
    (lead,) = unit.leads([lead.id])
    if lead.owner_id is not None:
        raise Conflict("already-claimed", _already(lead, unit.actor), winner=_winner(lead, unit.actor))
    pool = Pool.objects.filter(key=lead.pool, active=True, claimable=True).first()
    if pool is None or not lead.is_open or lead.held not in selectors.CLAIMABLE:
        raise Refused("not-claimable", _("This lead is not to be taken from a pool."), status=409)
    assignments.settle(unit)
    ground = availability.ground_for([pool.key], (), unit.at, availability.calendars_in_force(unit), lock=True)
    _may_claim(rep, pool, ground, unit)
    outcome, after = taken_by(str(rep.pk), pool.key, ground.state)
    team = ground.teams[str(rep.pk)]
    (row,) = assignments.own([Placing(lead, rep.pk, team, Assignment.How.CLAIMED, pool)], unit, Kind.CLAIMED)
    assignments.write_leads([lead], {lead.id: None}, unit)
    turn = [(outcome, lead.id, None)]
    assignments.book(turn, after, ground.pools, ground.joiners, ground.taken, ground.state, unit)
    return row


def _may_claim(rep: Rep, pool: Pool, ground: availability.Ground, unit: Unit) -> None:
    state = ground.state.reps.get(str(rep.pk))
    if str(rep.pk) not in ground.members[pool.key] or state is None:
        raise Refused("not-member", _("You are not a member of this pool."), status=403)
    if not state.active:
        raise Refused("rep-inactive", _("This rep receives no more leads."))
    reason = why_full(state)
    if reason:
        raise Refused("full", _("You have as many leads as you may hold now."), reason=reason)
    if selectors.claims_since(rep.pk, pool, unit.at) >= pool.claim_limit:
        raise Refused(
            "claim-limit",
            _("You have taken %(limit)s leads from this pool in 24 hours: that is the limit.")
            % {"limit": pool.claim_limit},
            limit=pool.claim_limit,
        )


def _winner(lead: Lead, actor: Actor) -> str:
    """Who was faster, by name to those of the same team and to whoever leads."""
    same_team = actor.user_id is not None and Rep.objects.filter(pk=actor.user_id, team=lead.team_id).exists()
    visible = same_team or access.can(actor, "read_team")
    # read anew: the owner joined to a row we waited for is the one from before the wait
    return selectors.names([str(lead.owner_id)]).get(str(lead.owner_id), "") if visible else ""


def _already(lead: Lead, actor: Actor) -> str:
    name = _winner(lead, actor)
    return _("%(name)s was faster: this lead is taken.") % {"name": name} if name else _("This lead is taken already.")


# -- giving up a lead --------------------------------------------------------------------------------------


def let_go(lead: Lead, unit: Unit, reason: str, reroute: bool | None = None, why: str = "") -> None:
    """The owner gives the lead up (desk: hand back): their turn is given back; routed again, or held for a person.

    Handed back for the reason `wrong_rep` it is routed again. The desk's own entry tells the story where there is one.
    """
    (lead,) = unit.leads([lead.id])
    if lead.owner_id is None:
        return
    again = why == "wrong_rep" if reroute is None else reroute
    told = any(e.kind == Kind.HANDED_BACK and e.lead_id == lead.id for e in unit.entries)
    _drop(lead, unit, why or reason, again, held="" if again else "handed_back", journal=not told)


def _drop(lead: Lead, unit: Unit, reason: str, reroute: bool, *, held: str, journal: bool = True) -> None:
    before = lead.owner_id
    assignments.give_back(assignments.end([lead], unit, reason).values(), unit)
    assignments.hold(lead, held, unit)
    lead.held_at = unit.at if held else None
    assignments.write_leads([lead], {lead.id: before}, unit)
    if journal:
        data = {"pool": lead.pool, "reason": reason, "rep": str(before), "reroute": reroute}
        unit.record(Kind.RELEASED, lead, data=data)
    unit.wake("inbox", before)


def acknowledge_many(leads: Sequence[Lead], unit: Unit) -> dict[uuid.UUID, Assignment]:
    """Owners have seen these leads and take them on; the first time counts: lead -> its assignment accepted by it."""
    rows = Assignment.objects.filter(lead__in=[lead.id for lead in leads], ended_at=None, accepted_at=None)
    taken = {row.lead_id: row for row in rows}
    mine = [lead for lead in leads if lead.id in taken]
    for lead in mine:
        lead.accepted_at = taken[lead.id].accepted_at = unit.at_on(lead)
    bulk.write([bulk.changed(rows, ["accepted_at"]) for rows in (list(taken.values()), unit.written(mine))])
    return taken


def why_not_now(state: State, rep_id: str) -> str:
    """Why this rep could not take a plain lead now; empty = could."""
    return why_not(state.reps.get(rep_id), Target("", ()))


# -- routing as a service ----------------------------------------------------------------------------------


def preview(raw_facts: Mapping[str, Any], at: datetime, ruleset_version: Version | None = None) -> dict[str, Any]:
    """The decision these facts would get now, with its whole trace; locks nothing and stores nothing."""
    version = ruleset_version or versions.version_at("ruleset", deciding.HOUSE, at)
    if version is None:
        raise Refused("no-ruleset", _("There is no ruleset in force."), status=409)
    ruleset: Ruleset = versions.compiled(version)
    facts = deciding.facts_recorded(raw_facts)
    target = match(facts, ruleset, at)
    known = availability.calendars_of(versions.all_at("calendar", at))
    ground = availability.ground_for(ruleset.pools, ruleset.people | _owner(target), at, known)
    outcome, _after = choose(target, ground.state, experiments.seed_for("preview", version.pk))
    return {
        "ruleset": {"id": str(version.pk), "key": version.key, "number": version.number},
        "outcome": outcome.codes(),
        "propensity": outcome.propensity,
        "why": weighing.told(weighing.explained(target, outcome)),
    }


def _owner(target: Any) -> frozenset[str]:
    return frozenset(s.key for link in target.chain() for s in link.steps if s.kind == "account_owner" and s.key)
