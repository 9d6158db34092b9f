"""A rep is switched off with all they hold: leads planned to move, pools left, accounts given on; and back within a day.

It opens no transaction: the leads then move in units of their own (`move_on`).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from leadops import access
from leadops.errors import NotFound, Refused
from leadops.journal import Kind
from leadops.models import IS_OPEN, Account, AccountOwner, Lead, Rep
from leadops.unit import Unit
from routing import reassigning, selectors, services, staff, taking_back
from routing.models import Departure, PoolMember, ReassignedLead, Reassignment
from routing.reps import look_again

UNDO = timedelta(hours=24)
WHY = "rep_deactivated"


@dataclass(frozen=True, slots=True)
class Wish:
    """Where the open leads go (`rules`, `pool:<key>`, `rep:<id>`), and who owns the accounts from now on."""

    leads: str = reassigning.RULES
    accounts_to: Rep | None = None


def pools_of(rep: Rep, at: datetime) -> list[PoolMember]:
    """Where the rep takes turns now."""
    return list(PoolMember.objects.filter(rep=rep).state_at(at).select_related("pool").order_by("pool__key"))


def accounts_of(rep: Rep, at: datetime) -> list[AccountOwner]:
    """The accounts the rep owns now."""
    return list(AccountOwner.objects.filter(rep=rep).state_at(at).select_related("account").order_by("account__name"))


def pools_left(made: Departure) -> list[PoolMember]:
    """The rep's places in pools that ended with the departure."""
    rows = PoolMember.objects.filter(rep=made.rep, valid_to=made.at, known_to__isnull=True)
    return list(rows.select_related("pool").order_by("pool__key"))


def foresee(rep: Rep, wish: Wish, unit: Unit) -> Sequence[ReassignedLead]:
    """Who would get which lead; nothing changes."""
    access.require(unit.actor, "deactivate_rep", rep)
    leads = list(selectors.open_leads_of(rep)[: reassigning.MOST])
    return reassigning.plan(leads, wish.leads, WHY, unit, keep=False)[1] if leads else []


def leave(rep: Rep, wish: Wish, unit: Unit) -> Departure:
    """Nothing more comes to the rep; their accounts change hands now, their leads are planned to."""
    leads = list(selectors.open_leads_of(rep)[: reassigning.MOST])
    services.deactivate_rep(rep, unit)
    plan = _plan(leads, wish, unit)
    owned = accounts_of(rep, unit.at)
    if owned:
        access.require(unit.actor, "own_account", rep)
    for row in owned:
        staff.own_account(row.account, wish.accounts_to, unit)
    return Departure.objects.create(
        rep=rep, by_id=unit.actor.user_id, at=unit.at, plan=plan, accounts=len(owned), accounts_to=wish.accounts_to
    )


def _plan(leads: Sequence[Lead], wish: Wish, unit: Unit) -> Reassignment | None:
    """What `move_on` follows; without one the leads go by the rules all the same, so those keep nobody from leaving."""
    if not leads:
        return None
    try:
        made, _rows = reassigning.plan(leads, wish.leads, WHY, unit)
    except Refused:
        if wish.leads != reassigning.RULES:
            raise
        return None
    made.started_at = unit.at
    made.save(update_fields=["started_at"])
    return made


# -- the leads, many a unit, by whoever comes first: the person's own request or the ticker ---------------


def move_on(lead_ids: Sequence[uuid.UUID], unit: Unit) -> int:
    """Leads of reps who receive nothing any more go where their departure sends them, and without one by the rules."""
    leads = unit.leads(lead_ids)
    owners = {lead.owner_id for lead in leads if lead.owner_id}  # read anew: a joined owner is from before a wait
    gone = set(Rep.objects.filter(pk__in=owners, active=False).values_list("pk", flat=True))
    leads = [lead for lead in leads if lead.owner_id in gone]
    moved: set[uuid.UUID] = set()
    for made in Departure.objects.filter(rep__in=gone, undone_at__isnull=True, plan__isnull=False).order_by("at"):
        rows = _rows_of(made, [lead for lead in leads if lead.owner_id == made.rep_id])
        moved.update(lead.pk for lead in _as_wished(made, rows, unit))
    services.take_away([lead for lead in leads if lead.pk not in moved and lead.owner_id in gone], unit, WHY)
    return len(leads)


