"""Reps who are away or leave: absences in two times, deactivation, and what becomes of the leads they hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from leadops import access
from leadops.access import Actor
from leadops.errors import NotFound, Refused
from leadops.journal import Kind
from leadops.models import Absence, Lead, Rep
from leadops.unit import Unit
from leadops.versions import services as versions
from routing import assignments, deciding, selectors, telling
from routing.match import Ruleset
from routing.models import PoolMember


def look_again(unit: Unit, *, pools: Iterable[str] | None = None, held: str | None = None) -> None:
    """Somebody became able to take leads: what waits is due at once."""
    rows = selectors.held()
    rows = rows if pools is None else rows.filter(pool__in=set(pools))
    rows = rows if held is None else rows.filter(held=held)
    if rows.update(held_until=unit.at):
        unit.wake("due")


def take_away(leads: Sequence[Lead], unit: Unit, reason: str, *, give_back: bool = False) -> None:
    """Take leads from their reps (a breach, a departure): phase `route` finds somebody else.

    `give_back`: through no fault of theirs, so their turns are given back.
    """
    owned = [lead for lead in unit.leads([lead.pk for lead in leads]) if lead.owner_id is not None and lead.is_open]
    if not owned:
        return
    before = {lead.pk: lead.owner_id for lead in owned}
    taken = assignments.end(owned, unit, reason)
    if give_back:
        assignments.give_back(taken.values(), unit)
    for lead in owned:
        assignments.hold(lead, "", unit, pool=lead.pool)
        lead.held_at = None
        unit.record(Kind.TAKEN_AWAY, lead, data={"rep": str(before[lead.pk]), "reason": reason})
    assignments.write_leads(owned, before, unit)
    if reason != "rep_deactivated":
        telling.taken_away({lead.pk: lead for lead in owned}, {k: v for k, v in before.items() if v}, reason, unit)
    unit.wake("inbox", *before.values())


def rules_naming_only(rep: Rep, at: datetime) -> list[str]:
    """Keys of live rules that know nobody but this rep, by name or through a pool of one."""
    version = versions.version_at("ruleset", deciding.HOUSE, at)
    if version is None:
        return []
    ruleset: Ruleset = versions.compiled(version)
    mine, alone = {str(rep.pk), rep.user.email}, selectors.lonely_pools(rep, at)
    only = []
    for rule in ruleset.rules:
        named = [s for s in rule.steps if s.kind in ("rep", "pool", "claim")]
        if named and all(s.key.lower() in mine if s.kind == "rep" else s.key in alone for s in named):
            only.append(rule.key)
    return only


def deactivate_rep(rep: Rep, unit: Unit) -> None:
    """From the commit on nobody gives this rep a lead; `leaving.move_on` then moves theirs, in units of its own."""
    access.require(unit.actor, "deactivate_rep", rep)
    rules = rules_naming_only(rep, unit.at)
    if rules:
        raise Refused(
            "rules-name-rep",
            _("Rules in force know only this rep: %(rules)s. Change them first.") % {"rules": ", ".join(rules)},
            status=409,
            rules=rules,
        )
    if not Rep.objects.filter(pk=rep.pk, active=True).update(active=False, ended_at=unit.at):
        raise Refused("rep-inactive", _("This rep receives no more leads."), status=409)
    rep.active, rep.ended_at = False, unit.at
    for row in PoolMember.objects.filter(rep=rep).overlapping(unit.at, None):
        PoolMember.objects.change(
            identity={"pool": row.pool, "rep": rep}, values=None, valid_from=unit.at, known_at=unit.at
        )
    unit.record(Kind.REP_DEACTIVATED, data={"rep": str(rep.pk), "leads": selectors.open_leads_of(rep).count()})
    unit.wake("due")


def set_absence(rep: Rep, start: datetime, end: datetime | None, kind: str, unit: Unit) -> Absence:
    """The rep receives nothing in [start, end); what was known before stays on record."""
    _require_absence(rep, unit.actor)
    if end is not None and end <= start:
        raise Refused("bad-span", _("An absence ends after it begins."))
    if kind not in Absence.Kind.values:
        raise Refused("unknown-kind", _("There is no such kind of absence."))
    row: Absence = Absence.objects.change(
        identity={"rep": rep},
        values={"kind": kind, "by_id": unit.actor.user_id},
        valid_from=start,
        valid_to=end,
        known_at=unit.at,
    )
    until = end.isoformat() if end else None
    unit.record(Kind.REP_ABSENT, data={"rep": str(rep.pk), "from": start.isoformat(), "to": until, "kind": kind})
    return row


def end_absence(rep: Rep, unit: Unit) -> None:
    """The rep is back now: the present absence is cut, later ones stay; what waits for their pools is looked at again."""
    _require_absence(rep, unit.actor)
    present = Absence.objects.filter(rep=rep).state_at(unit.at).first()
    if present is not None:
        Absence.objects.change(
            identity={"rep": rep}, values=None, valid_from=unit.at, valid_to=present.valid_to, known_at=unit.at
        )
    unit.record(Kind.REP_ABSENT, data={"rep": str(rep.pk), "from": None, "to": unit.at.isoformat(), "kind": "back"})
    look_again(unit)


def cancel_absence(rep: Rep, absence_id: int, unit: Unit) -> None:
    """An absence now or to come does not take place (any more); what was known before stays on record."""
    _require_absence(rep, unit.actor)
    row = Absence.objects.filter(rep=rep, pk=absence_id).overlapping(unit.at, None).first()
    if row is None:
        raise NotFound(_("There is no such absence now or to come."))
    start = max(row.valid_from, unit.at)
    Absence.objects.change(
        identity={"rep": rep}, values=None, valid_from=start, valid_to=row.valid_to, known_at=unit.at
    )
    unit.record(Kind.REP_ABSENT, data={"rep": str(rep.pk), "from": None, "to": start.isoformat(), "kind": "cancelled"})
    look_again(unit)


def _require_absence(rep: Rep, actor: Actor) -> None:
    if actor.user_id != rep.pk and not access.can(actor, "deactivate_rep", rep):
        raise Refused("not-allowed", _("Your role does not allow this."), status=403, verb="set_absence")
    access.require(actor, "set_absence")
