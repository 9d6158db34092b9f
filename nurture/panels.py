"""What nurture shows on the lead page: what runs for this lead, its next step and when; it changes nothing."""

from __future__ import annotations

from leadops import access
from leadops.access import Actor
from leadops.models import Lead
from leadops.panels import Panel
from nurture import pages, selectors
from nurture.forms import EnrolForm
from nurture.models import LIVE

SHOWN = 3


def panels(lead: Lead, actor: Actor) -> list[Panel]:
    rows = list(selectors.enrolments_of(lead)[:SHOWN])
    live = next((row for row in rows if row.state in LIVE), None)
    may = access.can(actor, "enrol", lead) and (lead.is_open or lead.stage == "recycled")
    offered = may and live is None
    form = EnrolForm(on=lead.pk) if offered else None
    if form is not None and not form.fields["sequence"].choices:  # type: ignore[attr-defined]
        form = None
    if not rows and form is None:
        return []
    names = selectors.names(row.sequence for row in rows)
    context = {
        "lead": lead,
        "rows": [pages.enrolment_row(row, actor) | {"name": names.get(row.sequence, row.sequence)} for row in rows],
        "live": live,
        "steps": pages.steps_to_come(live) if live else [],
        "form": form,
        "may": may,
    }
    return [Panel("nurture/panel.html", context)]
