"""What the desk shows: the queue of a rep, lists of leads, notices. Reads only; every query starts from `access`."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from django.core import signing
from django.db import connection
from django.db.models import F, Q, QuerySet
from django.db.models.lookups import StartsWith
from django.utils.timezone import localtime

from leadops import access
from leadops.access import Actor
from leadops.cohorts import FIVE_MINUTES
from leadops.desk import lines
from leadops.desk.lines import Line
from leadops.effects.models import Notice
from leadops.journal import Kind
from leadops.models import Absence, Lead, Task
from leadops.models.columns import LastWord
from leadops.stalled import is_apart
from leadops.work import Work

PAGE = 25
SHOWN_FIRST = 5  # newcomers the reader asked to see, above the queue's order
TABS = ("now", "snoozed", "waiting", "all")
MANY = 500  # first attempts of one rep in one day
HANDLED = (Kind.ATTEMPTED, Kind.CONVERSED, Kind.HANDED_BACK, Kind.NOTED, Kind.STAGE_MOVED, Kind.OPPORTUNITY_OPENED)
MOST_FOUND = 1000  # leads a search names; with more it reads the newest until it has a page
MOST = 100  # counts are capped: "99+"


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[Line]
    after: str


def work_of(actor: Actor, tab: str) -> QuerySet[Work]:
    """The actor's own queue rows of a tab, in working order: due first, then band, then heat."""
    rows = Work.objects.filter(owner=actor.user_id) if actor.user_id else Work.objects.none()  # "nobody" owns no queue
    if tab == "now":
        rows = rows.filter(wakes_at__isnull=True, waiting_on=Work.Waiting.US)
    elif tab == "snoozed":
        return rows.filter(wakes_at__isnull=False).order_by("wakes_at", "lead")
    elif tab == "waiting":
        rows = rows.filter(wakes_at__isnull=True, waiting_on=Work.Waiting.PROSPECT)
    return rows.order_by(F("due_at").asc(nulls_last=True), "-score_band", "-heat", "lead")


@dataclass(frozen=True, slots=True)
class Day:
    """A rep's day so far: leads touched, seconds to the first attempt (median), share within five minutes."""

    handled: int
    median: float | None
    within_five: float | None
    answered: int


@dataclass(frozen=True, slots=True)
class Glance:
    """What every page shows its reader: capped counts, and the absence they are in; on the inbox also its tabs and the day."""

    counts: dict[str, int]
    absence: Absence | None
    day: Day | None = None


# several counts of a reader in one statement: what `work_of` and `notices_of` give, and none beyond MOST. An order that an
# index has keeps the planner from looking for a hundred rows of one reader in the table of all
_OWN = {
    "now": "leadops_work WHERE owner_id = %(me)s AND wakes_at IS NULL AND waiting_on = 'us' ORDER BY due_at",
    "snoozed": "leadops_work WHERE owner_id = %(me)s AND wakes_at IS NOT NULL",
    "waiting": "leadops_work WHERE owner_id = %(me)s AND wakes_at IS NULL AND waiting_on = 'prospect'",
    "all": "leadops_work WHERE owner_id = %(me)s",
    "due": "leadops_work WHERE owner_id = %(me)s AND wakes_at IS NULL AND due_at IS NOT NULL ORDER BY due_at",
    "unseen": "leadops_notice WHERE user_id = %(me)s AND seen_at IS NULL",
}
BADGES = ("due", "unseen")  # of every page: rows with something due, and notices
# what `Absence.state_at` gives
_AWAY = """SELECT kind, valid_to FROM leadops_absence WHERE rep_id = %(me)s AND valid_from <= %(at)s AND known_from <= %(at)s
  AND (valid_to IS NULL OR valid_to > %(at)s) AND (known_to IS NULL OR known_to > %(at)s) ORDER BY id LIMIT 1"""
# leads with an act of theirs since dawn; what prospects waited for first attempts since then, in seconds
_DAY = """(SELECT count(DISTINCT lead_id) FROM leadops_journalentry
  WHERE actor_id = %(me)s AND at >= %(dawn)s AND kind = ANY(%(handled)s)),
 ARRAY(SELECT extract(epoch FROM ended_at - started_at)::float8 FROM routing_clock
  WHERE kind = 'first_attempt' AND state = 'met' AND rep_id = %(me)s AND ended_at >= %(dawn)s LIMIT %(many)s)"""


