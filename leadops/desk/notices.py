"""The bell: what somebody should know, said in the reader's language from codes."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from leadops import moment
from leadops.access import Actor
from leadops.desk import selectors
from leadops.desk.timeline import clock_words, held_words, moment_words
from leadops.effects.models import Effect, Notice
from leadops.effects.runner import Letter, register


def sentence(kind: str, data: dict[str, Any], who: str) -> str:
    """One notice in words; `who` is the person the lead is about."""
    clock = clock_words(data.get("kind", ""))
    due = moment_words(data["due_at"]) if data.get("due_at") else ""
    count = data.get("count", 0)
    said = {
        "lead_assigned": _("New lead for you: %(who)s"),
        "lead_taken_away": _("A lead was taken away from you: %(who)s"),
        "sla_remind": _("%(clock)s soon due for %(who)s (%(due)s)"),
        "sla_breach": _("%(clock)s overdue for %(who)s (%(due)s)"),
        "sla_escalate": _("Escalated to you: %(clock)s overdue for %(who)s (%(due)s)"),
        "sla_digest": ngettext(
            "%(count)s clock ran out while nothing was sent", "%(count)s clocks ran out while nothing was sent", count
        ),
        "leads_given": ngettext("%(count)s lead was given to you", "%(count)s leads were given to you", count),
        "leads_moved": ngettext(
            "%(count)s of your leads went elsewhere", "%(count)s of your leads went elsewhere", count
        ),
        "prospect_replied": _("%(who)s replied"),
        "absence_over": _("Welcome back. While you were away, leads given to others: %(count)s; due now: %(waiting)s"),
        "leads_held": _("Leads wait for an owner: %(reason)s"),
        "sla_proposed": _("%(by)s proposes SLA version %(number)s: %(text)s"),
        "sla_published": _("%(by)s put your SLA version %(number)s in force: %(text)s"),
        "sla_declined": _("%(by)s declined your SLA version %(number)s: %(text)s"),
        "import_done": ngettext(
            "Import finished: %(count)s row taken in, %(bad)s set aside",
            "Import finished: %(count)s rows taken in, %(bad)s set aside",
            count,
        ),
        "import_leads": ngettext(
            "%(count)s new lead for you from an import", "%(count)s new leads for you from an import", count
        ),
        "group_enrolled": ngettext(
            "%(count)s lead entered a sequence, %(bad)s left out",
            "%(count)s leads entered a sequence, %(bad)s left out",
            count,
        ),
    }.get(kind, _("News about %(who)s"))
    reason = held_words(data.get("reason", ""))
    told = {"who": who, "clock": clock, "due": due, "count": count, "reason": reason, "bad": data.get("bad", 0)}
    told["waiting"] = data.get("due", 0)
    told |= {"by": data.get("by", ""), "number": data.get("number", ""), "text": data.get("text", "")}
    return said % told


def mark_seen(actor: Actor, keys: Sequence[uuid.UUID] | None, at: datetime) -> int:
    """These notices of the actor (None: all) were seen; how many were not before."""
    rows = Notice.objects.filter(user=actor.user_id, seen_at__isnull=True)
    return (rows if keys is None else rows.filter(pk__in=keys)).update(seen_at=at)


MARKS = {  # kind: drawing and tone
    "lead_assigned": ("user-plus", "good"),
    "lead_taken_away": ("user-x", "warn"),
    "sla_remind": ("timer", "warn"),
    "sla_breach": ("alarm-clock", "bad"),
    "sla_escalate": ("siren", "bad"),
    "sla_digest": ("alarm-clock", "bad"),
    "prospect_replied": ("message-square", "good"),
    "absence_over": ("calendar-check", ""),
    "leads_held": ("hourglass", "warn"),
    "leads_given": ("user-plus", "good"),
    "leads_moved": ("arrow-left-right", "warn"),
    "import_done": ("upload", ""),
    "import_leads": ("user-plus", "good"),
    "group_enrolled": ("workflow", ""),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A notice as shown: its sentence, where it leads, its mark."""

    notice: Notice
    text: str
    url: str
    icon: str
    tone: str

    @property
    def unseen(self) -> bool:
        return self.notice.seen_at is None


def line_of(notice: Notice) -> Line:
    icon, tone = MARKS.get(notice.kind, ("bell", ""))
    return Line(
        notice,
        sentence(notice.kind, notice.data, str(notice.lead.person) if notice.lead else ""),
        _where(notice),
        icon,
        tone,
    )


def _where(notice: Notice) -> str:
    """The page a notice is about; empty when there is none."""
    if notice.lead:
        return notice.lead.get_absolute_url()
    if notice.kind.startswith("sla_") and notice.data.get("number"):
        return f"{reverse('routing:show_sla')}#proposals"
    if notice.kind == "import_done":
        return reverse("capture:show_import", args=[notice.data["import"]])
    if notice.kind == "group_enrolled":
        return reverse("nurture:show_group", args=[notice.data["group"]])
    return reverse("desk:inbox") if notice.kind in ("sla_digest", "leads_given", "import_leads") else ""


@require_safe
def list_notices(request: HttpRequest) -> HttpResponse:
    """Newest first; opening the page marks them as seen."""
    rows = selectors.notices_of(request.actor)  # type: ignore[attr-defined]
    lines = [line_of(row) for row in rows]
    unseen = [row.pk for row in rows if row.seen_at is None]
    if unseen and request.method == "GET":
        mark_seen(request.actor, unseen, moment.now())  # type: ignore[attr-defined]
    return render(request, "desk/notices.html", {"lines": lines})


def letter(effect: Effect) -> Letter:
    """The mail of a notice: the same sentence, and where to look."""
    who = str(effect.lead.person) if effect.lead else ""
    text = sentence(effect.purpose, effect.body, who)
    theirs = effect.lead is not None and effect.purpose != "lead_taken_away"  # who lost it does not see it any more
    where = effect.lead.get_absolute_url() if effect.lead and theirs else reverse("desk:inbox")
    return Letter(subject=text, text=f"{text}\n\n{settings.PUBLIC_URL}{where}\n")


def register_letters() -> None:
    for purpose in ("lead_assigned", "lead_taken_away", "import_leads", "leads_given", "leads_moved", "absence_over"):
        register(purpose, letter)
    for purpose in ("sla_remind", "sla_breach", "sla_escalate", "sla_digest"):
        register(purpose, letter, again=True)
