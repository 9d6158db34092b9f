"""Leads put into a sequence together: plan who enters and who does not, confirm, carry out in chunks, take back.

The plan asks the same questions as one enrolment does, and they are asked again when a lead enters. It sends nothing and
opens no transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from leadops import access
from leadops.access import Actor, actor_of
from leadops.effects import plan as effects
from leadops.errors import Conflict, NotFound, Refused
from leadops.models import Lead
from leadops.stalled import is_apart
from leadops.unit import Unit
from leadops.versions import services as versions
from leadops.versions.models import Version
from nurture import eligibility, services, waiting
from nurture.models import LIVE, Enrolment, GroupEnrolment, GroupMember, StepDone

DOOR = "group enrolments"
CHUNK = 200
MOST = 5000
UNDO = timedelta(days=7)
NOTICE = "group_enrolled"
Result = GroupMember.Result


def plan(leads: Sequence[Lead], key: str, unit: Unit, *, keep: bool = True) -> tuple[GroupEnrolment, list[GroupMember]]:
    """Who would enter, and who would not with the reason; nobody enters. `keep` false stores nothing (a dry run)."""
    access.require(unit.actor, "enrol")
    version = versions.in_force("sequence", key, unit)
    if version is None:
        raise NotFound(_("There is no published sequence of this name."), code="no-such-sequence")
    if not leads:
        raise Refused("nobody", _("Choose at least one lead."))
    if len(leads) > MOST:
        raise Refused("too-many", _("At most %(n)s leads are enrolled at once.") % {"n": MOST}, most=MOST)
    if unit.actor.user_id is None:
        raise Refused("not-allowed", _("Only a person enrols leads together."), status=403)
    made = GroupEnrolment(by_id=unit.actor.user_id, sequence=key, planned_at=unit.at)
    kept_out = _kept_out(leads, version, unit)
    willing = [lead for lead in leads if lead.pk not in kept_out]
    waits = waiting.not_before(willing, waiting.cap_in_force(unit), unit.at, planned=True)
    members = [
        GroupMember(
            group=made, lead=lead, why=kept_out.get(lead.pk, ""), waits=waits[lead.pk][1] if lead.pk in waits else ""
        )
        for lead in sorted(leads, key=lambda lead: lead.pk)
    ]
    if keep:
        made.save(force_insert=True)
        GroupMember.objects.bulk_create(members)
    return made, members


def _kept_out(leads: Sequence[Lead], version: Version, unit: Unit) -> dict[uuid.UUID, str]:
    found = {lead.pk: "not_yours" for lead in leads if not access.can(unit.actor, "enrol", lead)}
    mine = [lead for lead in leads if lead.pk not in found]
    return found | eligibility.excluded(mine, versions.compiled(version), unit.pending(Enrolment))


# -- what a person asks for ----------------------------------------------------------------------------


def visible_to(actor: Actor) -> QuerySet[GroupEnrolment]:
    """One's own, and all of them for who edits sequences; newest first."""
    access.require(actor, "enrol")
    rows = GroupEnrolment.objects.select_related("by").order_by("-id")
    return rows if access.can(actor, "edit_sequences") else rows.filter(by=actor.user_id)


def _locked(group_id: uuid.UUID, unit: Unit) -> GroupEnrolment:
    row = visible_to(unit.actor).select_for_update(of=("self",)).filter(pk=group_id).first()
    if row is None:
        raise NotFound(_("There is no such group."))
    return row


def confirm(group_id: uuid.UUID, unit: Unit) -> GroupEnrolment:
    """Let the group enter, in the background; confirmed again, nothing changes."""
    row = _locked(group_id, unit)
    if row.by_id != unit.actor.user_id:
        raise Refused("not-allowed", _("Who planned a group confirms it."), status=403)
    if row.confirmed_at is None:
        row.confirmed_at = unit.at
        row.save(update_fields=["confirmed_at"])
        unit.wake("due")
    return row


def may_undo(row: GroupEnrolment, at: datetime) -> bool:
    return row.done_at is not None and row.undo_at is None and at <= row.done_at + UNDO


def undo(group_id: uuid.UUID, unit: Unit) -> GroupEnrolment:
    """Take everybody out again who is still in, in the background; mails that left stay what they are."""
    row = _locked(group_id, unit)
    if not may_undo(row, unit.at):
        raise Conflict("too-late", _("A group is taken back once, within seven days after it entered."))
    row.undo_at = unit.at
    row.save(update_fields=["undo_at"])
    unit.wake("due")
    return row


# -- in the background ---------------------------------------------------------------------------------


