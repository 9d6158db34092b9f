"""A lead's history in sentences: touches and journal entries, newest first, in the reader's language."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_

from capture.selectors import Names, names_of
from leadops import money, perrequest
from leadops.desk.services import Channel, Outcome
from leadops.journal import ICONS, EntryText, JournalEntry, Kind
from leadops.models import Lead, Stage, Task, Touch, TouchDetail, User
from leadops.templatetags.house import day, stamp
from nurture.eligibility import words as exit_words
from nurture.selectors import names as sequence_names

PAGE = 30
CLOCKS = (Kind.CLOCK_STARTED, Kind.CLOCK_CANCELLED)  # what the machine does by itself: said together, in small
# drawn with a mark the sprite has
MARKS: dict[str, str] = {
    **ICONS,
    "escalated": "bell",
    "taken_away": "user-x",
    "clock_cancelled": "circle-pause",
    "conversed": "users",
}
TONES: dict[str, str] = {
    Kind.CLOCK_BREACHED: "bad",
    Kind.OPPORTUNITY_WON: "good",
    Kind.CLOCK_MET: "good",
    Kind.STALLED: "bad",
    Kind.HELD: "warn",
    Kind.ESCALATED: "warn",
}


@dataclass(frozen=True, slots=True)
class Event:
    id: str
    icon: str
    title: str
    at: datetime
    actor: str = ""
    text: str = ""
    tone: str = ""
    url: str = ""
    quiet: bool = False


@dataclass(slots=True)
class Words:
    """Names looked up once for the whole page."""

    users: dict[str, str]
    reasons: dict[tuple[str, str], str]
    statuses: dict[str, str]
    sequences: dict[str, str] = field(default_factory=dict)


def said(texts: dict[str, str] | None) -> str:
    """Text written by users, in the reader's language, else the house's."""
    texts = texts or {}
    language = (get_language() or settings.HOUSE_LANGUAGE)[:2]
    return texts.get(language) or texts.get(settings.HOUSE_LANGUAGE) or next(iter(texts.values()), "")


def events_of(lead: Lead, before: datetime | None = None, masked: bool = False) -> tuple[list[Event], datetime | None]:
    """The newest events before an instant, and the instant the older ones end at (None = no more)."""
    entries = JournalEntry.objects.filter(lead=lead).exclude(kind=Kind.SCORED)
    touches = Touch.objects.filter(lead=lead)
    if before is not None:
        entries, touches = entries.filter(at__lt=before), touches.filter(occurred_at__lt=before)
    rows = list(entries.select_related("actor").order_by("-at", "-id")[: PAGE + 1])
    acts = list(touches.order_by("-occurred_at", "-id")[: PAGE + 1])
    texts = (
        {} if masked else dict(EntryText.objects.filter(entry__in=[r.pk for r in rows]).values_list("entry", "text"))
    )
    details = {} if masked else {d.touch: d for d in TouchDetail.objects.filter(touch__in=[t.pk for t in acts])}
    words, names = _words(rows), names_of((t.source for t in acts), (t.campaign for t in acts))
    events = [
        _entry_event(r, texts.get(r.pk, ""), words) for r in rows if r.kind not in (Kind.CAPTURED, Kind.CAME_BACK)
    ]
    events += [_touch_event(t, details.get(t.pk), names) for t in acts]
    events.sort(key=lambda e: (e.at, e.id), reverse=True)
    events = gathered(events)
    older = events[PAGE - 1].at if len(events) > PAGE else None
    return events[:PAGE], older


def _words(rows: Iterable[JournalEntry]) -> Words:
    wanted = {str(row.data[name]) for row in rows for name in ("rep", "from") if isinstance(row.data.get(name), str)}
    wanted |= {str(user) for row in rows for user in row.data.get("to", []) if isinstance(row.data.get("to"), list)}
    keys = [key for key in wanted if _is_id(key)]
    return Words(
        users={str(pk): name for pk, name in User.objects.filter(pk__in=keys).values_list("pk", "name")}
        if keys
        else {},
        reasons={(r.use, r.key): said(r.labels) for r in perrequest.reasons()},
        statuses={s.key: said(s.labels) for s in perrequest.statuses()},
        sequences=sequence_names(row.data["sequence"] for row in rows if row.data.get("sequence")),
    )


def _is_id(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _touch_event(touch: Touch, detail: TouchDetail | None, names: Names) -> Event:
    title = " · ".join([touch.get_kind_display(), *names.of(touch.source, touch.campaign)])
    text = detail.message if detail else ""
    return Event(f"t{touch.pk}", "mouse-pointer-click", title, touch.occurred_at, "", text)


def _entry_event(row: JournalEntry, text: str, words: Words) -> Event:
    actor = row.actor.name if row.actor else system_words(row.system)
    sentence = SENTENCES.get(row.kind, _label)(row, words)
    if row.kind in CLOCKS:
        return Event(f"j{row.pk}", MARKS[row.kind], sentence, row.at, tone="quiet", quiet=True)
    tone = "warn" if row.data.get("late") else TONES.get(row.kind, "")
    return Event(f"j{row.pk}", MARKS.get(row.kind, "circle"), sentence, row.at, actor, text, tone)


def gathered(events: list[Event]) -> list[Event]:
    """Neighbouring lines about clocks become one: what people did stands out."""
    told: list[Event] = []
    for event in events:
        if event.quiet and told and told[-1].quiet:
            last = told[-1]
            lines = f"{last.text}\n{event.title}" if last.text else event.title
            told[-1] = replace(last, text=lines)
        else:
            told.append(event)
    return told


def system_words(code: str) -> str:
    named = {"pipeline": _("On arrival"), "ticker": _("By itself"), "import": _("Import"), "demo": _("The demo")}
    return named.get(code.partition(":")[0], code)


def moment_words(iso: str) -> str:
    """A stored instant in the reader's zone and language."""
    at = parse_datetime(iso)
    return stamp(at) if at else iso