def _columns(names: Sequence[str]) -> str:
    return ", ".join(f"(SELECT count(*) FROM (SELECT FROM {_OWN[name]} LIMIT {MOST}) rows_)" for name in names)  # noqa: S608 (of the table above)


def counts_of(actor: Actor, names: Sequence[str] = TABS) -> dict[str, int]:
    """How many rows each tab has, capped."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_columns(names)}", {"me": actor.user_id})  # names of the table above
        return dict(zip(names, cursor.fetchone(), strict=True))


def glance(actor: Actor, at: datetime, inbox: bool = False) -> Glance:
    """One statement, whatever is asked."""
    names = (*BADGES, *TABS) if inbox else BADGES
    more = f", {_DAY}" if inbox else ""
    dawn = localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    given = {"me": actor.user_id, "at": at, "dawn": dawn, "handled": list(HANDLED), "many": MANY}
    with connection.cursor() as cursor:
        asked = (
            f"SELECT a.kind, a.valid_to, {_columns(names)}{more} FROM (VALUES (1)) one LEFT JOIN ({_AWAY}) a ON true"  # noqa: S608
        )
        cursor.execute(asked, given)
        kind, valid_to, *rest = cursor.fetchone()
    return Glance(
        counts=dict(zip(names, rest, strict=False)),
        absence=Absence(rep_id=actor.user_id, kind=kind, valid_to=valid_to) if kind else None,
        day=_day(rest[-2], rest[-1]) if inbox else None,
    )


def _day(handled: int, waits: list[float]) -> Day:
    return Day(
        handled=handled,
        median=median(waits) if waits else None,
        within_five=sum(wait <= FIVE_MINUTES for wait in waits) / len(waits) if waits else None,
        answered=len(waits),
    )


def next_snooze_over(at: datetime) -> datetime | None:
    """When the ticker has to look: the first moment a snoozed lead comes back."""
    return _snoozes().values_list("due_at", flat=True).first()


def snooze_over(at: datetime, limit: int) -> list[uuid.UUID]:
    """Leads whose snooze is over, earliest first."""
    return list(dict.fromkeys(_snoozes().filter(due_at__lte=at).values_list("lead_id", flat=True)[:limit]))


def _snoozes() -> QuerySet[Task]:
    rows = Task.objects.filter(~is_apart("snoozes", "lead_id"), kind=Task.Kind.SNOOZE, done_at__isnull=True)
    return rows.order_by("due_at")


def inbox_page(actor: Actor, tab: str, after: str = "", since: datetime | None = None) -> Page:
    """One keyset page of the queue as lines; what came after `since` and nobody accepted yet stands first."""
    rows, order = work_of(actor, tab), lines.BY_WAKING if tab == "snoozed" else lines.BY_DUE
    if since and not after:
        page = inbox_page(actor, tab)
        fresh = lines.read(rows.filter(since__gt=since, lead__accepted_at__isnull=True)[:SHOWN_FIRST], order)
        keys = {row.lead_id for row in fresh}
        return Page([*fresh, *(row for row in page.rows if row.lead_id not in keys)], page.after)
    if after:
        rows = rows.filter(_beyond_snoozed(after) if tab == "snoozed" else _beyond(after))
    found = lines.read(rows[: PAGE + 1], order)
    more = found[PAGE - 1] if len(found) > PAGE else None
    return Page(found[:PAGE], _cursor(more, tab) if more else "")


def _cursor(row: Line, tab: str) -> str:
    if tab == "snoozed":
        return _packed([row.wakes_at.isoformat() if row.wakes_at else None, str(row.lead_id)])
    key = [row.due_at.isoformat() if row.due_at else None, row.score_band, row.heat, str(row.lead_id)]
    return _packed(key)


def _packed(key: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _unpacked(cursor: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))


def _beyond(cursor: str) -> Q:
    """Rows after a cursor in the queue's order; an unreadable cursor starts from the beginning."""
    try:
        due, band, heat, lead = _unpacked(cursor)
        at = datetime.fromisoformat(due) if due else None
        key = uuid.UUID(lead)
        if not all(type(each) is int and abs(each) < 2**15 for each in (band, heat)):
            return Q()
    except (ValueError, TypeError, AttributeError):
        return Q()
    tail = Q(score_band__lt=band) | Q(score_band=band, heat__lt=heat) | Q(score_band=band, heat=heat, lead__gt=key)
    if at is None:
        return Q(due_at__isnull=True) & tail
    return Q(due_at__gt=at) | Q(due_at__isnull=True) | (Q(due_at=at) & tail)