def at_work() -> QuerySet[GroupEnrolment]:
    """Groups on their way in or out, in order."""
    entering, leaving = (
        Q(confirmed_at__isnull=False, done_at__isnull=True),
        Q(undo_at__isnull=False, undone_at__isnull=True),
    )
    return GroupEnrolment.objects.filter(entering | leaving).order_by("id")


def next_at(at: datetime) -> datetime | None:
    return at if at_work().exists() else None


def _open(rows: QuerySet[GroupMember]) -> QuerySet[GroupMember]:
    """Members with something left to do: to enter, or to be taken back."""
    entering = Q(result="", group__confirmed_at__isnull=False, group__undo_at__isnull=True)
    leaving = Q(result=Result.ENTERED, group__undo_at__isnull=False)
    return rows.filter(entering | leaving)


def due_leads(group: GroupEnrolment) -> list[uuid.UUID]:
    """The next leads of a group, but for those a fault has set apart."""
    rows = _open(GroupMember.objects.filter(~is_apart(DOOR, "lead_id"), group=group)).order_by("lead")
    return list(rows.values_list("lead_id", flat=True)[:CHUNK])


def carry_out(lead_ids: Sequence[uuid.UUID], unit: Unit) -> int:
    """Do what is due for these leads, under the rights of who asked; harmless when done twice."""
    unit.leads(lead_ids)
    rows = GroupMember.objects.select_for_update(of=("self",)).select_related("group__by")
    todo = list(_open(rows.filter(lead__in=lead_ids)).order_by("group", "lead"))
    by_group: dict[GroupEnrolment, list[GroupMember]] = {}
    for row in todo:
        by_group.setdefault(row.group, []).append(row)
    for group, members in by_group.items():
        entering = [row for row in members if not row.result]
        leaving = [(row, row.enrolment_id) for row in members if row.result and row.enrolment_id]
        with unit.acting(actor_of(group.by)):
            _enter(entering, group.sequence, unit)
            _take_out(leaving, unit)
    GroupMember.objects.bulk_update(todo, ["result", "why", "enrolment"])
    return len(todo)


def _enter(members: Sequence[GroupMember], key: str, unit: Unit) -> None:
    """Those nothing speaks against now; what spoke against one in the preview and does no more does not let it in."""
    wanted = {row.lead_id: row for row in members if not row.why}
    version = versions.in_force("sequence", key, unit) if wanted else None
    leads = unit.leads(wanted)
    mine = [lead for lead in leads if access.can(unit.actor, "enrol", lead)]
    done = services.enrol(mine, key, unit) if version and mine else services.Enrolled()
    entered = {row.lead_id: row for row in done.rows}
    otherwise = "not_yours" if version else "no_sequence"
    for row in members:
        row.enrolment = entered.get(row.lead_id)
        row.result = Result.ENTERED if row.enrolment else Result.KEPT_OUT
        if not row.enrolment:
            row.why = row.why or done.excluded.get(row.lead_id, otherwise)


def _take_out(members: Sequence[tuple[GroupMember, uuid.UUID]], unit: Unit) -> None:
    rows = Enrolment.objects.select_for_update(of=("self",)).select_related("version")
    letters = StepDone.objects.filter(enrolment=OuterRef("pk"), effect__state__in=waiting.LEFT)
    found = {row.pk: row for row in rows.filter(pk__in=[key for _row, key in members])}
    written = set(Enrolment.objects.filter(Exists(letters), pk__in=found).values_list("pk", flat=True))
    ended = []
    for member, key in members:
        row = found[key]
        if row.state not in LIVE:
            member.result = Result.ENDED
            continue
        services.end(row, Enrolment.State.EXITED, "undone", unit)
        ended.append(row)
        member.result = Result.STOPPED if key in written else Result.UNDONE
    services.write(ended, unit)


def finish(group_id: uuid.UUID, unit: Unit) -> None:
    """Once no member is left to move: the group has entered, or is taken back; its maker is told once of the first."""
    row = GroupEnrolment.objects.select_for_update().get(pk=group_id)
    if row.done_at is None:
        row.done_at = unit.at
        count = row.members.filter(result=Result.ENTERED).count()
        data = {"count": count, "bad": row.members.filter(result=Result.KEPT_OUT).count(), "group": str(row.pk)}
        effects.notice(unit, user_id=row.by_id, key=f"{NOTICE}:{row.pk}", kind=NOTICE, lead=None, data=data)
    elif row.undo_at is not None and row.undone_at is None:
        row.undone_at = unit.at
    row.save(update_fields=["done_at", "undone_at"])