def _rows_of(made: Departure, leads: Sequence[Lead]) -> list[ReassignedLead]:
    """What the plan says of these leads and is not done; while it runs, leads it does not know yet are added to it."""
    plan = made.plan
    if plan is None or not leads:
        return []
    known = {row.lead_id: row for row in plan.rows.filter(lead__in=leads)}
    new = [
        ReassignedLead(reassignment=plan, lead=lead, before_id=lead.owner_id, held=lead.held, pool=lead.pool)
        for lead in leads
        if plan.done_at is None and lead.pk not in known
    ]
    return [row for row in known.values() if not row.result] + ReassignedLead.objects.bulk_create(new)


def _as_wished(made: Departure, rows: Sequence[ReassignedLead], unit: Unit) -> list[Lead]:
    if made.plan is None or not rows:
        return []
    try:
        where = reassigning.destination(made.plan.destination)
    except Refused:  # who was chosen is gone, too
        where = reassigning.destination(reassigning.RULES)
    return reassigning.settle(rows, where, made.plan, unit)


def finish(made: Departure, unit: Unit) -> None:
    """Nothing is on its way any more: rows of leads that others closed or took say so, and the reps are told once."""
    if made.plan_id is None or selectors.leads_left_behind(1, made.rep_id):
        return
    plan = reassigning.locked(made.plan_id)
    rows = plan.rows.filter(result="")
    rows.exclude(lead__in=Lead.objects.filter(IS_OPEN)).update(result=ReassignedLead.Result.CLOSED)
    rows.exclude(lead__owner=made.rep_id).update(result=ReassignedLead.Result.CHANGED)
    reassigning.finish(plan, unit)


# -- the way back ----------------------------------------------------------------------------------------


def may_undo(made: Departure, at: datetime) -> bool:
    return made.undone_at is None and at <= made.at + UNDO


def come_back(made: Departure, unit: Unit) -> None:
    """As it was before: the rep receives, in the same pools with the same weight, and has what nobody touched since."""
    made = Departure.objects.select_for_update(of=("self",)).select_related("rep__user").get(pk=made.pk)
    access.require(unit.actor, "deactivate_rep", made.rep)
    if not may_undo(made, unit.at):
        raise Refused("too-late", _("A departure is taken back within 24 hours, once."), status=409)
    if not made.rep.user.is_active:
        raise Refused("user-inactive", _("This user is not active."), status=409)
    plan = reassigning.locked(made.plan_id) if made.plan_id else None
    if plan is not None:
        if plan.done_at is None:
            raise Refused("still-moving", _("The leads are still on their way. Try again in a moment."), status=409)
        unit.leads(plan.rows.filter(result__in=taking_back.GIVEN).values_list("lead", flat=True))  # leads before reps
    Rep.objects.filter(pk=made.rep_id).update(active=True, ended_at=None)
    made.rep.active, made.rep.ended_at = True, None
    _pools_again(made, unit)
    _accounts_again(made, unit)
    made.undone_at = unit.at
    made.save(update_fields=["undone_at"])
    said = {"table": "rep", "row": str(made.rep_id), "fields": ["active"], "new": False}
    unit.record(Kind.SETTING_CHANGED, data=said)
    while plan is not None and plan.undone_at is None and taking_back.give_back(plan, unit):
        pass


def _pools_again(made: Departure, unit: Unit) -> None:
    again = [row for row in pools_left(made) if row.pool.active]
    for row in again:
        PoolMember.objects.change(
            identity={"pool": row.pool, "rep": made.rep},
            values={"weight": row.weight},
            valid_from=unit.at,
            known_at=unit.at,
        )
    look_again(unit, pools=[row.pool.key for row in again])


def _accounts_again(made: Departure, unit: Unit) -> None:
    """Those that are still with whom the departure gave them to."""
    given = AccountOwner.objects.filter(rep=made.rep, valid_to=made.at, known_to__isnull=True)
    for account in Account.objects.filter(pk__in=given.values("account")).order_by("pk"):
        present = staff.owner_at(account, unit.at)
        untouched = present.valid_from == made.at if present else made.accounts_to_id is None
        if untouched:
            staff.own_account(account, made.rep, unit)


def departure_of(rep: Rep) -> Departure | None:
    """The last time this rep was switched off."""
    return Departure.objects.filter(rep=rep).select_related("plan", "accounts_to__user", "by").order_by("-at").first()


def departure_to_undo(rep: Rep, at: datetime) -> Departure:
    made = departure_of(rep)
    if made is None or not may_undo(made, at):
        raise NotFound(_("There is no departure of this rep to take back."), code="no-departure")
    return made
