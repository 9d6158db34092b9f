"""A rep is switched off with all they hold: leads planned to move, pools left, accounts given on; and back within a day.

It opens no transaction: the leads then move in units of their own (`handover`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from leadops import access
from leadops.errors import NotFound, Refused
from leadops.journal import Kind
from leadops.models import Account, AccountOwner, Rep
from leadops.unit import Unit
from routing import reassigning, selectors, services, staff
from routing.models import Departure, PoolMember, ReassignedLead
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
    plan = reassigning.plan(leads, wish.leads, WHY, unit)[0] if leads else None
    owned = accounts_of(rep, unit.at)
    if owned:
        access.require(unit.actor, "own_account", rep)
    for row in owned:
        staff.own_account(row.account, wish.accounts_to, unit)
    return Departure.objects.create(
        rep=rep, by_id=unit.actor.user_id, at=unit.at, plan=plan, accounts=len(owned), accounts_to=wish.accounts_to
    )


def may_undo(made: Departure, at: datetime) -> bool:
    return made.undone_at is None and at <= made.at + UNDO


def come_back(made: Departure, unit: Unit) -> None:
    """As it was before: the rep receives, in the same pools with the same weight, and owns what nobody gave on since."""
    made = Departure.objects.select_for_update(of=("self",)).select_related("rep").get(pk=made.pk)
    access.require(unit.actor, "deactivate_rep", made.rep)
    if not may_undo(made, unit.at):
        raise Refused("too-late", _("A departure is taken back within 24 hours, once."), status=409)
    Rep.objects.filter(pk=made.rep_id).update(active=True, ended_at=None)
    made.rep.active, made.rep.ended_at = True, None
    _pools_again(made, unit)
    _accounts_again(made, unit)
    made.undone_at = unit.at
    made.save(update_fields=["undone_at"])
    said = {"table": "rep", "row": str(made.rep_id), "fields": ["active"], "new": False}
    unit.record(Kind.SETTING_CHANGED, data=said)


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
