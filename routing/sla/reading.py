"""Reads clocks and policies for screens and API: chips, sums shown line by line, policies in words. Writes nothing."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.formats import date_format, time_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from leadops import access, calendars
from leadops.access import Actor
from leadops.conditions.fields import LEAD
from leadops.conditions.sentence import sentence
from leadops.conditions.validate import Invalid
from leadops.errors import NotFound
from leadops.templatetags.house import percent, said, stamp
from leadops.versions import calendars as calendar_versions
from leadops.versions import services as versions
from routing.models import Clock
from routing.sla.coverage import Gap
from routing.sla.policy import ClockRule, Policies, Rung


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a sum, in words: the local day, the stretch used or why there was none, and what is left."""

    day: str
    span: str
    seconds: float
    remaining: float
    closed: bool


def clock_for(actor: Actor, clock_id: uuid.UUID) -> Clock:
    """A clock of a lead the actor sees; else 404."""
    clock = Clock.objects.select_related("calendar", "policy", "lead__person", "rep__user").filter(pk=clock_id).first()
    if clock is None or not access.leads_visible_to(actor).filter(pk=clock.lead_id).exists():
        raise NotFound(_("There is no such clock, or it is not yours to see."))
    return clock


def calendar_of(clock: Clock) -> calendars.Calendar:
    found: calendars.Calendar = versions.compiled(clock.calendar) if clock.calendar else calendars.ALWAYS
    return found


def names_of(clock: Clock) -> dict[str, str]:
    """What the calendar and the policy of a clock are called, in the versions it was computed with."""
    found = [row for row in clock.policy.body.get("policies", ()) if row.get("key") == clock.rule]
    held = clock.calendar
    return {
        "calendar_name": calendar_versions.name_of(held.key, held.body) if held else "",
        "policy_name": (said(found[0].get("label")) if found else "") or clock.rule,
    }


def arithmetic(calendar: calendars.Calendar, start: datetime, seconds: int) -> list[Line]:
    """The working-time sum from `start`, one line a stretch, in the calendar's zone."""
    return [_line(step, calendar) for step in calendars.arithmetic(calendar, start, seconds)]


def _line(step: calendars.Step, calendar: calendars.Calendar) -> Line:
    day = date_format(step.day, "l j F Y")
    if step.start is None or step.end is None:
        return Line(day, _why(step, calendar), 0, step.remaining, True)
    span = f"{time_format(step.start.time(), 'H:i:s')} → {time_format(step.end.time(), 'H:i:s')}"
    if step.clock_change:
        span += " " + _("(the clocks change on this day)")
    return Line(day, span, step.seconds, step.remaining, False)


def _why(step: calendars.Step, calendar: calendars.Calendar) -> str:
    if step.why == "holiday":
        name = calendars.holiday_name(calendar, step.day, get_language() or "en")
        return _("closed: %(name)s") % {"name": name} if name else _("closed: public holiday")
    return {
        "weekend": _("closed: no hours on this weekday"),
        "exception": _("closed on this day"),
        "outside": _("after hours"),
    }.get(step.why, _("closed"))


def kind_words(kind: str) -> str:
    known = {"first_attempt": _("First attempt"), "acceptance": _("Acceptance"), "follow_up": _("Follow-up")}
    return known.get(kind, kind)


def rung_words(rung: Rung) -> str:
    """What a step of a ladder does, in words."""
    what = {
        "remind": _("remind the owner"),
        "breach": _("note the breach and tell the owner"),
        "escalate": _("escalate to the manager"),
        "take_away": _("take the lead away and route it again"),
    }[rung.do]
    return _("at %(percent)s%%: %(what)s") % {"percent": rung.percent, "what": what}


def calendar_words(key: str, names: Mapping[str, str]) -> str:
    known = {"rep": _("the rep’s hours"), "team": _("the team’s hours")}
    return known.get(key) or names.get(key) or calendar_versions.name_of(key, None)


def gap_words(gap: Gap) -> str:
    """Saturday 08–20: 14% of the requests."""
    day = _weekdays()[gap.weekday - 1]
    values = {"day": day, "start": f"{gap.start:02}", "end": f"{gap.end:02}", "share": percent(gap.share, 0)}
    return _("%(day)s %(start)s–%(end)s: %(share)s of the requests") % values


def _weekdays() -> list[str]:
    return [_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday")]


def condition_words(when: dict[str, Any]) -> str:
    """A condition inside a sentence; one that cannot be read says so instead of failing the page."""
    try:
        return sentence(when, LEAD, inside=True)
    except Invalid as invalid:
        return _("This condition cannot be read: %(why)s") % {"why": invalid.message}


def policies_shown(compiled: Policies, at: datetime) -> list[dict[str, Any]]:
    """Policies in order, for the page: condition as a sentence, clocks, ladders; calendars named as at a moment."""
    names = calendar_versions.names_at(at)
    return [
        {
            "key": policy.key,
            "label": policy.label,
            "sentence": sentence(policy.tree, LEAD, inside=True),
            "clocks": [_clock_shown(rule, names) for rule in policy.clocks],
        }
        for policy in compiled.rows
    ]


def _clock_shown(rule: ClockRule, names: Mapping[str, str]) -> dict[str, Any]:
    starts = _("from reception") if rule.start == "received" else _("from assignment")
    if rule.kind == "follow_up":
        starts = _("from the promised moment, or from an attempt without contact (%(n)s times at most)") % {
            "n": rule.most
        }
    return {
        "kind": rule.kind,
        "label": kind_words(rule.kind),
        "target": rule.target,
        "starts": starts,
        "calendar": calendar_words(rule.calendar, names),
        "ladder": [{"words": rung_words(r), "on": r.on, "take_away": r.do == "take_away"} for r in rule.ladder],
    }


def clocks_of(lead_id: uuid.UUID) -> list[Clock]:
    return list(Clock.objects.filter(lead=lead_id).select_related("rep__user").order_by("started_at", "kind"))


def local(at: datetime) -> str:
    return stamp(at)
