"""What the lead page shows, put together from rows; decides nothing and writes nothing."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from capture.fields import custom
from capture.selectors import names_of
from capture.words import language_name
from leadops import access, moment
from leadops.access import WHOLE_HOUSE, Actor
from leadops.conditions.kinds import Unreadable
from leadops.conditions.sentence import value_words
from leadops.desk import forms, selectors
from leadops.desk.rows import band_of, chip_of, clocks_of, reason_words
from leadops.desk.timeline import events_of, held_words
from leadops.errors import Refused
from leadops.industries import industry_words
from leadops.journal import JournalEntry, Kind
from leadops.lifecycle import FORWARD
from leadops.models import AttributeDef, Lead, Role, Stage
from leadops.templatetags.house import country, number, said, stamp
from leadops.work import Work

VERBS = (
    "accept",
    "log_attempt",
    "note",
    "snooze",
    "hand_back",
    "set_status",
    "disqualify",
    "recycle",
    "qualify",
    "open_opportunity",
    "assign",
    "update_lead",
    "claim",
)


def stages_of(lead: Lead) -> list[dict[str, Any]]:
    """The stepper: stages passed, the present one, those to come; an end takes the place of the rest."""
    moves = JournalEntry.objects.filter(lead=lead, kind=Kind.STAGE_MOVED).order_by("id").values_list("data", "at")
    entered = {data["to"]: at for data, at in moves} | {"new": lead.received_at}
    if lead.stage in FORWARD:
        place = FORWARD.index(lead.stage)
        steps = [
            (stage, "done" if i < place else "current" if i == place else "todo") for i, stage in enumerate(FORWARD)
        ]
    else:
        passed = [stage for stage in FORWARD if stage in entered]
        steps = [(stage, "done") for stage in passed] + [(lead.stage, "current")]
    return [
        {"label": Stage(s).label, "state": state, "at": entered.get(s) if state != "todo" else None}
        for s, state in steps
    ]


def masked_name(lead: Lead) -> str:
    """Initials and company for readers without contact rights."""
    return initials(lead.person.name)


def display_name(lead: Lead, actor: Actor) -> str:
    """What this reader may call the person."""
    return masked_name(lead) if access.masks_contacts(actor) else str(lead.person)


def initials(name: str) -> str:
    letters = ". ".join(part[0].upper() for part in name.split() if part)
    return f"{letters}." if letters else "—"


def context(lead: Lead, actor: Actor, at: datetime, tab: str) -> dict[str, Any]:
    """Everything but the panels."""
    masked = access.masks_contacts(actor)
    running, met = clocks_of([lead])
    clock = running.get(lead.pk) or met.get(lead.pk)
    near = selectors.neighbours(actor, lead, tab) if actor.has(Role.REP) else selectors.Near()
    events, older = events_of(lead, None, masked)
    status_form = forms.StatusForm(initial={"status": lead.status})
    return {
        "lead": lead,
        "masked": masked,
        "display_name": display_name(lead, actor),
        "chip": chip_of(clock, at) if clock else None,
        "stages": stages_of(lead),
        "status_label": dict(status_form.fields["status"].choices).get(lead.status, lead.status),  # type: ignore[attr-defined]
        "status_form": status_form,
        "held_words": held_words(lead.held) if lead.held else "",
        "stalled": getattr(lead, "stalled", None),
        "events": events,
        "older_url": older_url(lead, older),
        "previous": near.before,
        "next": near.after,
        "place": near.place,
        "places": near.of,
        "is_rep": actor.has(Role.REP),
        "actor_id": actor.user_id,
        "tab": tab,
        "may": rights(lead, actor),
        "can_accept": lead.owner_id == actor.user_id and lead.accepted_at is None and lead.is_open,
        "self_url": f"{reverse('desk:show_lead', args=[lead.pk])}?tab={tab}",
        "next_action": next_action(lead) if not masked else None,
        "facts": facts_of(lead, masked),
        "band": band_of(lead.band),
        "origin": names_of([lead.source], [lead.campaign]).of(lead.source, lead.campaign),
    }


def facts_of(lead: Lead, masked: bool) -> list[dict[str, str]]:
    """Who asks, as rules read it; an unknown fact is shown as unknown. Town and custom attributes only to who may read contacts."""
    town = "" if masked else " ".join(part for part in (lead.postcode, lead.city) if part)
    place = [town, lead.region if not town else "", country(lead.country) if lead.country else ""]
    facts = [
        {"label": _("Industry"), "value": industry_words(lead.industry)},
        {"label": _("Employees"), "value": number(lead.employees)},
        {"label": pgettext("address", "Place"), "value": ", ".join(part for part in place if part)},
        {"label": _("Language"), "value": capfirst(language_name(lead.language)) if lead.language else ""},
    ]
    return facts if masked or not lead.attributes else facts + _attributes(lead.attributes)


def _attributes(given: dict[str, Any]) -> list[dict[str, str]]:
    """Custom fields with their labels, those that hold something."""
    rows = AttributeDef.objects.filter(owner=AttributeDef.Owner.LEAD, key__in=given).order_by("key")
    return [{"label": said(row.labels) or row.key, "value": _own_words(row, given[row.key])} for row in rows]


def _own_words(row: AttributeDef, value: Any) -> str:
    """A value as people say it; a text, and what does not fit the kind, as it came."""
    if row.kind == "text":
        return str(value)
    field = custom(row)
    try:
        read = value if field.choices else field.typed.read_fact(value)
    except Unreadable:
        return str(value)
    return str(capfirst(value_words(field, read)))


def next_action(lead: Lead) -> dict[str, Any] | None:
    """What to do next, as the queue has it: the reason, when it is due, until when it sleeps."""
    work = Work.objects.filter(lead=lead).first()
    if work is None:
        return None
    return {
        "words": reason_words(work.reason),
        "due_at": work.due_at,
        "wakes_at": work.wakes_at,
        "waiting": work.waiting_on == Work.Waiting.PROSPECT,
    }


def rights(lead: Lead, actor: Actor) -> dict[str, bool]:
    """Which verbs to offer: a closed lead takes notes only."""
    may = {verb: access.can(actor, verb, lead) and (lead.is_open or verb == "note") for verb in VERBS}
    may |= {
        "route_again": may["assign"] and lead.owner_id is None,
        "reopen": lead.stage == Stage.RECYCLED and access.can(actor, "set_status", lead),
    }
    absence = lead.owner is not None and access.can(actor, "deactivate_rep", lead.owner)
    personal = access.can(actor, "export_person", WHOLE_HOUSE)
    return may | {"any": any(may.values()), "set_absence": absence, "personal": personal}


def older_url(lead: Lead, older: datetime | None) -> str:
    if older is None:
        return ""
    stamp = older.isoformat().replace("+00:00", "Z")
    return f"{reverse('desk:timeline', args=[lead.pk])}?before={stamp}"


def instant_of(said: str) -> datetime | None:
    """The moment a page of older events begins at; what cannot be read is refused, not ignored."""
    try:
        found = parse_datetime(said) if said else None
    except ValueError:
        found = None
    if said and (found is None or found.tzinfo is None or not moment.can_be_kept(found)):
        raise Refused("unreadable-moment", _("`before` is a moment with its offset, as `older` gave it."), status=400)
    return found and found.astimezone(UTC)  # a database knows fewer zones than ISO 8601


def tomorrow_at_nine(at: datetime) -> datetime:
    """The usual snooze: the reader's next morning."""
    day = localtime(at).date() + timedelta(days=1)
    return datetime.combine(day, time(9), tzinfo=timezone.get_current_timezone())


def order_words(lead: Lead, at: datetime) -> list[str]:
    """Why the lead stands where it stands in the queue."""
    work = Work.objects.filter(lead=lead).first()
    if work is None:
        return [_("It is not in a queue: the lead is closed.")]
    lines = []
    if work.wakes_at:
        lines.append(_("Snoozed until %(moment)s.") % {"moment": stamp(work.wakes_at)})
    if work.due_at:
        lines.append(
            _("First by what is due: %(reason)s at %(moment)s.")
            % {"reason": reason_words(work.reason), "moment": stamp(work.due_at)}
        )
    else:
        lines.append(_("Nothing is due: it comes after the rows with a deadline."))
    lines.append(_("Then by score: %(score)s.") % {"score": lead.score})
    return lines
