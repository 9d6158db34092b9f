"""The letters of a sequence at the moment of sending: whether they may leave, what they say, that they left."""

from __future__ import annotations

import base64
import uuid
from datetime import datetime
from email.utils import formataddr, parseaddr

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import override

from leadops import moment
from leadops.access import system
from leadops.effects import runner, suppression
from leadops.effects.models import Effect
from leadops.effects.runner import Letter, one_line
from leadops.errors import Refused
from leadops.fold import fold_email
from leadops.journal import Kind
from leadops.models import Consent, Lead
from leadops.unit import Unit
from leadops.versions import services as versions
from leadops.versions.models import Version
from nurture import eligibility, merging, steps, timing, waiting
from nurture.models import Enrolment
from nurture.selectors import PURPOSE

_tokens = Signer(salt="nurture.letter")
ONE_CLICK = "List-Unsubscribe=One-Click"


# -- may it leave --------------------------------------------------------------------------------------


def guard(effect: Effect) -> str | datetime:
    """Why a letter must not leave now: asked in the transaction that marks it as sending, after taking the person's lock.

    The lock comes before the enrolment: in the order in which an unsubscribe takes them.
    """
    person, at = effect.person, moment.now()
    if person is None or effect.lead is None or fold_email(person.email) is None:
        return "no_address"
    digests = suppression.digests_of([person])[person.pk]
    suppression.lock(digests, alone=False)
    rows = Enrolment.objects.select_for_update(of=("self",), no_key=True).select_related("version")
    row = rows.filter(pk=effect.body["enrolment"]).first()
    if row is None or row.state == Enrolment.State.EXITED:
        return row.reason if row else "no enrolment"
    flow = versions.compiled(row.version)
    stopped = eligibility.unreachable([effect.lead], {effect.lead.pk: flow.needs_consent})
    if stopped:
        return stopped[effect.lead.pk]
    waits = waiting.not_before([effect.lead], waiting.cap_at(at), at, planned=False, but=effect.pk)
    free, _why = waits.get(effect.lead.pk, (at, ""))
    opens = timing.next_moment(steps.window_of(flow, effect.lead, Unit(actor=system("ticker"), at=at)), free)
    return opens if opens > at else ""


# -- what it says --------------------------------------------------------------------------------------


def write(effect: Effect) -> Letter:
    if effect.lead_id is None:
        raise ValueError("a letter of a sequence is about a lead")
    lead = Lead.objects.select_related("person", "owner__user").get(pk=effect.lead_id)
    template = Version.objects.get(pk=effect.body["template"])
    language = merging.language_of(lead)
    worded = steps.word_for(template, lead, language)
    url = unsubscribe_url(effect)
    with override(language):
        stop = _("You no longer want to hear from us?")
        link = _("Unsubscribe")
        line = _("Unsubscribe: %(address)s") % {"address": url}
        text = f"{worded.text}\n-- \n{_footer()}{stop} {line}\n"
        html = format_html(
            '{}<hr><p><small>{}{} <a href="{}">{}</a></small></p>', worded.html, _footer(), stop, url, link
        )
    return Letter(
        subject=worded.subject,
        text=text,
        html=f'<!doctype html><html lang="{language}"><body>{html}</body></html>',
        to=lead.person.email,
        sender=_sender(lead),
        reply_to=_reply_to(effect),
        headers={"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": ONE_CLICK},
    )


def _footer() -> str:
    return f"{settings.MAIL_FOOTER}\n" if settings.MAIL_FOOTER else ""


def _sender(lead: Lead) -> str:
    """The owner's name over the house's address."""
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return formataddr((one_line(lead.owner.user.name) if lead.owner else name, address))


def _reply_to(effect: Effect) -> str:
    """An answer finds its letter by the part after +, whatever the mail program does to other headers."""
    if not settings.MAIL_REPLY_TO:
        return ""
    local, _at, domain = settings.MAIL_REPLY_TO.partition("@")
    return f"{local}+{effect.pk.hex}@{domain}"


# -- that it left --------------------------------------------------------------------------------------


def sent(effect: Effect, unit: Unit) -> None:
    for lead in unit.leads([effect.lead_id] if effect.lead_id else []):
        data = {name: effect.body[name] for name in ("sequence", "step", "template")}
        unit.record(Kind.MAIL_SENT, lead, data={"effect": str(effect.pk), **data}, person_id=effect.person_id)


# -- unsubscribing -------------------------------------------------------------------------------------


def token_of(effect: Effect) -> str:
    """Says which letter, to us alone; no address in it."""
    return _tokens.sign(base64.urlsafe_b64encode(effect.pk.bytes).decode().rstrip("="))


def unsubscribe_url(effect: Effect) -> str:
    return f"{settings.PUBLIC_URL}{reverse('nurture:unsubscribe', args=[token_of(effect)])}"


def letter_of(token: str) -> Effect | None:
    """The letter a token was made for; None for anything we did not make."""
    try:
        packed = _tokens.unsign(token)
        key = uuid.UUID(bytes=base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    except (BadSignature, ValueError):
        return None
    return Effect.objects.select_related("person", "lead").filter(pk=key, person__isnull=False).first()


def has_unsubscribed(effect: Effect) -> bool:
    person = effect.person
    return person is not None and person.pk in suppression.suppressed([person])


def unsubscribe(effect: Effect, unit: Unit) -> bool:
    """Never write to this person again, under any of their addresses; False when it was so already."""
    person = effect.person
    if person is None:
        raise Refused("no-person", _("This letter was to nobody."))
    leads = unit.leads([effect.lead_id] if effect.lead_id else [])
    also = [bytes.fromhex(effect.body["digest"])] if effect.body.get("digest") else []
    origin = f"letter:{effect.pk}"
    if not suppression.suppress_person(person, suppression.UNSUBSCRIBED, unit, also=also, origin=origin):
        return False
    unit.add(
        [
            Consent(
                person=person,
                channel=suppression.MAIL,
                purpose="marketing",
                state="withdrawn",
                basis="consent",
                collected_from=origin,
                occurred_at=unit.at,
                recorded_at=unit.at,
            )
        ]
    )
    unit.record(Kind.UNSUBSCRIBED, leads[0] if leads else None, person_id=person.pk, data={"effect": str(effect.pk)})
    return True


def register_letters() -> None:
    runner.register(PURPOSE, write, guard=guard, sent=sent)