def _beyond_snoozed(cursor: str) -> Q:
    """Snoozed rows go by when they wake."""
    try:
        wakes, lead = _unpacked(cursor)
        at, key = datetime.fromisoformat(wakes), uuid.UUID(lead)
    except (ValueError, TypeError, AttributeError):
        return Q()
    return Q(wakes_at__gt=at) | Q(wakes_at=at, lead__gt=key)


def next_wake(actor: Actor) -> datetime | None:
    """When the first snoozed lead comes back."""
    rows = Work.objects.filter(owner=actor.user_id, wakes_at__isnull=False).order_by("wakes_at")
    return rows.values_list("wakes_at", flat=True).first()


def arrivals(actor: Actor, since: datetime, limit: int = 100) -> list[Work]:
    """Rows that came into the actor's queue after a page was shown."""
    rows = work_of(actor, "now").filter(since__gt=since).select_related("lead__person", "lead__account")
    return list(rows.order_by("since")[:limit])


def shown_at_token(at: datetime) -> str:
    return signing.dumps(at.isoformat(), salt="leadops.shown")


def shown_at(token: str) -> datetime | None:
    try:
        return datetime.fromisoformat(signing.loads(token, salt="leadops.shown"))
    except (signing.BadSignature, ValueError):
        return None


def leads_list(actor: Actor) -> QuerySet[Lead]:
    """Every lead the actor sees, newest first; filtered by `desk.filters.LeadFilter` for page and API alike."""
    return access.leads_visible_to(actor).select_related("person", "account", "owner__user").order_by("-id")


def beginning_with(text: str) -> list[uuid.UUID] | None:
    """Leads whose person's name, surname or company begins so; None where there are too many to name. Not yet what one may see."""
    ways = [Lead.objects.filter(way).values_list("pk")[: MOST_FOUND + 1] for way in begins(text)]
    found = [key for (key,) in ways[0].union(*ways[1:], all=True)]
    return found if len(found) <= MOST_FOUND else None


def begins(text: str) -> tuple[Q, Q, Q]:
    """The three ways a lead is found by a folded text; each has an index of its own."""
    surname = StartsWith(LastWord("person__name_folded"), text.rpartition(" ")[2])
    return (
        Q(person__name_folded__startswith=text),
        Q(surname, person__name_folded__contains=f" {text}"),
        Q(company_folded__startswith=text),
    )


@dataclass(frozen=True, slots=True)
class Near:
    """Previous and next lead of the list one came from; the place in it (0 = not in it) and how many there are."""

    before: Lead | None = None
    after: Lead | None = None
    place: int = 0
    of: int = 0


def neighbours(actor: Actor, lead: Lead, tab: str) -> Near:
    """Where a lead stands in the reader's own queue, as far as the first 200 rows go."""
    keys = list(work_of(actor, tab).values_list("lead_id", flat=True)[:200])
    if lead.pk not in keys:
        return Near(after=Lead.objects.filter(pk=keys[0]).first() if keys else None, of=len(keys))
    i = keys.index(lead.pk)
    near = {row.pk: row for row in Lead.objects.filter(pk__in=keys[max(0, i - 1) : i + 2])}
    before = near.get(keys[i - 1]) if i > 0 else None
    after = near.get(keys[i + 1]) if i + 1 < len(keys) else None
    return Near(before, after, i + 1, len(keys))


def notices_of(actor: Actor, limit: int = 50) -> list[Notice]:
    return list(Notice.objects.filter(user=actor.user_id).select_related("lead__person").order_by("-at", "-id")[:limit])


def unseen_notices(actor: Actor) -> int:
    return counts_of(actor, ("unseen",))["unseen"]