def stage_words(stage: str) -> str:
    return str(Stage(stage).label) if stage in Stage.values else stage


def clock_words(kind: str) -> str:
    return {
        "first_attempt": _("First attempt"),
        "acceptance": _("Acceptance"),
        "follow_up": _("Follow-up"),
        "qualify": _("Qualification"),
    }.get(kind, kind)


def held_words(reason: str) -> str:
    """Why a lead is held, in words."""
    return {
        "no_rule": _("no rule applies"),
        "no_capacity": _("everybody is full"),
        "capacity": _("everybody is full"),
        "off_hours": _("nobody works at this hour"),
        "all_absent": _("everybody is absent"),
        "no_skill": _("nobody has the skill or the language"),
        "no_members": _("nobody in the pool receives leads"),
        "all_had_it": _("everybody in the pool has had it already"),
        "handed_back": _("handed back by sales"),
        "error": _("a step failed and is tried again"),
        "loop": _("the flow went in circles"),
        "by_rule": _("a rule says so"),
    }.get(reason, reason)


Say = Callable[[JournalEntry, Words], str]


def _label(row: JournalEntry, words: Words) -> str:
    return str(row.get_kind_display())


def _stage_moved(row: JournalEntry, words: Words) -> str:
    sentence = _("Stage: %(from)s → %(to)s") % {
        "from": stage_words(row.data["from"]),
        "to": stage_words(row.data["to"]),
    }
    reason = row.data.get("reason")
    use = {"lost": "lost", "disqualified": "disqualify", "recycled": "recycle"}.get(row.data["to"], "")
    return f"{sentence} ({words.reasons.get((use, reason), reason)})" if reason else sentence


def _status_set(row: JournalEntry, words: Words) -> str:
    return _("Status: %(status)s") % {"status": words.statuses.get(row.data["to"], row.data["to"])}


def _assigned(row: JournalEntry, words: Words) -> str:
    name = words.users.get(str(row.data.get("rep")), "")
    return _("Assigned to %(name)s") % {"name": name or "—"}


def _claimed(row: JournalEntry, words: Words) -> str:
    return _("Claimed by %(name)s") % {"name": words.users.get(str(row.data.get("rep")), "—")}


def _taken(row: JournalEntry, words: Words) -> str:
    return _("Taken away from %(name)s") % {"name": words.users.get(str(row.data.get("rep")), "—")}


def _held(row: JournalEntry, words: Words) -> str:
    return _("Held: %(reason)s") % {"reason": held_words(row.data.get("reason", ""))}


def _handed_back(row: JournalEntry, words: Words) -> str:
    reason = row.data.get("reason", "")
    return _("Handed back: %(reason)s") % {"reason": words.reasons.get(("hand_back", reason), reason)}


