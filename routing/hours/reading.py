"""What the pages of calendars show: each in words, its closed days, who counts by it, its draft; it writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.urls import reverse
from django.utils.translation import gettext as _

from leadops import access, calendars
from leadops.access import Actor
from leadops.calendars import words
from leadops.calendars.body import WEEKDAYS
from leadops.errors import NotFound
from leadops.models import RepTerms, Team
from leadops.templatetags.house import said, stamp
from leadops.versions import calendars as held
from leadops.versions import services as versions
from leadops.versions.drafting import draft_of, may_change, newest_of
from leadops.versions.kinds import kind_of
from leadops.versions.models import Version
from routing.hours import editing
from routing.models import PoolMember

KIND = "calendar"
PAGES = {"sla": "routing:show_sla", "sequence": "nurture:show_sequence"}  # where a version that names one is read


@dataclass
class Usage:
    """Who counts by a calendar now."""

    teams: list[str] = field(default_factory=list)
    reps: list[str] = field(default_factory=list)
    pools: list[str] = field(default_factory=list)
    versions: list[dict[str, str]] = field(default_factory=list)

    @property
    def anybody(self) -> bool:
        return bool(self.teams or self.reps or self.pools or self.versions)


def usages(at: datetime) -> dict[str, Usage]:
    """Calendar key -> who counts by it, for all of them in a fixed number of statements."""
    found: dict[str, Usage] = {}
    for team in Team.objects.order_by("name"):
        found.setdefault(team.calendar, Usage()).teams.append(team.name)
    terms = RepTerms.objects.state_at(at).filter(rep__active=True).select_related("rep__user")
    by_rep = {row.rep_id: row.calendar for row in terms.order_by("rep__user__name")}
    for row in terms.order_by("rep__user__name"):
        found.setdefault(row.calendar, Usage()).reps.append(row.rep.user.name)
    for member in PoolMember.objects.state_at(at).filter(rep__in=by_rep, pool__active=True).select_related("pool"):
        pools = found[by_rep[member.rep_id]].pools
        name = said(member.pool.name) or member.pool.key
        if name not in pools:
            pools.append(name)
    return found


def _named_by(key: str, at: datetime) -> list[dict[str, str]]:
    shown = []
    for version in held.named_by(key, at):
        page = PAGES.get(version.kind, "")
        args = [version.key] if version.kind == "sequence" else []
        name = said(version.body.get("name")) or ""
        label = str(kind_of(version.kind).label)
        shown.append({"label": f"{label} · {name}" if name else label, "url": reverse(page, args=args) if page else ""})
    return shown


def usage_of(key: str, at: datetime) -> Usage:
    found = usages(at).get(key, Usage())
    found.versions = _named_by(key, at)
    return found


# -- pages ------------------------------------------------------------------------------------------------


def list_context(actor: Actor, at: datetime) -> dict[str, Any]:
    used, live = usages(at), {version.key: version for version in versions.all_at(KIND, at)}
    drafts = list(Version.objects.filter(kind=KIND, state=Version.State.DRAFT).order_by("key"))
    proposed = {row.key for row in drafts if row.reason}
    rows = [{**_row(version, used.get(key, Usage()), at), "proposed": key in proposed} for key, version in live.items()]
    return {
        "rows": sorted(rows, key=lambda row: row["name"]),
        "drafts": [{"key": row.key, "name": held.name_of(row.key, row.body)} for row in drafts if row.key not in live],
        "may_edit": access.can(actor, "edit_calendar"),
    }


def _row(version: Version, used: Usage, at: datetime) -> dict[str, Any]:
    calendar: calendars.Calendar = versions.compiled(version)
    return {
        "key": version.key,
        "version": version,
        "name": held.name_of(version.key, version.body),
        "week": words.week_words(calendar),
        "zone": calendar.zone,
        "place": words.place_words(calendar.country, calendar.subdivision) if calendar.country else "",
        "exceptions": len(calendar.exceptions),
        "now": _now(calendar, at),
        "used": used,
    }


def _now(calendar: calendars.Calendar, at: datetime) -> dict[str, Any]:
    if calendars.open_at(calendar, at):
        return {"open": True, "words": _("open now")}
    try:
        opens = calendars.next_opening(calendar, at)
    except calendars.NeverOpens:
        return {"open": False, "words": _("closed")}
    return {"open": False, "words": _("closed until %(when)s") % {"when": stamp(opens)}}


def page_context(actor: Actor, key: str, at: datetime, given: Mapping[str, Any]) -> dict[str, Any]:
    """Everything of one calendar: what holds, who counts by it, its draft when the reader may change it."""
    newest = newest_of(KIND, key)
    if newest is None:
        raise NotFound(_("There is no such calendar."))
    live, draft = versions.version_at(KIND, key, at), draft_of(KIND, key, actor.user_id)
    may_edit = access.can(actor, "edit_calendar", newest.team)
    may_publish = versions.may_publish(actor, KIND, newest.team)
    mine = draft is not None and may_edit and may_change(actor, draft)
    shown = live or (newest if not versions.check(newest) else None)
    context = {
        "key": key,
        "name": held.name_of(key, (live or newest).body),
        "live": live,
        "draft": draft,
        "editing": mine,
        "may_edit": may_edit,
        "may_publish": may_publish,
        "said": _said(shown, at) if shown else None,
        "used": usage_of(key, at),
        "versions": versions.history(KIND, key),
    }
    return {**context, **(_inputs(draft, given) if draft and mine else {}), **given}


def _said(version: Version, at: datetime) -> dict[str, Any]:
    calendar: calendars.Calendar = versions.compiled(version)
    today = at.astimezone(ZoneInfo(calendar.zone)).date()
    return {
        "week": words.week_words(calendar),
        "hours": words.week_hours(calendar),
        "zone": calendar.zone,
        "local": at.astimezone(ZoneInfo(calendar.zone)).strftime("%H:%M"),
        "now": _now(calendar, at),
        "place": words.place_words(calendar.country, calendar.subdivision) if calendar.country else "",
        "holidays": words.coming_holidays(calendar, today, 366),
        "exceptions": words.exceptions(calendar),
    }


def _inputs(draft: Version, given: Mapping[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = draft.body
    names = body.get("name")
    public = body.get("holidays") or {}
    week = body.get("week") or {}
    return {
        "body": body,
        "names": names if isinstance(names, Mapping) else {"fr": names or "", "en": names or ""},
        "zones": sorted(available_timezones()),
        "days": [
            {"key": day, "label": label, "spans": editing.rows(week.get(day))}
            for day, label in zip(WEEKDAYS, words.weekday_names(), strict=True)
        ],
        "countries": words.countries(),
        "country": public.get("country") or "",
        "subdivisions": words.subdivisions(public.get("country") or ""),
        "subdivision": public.get("subdivision") or "",
        "exceptions": editing.exception_rows(body, given.get("spare", 1)),
        "faults": [fault_words(path, str(message), body) for path, message in versions.check(draft)],
        "changes": changes(draft),
    }


def changes(draft: Version) -> dict[str, list[str]]:
    """The lines a draft adds and takes out, against what it was made from."""
    before = _lines(draft.based_on) if draft.based_on else []
    after = [] if versions.check(draft) else _lines(draft)
    if not after:
        return {"adds": [], "drops": []}
    return {
        "adds": [line for line in after if line not in before],
        "drops": [line for line in before if line not in after],
    }


def _lines(version: Version) -> list[str]:
    calendar: calendars.Calendar = versions.compiled(version)
    named = [held.name_of(version.key, version.body), calendar.zone]
    place = [words.place_words(calendar.country, calendar.subdivision)] if calendar.country else []
    week = zip(words.weekday_names(), calendar.week, strict=True)
    days = [_("%(days)s: %(hours)s") % {"days": day, "hours": words.hours_words(hours)} for day, hours in week]
    odd = [f"{row.day.isoformat()} {row.name} {row.hours}" for row in words.exceptions(calendar)]
    return [*named, *place, *days, *odd]


def fault_words(path: str, message: str, body: Mapping[str, Any]) -> str:
    """A fault with the part of the page it belongs to instead of its path."""
    parts = path.split(".")
    if parts[0] == "week" and len(parts) > 1 and parts[1] in WEEKDAYS:
        where = words.weekday_names()[WEEKDAYS.index(parts[1])]
    elif parts[0] == "exceptions" and len(parts) > 1 and parts[1].isdigit():
        rows = body.get("exceptions") or []
        at = int(parts[1])
        where = str(rows[at].get("day", "")) if at < len(rows) else _("Exceptions")
    else:
        known = {"zone": _("Time zone"), "holidays": _("Public holidays"), "name": _("Name"), "week": _("Week")}
        where = known.get(parts[0], "")
    return _("%(where)s: %(fault)s") % {"where": where, "fault": message} if where else message


def coming(calendar: calendars.Calendar, at: datetime, days: int) -> list[words.ClosedDay]:
    """Closed days of the time ahead, for the API."""
    today = at.astimezone(ZoneInfo(calendar.zone)).date()
    odd = [row for row in words.exceptions(calendar) if today <= row.day < today + timedelta(days=days)]
    return sorted([*words.coming_holidays(calendar, today, days), *odd], key=lambda row: row.day)
