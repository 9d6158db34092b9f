"""Who may be written to, and if not why; read for many leads at once, asked on entry and again before each mail."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from leadops.effects import suppression
from leadops.fold import fold_email
from leadops.models import Lead, Stage
from nurture.models import LIVE, Enrolment
from nurture.sequence import Sequence as Flow

REASONS: dict[str, str | Promise] = {
    "closed": _("the lead is closed"),
    "no_address": _("no e-mail address"),
    "suppressed": _("the address must not be written to"),
    "refused": _("refused to be written to"),
    "no_consent": _("no consent given"),
    "busy": _("in a sequence already"),
    "reply": _("replied"),
    "stage": _("the stage changed"),
    "touch": _("a rep took it up"),
    "unsubscribed": _("unsubscribed"),
    "bounce": _("the mail bounced"),
    "complaint": _("complained about a mail"),
    "customer": _("became a customer"),
    "disqualified": _("was disqualified"),
    "opportunity": _("an opportunity was opened"),
    "by_hand": _("taken out by hand"),
    "finished": _("all steps are done"),
    "cap": _("waits: as many mails as the house allows one person"),
    "away": _("waits: out of office"),
    "no_template": _("the template is not published"),
    "no_sequence": _("the sequence is not published any more"),
    "not_yours": _("the lead is not yours to enrol"),
    "undone": _("the enrolment was taken back"),
}
PASSING = ("busy",)  # what may be different tomorrow: no row is kept for it


def words(reason: str) -> str:
    """A reason in the reader's language; `missing:field` names what is not known."""
    code, _sep, field = reason.partition(":")
    if code == "missing":
        return str(_("“%(field)s” is not known") % {"field": field})
    return str(REASONS.get(code, reason))


def unreachable(leads: Sequence[Lead], needs_consent: Mapping[uuid.UUID, bool]) -> dict[uuid.UUID, str]:
    """Lead -> why no mail may go to its person; in a few statements. `needs_consent` by lead."""
    people = {lead.person_id: lead.person for lead in leads}
    stopped = suppression.suppressed(people.values())
    said = suppression.consents(people.values())
    found: dict[uuid.UUID, str] = {}
    for lead in leads:
        word = said.get(lead.person_id, "")
        if fold_email(lead.person.email) is None:
            found[lead.pk] = "no_address"
        elif lead.person_id in stopped:
            found[lead.pk] = "suppressed"
        elif word in suppression.NO:
            found[lead.pk] = "refused"
        elif needs_consent.get(lead.pk) and word != "given":
            found[lead.pk] = "no_consent"
    return found


def excluded(leads: Sequence[Lead], flow: Flow, pending: Iterable[Enrolment] = ()) -> dict[uuid.UUID, str]:
    """Lead -> why it does not enter this sequence; those left out may."""
    if not leads:
        return {}
    found = {lead.pk: "closed" for lead in leads if not lead.is_open and lead.stage != Stage.RECYCLED}
    asked = [lead for lead in leads if lead.pk not in found]
    found |= unreachable(asked, {lead.pk: flow.needs_consent for lead in asked})
    live = Enrolment.objects.filter(person__in={lead.canonical_id for lead in asked}, state__in=LIVE)
    busy = set(live.values_list("person_id", flat=True)) | {row.person_id for row in pending if row.state in LIVE}
    for lead in asked:
        if lead.pk not in found:
            if lead.canonical_id in busy:
                found[lead.pk] = "busy"
            busy.add(lead.canonical_id)
    return found
