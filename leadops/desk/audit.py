"""/audit: who did what, when, from where, before and after; for administrators. A reader of the journal, which it never writes."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from leadops import access, takeaway
from leadops.access import WHOLE_HOUSE, Actor
from leadops.desk.audit_filter import AuditFilter, every
from leadops.desk.audit_words import Told, tell
from leadops.fold import whole
from leadops.journal import JournalEntry
from leadops.rest.files import csv_file
from leadops.rest.queries import read
from leadops.unit import in_unit

PAGE = 50
MOST_IN_FILE = 10_000


def acts(actor: Actor) -> QuerySet[JournalEntry]:
    """What the audit may show this actor, newest first; refused to everybody who does not run the house."""
    access.require(actor, "read_audit", WHOLE_HOUSE)
    return JournalEntry.objects.filter(every()).order_by("-pk")


@require_safe
def list_acts(request: HttpRequest) -> HttpResponse:
    chosen = AuditFilter(request.GET, queryset=acts(request.actor), request=request)  # type: ignore[attr-defined]
    after = whole(request.GET.get("after", ""))
    rows = chosen.qs if after is None else chosen.qs.filter(pk__lt=after)
    found = list(rows[: PAGE + 1])
    context = {
        "filter": chosen,
        "acts": tell(found[:PAGE], request.actor),  # type: ignore[attr-defined]
        "after": str(found[PAGE - 1].pk) if len(found) > PAGE else "",
        "filtered": any(value for name, value in request.GET.items() if name != "after"),
        "most": MOST_IN_FILE,
    }
    return render(request, "desk/audit.html", context)


@require_POST
def take_acts(request: HttpRequest) -> HttpResponse:
    """The filtered list as a file: so many an hour, and itself an act of the audit."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    chosen = read(AuditFilter(request.GET, queryset=acts(actor), request=request))
    rows = list(chosen.qs[: min(MOST_IN_FILE, takeaway.most_rows(actor))])
    asked = {name: value for name, value in request.GET.items() if value}
    in_unit(lambda unit: takeaway.take("audit", len(rows), asked, unit), actor=actor)
    heading = [_("When"), _("Who"), _("What"), _("Details"), _("Before"), _("After"), _("From where"), _("Lead")]
    return csv_file("audit", heading, map(_line, tell(rows, actor)), get_language() or "en")


def _line(act: Told) -> list[str]:
    lead = str(act.lead) if act.lead else ""
    return [act.at.isoformat(), act.who, act.what, act.detail, act.before, act.after, act.address, lead]