def _attempted(row: JournalEntry, words: Words) -> str:
    channel, outcome = row.data.get("channel", ""), row.data.get("outcome", "")
    by = Channel(channel).label if channel in Channel.values else channel
    result = Outcome(outcome).label if outcome in Outcome.values else outcome
    return _("Attempt: %(channel)s — %(outcome)s") % {"channel": by, "outcome": result}


def _clock(template: str) -> Say:
    def say(row: JournalEntry, words: Words) -> str:
        due = row.data.get("due_at")
        return _(template) % {"clock": clock_words(row.data.get("kind", "")), "due": moment_words(due) if due else ""}

    return say


_IN_TIME, _LATE = _clock(N_("Clock met: %(clock)s")), _clock(N_("Answered late: %(clock)s"))


def _met(row: JournalEntry, words: Words) -> str:
    return (_LATE if row.data.get("late") else _IN_TIME)(row, words)


def _until(row: JournalEntry, words: Words) -> str:
    return _("Snoozed until %(moment)s") % {"moment": moment_words(row.data["until"])}


def _away(row: JournalEntry, words: Words) -> str:
    return _("Out of office, back on %(day)s") % {"day": day(parse_date(str(row.data.get("until", ""))))}


def _task(row: JournalEntry, words: Words) -> str:
    return _("Call back planned for %(moment)s") % {"moment": moment_words(row.data.get("due_at", ""))}


def _done(row: JournalEntry, words: Words) -> str:
    if row.data.get("kind") != Task.Kind.SNOOZE:
        return _label(row, words)
    return _("Snooze taken back") if "undoes" in row.data else _("Snooze over")


def _sequence(template: str) -> Say:
    def say(row: JournalEntry, words: Words) -> str:
        key, reason = row.data.get("sequence", ""), row.data.get("reason", "")
        return _(template) % {"name": words.sequences.get(key, key), "why": exit_words(reason)}

    return say


def _escalated(row: JournalEntry, words: Words) -> str:
    names = ", ".join(words.users.get(str(user), "—") for user in row.data.get("to", []))
    if kind := row.data.get("kind", ""):  # rows of before 2026-12 name none
        return _("Escalated to %(names)s: %(clock)s") % {"names": names or "—", "clock": clock_words(kind)}
    return _("Escalated to %(names)s") % {"names": names or "—"}


def _deal(template: str) -> Say:
    def say(row: JournalEntry, words: Words) -> str:
        data: dict[str, Any] = row.data
        amount = "—"
        if data.get("amount_minor") is not None:
            amount = money.format_money(
                data["amount_minor"], data.get("currency") or settings.HOUSE_CURRENCY, get_language() or "en"
            )
        reason = data.get("reason", "")
        return _(template) % {"amount": amount, "reason": words.reasons.get(("lost", reason), reason)}

    return say


SENTENCES: dict[str, Say] = {
    Kind.STAGE_MOVED: _stage_moved,
    Kind.STATUS_SET: _status_set,
    Kind.ASSIGNED: _assigned,
    Kind.CLAIMED: _claimed,
    Kind.TAKEN_AWAY: _taken,
    Kind.HELD: _held,
    Kind.HANDED_BACK: _handed_back,
    Kind.ATTEMPTED: _attempted,
    Kind.CLOCK_STARTED: _clock(N_("Clock started: %(clock)s, due %(due)s")),
    Kind.CLOCK_MET: _met,
    Kind.CLOCK_BREACHED: _clock(N_("Clock breached: %(clock)s")),
    Kind.CLOCK_CANCELLED: _clock(N_("Clock stopped: %(clock)s")),
    Kind.SNOOZED: _until,
    Kind.AWAY: _away,
    Kind.TASK_SET: _task,
    Kind.TASK_DONE: _done,
    Kind.ESCALATED: _escalated,
    Kind.ENROLLED: _sequence(N_("Sequence started: %(name)s")),
    Kind.EXITED: _sequence(N_("Sequence ended: %(name)s (%(why)s)")),
    Kind.MAIL_SENT: _sequence(N_("Mail of the sequence “%(name)s” sent")),
    Kind.OPPORTUNITY_OPENED: _deal(N_("Opportunity opened: %(amount)s")),
    Kind.OPPORTUNITY_CHANGED: _deal(N_("Opportunity changed: %(amount)s")),
    Kind.OPPORTUNITY_WON: _deal(N_("Won: %(amount)s")),
    Kind.OPPORTUNITY_LOST: _deal(N_("Lost: %(reason)s")),
}
