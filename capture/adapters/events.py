"""What a mail service tells of our letters (bounces, complaints, unsubscribes), one draft each; read by django-anymail.

It verifies only what the service signs itself (Mailgun); the others are known by the secret address of their source.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from anymail.exceptions import AnymailError
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from anymail.webhooks.brevo import BrevoTrackingWebhookView
from anymail.webhooks.mailgun import MailgunTrackingWebhookView
from anymail.webhooks.mailjet import MailjetTrackingWebhookView
from anymail.webhooks.postmark import PostmarkTrackingWebhookView
from django.core.exceptions import ImproperlyConfigured

from capture.adapters import mail, strict
from capture.adapters.base import Draft, Mail, Peek, Received, SourceLike, Unreadable
from capture.adapters.coercion import draft_from
from capture.adapters.generic import scalar_key
from capture.adapters.inbound import signed_by_mailgun
from leadops.fold import clean_text

MOST_EVENTS = 1000
LETTER = "letter"  # the metadata a letter leaves with: its id
_hex = re.compile(r"[0-9a-f]{32}")
FOR_EVER = (RejectReason.INVALID, RejectReason.BOUNCED)


class _Brevo(BrevoTrackingWebhookView):
    warn_if_no_basic_auth = False


class _Mailjet(MailjetTrackingWebhookView):
    warn_if_no_basic_auth = False


class _Postmark(PostmarkTrackingWebhookView):
    warn_if_no_basic_auth = False


READERS: dict[str, Callable[[], Any]] = {
    "mailgun": lambda: MailgunTrackingWebhookView(webhook_signing_key="unused: the door has checked"),
    "postmark": _Postmark,
    "brevo": _Brevo,
    "mailjet": _Mailjet,
}


class Events:
    """The tracking webhook of one service."""

    scheme = ""
    secret_in_body = False

    def __init__(self, service: str) -> None:
        self.service = service

    def peek(self, headers: Mapping[str, str], raw: bytes, secrets: Sequence[str], mapping: Mapping[str, Any]) -> Peek:
        """Mailgun signs timestamp and token, and never uses a token twice."""
        body = strict.bounded_json(raw)
        signature = body.get("signature") if isinstance(body, dict) else None
        if self.service != "mailgun" or not isinstance(signature, dict):
            return Peek(verified=False if self.service == "mailgun" and secrets else None)
        fields = {name: str(value) for name, value in signature.items()}
        verified = signed_by_mailgun(fields, secrets) if secrets else None
        return Peek(verified=verified, delivery_key=scalar_key(signature.get("token")))

    def read(self, received: Received, source: SourceLike) -> list[Draft]:
        body = strict.strict_json(bytes(received.body), strict.content_kind(received.content_type)[1])
        told = body if isinstance(body, list) else [body]
        if not told or len(told) > MOST_EVENTS or not all(isinstance(each, dict) for each in told):
            raise Unreadable("shape", "These are no events of a mail service.")
        reader = READERS[self.service]()
        return [_draft(_event(reader, each), received, source) for each in told]


def _event(reader: Any, told: dict[str, Any]) -> AnymailTrackingEvent:
    try:
        return reader.esp_to_anymail_event(told)
    except (AnymailError, ImproperlyConfigured, LookupError, TypeError, ValueError, AttributeError) as fault:
        raise Unreadable("shape", f"This is no event of this mail service: {type(fault).__name__}.") from fault


def _draft(event: AnymailTrackingEvent, received: Received, source: SourceLike) -> Draft:
    recipient = event.recipient if isinstance(event.recipient, str) else ""
    said = event.mta_response or event.description or ""
    values = {"email": recipient, "message": clean_text(str(said), 500)}
    made = draft_from(values, source=source, received_at=received.received_at)
    kind = kind_of(event)
    made.kind = "complaint" if kind == mail.COMPLAINT else "bounce"
    made.mail = Mail(kind, letters=_letters(event), about=recipient, hard=_for_ever(event), by_service=True)
    made.external_id = clean_text(str(event.event_id or ""), 120)
    if event.timestamp is not None and event.timestamp.tzinfo and event.timestamp <= received.received_at:
        made.occurred_at = event.timestamp
    return made


def kind_of(event: AnymailTrackingEvent) -> str:
    """Bounce, complaint, unsubscribe, or a mere event: delivered, opened, put off."""
    if event.event_type == EventType.COMPLAINED or event.reject_reason == RejectReason.SPAM:
        return mail.COMPLAINT
    if event.event_type == EventType.UNSUBSCRIBED or event.reject_reason == RejectReason.UNSUBSCRIBED:
        return mail.UNSUBSCRIBE
    refused = event.event_type in (EventType.BOUNCED, EventType.REJECTED, EventType.FAILED)
    return mail.BOUNCE if refused else mail.EVENT


def _for_ever(event: AnymailTrackingEvent) -> bool:
    """Whether the address never takes mail again; each service names what passes in its own way."""
    told = event.esp_event
    passing = told.get("Type") == "SoftBounce" or told.get("event") == "soft_bounce" or told.get("hard_bounce") is False
    refused = event.event_type == EventType.BOUNCED or event.reject_reason in FOR_EVER
    return refused and not passing


def _letters(event: AnymailTrackingEvent) -> tuple[str, ...]:
    """Our letter, by what it left with, else by the Message-ID we gave it."""
    given = event.metadata
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            given = {}
    key = given.get(LETTER) if isinstance(given, dict) else None
    if isinstance(key, str) and _hex.fullmatch(key):
        return (key,)
    return mail.letters_in([str(event.message_id or "")])
